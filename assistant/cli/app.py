"""All commands in one place, each with its examples."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant import __version__
from assistant.cli import (
    bench,
    calibrate,
    chat,
    engine,
    evaluate,
    files,
    library,
    memory,
    models,
    questions,
    sessions,
    setup,
    status,
    watch,
)
from assistant.cli.boundary import ErrorBoundary
from assistant.cli.options import Chat, Embed, Flags, Library

app = typer.Typer(name="assistant", cls=ErrorBoundary, no_args_is_help=True, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["--help", "-h"]})
model_commands = typer.Typer(no_args_is_help=True, help="The models that this program knows, and those on this disk.")
library_commands = typer.Typer(no_args_is_help=True, help="Whole libraries: each a set of files of its own.")
engine_commands = typer.Typer(no_args_is_help=True, help="The background process that keeps the models loaded.")

session_commands = typer.Typer(no_args_is_help=True, help="The conversations that are kept.")
memory_commands = typer.Typer(no_args_is_help=True, help="Facts that you ask to keep, beside your files.")


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        print(f"assistant {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and end.")]


@app.callback()
def begin(context: typer.Context, library: Library = None, chat: Chat = None, embed: Embed = None,
          version: Version = False) -> None:
    """Answers from your own files, on your own machine, every claim with its place."""
    context.obj = Flags(library, chat, embed)


def examples(*lines: str) -> str:
    """Return examples as they stand under a command's help."""
    return "\n\n".join(("Examples:", *lines))


app.command("setup", epilog=examples(
    "assistant setup", "assistant setup --starter --yes", "assistant setup --chat ~/models/my-model.gguf",
))(setup.setup)
app.command("add", epilog=examples(
    "assistant add ~/Documents/contracts", "assistant add notes.md report.pdf", "assistant add -L work ~/work",
    "assistant add ~/contracts --password-file passwords.txt",
))(files.add)
app.command("sync", epilog=examples("assistant sync", "assistant sync --rebuild"))(files.sync)
app.command("remove", epilog=examples("assistant remove ~/Documents/contracts/old"))(files.remove)
app.command("watch", epilog=examples(
    "assistant watch", "assistant watch ~/Documents/contracts", "assistant watch --daemon", "assistant watch --status",
    "assistant watch --install-service > ~/.config/systemd/user/private-assistant-watch.service",
))(watch.watch)
app.command("search", epilog=examples(
    'assistant search "notice period"', 'assistant search "notice period" -k 3 --json',
    'assistant search "notice period" --path ~/contracts --type pdf --since 1y', 'assistant search "notice period" --explain',
    "assistant search --batch questions.jsonl",
))(questions.search)
app.command("ask", epilog=examples(
    'assistant ask "When does the lease end?"', 'assistant ask "When does the lease end?" ~/contracts',
    'assistant ask "When does the lease end?" -L work,home --type pdf',
    "assistant ask --batch questions.jsonl > answers.jsonl",
))(questions.ask)
app.command("chat", epilog=examples("assistant chat", "assistant chat -L work", "assistant chat --resume",
    "assistant chat --resume 20240314-2", "assistant chat --no-keep"))(chat.chat)
app.command("eval", epilog=examples(
    "assistant eval questions.jsonl --retrieval", "assistant eval questions.jsonl --out before.json",
    "assistant eval --compare before.json after.json",
))(evaluate.evaluate)
app.command("calibrate", epilog=examples("assistant calibrate", "assistant calibrate -L work --questions 40",
                                         "assistant calibrate --reset"))(calibrate.calibrate)
app.command("bench", epilog=examples("assistant bench", "assistant bench --report speed.html", "assistant bench --json"))(
    bench.bench
)
app.command("status", epilog=examples("assistant status", "assistant status --failed", "assistant status --files --json"))(
    status.status
)
app.command("doctor", epilog=examples("assistant doctor", "assistant doctor --json", "assistant doctor --check --repair"))(
    status.doctor
)
app.add_typer(library_commands, name="library")
library_commands.command("list", epilog=examples("assistant library list", "assistant library list --json"))(library.list_all)
library_commands.command("create", epilog=examples("assistant library create work", "assistant library create work passages=8"))(
    library.create
)
library_commands.command("set", epilog=examples("assistant library set work chunk_tokens=300"))(library.set_)
library_commands.command("rename", epilog=examples("assistant library rename work office"))(library.rename)
library_commands.command("delete", epilog=examples("assistant library delete work"))(library.delete)
library_commands.command("export", epilog=examples("assistant library export work work.library"))(library.export)
library_commands.command("import", epilog=examples("assistant library import work.library --as work"))(library.import_)
app.add_typer(model_commands, name="models")
model_commands.command("list", epilog=examples("assistant models list", "assistant models list --json"))(models.list_models)
model_commands.command("pull", epilog=examples("assistant models pull multilingual-e5-small"))(models.pull)
model_commands.command("verify", epilog=examples("assistant models verify", "assistant models verify bge-m3"))(models.verify)
model_commands.command("remove", epilog=examples("assistant models remove bge-m3"))(models.remove)
app.add_typer(engine_commands, name="engine")
engine_commands.command("start", epilog=examples("assistant engine start"))(engine.start)
engine_commands.command("stop", epilog=examples("assistant engine stop"))(engine.stop)
engine_commands.command("status", epilog=examples("assistant engine status", "assistant engine status --json"))(engine.status)
app.add_typer(session_commands, name="sessions")
session_commands.command("list", epilog=examples("assistant sessions list", "assistant sessions list --json"))(
    sessions.list_sessions
)
session_commands.command("show", epilog=examples("assistant sessions show last", "assistant sessions show 20240314-2 --json"))(
    sessions.show
)
session_commands.command("delete", epilog=examples("assistant sessions delete 20240314-2", "assistant sessions delete --all"))(
    sessions.delete
)
session_commands.command("export", epilog=examples(
    "assistant sessions export last", "assistant sessions export 20240314-2 --out lease.md",
))(sessions.export)
app.add_typer(memory_commands, name="memory")
memory_commands.command("add", epilog=examples('assistant memory add "Our landlord is Brackwater Estates."'))(memory.add)
memory_commands.command("list", epilog=examples("assistant memory list", "assistant memory list --json"))(memory.list_facts)
memory_commands.command("forget", epilog=examples("assistant memory forget 3", "assistant memory forget --all"))(memory.forget)

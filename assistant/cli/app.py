"""All commands in one place, each with its examples."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant import __version__
from assistant.cli import bench, chat, engine, evaluate, files, models, questions, setup, status, watch
from assistant.cli.boundary import ErrorBoundary
from assistant.cli.options import Chat, Embed, Flags, Library

app = typer.Typer(name="assistant", cls=ErrorBoundary, no_args_is_help=True, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["--help", "-h"]})
model_commands = typer.Typer(no_args_is_help=True, help="The models that this program knows, and those on this disk.")
engine_commands = typer.Typer(no_args_is_help=True, help="The background process that keeps the models loaded.")


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
app.command("chat", epilog=examples("assistant chat", "assistant chat -L work"))(chat.chat)
app.command("eval", epilog=examples(
    "assistant eval questions.jsonl --retrieval", "assistant eval questions.jsonl --out before.json",
    "assistant eval --compare before.json after.json",
))(evaluate.evaluate)
app.command("bench", epilog=examples("assistant bench", "assistant bench --report speed.html", "assistant bench --json"))(
    bench.bench
)
app.command("status", epilog=examples("assistant status", "assistant status --failed", "assistant status --files --json"))(
    status.status
)
app.command("doctor", epilog=examples("assistant doctor", "assistant doctor --json"))(status.doctor)
app.add_typer(model_commands, name="models")
model_commands.command("list", epilog=examples("assistant models list", "assistant models list --json"))(models.list_models)
model_commands.command("pull", epilog=examples("assistant models pull multilingual-e5-small"))(models.pull)
model_commands.command("verify", epilog=examples("assistant models verify", "assistant models verify bge-m3"))(models.verify)
model_commands.command("remove", epilog=examples("assistant models remove bge-m3"))(models.remove)
app.add_typer(engine_commands, name="engine")
engine_commands.command("start", epilog=examples("assistant engine start"))(engine.start)
engine_commands.command("stop", epilog=examples("assistant engine stop"))(engine.stop)
engine_commands.command("status", epilog=examples("assistant engine status", "assistant engine status --json"))(engine.status)

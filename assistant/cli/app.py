"""All commands in one place, each with where it stands, the first line of its help, and examples; none is imported yet."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant import __version__
from assistant.cli.error_boundary import ErrorBoundary
from assistant.cli.lazy_command import register
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


register(app, "setup", "setup:setup", "Look at this machine, propose models that suit it, fetch and verify them.",
         "assistant setup", "assistant setup --starter --yes", "assistant setup --chat ~/models/my-model.gguf")
register(app, "add", "files:add", "Bring files and folders into the library.", "assistant add ~/Documents/contracts",
         "assistant add notes.md report.pdf", "assistant add -L work ~/work",
         "assistant add ~/contracts --password-file passwords.txt")
register(app, "sync", "files:sync", "Look again at everything that was added: new, changed and vanished files.",
         "assistant sync", "assistant sync --rebuild")
register(app, "remove", "files:remove",
         "Take a file or folder out of the library; it stays out. The file itself is not touched.",
         "assistant remove ~/Documents/contracts/old")
register(app, "watch", "watch:watch",
         "Let the library follow its folders until it is stopped: what is saved is found a moment later.", "assistant watch",
         "assistant watch ~/Documents/contracts", "assistant watch --daemon", "assistant watch --status",
         "assistant watch --install-service > ~/.config/systemd/user/private-assistant-watch.service")
register(app, "search", "ask_search:search", "Find passages. No language model is needed.", 'assistant search "notice period"',
         'assistant search "notice period" -k 3 --json',
         'assistant search "notice period" --path ~/contracts --type pdf --since 1y',
         'assistant search "notice period" --explain', "assistant search --batch questions.jsonl")
register(app, "ask", "ask_search:ask", "Answer a question from your files, with the place of every claim.",
         'assistant ask "When does the lease end?"', 'assistant ask "When does the lease end?" ~/contracts',
         'assistant ask "When does the lease end?" -L work,home --type pdf',
         "assistant ask --batch questions.jsonl > answers.jsonl")
register(app, "chat", "chat:chat", "Hold a conversation about your files. /help tells what can be typed.", "assistant chat",
         "assistant chat -L work", "assistant chat --resume", "assistant chat --resume 20240314-2", "assistant chat --no-keep")
register(app, "eval", "evaluate:evaluate",
         "Measure how good search and answers are on your own library, with questions whose answers you know.",
         "assistant eval questions.jsonl --retrieval", "assistant eval questions.jsonl --out before.json",
         "assistant eval --compare before.json after.json")
register(app, "calibrate", "calibrate:calibrate", "Fit the line between answering and refusing to your library.",
         "assistant calibrate", "assistant calibrate -L work --questions 40", "assistant calibrate --reset")
register(app, "bench", "bench:bench",
         "Measure how fast this machine reads, writes, embeds and searches, with the models in use. Takes a minute or two.",
         "assistant bench", "assistant bench --report speed.html", "assistant bench --json")
register(app, "status", "status:status", "Tell what the library holds, and what was left out and why.", "assistant status",
         "assistant status --failed", "assistant status --files --json")
register(app, "doctor", "status:doctor", "Look for what is wrong: the installation, the models, the library, the machine.",
         "assistant doctor", "assistant doctor --json", "assistant doctor --check --repair",
         "assistant doctor --prove-offline")
app.add_typer(library_commands, name="library")
register(library_commands, "list", "library:list_all", "List the libraries, and what each holds.", "assistant library list",
         "assistant library list --json")
register(library_commands, "create", "library:create",
         "Make an empty library. `assistant add -L NAME` makes it too; this one can give it settings of its own.",
         "assistant library create work", "assistant library create work context_chunks=8")
register(library_commands, "set", "library:set_",
         "Give a library settings of its own; they count more than config.toml, and less than the environment.",
         "assistant library set work chunk_tokens=300")
register(library_commands, "rename", "library:rename", "Give a library another name.", "assistant library rename work office")
register(library_commands, "delete", "library:delete",
         "Delete a library with all that belongs to it. The files that it was made of are not touched.",
         "assistant library delete work")
register(library_commands, "export", "library:export",
         "Write a library to one file, with checksums, that opens on another machine without embedding anything.",
         "assistant library export work work.library")
register(library_commands, "import", "library:import_",
         "Bring in an exported library. It is verified before anything is changed.",
         "assistant library import work.library --as work")
app.add_typer(model_commands, name="models")
register(model_commands, "list", "models:list_models", "List the models that this program knows, and which of them are here.",
         "assistant models list", "assistant models list --json")
register(model_commands, "pull", "models:pull", "Fetch models and verify them. What was broken off is gone on with.",
         "assistant models pull multilingual-e5-small")
register(model_commands, "verify", "models:verify", "Read models on this disk byte by byte; what is damaged is removed.",
         "assistant models verify", "assistant models verify bge-m3")
register(model_commands, "remove", "models:remove", "Remove models from this disk.", "assistant models remove bge-m3")
app.add_typer(engine_commands, name="engine")
register(engine_commands, "start", "engine:start",
         "Start the engine, so that the first question does not wait for it. Questions start it by themselves.",
         "assistant engine start")
register(engine_commands, "stop", "engine:stop", "Stop the engine. An answer that it is writing ends.", "assistant engine stop")
register(engine_commands, "status", "engine:status", "Show what the engine holds and has done.", "assistant engine status",
         "assistant engine status --json")
app.add_typer(session_commands, name="sessions")
register(session_commands, "list", "sessions:list_sessions", "List the kept conversations, the latest first.",
         "assistant sessions list", "assistant sessions list --json")
register(session_commands, "show", "sessions:show", "Show a conversation with its sources, word for word.",
         "assistant sessions show last", "assistant sessions show 20240314-2 --json")
register(session_commands, "delete", "sessions:delete",
         "Delete conversations for good, and their questions from the history of what was typed.",
         "assistant sessions delete 20240314-2", "assistant sessions delete --all")
register(session_commands, "export", "sessions:export",
         "Write a conversation as Markdown: questions, answers, and each source with its path, place and words.",
         "assistant sessions export last", "assistant sessions export 20240314-2 --out lease.md")
app.add_typer(memory_commands, name="memory")
register(memory_commands, "add", "memory:add", "Keep a fact. Answers use it like a passage, and name it as their source.",
         'assistant memory add "Our landlord is Brackwater Estates."')
register(memory_commands, "list", "memory:list_facts", "List the facts that are kept.", "assistant memory list",
         "assistant memory list --json")
register(memory_commands, "forget", "memory:forget", "Remove facts for good.", "assistant memory forget 3",
         "assistant memory forget --all")

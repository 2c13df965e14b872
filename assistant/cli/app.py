"""Register every command with its module, the first line of its help and examples, without importing it."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant import __version__
from assistant.cli.error_boundary import ErrorBoundary
from assistant.cli.lazy_command import PlainTextGroup, register
from assistant.cli.options import Chat, Embed, Flags, Library

app = typer.Typer(name="assistant", cls=ErrorBoundary, no_args_is_help=True, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["--help", "-h"]})

def command_group(name: str, says: str) -> typer.Typer:
    """Add a group of commands and return it."""
    group = typer.Typer(cls=PlainTextGroup, no_args_is_help=True, help=says)
    app.add_typer(group, name=name)
    return group


def show_version(requested: bool) -> None:
    """Print the version and exit."""
    if requested:
        print(f"assistant {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and exit.")]


@app.callback()
def set_flags(context: typer.Context, library: Library = None, chat: Chat = None, embed: Embed = None,
          version: Version = False) -> None:
    """Answer questions from your own files, on your own machine, with a source for every claim."""
    context.obj = Flags(library, chat, embed)


register(app, "setup", "models:setup", "Choose models that suit this machine, download them and verify them.",
         "assistant setup", "assistant setup --starter --yes", "assistant setup --chat ~/models/my-model.gguf")
register(app, "add", "library:add", "Add files and folders to the library.", "assistant add ~/Documents/contracts",
         "assistant add notes.md report.pdf", "assistant add -L work ~/work",
         "assistant add ~/contracts --password-file passwords.txt", "assistant add -L team --groups lawyers ~/contracts")
register(app, "sync", "library:sync", "Update the library: read new and changed files, drop deleted ones.",
         "assistant sync", "assistant sync --rebuild")
register(app, "remove", "library:remove",
         "Remove a file or folder from the library and keep it out. The file itself is not touched.",
         "assistant remove ~/Documents/contracts/old")
register(app, "watch", "watch:watch",
         "Watch the library's folders and index changes as they happen.", "assistant watch",
         "assistant watch ~/Documents/contracts", "assistant watch --daemon", "assistant watch --status",
         "assistant watch --install-service > ~/.config/systemd/user/private-assistant-watch.service")
register(app, "search", "ask_search:search", "Find passages in your files. Needs no language model.",
         'assistant search "notice period"', 'assistant search "notice period" -k 3 --json',
         'assistant search "notice period" --path ~/contracts --type pdf --since 1y',
         'assistant search "notice period" --format paths',
         'assistant search "notice period" --explain', "assistant search --batch questions.jsonl")
register(app, "ask", "ask_search:ask", "Answer a question from your files, with a source for every claim.",
         'assistant ask "When does the lease end?"', 'assistant ask "When does the lease end?" ~/contracts',
         'assistant ask "When does the lease end?" -L work,home --type pdf',
         "assistant ask - < question.txt", "assistant ask --batch questions.jsonl > answers.jsonl")
register(app, "chat", "chat:chat", "Chat about your files. Type /help to see the commands.", "assistant chat",
         "assistant chat -L work", "assistant chat --resume", "assistant chat --resume 20240314-2",
         "assistant chat --no-keep")
register(app, "serve", "serve:serve", "Serve other programs over HTTP: OpenAI's API and JSON.", "assistant serve",
         "assistant serve -L work --port 8800", "assistant serve --show-token")
register(app, "mcp", "serve:mcp",
         "Serve agents over the Model Context Protocol: search, ask, read, list, query tables.", "assistant mcp",
         "assistant mcp -L work --path ~/work/contracts", "assistant mcp --http --port 8766")
register(app, "eval", "evaluate:evaluate",
         "Measure search and answer quality on your own library, with questions whose answers you know.",
         "assistant eval questions.jsonl --retrieval", "assistant eval questions.jsonl --out before.json",
         "assistant eval --compare before.json after.json")
register(app, "calibrate", "evaluate:calibrate", "Calibrate to your library what the chat model refuses.",
         "assistant calibrate", "assistant calibrate -L work --questions 40", "assistant calibrate --reset")
register(app, "bench", "status:bench",
         "Measure the speed of this machine with the models in use. Takes a minute or two.",
         "assistant bench", "assistant bench --json")
register(app, "status", "status:status", "Show what the library holds, and which files were left out and why.",
         "assistant status", "assistant status --failed", "assistant status --files --json")
register(app, "doctor", "status:doctor", "Check the installation, the models, the library and the machine for problems.",
         "assistant doctor", "assistant doctor --json", "assistant doctor --check --repair",
         "assistant doctor --prove-offline")
libraries = command_group("library", "Manage libraries. Each one indexes its own set of files.")
register(libraries, "list", "library:list_all", "List the libraries and what each one holds.", "assistant library list",
         "assistant library list --json")
register(libraries, "create", "library:create",
         "Create an empty library, optionally with its own settings. `assistant add -L NAME` also creates one.",
         "assistant library create work", "assistant library create work context_chunks=8",
         "assistant library create team --at milvus://db.office.lan:19530/team")
register(libraries, "groups", "library:groups",
         "Show which groups may read the added folders of a shared library, or change it.",
         "assistant library groups team", "assistant library groups team ~/contracts --set lawyers,partners")
register(libraries, "set", "library:set_",
         "Change the settings of one library. They override config.toml; environment variables override them.",
         "assistant library set work chunk_tokens=300")
register(libraries, "rename", "library:rename", "Rename a library.", "assistant library rename work office")
register(libraries, "delete", "library:delete",
         "Delete a library and all data stored for it. Your own files are not touched.",
         "assistant library delete work")
register(libraries, "export", "library:export",
         "Export a library to one file with checksums. Another machine can import it without embedding anything again.",
         "assistant library export work work.library")
register(libraries, "import", "library:import_",
         "Import an exported library. The file is verified before anything is changed.",
         "assistant library import work.library --as work")
tables = command_group("tables", "List the tables in your files, and compute over them with SQL.")
register(tables, "list", "tables:list_tables", "List the tables in your files.", "assistant tables list",
         'assistant tables list --path "*invoices*" --json')
register(tables, "show", "tables:show_table", "Show the columns of a table, their types and units, and its first rows.",
         "assistant tables show invoices", "assistant tables show invoices --json")
register(tables, "query", "tables:query",
         "Run one SELECT statement over your tables. It can read nothing else, and change nothing.",
         'assistant tables query "SELECT supplier, sum(amount) FROM invoices GROUP BY supplier"',
         'assistant tables query "SELECT * FROM invoices WHERE amount > 1000" --csv > large.csv')
models = command_group("models", "Manage the models in the catalog and on this disk.")
register(models, "list", "models:list_models", "List the models in the catalog and show which of them are on this disk.",
         "assistant models list", "assistant models list --json")
register(models, "pull", "models:pull", "Download models and verify them. Interrupted downloads resume.",
         "assistant models pull multilingual-e5-small")
register(models, "verify", "models:verify", "Verify models on this disk byte by byte. Damaged files are removed.",
         "assistant models verify", "assistant models verify bge-m3")
register(models, "remove", "models:remove", "Remove models from this disk.", "assistant models remove bge-m3")
engine = command_group("engine", "Manage the engine, a background process that keeps the models loaded.")
register(engine, "start", "engine:start",
         "Start the engine so that the first question does not wait for it. Questions also start it automatically.",
         "assistant engine start")
register(engine, "stop", "engine:stop", "Stop the engine. An answer that is being written ends.",
         "assistant engine stop")
register(engine, "status", "engine:status", "Show which models the engine has loaded and what it has done.",
         "assistant engine status", "assistant engine status --json")
sessions = command_group("sessions", "Manage saved conversations.")
register(sessions, "list", "history:list_sessions", "List the saved conversations, newest first.",
         "assistant sessions list", "assistant sessions list --json")
register(sessions, "show", "history:show_session", "Show a saved conversation with its sources.",
         "assistant sessions show last", "assistant sessions show 20240314-2 --json")
register(sessions, "delete", "history:delete_sessions",
         "Delete conversations permanently, with their questions in the input history.",
         "assistant sessions delete 20240314-2", "assistant sessions delete --all")
register(sessions, "export", "history:export_session",
         "Export a conversation as Markdown: questions, answers, and each source with its path, location and quote.",
         "assistant sessions export last", "assistant sessions export 20240314-2 --out lease.md")
memory = command_group("memory", "Manage saved facts, which answers use in addition to your files.")
register(memory, "add", "history:add_fact", "Save a fact. Answers can use it and cite it as a source.",
         'assistant memory add "Our landlord is Brackwater Estates."')
register(memory, "list", "history:list_facts", "List the saved facts.", "assistant memory list",
         "assistant memory list --json")
register(memory, "forget", "history:delete_facts", "Delete facts permanently.", "assistant memory forget 3",
         "assistant memory forget --all")

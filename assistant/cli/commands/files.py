"""The commands that bring files in and take them out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.app.assistant import Assistant
from assistant.cli import json_output as to_json
from assistant.cli.console import counted, notice, output
from assistant.cli.error_boundary import INTERRUPTED
from assistant.cli.options import Embed, Json, Library, PasswordFile, passwords_in, settings_of
from assistant.cli.progress import intake_progress
from assistant.cli.render.library import show_report
from assistant.datatypes import IngestReport

Paths = Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and folders.", show_default=False)]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Read and embed everything anew.")]
Added = Annotated[Path, typer.Argument(metavar="PATH", help="A file or folder that was added.", show_default=False)]


def add(context: typer.Context, paths: Paths, password_file: PasswordFile = None, library: Library = None,
        embed: Embed = None, json: Json = False) -> None:
    """Bring files and folders into the library.

    Files that have not changed since the last time cost next to nothing. What cannot be read is noted with its reason.
    """
    passwords = passwords_in(password_file)
    with Assistant(settings_of(context, library, embed=embed)) as assistant:
        with intake_progress() as on_progress:
            report = assistant.add(paths, on_progress, passwords)
        finish_ingest(report, json=json)


def sync(context: typer.Context, rebuild: Rebuild = False, password_file: PasswordFile = None, library: Library = None,
         embed: Embed = None, json: Json = False) -> None:
    """Look again at everything that was added: new, changed and vanished files."""
    passwords = passwords_in(password_file)
    with Assistant(settings_of(context, library, embed=embed)) as assistant:
        with intake_progress() as on_progress:
            report = assistant.sync(on_progress, rebuild=rebuild, passwords=passwords)
        finish_ingest(report, json=json)


def remove(context: typer.Context, path: Added, library: Library = None, json: Json = False) -> None:
    """Take a file or folder out of the library; it stays out. The file itself is not touched."""
    with Assistant(settings_of(context, library)) as assistant:
        count = assistant.remove(path)
    if json:
        to_json.print_json({"path": str(path), "removed": count})
    else:
        output().print(f"{counted(count, 'file')} removed from the library.")


def finish_ingest(report: IngestReport, *, json: bool) -> None:
    """Show what was done; end with the exit code that it deserves."""
    if json:
        to_json.print_json(to_json.report(report))
    else:
        show_report(output(), report)
    if report.interrupted:
        notice("Stopped; what is listed is kept. Run it again to continue.")
        raise typer.Exit(INTERRUPTED)
    if report.failed and not report.indexed and not report.unchanged:
        raise typer.Exit(1)

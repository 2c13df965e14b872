"""The commands that tell what is here and what is wrong."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.app.assistant import Assistant
from assistant.app.diagnostics import doctor as examination
from assistant.cli import json_output as to_json
from assistant.cli.commands.offline import prove_offline
from assistant.cli.console import output
from assistant.cli.options import Chat, Embed, Json, Library, settings_of
from assistant.cli.render.library import show_ledger, show_status
from assistant.cli.render.machine import show_findings
from assistant.datatypes import FileState, LedgerEntry, Severity

Files = Annotated[bool, typer.Option("--files", help="List every file.")]
Failed = Annotated[bool, typer.Option("--failed", help="List the files that could not be read, and why.")]
Skipped = Annotated[bool, typer.Option("--skipped", help="List the files that were left out, and why.")]

Check = Annotated[bool, typer.Option("--check", help="Verify all of the library against itself instead, and finish what "
                                     "removing began.")]
Repair = Annotated[bool, typer.Option("--repair", help="Mend what --check finds: what follows from the text is made anew, files "
                                      "whose passages are not whole are read again.")]
Offline = Annotated[bool, typer.Option("--prove-offline", help="Run everything on sample files in a temporary home instead, with "
                                       "your models, and show every attempt to use the network. Takes some minutes.")]


def status(context: typer.Context, files: Files = False, failed: Failed = False, skipped: Skipped = False,
           library: Library = None, json: Json = False) -> None:
    """Tell what the library holds, and what was left out and why."""
    wanted = {state for state, given in ((FileState.FAILED, failed), (FileState.SKIPPED, skipped)) if given}
    with Assistant(settings_of(context, library)) as assistant:
        held = assistant.status()
        entries = in_states(assistant.ledger(), set(FileState) if files else wanted) if files or wanted else ()
    if json:
        listing = {"files": [to_json.ledger_entry(entry) for entry in entries]} if files or wanted else {}
        to_json.print_json({**to_json.status(held), **listing})
    else:
        show_status(output(), held)
        show_ledger(output(), entries)


def in_states(entries: tuple[LedgerEntry, ...], states: set[FileState]) -> tuple[LedgerEntry, ...]:
    """Return the entries in one of these states."""
    return tuple(entry for entry in entries if entry.state in states)


def doctor(context: typer.Context, check: Check = False, repair: Repair = False, prove: Offline = False, library: Library = None,
           chat: Chat = None, embed: Embed = None, json: Json = False) -> None:
    """Look for what is wrong: the installation, the models, the library, the machine.

    Ends with exit code 1 where something keeps the program from working, or where --prove-offline finds an attempt.
    """
    settings = settings_of(context, library, chat, embed)
    if prove:
        raise typer.Exit(0 if prove_offline(settings, json=json) else 1)
    findings = examination.check_library(settings, repair=repair) if check or repair else examination.examine(settings)
    if json:
        to_json.print_json(to_json.findings(findings))
    else:
        show_findings(output(), findings)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise typer.Exit(1)

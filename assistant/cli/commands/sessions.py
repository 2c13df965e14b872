"""The commands about kept conversations: list, show, delete, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.cli import json_output as to_json
from assistant.cli.chat.input_line import delete_typed_questions
from assistant.cli.commands.markdown import session_markdown
from assistant.cli.console import counted, notice, on_one_line, output, write
from assistant.cli.options import Json, settings_of
from assistant.cli.render.search import show_sources
from assistant.errors import UsageError
from assistant.history import Sessions
from assistant.system.paths import expanded, write_file

SessionId = Annotated[str, typer.Argument(metavar="SESSION", help="Its id, or last.", show_default=False)]
SessionIds = Annotated[list[str] | None, typer.Argument(metavar="SESSION", help="Their ids, or last.", show_default=False)]
EverySession = Annotated[bool, typer.Option("--all", help="All of them.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write here instead of stdout.")]
LONGEST = 70  # characters of a first question


def list_sessions(context: typer.Context, json: Json = False) -> None:
    """List the kept conversations, the latest first."""
    kept = sessions_of(context).all()
    if json:
        to_json.print_json({"sessions": [to_json.session_line(session) for session in kept]})
        return
    for session in kept:
        first = on_one_line(session.turns[0].question) if session.turns else ""
        cut = f"{first[:LONGEST]}…" if len(first) > LONGEST else first
        begun = on_one_line(session.started[:16].replace("T", " "))
        output().print(f"{session.name:12} {begun}  {counted(len(session.turns), 'turn'):9} {cut}")
    if not kept:
        output().print("No conversation is kept.")


def show_session(context: typer.Context, session: SessionId, json: Json = False) -> None:
    """Show a conversation with its sources, word for word."""
    found = sessions_of(context).find(session)
    if json:
        to_json.print_json(to_json.session(found))
        return
    for turn in found.turns:
        write(f"> {turn.question}\n{turn.answer}\n")
        show_sources(output(), turn.citations)
        write("\n")


def delete_sessions(context: typer.Context, session: SessionIds = None, every: EverySession = False) -> None:
    """Delete conversations for good, and their questions from the history of what was typed."""
    if bool(session) == every:
        raise UsageError("Name the conversations to delete, or say --all, and not both.", "See them all: assistant sessions list")
    kept = sessions_of(context)
    found = {each.name: each for each in (kept.all() if every else [kept.find(name) for name in session or []])}
    for name in found:
        kept.delete(name)
    delete_typed_questions(settings_of(context).history_file, {turn.question.strip() for each in found.values() for turn in each.turns})
    notice(f"{counted(len(found), 'conversation')} deleted.")


def export_session(context: typer.Context, session: SessionId, out: Out = None) -> None:
    """Write a conversation as Markdown: questions, answers, and each source with its path, place and words."""
    text = session_markdown(sessions_of(context).find(session))
    if out is None:
        write(text)
        return
    try:
        write_file(expanded(out), text.encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.", "Name another file.") from error
    notice(on_one_line(f"Written to {out}."))


def sessions_of(context: typer.Context) -> Sessions:
    """Return the conversations of this home."""
    return Sessions(settings_of(context).sessions_folder)

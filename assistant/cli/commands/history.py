"""Commands `sessions ...` and `memory ...`."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assistant.app.assistant import Assistant
from assistant.app.library.readable_sessions import readable_session
from assistant.cli import json_output as to_json
from assistant.cli.console import counted, describe_location, harmless, notice, on_one_line, output, write
from assistant.cli.conversation import delete_typed_questions
from assistant.cli.options import As, Json, settings_of
from assistant.cli.render.answer import show_sources
from assistant.datatypes import Citation, Session
from assistant.errors import UsageError
from assistant.history import Sessions
from assistant.system.paths import expand_user, require_new, write_new_file

FactText = Annotated[str, typer.Argument(metavar="TEXT", help="One fact, as a sentence in quotes.", show_default=False)]
FactNumbers = Annotated[list[int] | None, typer.Argument(metavar="NUMBER", help="Numbers of the facts.", show_default=False)]
EveryFact = Annotated[bool, typer.Option("--all", help="Delete all facts.")]


def add_fact(context: typer.Context, text: FactText, json: Json = False) -> None:
    """Save a fact. Answers can use it and cite it as a source."""
    with Assistant(settings_of(context)) as assistant:
        fact = assistant.memory.add(text)
    to_json.print_result(asdict(fact), lambda: notice(f"Saved as fact {fact.number}."), json=json)


def list_facts(context: typer.Context, json: Json = False) -> None:
    """List the saved facts."""
    with Assistant(settings_of(context)) as assistant:
        facts = assistant.memory.all()
    if json:
        to_json.print_json({"facts": [asdict(fact) for fact in facts]})
        return
    for fact in facts:
        output().print(f"{fact.number:4}  {fact.said[:10]}  {on_one_line(fact.text)}")
    if not facts:
        output().print("No facts are saved.")


def delete_facts(context: typer.Context, numbers: FactNumbers = None, every: EveryFact = False) -> None:
    """Delete facts permanently."""
    if bool(numbers) == every:
        raise UsageError("Give either fact numbers or --all.", "List the facts: assistant memory list")
    with Assistant(settings_of(context)) as assistant:
        chosen = [fact.number for fact in assistant.memory.all()] if every else list(numbers or [])
        count = assistant.memory.forget(chosen)
    notice(f"{counted(count, 'fact')} deleted.")


SessionId = Annotated[str, typer.Argument(metavar="SESSION", help="The conversation's id, or last.", show_default=False)]
SessionIds = Annotated[list[str] | None, typer.Argument(metavar="SESSION", help="Conversation ids, or last.", show_default=False)]
EverySession = Annotated[bool, typer.Option("--all", help="Delete all conversations.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write to this new file instead of stdout.")]
LONGEST = 70  # characters of a first question


def list_sessions(context: typer.Context, json: Json = False) -> None:
    """List the saved conversations, newest first."""
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
        output().print("No conversations are saved.")


def show_session(context: typer.Context, session: SessionId, groups: As = None, json: Json = False) -> None:
    """Show a saved conversation with its sources."""
    found = readable(context, session, groups)
    if json:
        to_json.print_json(to_json.session(found))
        return
    for turn in found.turns:
        write(f"> {turn.question}\n{turn.answer}\n")
        show_sources(output(), turn.citations)
        write("\n")


def delete_sessions(context: typer.Context, session: SessionIds = None, every: EverySession = False) -> None:
    """Delete conversations permanently, with their questions in the input history."""
    if bool(session) == every:
        raise UsageError("Give either conversation ids or --all.", "List them: assistant sessions list")
    kept = sessions_of(context)
    found = {each.name: each for each in (kept.all() if every else [kept.find(name) for name in session or []])}
    for name in found:
        kept.delete(name)
    questions = {turn.question.strip() for each in found.values() for turn in each.turns}
    delete_typed_questions(settings_of(context).history_file, questions)
    notice(f"{counted(len(found), 'conversation')} deleted.")


def export_session(context: typer.Context, session: SessionId, out: Out = None, groups: As = None) -> None:
    """Export a conversation as Markdown: questions, answers, and each source with its path, location and quote."""
    text = session_markdown(readable(context, session, groups))
    if out is None:
        write(text)
        return
    require_new(out)
    try:
        write_new_file(expand_user(out), text.encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.", "Choose another file.") from error
    notice(on_one_line(f"Written to {out}."))


def readable(context: typer.Context, name: str, groups: str | None) -> Session:
    """Return a conversation as far as the reader's groups may see what it quotes."""
    return readable_session(settings_of(context, groups=groups), sessions_of(context).find(name))


def sessions_of(context: typer.Context) -> Sessions:
    """Return the conversations of this home."""
    return Sessions(settings_of(context).sessions_folder)


SPECIAL = re.compile(r"([\\`*_<>\[\]#|])")


def session_markdown(session: Session) -> str:
    """Return a whole conversation as Markdown."""
    head = f"# Conversation {session.name}\n\nLibrary {escape_markdown(session.library)}, begun {session.started}\n"
    parts = [head]
    for number, turn in enumerate(session.turns, 1):
        parts += [f"## {number}. {' '.join(escape_markdown(turn.question).split())}\n", f"{harmless(turn.answer)}\n"]
        parts += ["Sources:\n", *(f"{source_markdown(cited)}\n" for cited in turn.citations)] if turn.citations else []
    return "\n".join(parts)


def source_markdown(cited: Citation) -> str:
    """Return a source as Markdown: its title, location and quote."""
    path = on_one_line(cited.path).replace("`", "")
    where = f" — `{path}`, {describe_location(cited.location)}" if cited.kind == "file" else ""
    heading = f" · {escape_markdown(on_one_line(cited.location.heading))}" if cited.location.heading else ""
    quote = "\n".join(f"   > {line}" for line in harmless(cited.quote).strip().split("\n"))
    return f"{cited.number}. **{escape_markdown(on_one_line(cited.title))}**{where}{heading}\n\n{quote}"


def escape_markdown(text: str) -> str:
    """Escape the characters that Markdown would interpret."""
    return SPECIAL.sub(r"\\\1", harmless(text))

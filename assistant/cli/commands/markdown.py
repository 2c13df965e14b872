"""x"""

from __future__ import annotations

import re

from assistant.cli.console import describe_location, harmless, on_one_line
from assistant.datatypes import Citation, Session, Turn

SPECIAL = re.compile(r"([\\`*_<>\[\]#|])")


def session_markdown(session: Session) -> str:
    """Return the whole conversation."""
    head = f"# Conversation {session.name}\n\nLibrary {escape_markdown(session.library)}, begun {session.started}\n"
    return "\n".join([head, *(turn_markdown(number, turn) for number, turn in enumerate(session.turns, 1))])


def turn_markdown(number: int, turn: Turn) -> str:
    """Return a turn: question, answer, sources."""
    parts = [f"## {number}. {' '.join(escape_markdown(turn.question).split())}", harmless(turn.answer)]
    if turn.citations:
        parts.append("Sources:")
        parts += [source_markdown(cited) for cited in turn.citations]
    return "\n\n".join(parts) + "\n"


def source_markdown(cited: Citation) -> str:
    """Return a source: its title, where it stands, and its words as a quotation."""
    where = f" — `{on_one_line(cited.path).replace('`', '')}`, {describe_location(cited.location)}" if cited.kind == "file" else ""
    heading = f" · {escape_markdown(on_one_line(cited.location.heading))}" if cited.location.heading else ""
    quote = "\n".join(f"   > {line}" for line in harmless(cited.quote).strip().split("\n"))
    return f"{cited.number}. **{escape_markdown(on_one_line(cited.title))}**{where}{heading}\n\n{quote}"


def escape_markdown(text: str) -> str:
    """Return the text so that Markdown leaves it as it is."""
    return SPECIAL.sub(r"\\\1", harmless(text))

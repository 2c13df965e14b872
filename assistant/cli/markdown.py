"""A conversation in, a Markdown document out, each source with its path, place and words."""

from __future__ import annotations

import re

from assistant.cli.terminal import harmless, on_one_line, place
from assistant.datatypes import Citation, Session, Turn

SPECIAL = re.compile(r"([\\`*_<>\[\]#|])")


def document(session: Session) -> str:
    """Return the whole conversation."""
    head = f"# Conversation {session.name}\n\nLibrary {plain(session.library)}, begun {session.started}\n"
    return "\n".join([head, *(section(number, turn) for number, turn in enumerate(session.turns, 1))])


def section(number: int, turn: Turn) -> str:
    """Return a turn: question, answer, sources."""
    parts = [f"## {number}. {' '.join(plain(turn.question).split())}", harmless(turn.answer)]
    if turn.citations:
        parts.append("Sources:")
        parts += [source(cited) for cited in turn.citations]
    return "\n\n".join(parts) + "\n"


def source(cited: Citation) -> str:
    """Return a source: its title, where it stands, and its words as a quotation."""
    where = f" — `{on_one_line(cited.path).replace('`', '')}`, {place(cited.location)}" if cited.kind == "file" else ""
    heading = f" · {plain(on_one_line(cited.location.heading))}" if cited.location.heading else ""
    quote = "\n".join(f"   > {line}" for line in harmless(cited.quote).strip().split("\n"))
    return f"{cited.number}. **{plain(on_one_line(cited.title))}**{where}{heading}\n\n{quote}"


def plain(text: str) -> str:
    """Return the text so that Markdown leaves it as it is."""
    return SPECIAL.sub(r"\\\1", harmless(text))

"""Turns in, JSON objects out, and back; what is missing or of another type in an old or damaged object gets its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields

from assistant.datatypes import Citation, Kind, Location, Turn

KINDS: dict[str, Kind] = {"memory": "memory", "turn": "turn"}
PLACES = {field.name for field in fields(Location)}


def written(turn: Turn) -> dict[str, object]:
    """Return a turn as an object for JSON; parts of a location that a source does not have are left out."""
    return {
        "question": turn.question, "answer": turn.answer, "searched": turn.searched, "abstained": turn.abstained,
        "asked": turn.asked, "citations": [cited(citation) for citation in turn.citations],
    }


def cited(citation: Citation) -> dict[str, object]:
    """Return a source as an object for JSON."""
    place = {name: value for name, value in asdict(citation.location).items() if value is not None}
    return {**asdict(citation), "location": place}


def read_turn(value: Mapping[str, object]) -> Turn:
    """Return the turn that an object holds."""
    sources = value.get("citations")
    citations = [read_citation(each) for each in sources if isinstance(each, dict)] if isinstance(sources, list) else []
    return Turn(text(value, "question"), text(value, "answer"), tuple(citations), text(value, "searched"),
                value.get("abstained") is True, text(value, "asked"))


def read_citation(value: Mapping[str, object]) -> Citation:
    """Return the source that an object holds."""
    place = value.get("location")
    return Citation(number(value, "number"), text(value, "path"), text(value, "title"),
                    read_location(place if isinstance(place, dict) else {}), text(value, "quote"),
                    KINDS.get(text(value, "kind"), "file"))


def read_location(value: Mapping[str, object]) -> Location:
    """Return the place that an object holds."""
    known = {name: part for name, part in value.items() if name in PLACES and isinstance(part, int | str)}
    must = {name: number(value, name) for name in ("line_start", "line_end", "char_start", "char_end")}
    return Location(**{**known, **must})  # type: ignore[arg-type]


def text(value: Mapping[str, object], name: str) -> str:
    """Return the text of this name; an empty one where there is none."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def number(value: Mapping[str, object], name: str) -> int:
    """Return the number of this name; 0 where there is none."""
    found = value.get(name)
    return found if isinstance(found, int) else 0

"""Read the arguments of a tool that several tools share."""

from __future__ import annotations

from assistant.app.ask.filters import filter_of
from assistant.datatypes import Filter
from assistant.errors import UsageError
from assistant.server.reading import Fields, field, texts, whole_number


def requested_filter(arguments: Fields) -> Filter:
    """Return the filter of a call. Raises UsageError."""
    return filter_of(texts(arguments, "path"), texts(arguments, "type"), field(arguments, "since", "") or None)


def at_least(arguments: Fields, name: str, least: int) -> int:
    """Return a number that is not smaller than `least`, by default `least`, and fits into a database. Raises UsageError."""
    return whole_number(arguments, name, least, 2**53, least)


def size(arguments: Fields) -> int:
    """Return the most characters of the result. Raises UsageError."""
    return whole_number(arguments, "max_characters", 500, 50_000, 6000)


def cursor_number(arguments: Fields) -> int:
    """Return a cursor that is a number, 0 without one. Raises UsageError."""
    cursor = field(arguments, "cursor", "0")
    if not cursor.isdecimal() or len(cursor) > 15:
        raise UsageError("The cursor is not valid.", "Pass the value of more in the last result.")
    return int(cursor)

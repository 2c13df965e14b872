"""Parse JSON lines and JSON arrays of records as tables; numbers keep every digit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from assistant.tables.raw import RawRow, RawTable

SPACE = re.compile(r"[\s,]*")
MOST_COLUMNS = 500
LINES = frozenset({"jsonl", "ndjson"})
Span = tuple[dict[str, object], int, int]


def parse_records(text: str, suffix: str) -> list[RawTable]:
    """Return the table of records in JSON text; an empty list if it holds no list of objects."""
    names: dict[str, None] = {}
    count = 0
    try:
        for record, _, _ in records_in(text, suffix):
            names.update(dict.fromkeys(record))
            count += 1
            if len(names) > MOST_COLUMNS:
                return []
    except (ValueError, RecursionError):
        return []
    return [RawTable(RecordRows(text, suffix, tuple(names)), names=tuple(names))] if count > 1 and len(names) > 1 else []


class RecordRows:
    """The records of JSON text as rows with a cell for each name, parsed anew by each iteration."""

    def __init__(self, text: str, suffix: str, names: tuple[str, ...]) -> None:
        self._text, self._suffix, self._names = text, suffix, names

    def __iter__(self) -> Iterator[RawRow]:
        """Yield the rows."""
        line, last = 1, 0
        for record, start, end in records_in(self._text, self._suffix):
            line += self._text.count("\n", last, start)
            last = start
            yield RawRow([text_of(record.get(name)) for name in self._names], line, start, end)


def records_in(text: str, suffix: str) -> Iterator[Span]:
    """Yield the objects in JSON text, each with its span. Raises ValueError or RecursionError."""
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
    return records_in_lines(text, decoder) if suffix in LINES else records_in_array(text, decoder)


def records_in_lines(text: str, decoder: json.JSONDecoder) -> Iterator[Span]:
    """Yield the objects of JSON lines, each with its span."""
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if (line := text[at:end]).strip():
            value = decoder.decode(line)
            if not isinstance(value, dict):
                raise ValueError("a line is no object")
            yield flattened(value), at, end
        at = end + 1


def records_in_array(text: str, decoder: json.JSONDecoder) -> Iterator[Span]:
    """Yield the objects of an array that is the whole text, or the only array of objects in an outer object."""
    at = text.find("[")
    if at < 0 or re.search(r"[\[\]]", text[:at]) or text[:at].count("{") > 1:
        return
    at += 1
    while True:
        space = SPACE.match(text, at)
        at = space.end() if space else at
        if at >= len(text) or text[at] != "{":
            return
        value, end = decoder.raw_decode(text, at)
        yield flattened(value), at, end
        at = end


def flattened(record: dict[str, object]) -> dict[str, object]:
    """Return a record with the fields of inner objects as "outer.inner"."""
    flat: dict[str, object] = {}
    for name, value in record.items():
        if isinstance(value, dict) and value and len(value) <= MOST_COLUMNS:
            flat.update((f"{name}.{inner}", each) for inner, each in value.items())
        else:
            flat[str(name)] = value
    return flat


def text_of(value: object) -> str:
    """Return a JSON value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)

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
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
    try:
        found = list(records_in_lines(text, decoder) if suffix in LINES else records_in_array(text, decoder))
    except (ValueError, RecursionError):
        return []
    if len(found) < 2:
        return []
    names = tuple(dict.fromkeys(name for record, _, _ in found for name in record))
    if len(names) < 2 or len(names) > MOST_COLUMNS:
        return []
    lines = line_numbers(text, [start for _, start, _ in found])
    rows = [
        RawRow([text_of(record.get(name)) for name in names], line, start, end)
        for (record, start, end), line in zip(found, lines, strict=True)
    ]
    return [RawTable(rows, names=names)]


def records_in_lines(text: str, decoder: json.JSONDecoder) -> Iterator[Span]:
    """Yield the objects of JSON lines, each with its span."""
    at = 0
    for line in text.split("\n"):
        if line.strip():
            value = decoder.decode(line)
            if not isinstance(value, dict):
                raise ValueError("a line is no object")
            yield flattened(value), at, at + len(line)
        at += len(line) + 1


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


def line_numbers(text: str, offsets: list[int]) -> list[int]:
    """Return the line (from 1) of each rising offset."""
    numbers, line, last = [], 1, 0
    for offset in offsets:
        line += text.count("\n", last, offset)
        numbers.append(line)
        last = offset
    return numbers

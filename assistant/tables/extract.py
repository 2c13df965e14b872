"""Find the raw tables of an extracted document: delimited files, records, sheets, and tables in text."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from pathlib import PurePath

from assistant.datatypes import Document, Extraction, Part, Shape, Table
from assistant.tables.delimited import parse_delimited
from assistant.tables.raw import RawRow, RawTable
from assistant.tables.records import parse_records

BETWEEN_CELLS = " | "
RECORDS = frozenset({"json", "jsonl", "ndjson"})
RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
PIPE = re.compile(r"(?<!\\)\|")
LONGEST_TITLE = 200
FEWEST_ROWS = 2


def raw_tables(document: Document) -> Iterator[RawTable]:
    """Yield the tables of a document that have at least two rows and two columns."""
    extraction = document.extraction
    suffix = PurePath(document.path).suffix.lower().lstrip(".")
    if extraction.shape is Shape.TABLE:
        found: Iterator[RawTable] = iter((RawTable(list(parse_delimited(extraction.text))),))
    elif suffix in RECORDS:
        found = iter(parse_records(extraction.text, suffix))
    else:
        found = (*built_tables(extraction), *markdown_tables(extraction)).__iter__()
    for table in found:
        if len(table.rows) >= FEWEST_ROWS and max(len(row.cells) for row in table.rows) >= FEWEST_ROWS:
            yield table


def built_tables(extraction: Extraction) -> Iterator[RawTable]:
    """Yield the tables that the readers wrote as rows "a | b | c", with the cells or lines of each row."""
    places = {mark.char_start: mark.cells for mark in extraction.marks if mark.cells}
    for table in extraction.tables:
        part = part_at(extraction, table.char_start)
        yield RawTable(
            list(built_rows(extraction.text, table, part, places)),
            title_above(extraction, table.char_start, part),
            part.sheet or "",
        )


def built_rows(text: str, table: Table, part: Part, places: dict[int, str]) -> Iterator[RawRow]:
    """Yield the rows of one such table."""
    at, line = table.char_start, text.count("\n", part.char_start, table.char_start) + 1
    for written in text[table.char_start : table.char_end].split("\n"):
        end = at + len(written)
        if written.strip():
            yield RawRow([cell.strip() for cell in written.split(BETWEEN_CELLS)], line, at, end, places.get(at, ""))
        at, line = end + 1, line + 1


def part_at(extraction: Extraction, offset: int) -> Part:
    """Return the page, sheet or slide at an offset; the whole text if there is none."""
    starts = [part.char_start for part in extraction.parts]
    number = bisect.bisect_right(starts, offset) - 1
    return extraction.parts[number] if number >= 0 else Part(0, len(extraction.text))


def title_above(extraction: Extraction, offset: int, part: Part) -> str:
    """Return the short line right above a table, or else the heading above it, within the same part."""
    heading = next((found.title for found in reversed(extraction.headings) if part.char_start <= found.char_start < offset), "")
    above = extraction.text[part.char_start : offset].rstrip().rpartition("\n")[2].strip()
    is_line = bool(above) and len(above) <= LONGEST_TITLE and BETWEEN_CELLS not in above and "|" not in above
    return above if is_line else heading


def markdown_tables(extraction: Extraction) -> Iterator[RawTable]:
    """Yield pipe tables: a header row, a rule of dashes and the rows below it."""
    if "|" not in extraction.text or extraction.tables:
        return
    lines = extraction.text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    number = 1
    while number < len(lines):
        if RULE.match(lines[number]) and "|" in lines[number] and "|" in lines[number - 1]:
            last = number + 1
            while last < len(lines) and "|" in lines[last] and lines[last].strip():
                last += 1
            rows = [number - 1, *range(number + 1, last)]
            part = part_at(extraction, starts[number - 1])
            first = extraction.text.count("\n", 0, part.char_start)
            yield RawTable(
                [RawRow(pipe_cells(lines[row]), row - first + 1, starts[row], starts[row] + len(lines[row])) for row in rows],
                title_above(extraction, starts[number - 1], part),
                part.sheet or "",
            )
            number = last
        number += 1


def pipe_cells(line: str) -> list[str]:
    """Return the cells of a row of a Markdown table, without emphasis."""
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [cell.strip().strip("*`").strip().replace("\\|", "|") for cell in PIPE.split(inner)]

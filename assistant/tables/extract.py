"""Find the raw tables of an extracted document: delimited files, records, sheets, and tables in text."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from assistant.datatypes import WITHOUT_VALUE, Document, Extraction, Part, PositionLabel, Shape, Table
from assistant.tables.delimited import DelimitedRows, Dialect
from assistant.tables.raw import RawRow, RawTable
from assistant.tables.records import parse_records

BETWEEN_CELLS = " | "
RECORDS = frozenset({"json", "jsonl", "ndjson"})
RULE = re.compile(r"^[ \t]*+\|?[ \t]*+:?-{2,}+:?[ \t]*+(?:\|[ \t]*+:?-{2,}+:?[ \t]*+)*+\|?[ \t]*+$", re.M)
PIPE = re.compile(r"(?<!\\)\|")
LONGEST_TITLE = 200


def raw_tables(document: Document) -> Iterator[RawTable]:
    """Yield the tables of a document."""
    extraction = document.extraction
    suffix = PurePath(document.path).suffix.lower().lstrip(".")
    if extraction.shape is Shape.TABLE:
        yield RawTable(DelimitedRows(extraction.text))
    elif extraction.shape is Shape.ROWS:
        yield numbered_table(extraction.text)
    elif suffix in RECORDS:
        yield from parse_records(extraction.text, suffix)
    else:
        yield from built_tables(extraction)
        yield from markdown_tables(extraction)


def numbered_table(text: str) -> RawTable:
    """Return the table of comma-separated text with the names of the columns in its first line and a row in each other one."""
    names = next(iter(DelimitedRows(text, Dialect(","))), None)
    rows = DelimitedRows(text, Dialect(",", start=text.find("\n") + 1), "row {}")
    return RawTable(rows, names=tuple(names.cells) if names else ())


def built_tables(extraction: Extraction) -> Iterator[RawTable]:
    """Yield the tables that the readers wrote as rows "a | b | c", with the cells or lines of each row."""
    for table in extraction.tables:
        part = part_at(extraction, table.char_start)
        line = extraction.text.count("\n", part.char_start, table.char_start) + 1
        rows = BuiltRows(extraction.text, table, line, extraction.marks)
        notes = [note for note in extraction.notes if note.endswith(WITHOUT_VALUE)]
        yield RawTable(rows, title_above(extraction, table.char_start, part), part.sheet or "", notes=notes)


class BuiltRows:
    """The rows of one such table, parsed anew by each iteration. line: the first line of the table in its part."""

    def __init__(self, text: str, table: Table, line: int, marks: Sequence[PositionLabel]) -> None:
        self._text, self._table, self._line, self._marks = text, table, line, marks

    def __iter__(self) -> Iterator[RawRow]:
        """Yield the rows that are not empty."""
        for line, (start, end) in enumerate(lines_between(self._text, self._table.char_start, self._table.char_end), self._line):
            if (written := self._text[start:end]).strip():
                yield RawRow([cell.strip() for cell in written.split(BETWEEN_CELLS)], line, start, end, self._place(start))

    def _place(self, start: int) -> str:
        """Return the cells of the row that starts at an offset; an empty string if they are not known."""
        after = bisect.bisect_right(self._marks, start, key=lambda mark: mark.char_start)
        mark = self._marks[after - 1] if after else None
        return mark.cells or "" if mark and mark.char_start == start else ""


def lines_between(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the span of each line of a part of a text, without the line break."""
    while start <= end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield start, stop
        start = stop + 1


def part_at(extraction: Extraction, offset: int) -> Part:
    """Return the page, sheet or slide at an offset; the whole text if there is none."""
    number = bisect.bisect_right(extraction.parts, offset, key=lambda part: part.char_start) - 1
    return extraction.parts[number] if number >= 0 else Part(0, len(extraction.text))


def title_above(extraction: Extraction, offset: int, part: Part) -> str:
    """Return the short line right above a table, or else the heading above it, within the same part."""
    heading = next((found.title for found in reversed(extraction.headings) if part.char_start <= found.char_start < offset), "")
    above = line_above(extraction.text, part.char_start, offset)
    is_line = bool(above) and len(above) <= LONGEST_TITLE and BETWEEN_CELLS not in above and "|" not in above
    return above if is_line else heading


def line_above(text: str, start: int, end: int) -> str:
    """Return the last line that is not blank of a part of a text, without white space around it."""
    while end > start and text[end - 1].isspace():
        end -= 1
    return text[max(text.rfind("\n", start, end) + 1, start) : end].strip()


def markdown_tables(extraction: Extraction) -> Iterator[RawTable]:
    """Yield pipe tables: a header row, a rule of dashes and the rows below it."""
    text = extraction.text
    if "|" not in text or extraction.tables:
        return
    last_end = -1
    for rule in RULE.finditer(text, text.find("\n") + 1):
        header_start = text.rfind("\n", 0, rule.start() - 1) + 1
        if rule.start() > last_end and "|" in rule[0] and "|" in text[header_start : rule.start()]:
            part = part_at(extraction, header_start)
            rows = PipeRows(text, header_start, text.count("\n", part.char_start, header_start) + 1)
            yield RawTable(rows, title_above(extraction, header_start, part), part.sheet or "")
            last_end = rows.end()


class PipeRows:
    """The rows of a Markdown table, parsed anew by each iteration. line: that of its header in its part."""

    def __init__(self, text: str, start: int, line: int) -> None:
        self._text, self._start, self._line = text, start, line

    def __iter__(self) -> Iterator[RawRow]:
        """Yield the header and the rows below the rule."""
        for line, start, end in self._lines():
            yield RawRow(pipe_cells(self._text[start:end]), line, start, end)

    def end(self) -> int:
        """Return where the last row ends."""
        return max(end for _, _, end in self._lines())

    def _lines(self) -> Iterator[tuple[int, int, int]]:
        """Yield the line number and the span of the header and the rows below the rule."""
        for line, (start, end) in enumerate(lines_between(self._text, self._start, len(self._text)), self._line):
            if line > self._line + 1 and not ("|" in (written := self._text[start:end]) and written.strip()):
                return
            if line != self._line + 1:
                yield line, start, end


def pipe_cells(line: str) -> list[str]:
    """Return the cells of a row of a Markdown table, without emphasis."""
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [cell.strip().strip("*`").strip().replace("\\|", "|") for cell in PIPE.split(inner)]

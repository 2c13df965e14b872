"""Blocks, headings, tables and places in, in reading order; one Extraction out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.datatypes import Extraction, Heading, Mark, Part, Table
from assistant.errors import UnreadableFile

LONGEST = 50_000_000  # characters; a file of a few megabytes that yields more is a bomb
PARAGRAPH, LINE = "\n\n", "\n"
BETWEEN_CELLS = " | "
VALUE = re.compile(r"[\s$€£¥+\-(]*\d[\d.,:/%\-\s)TZ]*$")


class Writing:
    """A document as it grows. The text between two blocks is white space only."""

    def __init__(self) -> None:
        self.length = 0
        self._pieces: list[str] = []
        self._headings: list[Heading] = []
        self._tables: list[Table] = []
        self._marks: list[Mark] = []
        self._parts: list[Part] = []

    def add(self, text: str, gap: str = PARAGRAPH, mark: Mark | None = None) -> int:
        """Add a block and return where it begins; `mark` says what it is called (its own start is left open)."""
        before = gap if self._pieces else ""
        start = self.length + len(before)
        self.length = start + len(text)
        if self.length > LONGEST:
            raise UnreadableFile(f"it unpacks to more than {LONGEST // 1_000_000} million characters")
        self._pieces += [before, text]
        if mark:
            self._marks.append(replace(mark, char_start=start))
        return start

    def head(self, title: str, level: int, gap: str = PARAGRAPH) -> None:
        """Add a heading as a block of its own, in one line."""
        title = " ".join(title.split())
        if title:
            self._headings.append(Heading(self.add(title, gap), level, title))

    def tabulate(self, rows: Sequence[Sequence[str]], marks: Sequence[Mark] = ()) -> None:
        """Add a table, one row to a line, "a | b | c"; rows without text are left out. `marks` has one to each row."""
        lines = [as_row(row) for row in rows]
        start, gap = -1, PARAGRAPH
        for number, line in enumerate(lines):
            if line:
                at = self.add(line, gap, marks[number] if marks else None)
                start, gap = at if start < 0 else start, LINE
        if start >= 0:
            self._tables.append(Table(start, self.length, header_of(rows)))

    def begin(self, part: Part) -> None:
        """Begin a page, slide, sheet, chapter or message; what is added belongs to it until the next begins."""
        self._parts.append(replace(part, char_start=self.length))

    def finish(self, title: str = "", notes: tuple[str, ...] = (), encoding: str | None = None) -> Extraction:
        """Return what was written; parts without text are left out. Without a title it is the first top heading."""
        text = "".join(self._pieces)
        found = title.strip() or next((heading.title for heading in self._headings if heading.level == 1), "")
        return Extraction(text, self._spans(text), tuple(self._headings), tuple(self._tables), tuple(self._marks), found,
                          encoding=encoding, notes=notes)

    def _spans(self, text: str) -> tuple[Part, ...]:
        """Return the parts without the white space between them."""
        if not self._parts:
            return (Part(0, len(text)),)
        spans = []
        ends = [part.char_start for part in self._parts[1:]] + [len(text)]
        for part, end in zip(self._parts, ends, strict=True):
            run = text[part.char_start : end]
            if run.strip():
                start = part.char_start + len(run) - len(run.lstrip())
                spans.append(replace(part, char_start=start, char_end=part.char_start + len(run.rstrip())))
        return tuple(spans)


def as_row(cells: Sequence[str]) -> str:
    """Return the cells of a row in one line; empty cells keep their place, but not at its end."""
    return BETWEEN_CELLS.join(" ".join(cell.split()) for cell in cells).rstrip(" |")


def header_of(rows: Sequence[Sequence[str]]) -> str:
    """Return the first row where it names columns: several distinct texts, none of them a value."""
    cells = [" ".join(cell.split()) for cell in rows[0]] if len(rows) > 1 else []
    named = [cell for cell in cells if cell]
    names_columns = len(named) > 1 and 2 * len(named) > len(cells) and len(set(named)) == len(named)
    return as_row(cells) if names_columns and not any(VALUE.match(cell) for cell in named) else ""

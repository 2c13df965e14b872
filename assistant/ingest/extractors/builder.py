"""Build an Extraction from blocks, headings, tables and marks, and make its texts storable."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from assistant.datatypes import Extraction, Heading, Part, PositionLabel, Table
from assistant.errors import UnreadableFile

MAX_CHARACTERS = 50_000_000  # a small file that yields more is a decompression bomb
PARAGRAPH, LINE = "\n\n", "\n"
BETWEEN_CELLS = " | "
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON, UTF-7 and mail headers can spell one; UTF-8 cannot store it
REPLACEMENT = "\ufffd"
VALUE = re.compile(r"[\s$€£¥+\-(]*\d[\d.,:/%\-\s)TZ]*$")


class ExtractionBuilder:
    """Collect the blocks of a document in reading order. Between two blocks there is only white space."""

    def __init__(self) -> None:
        self.length = 0
        self._pieces: list[str] = []
        self._headings: list[Heading] = []
        self._tables: list[Table] = []
        self._marks: list[PositionLabel] = []
        self._parts: list[Part] = []

    def add(self, text: str, gap: str = PARAGRAPH, mark: PositionLabel | None = None) -> int:
        """Add a block and return its start. `mark` is attached to it; the start given in `mark` is ignored."""
        before = gap if self._pieces else ""
        start = self.length + len(before)
        self.length = start + len(text)
        if self.length > MAX_CHARACTERS:
            raise UnreadableFile(f"it unpacks to more than {MAX_CHARACTERS // 1_000_000} million characters")
        self._pieces += [before, text]
        if mark:
            self._marks.append(replace(mark, char_start=start))
        return start

    def add_heading(self, title: str, level: int, gap: str = PARAGRAPH) -> None:
        """Add a heading as a block of one line."""
        title = " ".join(title.split())
        if title:
            self._headings.append(Heading(self.add(title, gap), level, title))

    def add_table(self, rows: Sequence[Sequence[str]], marks: Sequence[PositionLabel] = ()) -> None:
        """Add a table, one row per line ("a | b | c"), without empty rows. `marks` holds one mark per row, or none."""
        lines = [as_row(row) for row in rows]
        start, gap = -1, PARAGRAPH
        for number, line in enumerate(lines):
            if line:
                at = self.add(line, gap, marks[number] if marks else None)
                start, gap = at if start < 0 else start, LINE
        if start >= 0:
            self._tables.append(Table(start, self.length, header_of(rows)))

    def begin(self, part: Part) -> None:
        """Begin a page, slide, sheet, chapter or message: later blocks belong to it until the next one begins."""
        self._parts.append(replace(part, char_start=self.length))

    def finish(self, title: str = "", notes: tuple[str, ...] = (), encoding: str | None = None) -> Extraction:
        """Return the extraction without empty parts. The title defaults to the first heading of level 1."""
        text = "".join(self._pieces)
        found = title.strip() or next((heading.title for heading in self._headings if heading.level == 1), "")
        return Extraction(text, self._spans(text), tuple(self._headings), tuple(self._tables), tuple(self._marks), found,
                          encoding=encoding, notes=notes)

    def _spans(self, text: str) -> tuple[Part, ...]:
        """Return the parts that hold text, trimmed of white space."""
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
    """Join the cells of a row; trailing empty cells are dropped."""
    return BETWEEN_CELLS.join(" ".join(cell.split()) for cell in cells).rstrip(" |")


def header_of(rows: Sequence[Sequence[str]]) -> str:
    """Return the first row if it names columns (several distinct texts, no value), else an empty string."""
    cells = [" ".join(cell.split()) for cell in rows[0]] if len(rows) > 1 else []
    named = [cell for cell in cells if cell]
    names_columns = len(named) > 1 and 2 * len(named) > len(cells) and len(set(named)) == len(named)
    return as_row(cells) if names_columns and not any(VALUE.match(cell) for cell in named) else ""


def storable(extraction: Extraction) -> Extraction:
    """Return an extraction without lone surrogates; all offsets stay valid."""
    if is_storable("".join(_texts(extraction))):
        return extraction
    return replace(
        extraction,
        text=storable_text(extraction.text),
        title=storable_text(extraction.title),
        parts=tuple(map(_part, extraction.parts)),
        headings=tuple(Heading(each.char_start, each.level, storable_text(each.title)) for each in extraction.headings),
        tables=tuple(Table(each.char_start, each.char_end, storable_text(each.header)) for each in extraction.tables),
        marks=tuple(PositionLabel(each.char_start, _optional(each.cells), _optional(each.time)) for each in extraction.marks),
        notes=tuple(map(storable_text, extraction.notes)),
    )


def storable_text(text: str) -> str:
    """Replace lone surrogates by U+FFFD; the length stays the same."""
    return text if is_storable(text) else LONE_SURROGATE.sub(REPLACEMENT, text)


def is_storable(text: str) -> bool:
    """Return True if a text holds no lone surrogate."""
    return text.isascii() or not LONE_SURROGATE.search(text)


def _texts(extraction: Extraction) -> chain[str]:
    """Chain all texts of an extraction that come from its file."""
    return chain(
        (extraction.text, extraction.title),
        extraction.notes,
        (heading.title for heading in extraction.headings),
        (table.header for table in extraction.tables),
        (text for mark in extraction.marks for text in (mark.cells, mark.time) if text),
        (text for part in extraction.parts for text in (part.page_label, part.sheet, part.chapter) if text),
    )


def _part(part: Part) -> Part:
    return replace(part, page_label=_optional(part.page_label), sheet=_optional(part.sheet), chapter=_optional(part.chapter))


def _optional(text: str | None) -> str | None:
    return None if text is None else storable_text(text)

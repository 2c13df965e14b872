"""Extracted documents, their parts, the chunks they are split into, and locations in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WITHOUT_VALUE = "without a value: open the file in a spreadsheet program and save it"
"""End of the note on formulas whose results a workbook does not store."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a span of text is in a document."""

    # line_start, line_end: lines from 1, within the page, slide or sheet if there is one, otherwise within the file
    line_start: int
    line_end: int
    # char_start, char_end: half-open span of the extracted text, which for plain text, Markdown and code is the decoded file
    # without embedded pictures
    char_start: int
    char_end: int
    page: int | None = None  # page number from 1
    page_label: str | None = None  # the document's own label of the page ("xii"), if it differs
    slide: int | None = None  # slide number from 1
    sheet: str | None = None  # name of the sheet
    cells: str | None = None  # cell range such as "A2:F9", or rows such as "rows 2-9"
    chapter: str | None = None  # title of the chapter
    message: int | None = None  # number of the message in a mailbox
    time: str | None = None  # time in a recording such as "01:02:03"
    heading: str | None = None  # heading above the text

    @property
    def words(self) -> str:
        """The location as text, such as "p. 3, lines 10-12"; names of sheets and chapters are as in the file."""
        first, last = self.line_start, self.line_end
        has_rows = self.cells is not None and self.cells.startswith("row")  # of a file that has no lines
        parts = (
            f"p. {self.page}{f' (“{self.page_label}”)' if self.page_label else ''}" if self.page is not None else "",
            f"slide {self.slide}" if self.slide is not None else "",
            f"sheet {self.sheet}" if self.sheet else "",
            self.cells or "",
            self.chapter or "",
            f"message {self.message}" if self.message is not None else "",
            self.time or "",
            "" if has_rows else f"line {first}" if first == last else f"lines {first}-{last}",
        )
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Part:
    """A page, slide, sheet, chapter or message (or the whole file): a span of text that no chunk crosses."""

    char_start: int
    char_end: int
    page: int | None = None
    page_label: str | None = None
    slide: int | None = None
    sheet: str | None = None
    chapter: str | None = None
    message: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A span of text that is a table with one row per line; chunks split it between rows only."""

    char_start: int
    char_end: int
    header: str = ""  # its header row, repeated in the context of each of its chunks; "" if it has none
    is_continued: bool = False  # True if the header is not in its text but on an earlier page


@dataclass(frozen=True, slots=True)
class PositionLabel:
    """The cells ("A2:F2"), time ("12:05") or line of the file of the text from `char_start` up to the next mark."""

    char_start: int
    cells: str | None = None
    time: str | None = None
    line: int | None = None  # from 1; only where the extracted text has other line breaks than the file


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that starts at `char_start`; level 1 is the highest."""

    char_start: int
    level: int
    title: str


class Shape(StrEnum):
    """The layout of a document's text apart from its tables, which decides where it is split."""

    PROSE = "prose"
    CODE = "code"
    TABLE = "table"
    ROWS = "rows"  # a table with its header in the first line, and a row in each other line


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extractor found in one file."""

    text: str  # the extracted text
    parts: tuple[Part, ...]  # in order, disjoint
    headings: tuple[Heading, ...] = ()
    tables: tuple[Table, ...] = ()  # in order, disjoint, each within one part
    marks: tuple[PositionLabel, ...] = ()
    title: str = ""
    shape: Shape = Shape.PROSE
    encoding: str | None = None  # character encoding of a text file, None for other formats
    empty_pages: tuple[int, ...] = ()  # numbers of the pages without text
    ocr_pages: tuple[int, ...] = ()  # numbers of the pages whose text was recognized by OCR
    notes: tuple[str, ...] = ()  # warnings for the user


@dataclass(frozen=True, slots=True)
class Document:
    """The extracted text of one file."""

    path: str
    title: str
    content_hash: str  # SHA-256 of the file's bytes
    extraction: Extraction


@dataclass(frozen=True, slots=True)
class Chunk:
    """A verbatim passage of a document, at most as long as the chunker's token limit."""

    text: str  # verbatim text of the document
    location: Location
    # title, heading path and table header, prepended for embedding, keyword search and the prompt; never part of a quote
    context: str = ""

    @property
    def searchable(self) -> str:
        """The text that is embedded and indexed."""
        return f"{self.context}\n{self.text}" if self.context else self.text

"""Extracted documents, their parts, the chunks they are split into, and locations in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Location:
    """Where a span of text is in a document.

    line_start, line_end: lines from 1, within the page, slide or sheet if there is one, otherwise within the file
    char_start, char_end: half-open span of the extracted text, which for plain text, Markdown and code is the decoded file
    page: page number from 1
    page_label: the document's own label of the page ("xii"), if it differs
    slide: slide number from 1
    sheet: name of the sheet
    cells: cell range such as "A2:F9"
    chapter: title of the chapter
    message: number of the message in a mailbox
    time: time in a recording such as "01:02:03"
    heading: heading above the text
    """

    line_start: int
    line_end: int
    char_start: int
    char_end: int
    page: int | None = None
    page_label: str | None = None
    slide: int | None = None
    sheet: str | None = None
    cells: str | None = None
    chapter: str | None = None
    message: int | None = None
    time: str | None = None
    heading: str | None = None

    @property
    def words(self) -> str:
        """The location as text, such as "p. 3, lines 10-12"; names of sheets and chapters are as in the file."""
        first, last = self.line_start, self.line_end
        parts = (
            f"p. {self.page}{f' (“{self.page_label}”)' if self.page_label else ''}" if self.page is not None else "",
            f"slide {self.slide}" if self.slide is not None else "",
            f"sheet {self.sheet}" if self.sheet else "",
            self.cells or "",
            self.chapter or "",
            f"message {self.message}" if self.message is not None else "",
            self.time or "",
            f"line {first}" if first == last else f"lines {first}-{last}",
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
    """A span of text that is a table with one row per line; chunks split it between rows only.

    header: its header row, repeated in the context of each of its chunks; "" if it has none
    """

    char_start: int
    char_end: int
    header: str = ""


@dataclass(frozen=True, slots=True)
class PositionLabel:
    """The cells ("A2:F2") or time ("12:05") of the text from `char_start` up to the next mark."""

    char_start: int
    cells: str | None = None
    time: str | None = None


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


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extractor found in one file.

    text: the extracted text
    parts: in order, disjoint
    tables: in order, disjoint, each within one part
    encoding: character encoding of a text file, None for other formats
    empty_pages: numbers of the pages without text
    ocr_pages: numbers of the pages whose text was recognized by OCR
    notes: warnings for the user
    """

    text: str
    parts: tuple[Part, ...]
    headings: tuple[Heading, ...] = ()
    tables: tuple[Table, ...] = ()
    marks: tuple[PositionLabel, ...] = ()
    title: str = ""
    shape: Shape = Shape.PROSE
    encoding: str | None = None
    empty_pages: tuple[int, ...] = ()
    ocr_pages: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The extracted text of one file.

    content_hash: SHA-256 of the file's bytes
    """

    path: str
    title: str
    content_hash: str
    extraction: Extraction


@dataclass(frozen=True, slots=True)
class Chunk:
    """A verbatim passage of a document, at most as long as the chunker's token limit.

    text: verbatim text of the document
    context: title, heading path and table header, prepended for embedding, keyword search and the prompt; never part of a quote
    """

    text: str
    location: Location
    context: str = ""

    @property
    def searchable(self) -> str:
        """The text that is embedded and indexed."""
        return f"{self.context}\n{self.text}" if self.context else self.text

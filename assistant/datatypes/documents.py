"""A file's text as it was read: documents, their parts, the chunks that they are cut into, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Location:
    """Where a run of text stands in one document.

    Lines count from 1: within the page, slide or sheet where there is one, within the file otherwise. `page` counts
    from 1; `page_label` is what the document itself calls that page ("xii"), where that differs. `cells` is a range
    such as "A2:F9", `message` the number of a message in a mailbox, `time` a place in a recording such as "01:02:03".
    `char_start` and `char_end` are a half-open span of the document's extracted text, which for plain
    text, Markdown and code is the decoded file itself.
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


@dataclass(frozen=True, slots=True)
class Part:
    """A page, slide, sheet, chapter or message (or a whole file): a span of text that no chunk crosses."""

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
    """A span of text that is a table, one row to a line: it is cut between rows only.

    `header` is its header row, which every passage of the table needs to be understood; empty where it has none.
    """

    char_start: int
    char_end: int
    header: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the text from `char_start` on, up to the next mark, is called in its file: cells ("A2:F2") or a time ("12:05")."""

    char_start: int
    cells: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that begins at `char_start`; level 1 is the highest."""

    char_start: int
    level: int
    title: str


class Shape(StrEnum):
    """How the text of a document is laid out, its tables aside, which decides where it may be cut."""

    PROSE = "prose"
    CODE = "code"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a reader found in one file. `parts` are in order and do not overlap; so are `tables`, each inside one part.

    `empty_pages` are the numbers of pages without text, `ocr_pages` of those whose text was read off a picture.
    """

    text: str
    parts: tuple[Part, ...]
    headings: tuple[Heading, ...] = ()
    tables: tuple[Table, ...] = ()
    marks: tuple[Mark, ...] = ()
    title: str = ""
    shape: Shape = Shape.PROSE
    encoding: str | None = None
    empty_pages: tuple[int, ...] = ()
    ocr_pages: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One file's text, known by its path and by the sha256 of its bytes."""

    path: str
    title: str
    content_hash: str
    extraction: Extraction


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of at most the chunker's token limit, verbatim from its document.

    `context` (title, heading path, table header) goes in front of the text for embedding, keyword search
    and the language model; a quote never includes it.
    """

    text: str
    location: Location
    context: str = ""

    @property
    def searchable(self) -> str:
        """The text that is embedded and indexed."""
        return f"{self.context}\n{self.text}" if self.context else self.text

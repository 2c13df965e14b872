"""Interface of the readers: the Source they take, the ExtractionBuilder for what they return, the Member of a container."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from importlib import import_module
from itertools import chain
from pathlib import PurePath
from typing import Any

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
        """Add a block unless it is empty; return its start. `mark` is attached to it; the start given in `mark` is ignored."""
        if not text:
            return self.length
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
        parts, spans = self._parts or [Part(0, 0)], []
        ends = [part.char_start for part in parts[1:]] + [len(text)]
        for part, end in zip(parts, ends, strict=True):
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
    found: Extraction = _with_storable_texts(extraction)
    return found


def _with_storable_texts(value: Any) -> Any:  # noqa: ANN401 - a value of the type that is given
    """Replace lone surrogates in a text, or in all texts of a tuple or dataclass."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, tuple):
        return tuple(map(_with_storable_texts, value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    return replace(value, **{each.name: _with_storable_texts(getattr(value, each.name)) for each in fields(value)})


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


def ignore_step(_step: str) -> None:
    """Ignore a progress message."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read. `passwords` are tried if it is encrypted.

    A slow reader calls `on_step` ("page 12 of 300"): without any progress, the file is given up after the idle timeout.
    """

    data: bytes
    name: str
    passwords: tuple[str, ...] = field(default=(), repr=False)
    on_step: Callable[[str], None] = field(default=ignore_step, repr=False, compare=False)

    @property
    def suffix(self) -> str:
        """The suffix of the name, in lower case, with its dot."""
        return PurePath(self.name).suffix.lower()


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a file: an attachment or an archive entry. `refusal` is set if it could not be extracted."""

    name: str
    data: bytes = b""
    refusal: UnreadableFile | None = None


Reader = Callable[[Source], Extraction]
Opener = Callable[[Source], Iterator[Member]]


@dataclass(frozen=True, slots=True)
class LazyFunction:
    """A reader or opener that is imported on its first call, which keeps the start of the program fast."""

    module: str
    function: str

    def __call__(self, source: Source) -> Any:  # noqa: ANN401 - what a Reader or an Opener returns
        """Import the function and call it."""
        return import_function(self.module, self.function)(source)


def import_function(module: str, function: str) -> Any:  # noqa: ANN401 - the caller knows the type
    """Return a function of a module below this package."""
    return getattr(import_module(f"{__package__}.{module}"), function)

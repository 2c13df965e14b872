"""A table as it stands in a file: rows of text with their places, before headers and types are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class RawRow:
    """One row. line: its first line (from 1) in its page, sheet or file; start, end: its span in the document's text."""

    cells: list[str]
    line: int
    start: int
    end: int
    place: str = ""  # its cells in a sheet, such as "A5:F5"


@dataclass(slots=True)
class RawTable:
    """A table of a document.

    rows: can be iterated several times; rows of files are parsed from the text each time, so that they are never all in memory
    names: the columns if they are known (records), so that the first row is data
    """

    rows: Iterable[RawRow]
    title: str = ""
    sheet: str = ""
    names: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

"""A table as it stands in a file: rows of text with their places, before headers and types are known."""

from __future__ import annotations

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
    """A table of a document. `named`: the columns are known (records), so that the first row is data."""

    rows: list[RawRow]
    title: str = ""
    sheet: str = ""
    names: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

"""Measure a raw table, and read the rows below its header in chunks of bounded size, column by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

from assistant.tables.headers import HEAD_ROWS, Header, find_header, is_blank
from assistant.tables.raw import RawRow, RawTable

FEWEST = 2  # rows and columns
MOST_COLUMNS = 500
CELLS_AT_ONCE = 100_000
CHARACTERS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table, and for each of its columns the texts of their cells."""

    rows: list[RawRow]
    columns: list[Sequence[str]]


class DataRows:
    """The rows of a table below its header that are not blank, in chunks, parsed anew by each iteration.

    header: the header; kept: the indexes of the columns with a filled cell
    """

    def __init__(self, rows: Iterable[RawRow], header: Header, kept: tuple[int, ...]) -> None:
        self.header, self.kept = header, kept
        self._rows = rows

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks."""
        size = max(1, CELLS_AT_ONCE // len(self.header.names))
        chunk: list[RawRow] = []
        length = 0
        for row in islice(self._rows, self.header.rows, None):
            if is_blank(row):
                continue
            chunk.append(row)
            length += row.end - row.start
            if len(chunk) >= size or length >= CHARACTERS_AT_ONCE:
                yield Chunk(chunk, self._columns(chunk))
                chunk, length = [], 0
        if chunk:
            yield Chunk(chunk, self._columns(chunk))

    def _columns(self, rows: Sequence[RawRow]) -> list[Sequence[str]]:
        columns: list[Sequence[str]] = list(zip_longest(*(row.cells for row in rows), fillvalue=""))
        empty = ("",) * len(rows)
        return [columns[index] if index < len(columns) else empty for index in self.kept]


def data_rows(raw: RawTable) -> DataRows | None:
    """Return the rows below the header of a table; None if it has fewer than two rows or filled columns, or no such rows."""
    head: list[RawRow] = []
    rows = width = 0
    filled: set[int] = set()
    for row in raw.rows:
        rows += 1
        width = max(width, len(row.cells))
        if rows <= HEAD_ROWS:
            head.append(row)
        elif len(filled) < width and not is_blank(row):
            filled.update(filled_cells(row))
    if rows < FEWEST or not FEWEST <= width <= MOST_COLUMNS:
        return None
    header = find_header(head, width, raw.names)
    for row in head[header.rows :]:
        if not is_blank(row):
            filled.update(filled_cells(row))
    return DataRows(raw.rows, header, tuple(sorted(filled))) if len(filled) >= FEWEST else None


def filled_cells(row: RawRow) -> Iterator[int]:
    """Yield the indexes of the cells of a row that are not empty."""
    return (index for index, cell in enumerate(row.cells) if cell)

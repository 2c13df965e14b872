"""The rows of one sheet in; its tables, each with its own header and a mark to each row, out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median_high

from assistant.datatypes import Mark
from assistant.errors import UnreadableFile
from assistant.ingest.extract.writing import LINE, PARAGRAPH, Writing, as_row, header_of

MOST_CELLS = 3_000_000
LARGEST_AREA = 10_000_000  # cells, the empty ones between them too
LATEST_HEADER = 10  # rows of titles that may stand above it
SAMPLE = 20
NumberedRow = tuple[int, Sequence[str]]


def write_rows(rows: Iterable[NumberedRow], writing: Writing, first_column: int = 0) -> None:
    """Write the rows of a sheet, each with its number there; its first cell is in `first_column`, which counts from 0.

    Rows without text end a table. Raises UnreadableFile where there are too many cells.
    """
    filled = spread = 0
    table: list[NumberedRow] = []
    for number, cells in rows:
        count = _count(cells)
        filled += count
        spread += len(cells) if count else 0
        if filled > MOST_CELLS or spread > LARGEST_AREA:
            raise UnreadableFile(f"too large: a sheet of more than {MOST_CELLS / 1e6:.0f} million cells")
        if count and table and number > table[-1][0] + 1:
            _write_table(table, writing, first_column)
            table = []
        if count:
            table.append((number, cells))
    _write_table(table, writing, first_column)


def _write_table(table: Sequence[NumberedRow], writing: Writing, first_column: int) -> None:
    """Write the titles above the header as lines of their own, then the table; columns without text are left out."""
    columns = sorted({index for _, cells in table for index, cell in enumerate(cells) if cell})
    rows = [[cells[index] for index in columns if index < len(cells)] for _, cells in table]
    marks = [Mark(0, cells=_range(number, cells, first_column)) for number, cells in table]
    start = _header_row(rows)
    for position in range(start):
        writing.add(as_row(rows[position]), LINE if position else PARAGRAPH, marks[position])
    writing.tabulate(rows[start:], marks[start:])


def _header_row(rows: Sequence[Sequence[str]]) -> int:
    """Return where the header is: below titles with less in them, and of most of the columns that are filled below it.

    Without such a row it is the top.
    """
    fullest = 0
    for number in range(min(LATEST_HEADER, len(rows) - 1)):
        names = _count(rows[number])
        typical = median_high(_count(row) for row in rows[number + 1 : number + 1 + SAMPLE])
        if names >= 2 * fullest and 3 * names >= 2 * typical and header_of(rows[number : number + 2]):
            return number
        fullest = max(fullest, names)
    return 0


def _count(cells: Sequence[str]) -> int:
    return sum(map(bool, cells))


def _range(number: int, cells: Sequence[str], first_column: int) -> str:
    """Return the range from the first to the last cell with text, such as "B4:F4"."""
    filled = [index for index, cell in enumerate(cells) if cell]
    first, last = (f"{column_name(first_column + index)}{number}" for index in (filled[0], filled[-1]))
    return first if first == last else f"{first}:{last}"


def column_name(index: int) -> str:
    """Return the letters of a column that is counted from 0: 0 is "A", 26 is "AA"."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name

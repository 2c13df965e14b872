"""A table of HTML in; its rows of cells out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4.element import Tag

LONGEST_CELL = 1000  # characters; text of this length stands in a column of a page, not of a table
MOST_COLUMNS, MOST_ROWS = 200, 1000  # that one cell may span
MOST_SPANNED = 300_000  # cells of one table that are there because another spans them
LAYOUT = ("h1", "h2", "h3", "form")


def is_for_layout(table: Tag) -> bool:
    """Say whether a table only places text on the page: it has no header cells and long texts, or others, in it."""
    if table.get("role") in ("presentation", "none"):
        return True
    rows = [_cells(row) for row in _rows(table)]
    if any(cell.name == "th" for row in rows for cell in row):
        return False
    is_grid = sum(len(row) > 1 for row in rows) > 1
    return not is_grid or table.find("table") is not None or any(_is_long(cell) for row in rows for cell in row)


def grid(table: Tag, text_of: Callable[[Tag], str]) -> list[list[str]]:
    """Return the texts of the cells by row and column; one that spans several rows is in each of them."""
    grown = _Grid()
    for row in _rows(table):
        for cell in _cells(row):
            grown.take(text_of(cell), _span(cell, "colspan", MOST_COLUMNS), _span(cell, "rowspan", MOST_ROWS))
        grown.end_row()
    return grown.lines


class _Grid:
    """The rows so far, and the cells above that reach into the next ones: by column, how many rows more, and the text."""

    def __init__(self) -> None:
        self.lines: list[list[str]] = []
        self._line: list[str] = []
        self._held: dict[int, tuple[int, str]] = {}
        self._spare = MOST_SPANNED

    def take(self, text: str, columns: int, rows: int) -> None:
        """Add a cell; one that spans more than there may be is taken for a single one."""
        self._take_held()
        if self._spare <= 0:
            columns = rows = 1
        self._spare -= columns - 1
        for number in range(columns):
            self._held[len(self._line)] = (rows - 1, "" if number else text)
            self._line.append("" if number else text)

    def end_row(self) -> None:
        """End a row."""
        self._take_held()
        self.lines.append(self._line)
        self._line = []

    def _take_held(self) -> None:
        """Fill the columns that a cell of a row above reaches into."""
        while self._spare > 0 and self._held.get(len(self._line), (0, ""))[0] > 0:
            rows, text = self._held[len(self._line)]
            self._held[len(self._line)] = (rows - 1, text)
            self._line.append(text)
            self._spare -= 1


def _rows(table: Tag) -> Iterator[Tag]:
    """Yield the rows of this table, not of those inside it."""
    for child in table.find_all(["tr", "thead", "tbody", "tfoot"], recursive=False):
        if child.name == "tr":
            yield child
        else:
            yield from child.find_all("tr", recursive=False)


def _cells(row: Tag) -> list[Tag]:
    return list(row.find_all(["td", "th"], recursive=False))


def _span(cell: Tag, name: str, most: int) -> int:
    value = str(cell.get(name, "1")).strip()
    return max(1, min(int(value), most)) if value.isdecimal() and len(value) < 9 else 1


def _is_long(cell: Tag) -> bool:
    return cell.find(LAYOUT) is not None or len(cell.get_text()) > LONGEST_CELL

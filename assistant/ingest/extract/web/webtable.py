"""A table of HTML in; its rows of cells out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4.element import Tag

LONGEST_CELL = 1000  # characters; text of this length stands in a column of a page, not of a table
MOST_COLUMNS, MOST_ROWS = 200, 1000  # that one cell may span
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
    lines: list[list[str]] = []
    held: dict[int, tuple[int, str]] = {}  # by column: how many rows more, and the text
    for row in _rows(table):
        line: list[str] = []
        for cell in _cells(row):
            _take_held(line, held)
            text, rows = text_of(cell), _span(cell, "rowspan", MOST_ROWS)
            for number in range(_span(cell, "colspan", MOST_COLUMNS)):
                held[len(line)] = (rows - 1, "" if number else text)
                line.append("" if number else text)
        _take_held(line, held)
        lines.append(line)
    return lines


def _take_held(line: list[str], held: dict[int, tuple[int, str]]) -> None:
    """Fill the columns that a cell of a row above reaches into."""
    while held.get(len(line), (0, ""))[0] > 0:
        rows, text = held[len(line)]
        held[len(line)] = (rows - 1, text)
        line.append(text)


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

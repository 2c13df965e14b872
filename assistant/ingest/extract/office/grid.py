"""The rows of a table of OpenDocument in; its cells, with repeated ones written out within limits, out."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.ingest.extract.office.odf import elements, paragraph_text
from assistant.ingest.extract.package import attribute, local, whole_number

MOST_COPIES = 1000  # of a row or cell with text: one that is said to be there more often is there for its looks
WIDEST = 16384  # columns, which is as many as a program shows
GROUPS = frozenset({"table-rows", "table-header-rows", "table-row-group"})
VALUES = ("string-value", "date-value", "time-value", "boolean-value", "value")
FURTHER = frozenset({"annotation", "note"})


def numbered_rows(table: Element) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that has text, with its number: an empty row that is repeated is only counted."""
    number = 1
    for row in rows_of(table):
        copies = _count(row, "number-rows-repeated")
        cells = cells_of(row)
        if any(cells):
            for copy in range(min(copies, MOST_COPIES)):
                yield number + copy, cells
        number += copies


def rows_of(table: Element) -> Iterator[Element]:
    """Yield the rows of a table, grouped or not."""
    for child in table:
        if local(child) == "table-row":
            yield child
        elif local(child) in GROUPS:
            yield from rows_of(child)


def cells_of(row: Element) -> list[str]:
    """Return the texts of the cells of a row, up to the last that has any."""
    cells: list[str] = []
    gap = 0
    for cell in row:
        if local(cell) in ("table-cell", "covered-table-cell"):
            copies, text = _count(cell, "number-columns-repeated"), _text(cell)
            if text:
                cells += [""] * min(gap, WIDEST) + [text] * min(copies, MOST_COPIES)
                gap = 0
            else:
                gap += copies
        if len(cells) > WIDEST:
            break
    return cells[:WIDEST]


def _text(cell: Element) -> str:
    """Return what a cell shows, or its value where it is written down only as such."""
    nodes = (node for child in cell if local(child) not in FURTHER for node in _paragraphs(child))
    shown = " ".join(filter(None, map(paragraph_text, nodes)))
    return shown or next(filter(None, (attribute(cell, name) for name in VALUES)), "")


def _paragraphs(child: Element) -> Iterator[Element]:
    if local(child) in ("p", "h"):
        yield child
    else:
        yield from elements(child, "p", "h")


def _count(node: Element, name: str) -> int:
    return max(1, whole_number(attribute(node, name), 1))

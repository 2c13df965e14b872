"""The marks of a document in, the cells or the time that a passage of it has out."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from assistant.datatypes import Mark

CELL = re.compile(r"([A-Z]+)(\d+)")


def marks_between(marks: Sequence[Mark], start: int, end: int) -> Sequence[Mark]:
    """Return the marks that the text from `start` to `end` is under: one that begins before it may reach into it."""
    first = bisect_right(marks, start, key=lambda mark: mark.char_start) - 1
    return marks[max(0, first) : bisect_left(marks, end, key=lambda mark: mark.char_start)]


def time_of(marks: Sequence[Mark]) -> str | None:
    """Return the time at which the marked text begins."""
    return next((mark.time for mark in marks if mark.time), None)


def cells_of(marks: Sequence[Mark]) -> str | None:
    """Return the smallest range that holds the cells of all the marks: "A2:C2" and "B5:F5" make "A2:F5"."""
    corners = [corner for mark in marks if mark.cells for corner in CELL.findall(mark.cells)]
    if not corners:
        return None
    columns = sorted((letters for letters, _ in corners), key=lambda letters: (len(letters), letters))
    rows = sorted(int(row) for _, row in corners)
    first, last = f"{columns[0]}{rows[0]}", f"{columns[-1]}{rows[-1]}"
    return first if first == last else f"{first}:{last}"

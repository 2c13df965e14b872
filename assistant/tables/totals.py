"""Recognise the rows of a table that total other rows: by their label, and by their numbers being the sums of rows above."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

LABEL = re.compile(
    r"^\W*(?:(?:grand|sub|overall|running|final|net|page|carried)[ -]?)?totals?\b[^.!?]{0,40}$|^\W*sums?(?: total)?\W*$"
    r"|^\W*(?:all|sum)[ -]total"
    r"|^.{0,60}\b(?:sub-?)?total\W*$"
    r"|^\W*(?:(?:gesamt|zwischen|end)(?:summe|ergebnis|betrag)?|summe|insgesamt)\b[^.!?]{0,40}$|^\W*(?:sous-?)?total(?:e"
    r"|es)?\b[^.!?]{0,30}$"
    r"|^\W*.{0,8}(?:合计|总计|小计|共计|总和|合計|總計|小計|累计)\W*$",
    re.I,
)
STATISTIC = re.compile(r"^\W*(?:average|mean|median|averages|avg\.?|durchschnitt|mittelwert|平均(?:值|数)?)\W*$", re.I)
LABEL_CELLS = 4  # cells among which a label may stand
TOLERANCE = Decimal("0.006")

Numbers = Sequence[Sequence[Decimal | None]]


def find_totals(texts: Sequence[Sequence[str]], numbers: Numbers) -> list[bool]:
    """Return, for each row, whether it totals others.

    texts: the cells of each row; numbers: the values of each row in the numeric columns. A labelled row counts if one of its
    numbers is the sum of the rows since the last total, of all rows above or of the totals above, or if it has nothing but
    its label and numbers. An unlabelled row counts if it has nothing but numbers, and all of them are such sums.
    """
    marks: list[bool] = []
    sums = _RunningSums(len(numbers[0]) if numbers else 0)
    for number, row in enumerate(texts):
        filled = [cell for cell in row if cell]
        values = numbers[number]
        is_labelled = any(LABEL.match(cell) for cell in row[:LABEL_CELLS]) or any(LABEL.match(cell) for cell in filled[:1])
        texts_only = len(filled) - sum(value is not None for value in values)
        is_total = bool(sums.rows) and (
            (is_labelled and (sums.any_match(values) or (texts_only <= 1 and sums.rows > 1)))
            or (sums.rows > 1 and texts_only == 0 and len(values) < len(row) and sums.all_match(values))
            or (
                number >= len(texts) - 2
                and sums.rows > 1
                and texts_only <= 1
                and bool(filled)
                and bool(STATISTIC.match(filled[0]))
            )
        )
        marks.append(is_total)
        sums.add(values, is_total=is_total)
    return marks


def is_label(cell: str) -> bool:
    """Return whether a cell may be the label of a row that totals others."""
    return bool(LABEL.match(cell) or STATISTIC.match(cell))


class _RunningSums:
    """Sums by column: since the last total, of all rows, and of the totals since the last one that added up totals."""

    def __init__(self, width: int) -> None:
        self.rows = 0
        self._width = width
        self._block, self._all, self._totals = ([Decimal(0)] * width for _ in range(3))

    def add(self, values: Sequence[Decimal | None], *, is_total: bool) -> None:
        """Add a row to the sums that it belongs to."""
        known = [value or Decimal(0) for value in values]
        if is_total:
            self._totals = [a + b for a, b in zip(self._totals, known, strict=True)]
            self._block = [Decimal(0)] * self._width
            return
        self.rows += 1
        self._block = [a + b for a, b in zip(self._block, known, strict=True)]
        self._all = [a + b for a, b in zip(self._all, known, strict=True)]

    def any_match(self, values: Sequence[Decimal | None]) -> bool:
        """Return whether a number of a row is a sum of the rows above it."""
        return any(self._matches(index, value) for index, value in enumerate(values) if value)

    def all_match(self, values: Sequence[Decimal | None]) -> bool:
        """Return whether all numbers of a row, and at least one, are sums of the rows above it."""
        filled = [(index, value) for index, value in enumerate(values) if value is not None]
        return bool(filled) and all(self._matches(index, value) for index, value in filled)

    def _matches(self, index: int, value: Decimal) -> bool:
        return any(
            abs(sums[index] - value) <= TOLERANCE + abs(value) * Decimal("0.00001")
            for sums in (self._block, self._all, self._totals)
            if sums[index]
        )

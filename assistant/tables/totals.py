"""Recognise the rows of a table that total other rows: by their label, and by their numbers being the sums of rows above."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from decimal import Decimal

from assistant.text.cell_errors import is_cell_error

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
SURE_LABEL = re.compile(r"^\W*(?:(?:grand|overall|net|team) )?totals?\W*$|^\W*(?:合计|总计|小计|共计)\W*$", re.I)
LABEL_CELLS = 4  # cells among which a label may stand
TOLERANCE = Decimal("0.006")

WORDS = (
    "total sum gesamt zwischen end average mean median avg durchschnitt mittelwert "
    "合计 总计 小计 共计 总和 合計 總計 小計 累计 平均"
).split()  # one of these is in every label

Row = Sequence[str]
Numbers = Sequence[Decimal | None]


def find_totals(chunks: Iterable[tuple[Sequence[Row], Iterable[Numbers]]], count: int) -> Iterator[bool]:
    """Yield, for each row, whether it totals others.

    chunks: the cells of each row, and the values of each row in the numeric columns; count: the number of rows. A labelled row
    counts if one of its numbers is the sum of the rows since the last total, of all rows above or of the totals above, or if it
    has nothing but its label and numbers. An unlabelled row counts if it has nothing but numbers, and all of them are such sums.
    """
    sums = _RunningSums()
    number = 0
    for rows, numbers in chunks:
        labels = labels_among({cell for row in rows for cell in row})
        for row, values in zip(rows, numbers, strict=True):
            number += 1
            is_total = is_total_row(row, values, sums, labels, is_late=number >= count - 1)
            yield is_total
            sums.add(values, is_total=is_total)


def all_have_digits(cells: Sequence[str]) -> bool:
    """Return whether there are cells and each has a digit; a supplier that is called "Total" has a country or the like."""
    return bool(cells) and all(any(character.isdigit() for character in cell) for cell in cells)


def is_total_row(row: Row, values: Numbers, sums: _RunningSums, labels: Set[str], *, is_late: bool) -> bool:
    """Return whether a row totals the rows above it. is_late: it is one of the last two rows, which may be an average."""
    filled = [cell for cell in row if cell and not is_cell_error(cell)]
    if (is_late or sums.rows == 0) and SURE_LABEL.match(filled[0] if filled else "") and all_have_digits(filled[1:]):
        return True  # whatever its numbers are: they may be texts with units
    if sums.rows == 0:
        return False
    texts_only = len(filled) - sum(value is not None for value in values)
    if any(cell in labels and LABEL.match(cell) for cell in (*row[:LABEL_CELLS], *filled[:1])) and (
        sums.any_match(values) or (texts_only <= 1 and sums.rows > 1)
    ):
        return True
    if sums.rows < 2 or texts_only > 1:
        return False
    is_statistic = is_late and bool(filled) and bool(STATISTIC.match(filled[0]))
    return is_statistic or (texts_only == 0 and len(values) < len(row) and sums.all_match(values))


def labels_among(cells: Iterable[str]) -> set[str]:
    """Return the cells that may be the label of a row that totals others."""
    cells = list(cells)
    text = "\n".join(cells).casefold()
    if not any(word in text for word in WORDS):
        return set()
    return {cell for cell in cells if LABEL.match(cell) or STATISTIC.match(cell)}


class _RunningSums:
    """Sums by column: since the last total, of all rows, and of the totals since the last one that added up totals."""

    def __init__(self) -> None:
        self.rows = 0
        self._block: list[Decimal] = []
        self._all: list[Decimal] = []
        self._totals: list[Decimal] = []

    def add(self, values: Numbers, *, is_total: bool) -> None:
        """Add a row to the sums that it belongs to."""
        if not self._all:
            self._block, self._all, self._totals = ([Decimal(0)] * len(values) for _ in range(3))
        known = [value or Decimal(0) for value in values]
        if is_total:
            self._totals = [a + b for a, b in zip(self._totals, known, strict=True)]
            self._block = [Decimal(0)] * len(values)
            return
        self.rows += 1
        self._block = [a + b for a, b in zip(self._block, known, strict=True)]
        self._all = [a + b for a, b in zip(self._all, known, strict=True)]

    def any_match(self, values: Numbers) -> bool:
        """Return whether a number of a row is a sum of the rows above it."""
        return any(self._matches(index, value) for index, value in enumerate(values) if value)

    def all_match(self, values: Numbers) -> bool:
        """Return whether all numbers of a row, and at least one, are sums of the rows above it."""
        filled = [(index, value) for index, value in enumerate(values) if value is not None]
        return bool(filled) and all(self._matches(index, value) for index, value in filled)

    def _matches(self, index: int, value: Decimal) -> bool:
        return any(
            abs(sums[index] - value) <= TOLERANCE + abs(value) * Decimal("0.00001")
            for sums in (self._block, self._all, self._totals)
            if sums[index]
        )

"""Decide the type of a column from all of its cells, which are added chunk by chunk."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import islice

from assistant.datatypes.tables import Column, ColumnType
from assistant.tables.totals import labels_among
from assistant.tables.values import (
    CERTAIN_SHARE,
    MOST_DIGITS,
    MOST_SCALE,
    NUMERIC_DATE,
    DateFormat,
    DecimalStyle,
    detect_number_format,
    is_code,
    is_day,
    is_empty,
    parse_date,
    parse_number,
)
from assistant.text.cell_errors import is_cell_error

SNIFFED_CELLS = 2000
TRIED_CELLS = 50  # if fewer than half of the first filled cells are of a type, the column is not
CODE_HEADER = r"(?:^|[\s_])(?:id|no\.?|nr\.?|number|code|zip|phone|tel|sku|isbn|iban|account)$|编号|编码|代码|电话|邮编|账号|卡号"
IDENTIFIER = re.compile(CODE_HEADER, re.I)
DAY_FIRST, MONTH_FIRST = DateFormat(), DateFormat(month_first=True)

Value = Decimal | float | date | datetime | str | None
Parse = Callable[[str], Value]
Counts = Counter[str]


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column and what parses its cells.

    has_odd: it has filled cells that are no value of its type; skips_totals: the cells of total rows are no values of it
    """

    column: Column
    parse: Parse
    has_odd: bool = False
    skips_totals: bool = False

    def values(self, texts: Sequence[str], totals: Sequence[int] = ()) -> list[Value]:
        """Return the values of some cells. totals: whether each row totals others; empty if none does."""
        value_of = {text: self.parse(text) for text in set(texts)}
        if self.skips_totals and any(totals):
            return [None if is_total else value_of[text] for text, is_total in zip(texts, totals, strict=True)]
        return [value_of[text] for text in texts]


class ColumnEvidence:
    """What the cells of a column tell of its type. Add all of its cells, then ask for the column."""

    def __init__(self, header: str, style: DecimalStyle) -> None:
        self._filled = 0
        self._sample: list[str] = []
        self._has_label = self._has_error = False
        self._dates = DateEvidence()
        self._numbers = NumberEvidence(header, style)

    def add(self, texts: Sequence[str]) -> None:
        """Add the next cells."""
        counts = Counter(texts)
        for text in [text for text in counts if is_empty(text) or is_cell_error(text)]:
            self._has_error = self._has_error or is_cell_error(text)
            del counts[text]
        self._filled += counts.total()
        if len(self._sample) < SNIFFED_CELLS:
            filled = (text for text in texts if text in counts)
            self._sample += islice(filled, SNIFFED_CELLS - len(self._sample))
        self._has_label = self._has_label or bool(labels_among(counts))
        self._dates.add(counts, self._sample)
        self._numbers.add(counts, self._sample)

    def decide(self, column: Column) -> TypedColumn:
        """Return the column as dates, numbers or text, whichever most of its filled cells are."""
        found = self._dates.decide(column, self._sample, self._filled)
        found = found or self._numbers.decide(column, self._sample, self._filled)
        found = found or TypedColumn(column, text_value)
        return replace(found, has_odd=found.has_odd or self._has_error)

    def has_label(self, column: Column) -> bool:
        """Return whether a cell may be the label of a row of totals; in a column of numbers, one that is no number."""
        return self._numbers.has_label if column.is_numeric else self._has_label


class DateEvidence:
    """What cells tell of being dates, whether the day or the month comes first."""

    def __init__(self) -> None:
        self._is_possible = True
        self._is_first_high = self._is_second_high = False  # above 12, so that it is no month
        self._known = {DAY_FIRST: 0, MONTH_FIRST: 0}
        self._all_days = {DAY_FIRST: True, MONTH_FIRST: True}

    def add(self, counts: Counts, sample: Sequence[str]) -> None:
        """Add the counts of some filled cells; sample: the first filled cells of the column."""
        if not self._is_possible:
            return
        for text, count in counts.items():
            found = parse_date(text, DAY_FIRST)
            self._note(DAY_FIRST, found, count)
            if match := NUMERIC_DATE.match(text.strip()):
                self._is_first_high |= int(match[1]) > 12
                self._is_second_high |= int(match[3]) > 12
                found = parse_date(text, MONTH_FIRST)
            self._note(MONTH_FIRST, found, count)
        if len(sample) >= TRIED_CELLS:
            self._is_possible = any(self._fits(sample, style) for style in (DAY_FIRST, MONTH_FIRST))

    def _note(self, style: DateFormat, found: datetime | None, count: int) -> None:
        if found is not None:
            self._known[style] += count
            self._all_days[style] &= is_day(found)

    def _fits(self, sample: Sequence[str], style: DateFormat) -> bool:
        return most(sample[:TRIED_CELLS], lambda text: parse_date(text, style) is not None)

    def decide(self, column: Column, sample: Sequence[str], filled: int) -> TypedColumn | None:
        """Return the column as dates or timestamps; None if too few cells are dates."""
        style = MONTH_FIRST if self._is_second_high and not self._is_first_high else DAY_FIRST
        if not self._is_possible or not filled or not self._fits(sample, style) or self._known[style] < CERTAIN_SHARE * filled:
            return None
        kind, parse = (
            (ColumnType.DATE, day_value) if self._all_days[style] else (ColumnType.TIMESTAMP, parse_date)
        )
        return TypedColumn(replace(column, type=kind), partial(parse, style=style), self._known[style] < filled)


class NumberEvidence:
    """What cells tell of being exact numbers of one unit, rather than codes. default: the notation if the cells show none."""

    def __init__(self, header: str, default: DecimalStyle) -> None:
        self.has_label = False
        self._is_named_code = bool(IDENTIFIER.search(header.strip()))
        self._style = default
        self._is_settled = False
        self._is_possible = True
        self._pending: Counts = Counter()
        self._units: set[str] = set()
        self._known = self._scale = 0
        self._digits = -(10**9)

    def add(self, counts: Counts, sample: Sequence[str]) -> None:
        """Add the counts of some filled cells; sample: the first filled cells of the column."""
        if not self._is_possible:
            return
        if self._is_settled:
            self._count(counts)
            return
        self._pending += counts
        if len(sample) >= SNIFFED_CELLS:
            self._settle(sample)

    def _settle(self, sample: Sequence[str]) -> None:
        """Decide the notation, and count the cells that waited for it."""
        self._is_settled = True
        self._style = detect_number_format(sample, self._style)
        self._is_possible = bool(sample) and most(sample[:TRIED_CELLS], self._is_number)
        if self._is_possible:
            self._count(self._pending)
        self._pending = Counter()

    def _is_number(self, text: str) -> bool:
        return parse_number(text, self._style) is not None

    def _count(self, counts: Counts) -> None:
        parsed = {text: parse_number(text, self._style) for text in counts}
        for text, number in parsed.items():
            if number is not None:
                self._known += counts[text]
                self._units.add(number.unit)
                self._scale = max(self._scale, -int(number.value.as_tuple().exponent))
                self._digits = max(self._digits, number.value.adjusted() + 1)
        odd = (text for text, number in parsed.items() if number is None)
        self.has_label = self.has_label or bool(labels_among(odd))
        has_codes = any(map(is_code, counts)) or (self._is_named_code and not all(map(str.isdigit, counts)))
        self._is_possible = not has_codes and len(self._units - {""}) < 2

    def decide(self, column: Column, sample: Sequence[str], filled: int) -> TypedColumn | None:
        """Return the column with the scale that its values need, or as floating point; None if it is not one of numbers."""
        if self._is_possible and not self._is_settled:
            self._settle(sample)
        if not self._is_possible or not filled or self._known < CERTAIN_SHARE * filled:
            return None
        is_exact = self._scale <= MOST_SCALE and self._digits + self._scale <= MOST_DIGITS
        kind = ColumnType.INTEGER if is_exact and not self._scale else ColumnType.DECIMAL
        column = replace(column, type=kind, unit=column.unit or max(self._units), scale=self._scale if is_exact else -1)
        return TypedColumn(column, partial(exact_value if is_exact else float_value, style=self._style), self._known < filled)


def most(sample: Sequence[str], test: Callable[[str], bool]) -> bool:
    """Return whether at least half of a sample passes a test."""
    return 2 * sum(map(test, sample)) >= len(sample)


def text_value(cell: str) -> str | None:
    """Return a cell's text; None if it is empty or an error."""
    return None if is_cell_error(cell) else cell or None


def day_value(cell: str, style: DateFormat) -> date | None:
    """Return the day that a cell states."""
    moment = parse_date(cell, style)
    return moment.date() if moment else None


def exact_value(cell: str, style: DecimalStyle) -> Decimal | None:
    """Return the number that a cell states."""
    number = parse_number(cell, style)
    return number.value if number else None


def float_value(cell: str, style: DecimalStyle) -> float | None:
    """Return the number that a cell states in floating point."""
    number = parse_number(cell, style)
    return float(number.value) if number else None

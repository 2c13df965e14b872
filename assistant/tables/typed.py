"""Give a raw table a header, typed columns and marked total rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from assistant.datatypes.tables import Column, ColumnType
from assistant.tables.headers import column_names, find_header, is_blank, padded, split_unit
from assistant.tables.raw import RawRow, RawTable
from assistant.tables.totals import find_totals, is_label
from assistant.tables.values import (
    CERTAIN_SHARE,
    MOST_DIGITS,
    MOST_SCALE,
    DecimalStyle,
    ParsedNumber,
    common_unit,
    detect_date_format,
    detect_number_format,
    is_code,
    is_day,
    is_empty,
    parse_date,
    parse_number,
)

SAMPLES = 24  # distinct values kept in the catalog
LONGEST_SAMPLE = 60
MOST_COLUMNS = 500
SNIFFED_CELLS = 2000
CODE_HEADER = r"(?:^|[\s_])(?:id|no\.?|nr\.?|number|code|zip|phone|tel|sku|isbn|iban|account)$|编号|编码|代码|电话|邮编|账号|卡号"
YEAR_LIKE = re.compile(r"\b(?:year|jahr|season)\b|年份|年度", re.I)
IDENTIFIER = re.compile(CODE_HEADER, re.I)

Value = Decimal | float | date | datetime | str | None


@dataclass(slots=True)
class TypedColumn:
    """A column with a value for each row. texts: its cells as they are written."""

    column: Column
    values: list[Value]
    texts: list[str]


@dataclass(slots=True)
class TypedTable:
    """A table with typed columns, and for each row its place and whether it totals others."""

    title: str
    sheet: str
    columns: list[TypedColumn]
    rows: list[RawRow]
    totals: list[bool]
    notes: tuple[str, ...] = ()


def type_table(raw: RawTable) -> TypedTable | None:
    """Return the typed table; None if it has fewer than two named or filled columns, or no rows below its header."""
    header = find_header(raw)
    rows = [row for row in raw.rows[header.rows :] if not is_blank(row)]
    width = len(header.names)
    if not rows or width > MOST_COLUMNS:
        return None
    cells = [padded(row.cells, width) for row in rows]
    kept = [index for index in range(width) if any(row[index] for row in cells)]
    if len(kept) < 2:
        return None
    headers = [header.names[index] for index in kept]
    units = [split_unit(name)[1] for name in headers]
    names = column_names(headers, units)
    texts = [[row[index] for row in cells] for index in kept]
    style = detect_number_format([cell for column in texts for cell in column[: SNIFFED_CELLS // len(texts) + 1]], DecimalStyle())
    columns = [
        type_column(name, head, unit, column, style)
        for name, head, unit, column in zip(names, headers, units, texts, strict=True)
    ]
    totals = mark_totals(columns, texts)
    columns = [settled(column, totals, texts, style) for column, texts in zip(columns, texts, strict=True)]
    title = raw.title or " · ".join(header.titles)
    return TypedTable(title, raw.sheet, columns, rows, totals, (*raw.notes, *notes_on(columns)))


def mark_totals(columns: Sequence[TypedColumn], texts: Sequence[Sequence[str]]) -> list[bool]:
    """Return, for each row, whether it totals others."""
    rows = len(texts[0])
    if not may_hold_totals(columns):
        return [False] * rows
    return find_totals(list(zip(*texts, strict=True)), numeric_rows(columns, rows))


def may_hold_totals(columns: Sequence[TypedColumn]) -> bool:
    """Return whether a cell is a label of totals, or a row has no text; a long table without either needs no further look."""
    texts = [column for column in columns if not column.column.is_numeric]
    odd = {
        text
        for column in columns
        if column.column.is_numeric
        for text, value in zip(column.texts, column.values, strict=True)
        if value is None
    }
    distinct = odd.union(*(set(column.texts) for column in texts))
    return any(map(is_label, distinct)) or any(not any(cells) for cells in zip(*(column.texts for column in texts), strict=True))


def numeric_rows(columns: Sequence[TypedColumn], rows: int) -> list[list[Decimal | None]]:
    """Return the numbers of each row, for the columns of numbers that may be added up."""
    additive = [column.values for column in columns if column.column.is_numeric and not YEAR_LIKE.search(column.column.header)]
    return [
        [Decimal(value) if isinstance(value, (Decimal, float)) else None for value in (column[row] for column in additive)]
        for row in range(rows)
    ]


def settled(column: TypedColumn, totals: Sequence[bool], texts: Sequence[str], style: DecimalStyle) -> TypedColumn:
    """Return a column typed anew without the total rows, whose labels and blanks may have made it text; and described."""
    if any(totals) and not column.column.is_numeric and not column.column.is_temporal:
        data = [text for text, total in zip(texts, totals, strict=True) if not total]
        inner = type_column(column.column.name, column.column.header, column.column.unit, data, style)
        if inner.column.type is not ColumnType.TEXT:
            values = iter(inner.values)
            column = TypedColumn(inner.column, [None if total else next(values) for total in totals], column.texts)
    return described(column, totals)


def described(column: TypedColumn, totals: Sequence[bool]) -> TypedColumn:
    """Return a column with samples, number of distinct values and range of its rows that are no totals."""
    data = [(value, text) for value, text, total in zip(column.values, column.texts, totals, strict=True) if not total]
    seen: dict[str, None] = dict.fromkeys(
        text if isinstance(value, str) else shown(value) for value, text in data if value is not None
    )
    samples = tuple(text[:LONGEST_SAMPLE] for _, text in zip(range(SAMPLES), seen, strict=False))
    ordered = [value for value, _ in data if value is not None and not isinstance(value, str)]
    low, high = (shown(min(ordered)), shown(max(ordered))) if ordered else ("", "")
    unparsed = sum(value is None and not is_empty(text) for value, text in data)
    found = replace(column.column, samples=samples, distinct=len(seen), lowest=low, highest=high, unparsed=unparsed)
    return TypedColumn(found, column.values, column.texts)


def shown(value: Value) -> str:
    """Return a value as text."""
    return str(value)


def notes_on(columns: Sequence[TypedColumn]) -> tuple[str, ...]:
    """Return a note for each column with cells that are no value of its type."""
    return tuple(
        f"{count} of the cells of {column.column.header or column.column.name} "
        f"{'is' if count == 1 else 'are'} no {column.column.type.value} and {'does' if count == 1 else 'do'} not count"
        for column in columns
        if (count := column.column.unparsed)
    )


def type_column(name: str, header: str, unit: str, texts: list[str], style: DecimalStyle) -> TypedColumn:
    """Return a column as dates, numbers or text, whichever most of its filled cells are."""
    filled = [text for text in texts if not is_empty(text)]
    return (
        as_dates(name, header, unit, texts, filled)
        or as_numbers(name, header, unit, texts, filled, style)
        or TypedColumn(Column(name, header, ColumnType.TEXT, unit), [text or None for text in texts], texts)
    )


def as_dates(name: str, header: str, unit: str, texts: list[str], filled: list[str]) -> TypedColumn | None:
    """Return a column of dates or timestamps; None if too few cells are dates, or if day and month cannot be told apart."""
    style = detect_date_format(filled)
    if not filled or not parses(filled[:50], lambda text: parse_date(text, style) is not None):
        return None
    cache: dict[str, datetime | None] = {text: parse_date(text, style) for text in set(texts)}
    found = [cache[text] for text in texts]
    known = [moment for moment in found if moment is not None]
    if len(known) < CERTAIN_SHARE * len(filled):
        return None
    if all(map(is_day, known)):
        return TypedColumn(
            Column(name, header, ColumnType.DATE, unit), [moment.date() if moment else None for moment in found], texts
        )
    return TypedColumn(Column(name, header, ColumnType.TIMESTAMP, unit), list(found), texts)


def parses(sample: Sequence[str], test: Callable[[str], bool]) -> bool:
    """Return whether at least half of a sample passes a test."""
    return 2 * sum(map(test, sample)) >= len(sample)


def as_numbers(name: str, header: str, unit: str, texts: list[str], filled: list[str], style: DecimalStyle) -> TypedColumn | None:
    """Return a column of exact numbers; None if too few cells are numbers, they are codes, or their units differ."""
    sample = filled[:SNIFFED_CELLS]
    style = detect_number_format(sample, style)
    if not filled or not parses(sample[:50], lambda text: parse_number(text, style) is not None):
        return None
    cache: dict[str, ParsedNumber | None] = {text: parse_number(text, style) for text in set(texts)}
    known = [found for text in texts if (found := cache[text]) is not None]
    units = Counter(found.unit for found in known)
    common = common_unit(units, len(known))
    if len(known) < CERTAIN_SHARE * len(filled) or common is None or codes(header, filled):
        return None
    values: list[Value] = [found.value if (found := cache[text]) is not None else None for text in texts]
    return exact_column(Column(name, header, ColumnType.DECIMAL, unit or common), values, texts)


def codes(header: str, filled: Sequence[str]) -> bool:
    """Return whether the digits of a column are identifiers: with leading zeros, or too long for an exact number."""
    is_named = bool(IDENTIFIER.search(header.strip()))
    return any(is_code(text) for text in filled) or (is_named and any(not text.isdigit() for text in filled))


def exact_column(column: Column, values: list[Value], texts: list[str]) -> TypedColumn | None:
    """Return a column of integers or decimals with the scale that its values need, of floating point if none is exact."""
    numbers = [value for value in values if isinstance(value, Decimal)]
    scale = max(max(0, -int(value.as_tuple().exponent)) for value in numbers)
    digits = max(value.adjusted() + 1 for value in numbers)
    if scale > MOST_SCALE or digits + scale > MOST_DIGITS:
        floats: list[Value] = [float(value) if isinstance(value, Decimal) else None for value in values]
        return TypedColumn(replace(column, scale=-1), floats, texts)
    return TypedColumn(replace(column, type=ColumnType.DECIMAL if scale else ColumnType.INTEGER, scale=scale), values, texts)

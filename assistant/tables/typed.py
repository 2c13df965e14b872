"""Give a raw table typed columns and marked total rows, and read it in chunks of values.

Each step is one pass over the rows, which are parsed anew, so that they are never all in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import compress, repeat
from operator import and_

from assistant.datatypes.tables import Column, ColumnType
from assistant.tables.chunks import DataRows, data_rows
from assistant.tables.column_types import SNIFFED_CELLS, ColumnEvidence, TypedColumn, Value
from assistant.tables.headers import column_names, split_unit
from assistant.tables.raw import RawRow, RawTable
from assistant.tables.totals import Numbers, Row, find_totals
from assistant.tables.values import DecimalStyle, detect_number_format

MOST_NAMED = 5  # columns that a note names
MOST_PATTERNS = 10_000  # of filled and empty cells in a row that are told apart
YEAR_LIKE = re.compile(r"\b(?:year|jahr|season)\b|年份|年度", re.I)


@dataclass(frozen=True, slots=True)
class TypedChunk:
    """Some rows of a typed table: their places, whether each totals others, and the texts and values of each column."""

    rows: list[RawRow]
    totals: bytes
    texts: list[Sequence[str]]
    values: list[list[Value]]


@dataclass(frozen=True, slots=True)
class TypedTable:
    """A table with typed columns.

    count: the number of its rows; totals: for each row, whether it totals others; empty if no row does
    """

    title: str
    sheet: str
    columns: list[TypedColumn]
    data: DataRows
    count: int
    totals: bytes
    notes: tuple[str, ...] = ()

    def chunks(self) -> Iterator[TypedChunk]:
        """Yield the rows in chunks."""
        start = 0
        for chunk in self.data:
            totals = self.totals[start : start + len(chunk.rows)] or bytes(len(chunk.rows))
            start += len(chunk.rows)
            pairs = zip(self.columns, chunk.columns, strict=True)
            yield TypedChunk(chunk.rows, totals, chunk.columns, [column.values(texts, totals) for column, texts in pairs])


def type_table(raw: RawTable) -> TypedTable | None:
    """Return the typed table; None if it has fewer than two filled rows or columns, or no rows below its header."""
    data = data_rows(raw)
    if data is None:
        return None
    headers = [data.header.names[index] for index in data.kept]
    units = [split_unit(name)[1] for name in headers]
    named = [
        Column(name, header, ColumnType.TEXT, unit)
        for name, header, unit in zip(column_names(headers, units), headers, units, strict=True)
    ]
    style = common_style(data)
    columns, count, may_hold_totals = decide_types(data, named, style)
    totals = mark_totals(data, columns, count) if may_hold_totals else b""
    if any(totals):
        columns = retype_texts(data, columns, totals, style)
    title = raw.title or " · ".join(data.header.titles)
    return TypedTable(title, raw.sheet, columns, data, count, totals if any(totals) else b"", (*raw.notes, *left_out(data)))


def left_out(data: DataRows) -> list[str]:
    """Return a note that names the columns without a filled cell, which are not part of the table."""
    names = [name for index, name in enumerate(data.header.names) if name and index not in data.kept]
    shown = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
    return [f"left out, because no cell below the header is filled: {shown}"] if names else []


def common_style(data: DataRows) -> DecimalStyle:
    """Return the notation of numbers that the first cells of all columns show."""
    columns = next(iter(data)).columns
    most = SNIFFED_CELLS // len(columns) + 1
    return detect_number_format([cell for texts in columns for cell in texts[:most]], DecimalStyle())


def decide_types(data: DataRows, named: Sequence[Column], style: DecimalStyle) -> tuple[list[TypedColumn], int, bool]:
    """Return the columns with their types, the number of rows, and whether a row may total others.

    It may if a cell is a label of totals, or if a row has no text; a table without either needs no further look.
    """
    evidence = [ColumnEvidence(column.header, style) for column in named]
    patterns: set[tuple[bool, ...]] = set()
    count = 0
    for chunk in data:
        count += len(chunk.rows)
        for each, texts in zip(evidence, chunk.columns, strict=True):
            each.add(texts)
        if len(patterns) < MOST_PATTERNS:
            patterns.update(zip(*(map(bool, texts) for texts in chunk.columns), strict=True))
    columns = [each.decide(column) for each, column in zip(evidence, named, strict=True)]
    is_text = [not column.column.is_numeric for column in columns]
    has_label = any(each.has_label(column.column) for each, column in zip(evidence, columns, strict=True))
    lacks_text = len(patterns) >= MOST_PATTERNS or any(not any(map(and_, pattern, is_text)) for pattern in patterns)
    return columns, count, has_label or (any(is_text) and lacks_text)


def mark_totals(data: DataRows, columns: Sequence[TypedColumn], count: int) -> bytes:
    """Return, for each row, whether it totals others."""
    additive = [
        index for index, each in enumerate(columns) if each.column.is_numeric and not YEAR_LIKE.search(each.column.header)
    ]

    def rows() -> Iterator[tuple[Sequence[Row], Iterator[Numbers]]]:
        for chunk in data:
            values = [map(as_decimal, columns[index].values(chunk.columns[index])) for index in additive]
            yield list(zip(*chunk.columns, strict=True)), zip(*values, strict=True) if values else repeat((), len(chunk.rows))

    return bytes(find_totals(rows(), count))


def as_decimal(value: Value) -> Decimal | None:
    """Return a number as a decimal; None if it is none."""
    return Decimal(value) if isinstance(value, (Decimal, float)) else None


def retype_texts(data: DataRows, columns: Sequence[TypedColumn], totals: bytes, style: DecimalStyle) -> list[TypedColumn]:
    """Return the columns, those of text typed anew without the total rows, whose labels and blanks may have made them text."""
    texts = [index for index, each in enumerate(columns) if each.column.type is ColumnType.TEXT]
    evidence = {index: ColumnEvidence(columns[index].column.header, style) for index in texts}
    start = 0
    for chunk in data:
        kept = [not is_total for is_total in totals[start : start + len(chunk.rows)]]
        start += len(chunk.rows)
        for index, each in evidence.items():
            each.add(list(compress(chunk.columns[index], kept)))
    retyped = list(columns)
    for index, each in evidence.items():
        found = each.decide(columns[index].column)
        if found.column.type is not ColumnType.TEXT:
            retyped[index] = replace(found, skips_totals=True)
    return retyped

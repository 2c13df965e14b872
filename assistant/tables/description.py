"""Describe a column: samples, range, and cells that are no value of its type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.datatypes.tables import Column, ColumnType
from assistant.tables.column_types import Value
from assistant.tables.values import is_empty

SAMPLES = 24  # distinct values kept in the catalog
LONGEST_SAMPLE = 60


class ColumnDescription:
    """The samples, the range and the number of odd cells of a column. Add all of its cells, without those of total rows."""

    def __init__(self) -> None:
        self._samples: dict[str, None] = {}
        self._unparsed = 0
        self._range: tuple[Value, ...] = ()

    def add(self, texts: Sequence[str], values: Sequence[Value]) -> None:
        """Add the next cells."""
        value_of = dict(zip(texts, values, strict=True))
        for text, value in value_of.items():
            if len(self._samples) >= SAMPLES:
                break
            if value is not None:
                self._samples[text if isinstance(value, str) else str(value)] = None
        odd = {text for text, value in value_of.items() if value is None and not is_empty(text)}
        self._unparsed += sum(text in odd for text in texts) if odd else 0
        ordered = [value for value in (*self._range, *value_of.values()) if value is not None and not isinstance(value, str)]
        self._range = (min(ordered), max(ordered)) if ordered else ()

    def describe(self, column: Column) -> Column:
        """Return the column with its description."""
        low, high = map(str, self._range or ("", ""))
        samples = tuple(text[:LONGEST_SAMPLE] for text in self._samples)
        return replace(column, samples=samples, lowest=low, highest=high, unparsed=self._unparsed)


def unlike(column: Column) -> str:
    """Return what the odd cells of a column are: those of texts can only be errors."""
    if column.type is ColumnType.TEXT:
        return "holds an error" if column.unparsed == 1 else "hold an error"
    return f"{'is' if column.unparsed == 1 else 'are'} no {column.type.value}"


def notes_on(columns: Iterable[Column]) -> tuple[str, ...]:
    """Return a note for each column with cells that are no value of its type."""
    return tuple(
        f"{count} of the cells of {column.header or column.name} "
        f"{unlike(column)} and {'does' if count == 1 else 'do'} not count"
        for column in columns
        if (count := column.unparsed)
    )

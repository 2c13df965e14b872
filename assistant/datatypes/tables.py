"""Typed tables of a library, their columns, and the results of statements over them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """The type of a column's values."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TEXT = "text"


NUMERIC = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL})
TEMPORAL = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    name: its name in SQL, unique in the table
    header: its header in the file
    unit: unit or currency from its header or cells, such as "kEUR" or "%"; "" if none
    scale: digits behind the decimal point of a DECIMAL; -1 for floating point
    unparsed: number of filled cells that are no value of the type; they are NULL, and kept as text
    samples: its first distinct values as text
    distinct: number of distinct values
    lowest, highest: smallest and largest value as text; "" if there are none
    """

    name: str
    header: str
    type: ColumnType
    unit: str = ""
    scale: int = 0
    unparsed: int = 0
    samples: tuple[str, ...] = ()
    distinct: int = 0
    lowest: str = ""
    highest: str = ""

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.type in NUMERIC

    @property
    def is_temporal(self) -> bool:
        """Whether its values are dates or timestamps."""
        return self.type in TEMPORAL


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table of one file as it is stored.

    file: name of its Parquet file, which begins with the SHA-256 of the file's bytes
    title: caption or heading above it; "" if none
    sheet: name of its sheet; "" if none
    rows: number of rows, without totals
    totals: number of rows that total others; they are stored and marked, and left out of aggregates
    notes: what a reader of its numbers should know
    """

    file: str
    title: str
    sheet: str
    columns: tuple[Column, ...]
    rows: int
    totals: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableSource:
    """A stored table and the document that it came from."""

    path: str
    document_title: str
    stored: StoredTable


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table that statements can name: one stored table, or several of the same shape with the file as a column.

    name: its name in SQL
    """

    name: str
    columns: tuple[Column, ...]
    sources: tuple[TableSource, ...]

    @property
    def rows(self) -> int:
        """The number of rows, without totals."""
        return sum(source.stored.rows for source in self.sources)

    @property
    def totals(self) -> int:
        """The number of rows that total others."""
        return sum(source.stored.totals for source in self.sources)

    def column(self, name: str) -> Column | None:
        """Return the column with this name in SQL, whatever its case; None if there is none."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The result of one statement.

    columns: names
    rows: values as DuckDB returns them
    is_cut: whether there were more rows than the limit
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class TableQuery:
    """The result of a statement of another program, and the tables that it read."""

    result: QueryResult
    tables: tuple[TableInfo, ...]


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row that a computed answer rests on: its document, its place in it, and its cells as text.

    start, end: its span in the document's text
    """

    path: str
    sheet: str
    place: str
    line: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Computation:
    """How an answer was computed.

    table: name of the table in SQL
    words: how it was computed, in words
    columns, rows: the result of the statement, its values as text
    values: the values among them that answer the question
    count: number of rows that it rests on
    confidence: 0 to 1
    by_model: whether the chat model wrote the statement
    """

    table: str
    sql: str
    words: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    values: tuple[str, ...]
    count: int
    confidence: float
    by_model: bool = False

"""Link words of a question to the cells of another table that shares a key column: a condition on the key, as a semi-join."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.datatypes.tables import Column, ColumnType, TableInfo
from assistant.tables.cell_links import specific, value_links
from assistant.tables.connection import TableConnection
from assistant.tables.links import Link, LinkKind, best_links, is_year_column
from assistant.tables.parquet import quoted
from assistant.tables.tokens import QuestionToken

MOST_RELATED = 4  # tables that are opened beside the one that a question is about
UNIQUE_SHARE = 0.95  # of the rows of a table that the values of its key must tell apart
MATCHED_SHARE = 0.5  # of the rows of a table whose key must stand in the other table
JOIN_SCORE = 0.9
KEY_TYPES = frozenset({ColumnType.TEXT, ColumnType.INTEGER})


def related_tables(table: TableInfo, tables: Sequence[TableInfo]) -> tuple[TableInfo, ...]:
    """Return the tables whose key is a column of a table: a column of the same name and type, different in each row."""
    found = [other for other in tables if other.name != table.name and shared_key(table, other) is not None]
    return tuple(found[:MOST_RELATED])


def shared_key(table: TableInfo, other: TableInfo) -> Column | None:
    """Return the column of a table that is the key of another one; None if there is none."""
    for column in table.columns:
        key = other.column(column.name)
        if key is not None and key.type is column.type and is_key(key, other):
            return column
    return None


def is_key(column: Column, table: TableInfo) -> bool:
    """Return whether a column of texts or whole numbers tells the rows apart, and is no year and no number of the row."""
    if column.type not in KEY_TYPES or is_year_column(column) or is_row_number(column, table):
        return False
    return column.distinct >= UNIQUE_SHARE * table.rows > 1


def is_row_number(column: Column, table: TableInfo) -> bool:
    """Return whether a column numbers the rows, as ranks and positions do."""
    return column.lowest in {"0", "1"} and int(float(column.highest or 0)) <= table.rows


def refers_to(table: TableInfo, key: Column, other: TableInfo, connection: TableConnection) -> bool:
    """Return whether most rows of a table have a key of the other table."""
    name = quoted(key.name)
    matched = f"SELECT count(*) FROM {quoted(table.name)} WHERE {name} IN (SELECT {name} FROM {quoted(other.name)})"
    return int(str(connection.run(matched).rows[0][0])) >= MATCHED_SHARE * table.rows


def join_links(
    tokens: Sequence[QuestionToken],
    table: TableInfo,
    others: Sequence[TableInfo],
    connection: TableConnection,
    taken: set[int],
) -> Iterator[Link]:
    """Yield the whole cells of other tables that words of a question name which nothing else is linked to."""
    for other in others:
        key = shared_key(table, other)
        if key is None:
            continue
        found = best_links(specific(value_links(tokens, other, connection)))
        fitting = [
            link
            for link in found
            if link.score >= 1 and link.column.name != key.name and not taken & set(range(link.start, link.end))
        ]
        if not fitting or not refers_to(table, key, other, connection):
            continue
        for link in fitting:
            name = quoted(key.name)
            sql = f"{name} IN (SELECT {name} FROM {quoted(other.name)} WHERE {link.sql})"
            words = f"{link.words} ({other.name})"
            yield Link(LinkKind.VALUE, key, link.start, link.end, JOIN_SCORE, sql, words, link.value)

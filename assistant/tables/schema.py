"""Describe a table to the chat model: its columns with types, units and values, and the cells that a question names."""

from __future__ import annotations

from assistant.datatypes.tables import Column, TableInfo
from assistant.tables.links import LinkedQuestion
from assistant.tables.parquet import sql_type

SAMPLES = 4
MOST_COLUMNS = 40


def describe_table(table: TableInfo, linked: LinkedQuestion) -> str:
    """Return the description of a table as a CREATE TABLE statement with comments."""
    named = {link.column.name: link.value for link in linked.values}
    lines = [
        f"  {column.name} {sql_type(column)}, -- {column_comment(column, named.get(column.name, ''))}"
        for column in table.columns[:MOST_COLUMNS]
    ]
    return "\n".join(
        [f"CREATE TABLE {table.name} ( -- {table.rows} rows", *lines, "  _row BIGINT -- position of the row in the table", ");"]
    )


def column_comment(column: Column, value: str) -> str:
    """Return what a column holds: its header, unit, and range or first values."""
    samples = list(dict.fromkeys([*([value] if value else []), *column.samples]))[:SAMPLES]
    values = f"{column.lowest} to {column.highest}" if column.lowest else ", ".join(repr(sample) for sample in samples)
    return " | ".join(part for part in (column.header, column.unit, values) if part).replace("\n", " ")

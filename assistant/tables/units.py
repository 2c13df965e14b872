"""Check that numbers of different units or currencies are not added or compared."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.datatypes.tables import Column, ColumnType, TableInfo
from assistant.tables.connection import PART, ROW, TableConnection
from assistant.tables.evidence import keys_statement
from assistant.tables.parquet import quoted
from assistant.tables.validate import Node, arguments_of, expressions, parse_statement
from assistant.tables.values import CURRENCY

COMBINING = frozenset({"sum", "avg", "min", "max", "median", "arg_max", "arg_min", "max_by", "min_by"})
ARITHMETIC = frozenset({"+", "-"})
UNITS = frozenset({*CURRENCY, *CURRENCY.values()})


def units_differ(first: Column, second: Column) -> bool:
    """Return whether the numbers of two columns cannot be added or compared: they are of different units or currencies."""
    return bool(first.unit and second.unit) and first.unit.lower() != second.unit.lower()


def unit_column(table: TableInfo) -> Column | None:
    """Return the column of text that holds the currency of each row; None if there is none."""
    return next(
        (
            column
            for column in table.columns
            if column.type is ColumnType.TEXT and column.distinct > 1 and all(cell.strip() in UNITS for cell in column.samples)
        ),
        None,
    )


def mixed_units(sql: str, table: TableInfo, connection: TableConnection) -> list[str]:
    """Return the currencies of the rows whose numbers a statement combines, if there are several; else an empty list."""
    column = unit_column(table)
    if column is None or not combines_numbers(parse_statement(sql), column):
        return []
    keys = keys_statement(sql, table, connection)
    rows = f"({PART}, {ROW}) IN ({keys})" if keys else "TRUE"
    name = quoted(column.name)
    distinct = f"SELECT DISTINCT {name} FROM {quoted(table.name)} WHERE {name} IS NOT NULL AND {rows} ORDER BY 1"
    found = connection.run(distinct).rows
    return [str(row[0]) for row in found] if len(found) > 1 else []


def combines_numbers(tree: Node, unit: Column) -> bool:
    """Return whether a statement aggregates numbers of several rows, and not for each unit apart."""
    groups = {str(each["column_names"][-1]) for each in expressions(tree.get("group_expressions")) if "column_names" in each}
    used = {str(each.get("function_name", "")).lower() for each in expressions(tree)}
    return bool(used & COMBINING) and unit.name not in groups


def combined_columns(tree: Node, table: TableInfo) -> Iterator[tuple[Column, Column]]:
    """Yield the pairs of columns that a statement adds, subtracts or compares."""
    for each in expressions(tree):
        if each.get("class") == "COMPARISON":
            sides = [each.get("left"), each.get("right")]
        elif str(each.get("function_name", "")) in ARITHMETIC:
            sides = arguments_of(each)
        else:
            continue
        columns = [first_column(side, table) for side in sides]
        if len(columns) == 2 and columns[0] is not None and columns[1] is not None:
            yield columns[0], columns[1]


def first_column(side: object, table: TableInfo) -> Column | None:
    """Return the first column of a table in a part of a statement; None if there is none."""
    names = (str(each["column_names"][-1]) for each in expressions(side) if each.get("class") == "COLUMN_REF")
    return next((column for name in names if (column := table.column(name)) is not None), None)

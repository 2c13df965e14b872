"""Check that numbers of different units or currencies are not added or compared."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.datatypes.tables import Column, ColumnType, TableInfo
from assistant.tables.connection import PART, ROW, TableConnection
from assistant.tables.evidence import keys_statement
from assistant.tables.links import is_year_column
from assistant.tables.parquet import quoted
from assistant.tables.quantities import MEASURED_BY_UNIT, quantity_of
from assistant.tables.validate import Node, arguments_of, expressions, parse_statement
from assistant.tables.values import CERTAIN_SHARE, CURRENCY, DecimalStyle, detect_number_format, parse_number

COMBINING = frozenset({"sum", "avg", "min", "max", "median", "arg_max", "arg_min", "max_by", "min_by"})
MEASURING = frozenset({"sum", "avg", "min", "max", "median"})
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
            if column.type is ColumnType.TEXT and column.samples and all(cell.strip() in UNITS for cell in column.samples)
        ),
        None,
    )


def mixed_units(sql: str, table: TableInfo, connection: TableConnection) -> list[str]:
    """Return the currencies of the rows whose numbers a statement combines, if there are several; else an empty list."""
    units = combined_units(sql, table, connection)
    return units if len(units) > 1 else []


def combined_units(sql: str, table: TableInfo, connection: TableConnection) -> list[str]:
    """Return the currencies in the rows whose numbers a statement combines; an empty list if no column holds them."""
    column = unit_column(table)
    if column is None or not combines_numbers(parse_statement(sql), column):
        return []
    keys = keys_statement(sql, table, connection)
    rows = f"({PART}, {ROW}) IN ({keys})" if keys else "TRUE"
    name = quoted(column.name)
    distinct = f"SELECT DISTINCT {name} FROM {quoted(table.name)} WHERE {name} IS NOT NULL AND {rows} ORDER BY 1"
    return [str(row[0]) for row in connection.run(distinct).rows]


def unit_of_result(sql: str, table: TableInfo, connection: TableConnection) -> str:
    """Return the unit or currency of the number that a statement computes from one column; "" if none is known.

    It is that of the column, else the only one that the table's column of currencies has in these rows.
    """
    column = measured_column(parse_statement(sql), table)
    if column is None or column.unit:
        return column.unit if column else ""
    units = combined_units(sql, table, connection) if is_amount(column, table) else []
    return CURRENCY.get(units[0].strip(), units[0].strip()) if len(units) == 1 else ""


def measured_column(tree: Node, table: TableInfo) -> Column | None:
    """Return the column whose numbers a statement aggregates; None unless it is exactly one, aggregated once."""
    found = [each for each in expressions(tree.get("select_list")) if str(each.get("function_name", "")).lower() in MEASURING]
    return first_column(arguments_of(found[0]), table) if len(found) == 1 else None


def is_amount(column: Column, table: TableInfo) -> bool:
    """Return whether a currency beside a column of numbers is that of its numbers: they are money, or may be as no others are."""
    amounts = [each for each in table.columns if quantity_of(each) in MEASURED_BY_UNIT]
    unknown = [each for each in table.columns if each.is_numeric and not is_year_column(each) and quantity_of(each) is None]
    return column in (amounts or unknown[: len(unknown) == 1])


def currencies_in_cells(column: Column) -> list[str]:
    """Return the currencies that stand beside the amounts in the cells of a column of text; an empty list unless several do."""
    if column.type is not ColumnType.TEXT or not column.samples:
        return []
    style = detect_number_format(column.samples, DecimalStyle())
    numbers = [number for cell in column.samples if (number := parse_number(cell, style))]
    found = sorted({number.unit for number in numbers} & UNITS)
    return found if len(found) > 1 and len(numbers) >= CERTAIN_SHARE * len(column.samples) else []


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

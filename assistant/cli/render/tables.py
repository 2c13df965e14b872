"""Show typed tables and the results of statements, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import PurePath

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant.cli.console import counted, harmless
from assistant.datatypes.as_json import cell
from assistant.datatypes.tables import Column, Computation, QueryResult, TableInfo
from assistant.system.paths import distinct_names

SAMPLES = 3
Json = dict[str, object]


def show_tables(console: Console, tables: Sequence[TableInfo]) -> None:
    """Show one line for each table: its name, rows, columns and file."""
    if not tables:
        console.print("There are no tables in your files.")
        return
    grid = Table(box=None, pad_edge=False, header_style="bold")
    grid.add_column("table", no_wrap=True, min_width=max(cell_len(table.name) for table in tables))  # to be copied whole
    for header in ("rows", "columns", "file"):
        grid.add_column(header, overflow="fold")
    names = distinct_names(table.sources[0].path for table in tables)
    for table in tables:
        where = sources_of(table, names[table.sources[0].path])
        grid.add_row(Text(table.name), f"{table.rows:,}", str(len(table.columns)), Text(harmless(where)))
    console.print(grid)


def sources_of(table: TableInfo, name: str = "") -> str:
    """Return where a table comes from: its file, under this name, and the sheet, or the number of its files."""
    first = table.sources[0]
    where = (name or PurePath(first.path).name) + (f", sheet {first.stored.sheet}" if first.stored.sheet else "")
    return where if len(table.sources) == 1 else f"{where} and {len(table.sources) - 1} more"


def show_typed_table(console: Console, table: TableInfo, rows: QueryResult) -> None:
    """Show the columns of a table and its first rows."""
    totals = f", {counted(table.totals, 'total row')} left out" if table.totals else ""
    console.print(Text(harmless(f"{table.name}: {counted(table.rows, 'row')}{totals} ({sources_of(table)})")))
    for title in dict.fromkeys(source.stored.title for source in table.sources if source.stored.title):
        console.print(Text(harmless(title)))
    grid = Table("column", "header", "type", "unit", "values", box=None, pad_edge=False, header_style="bold")
    for column in table.columns:
        grid.add_row(
            *(Text(harmless(cell)) for cell in (column.name, column.header, column.type.value, column.unit, values_of(column)))
        )
    console.print(grid)
    for note in dict.fromkeys(note for source in table.sources for note in source.stored.notes):
        console.print(Text(harmless(note), "dim"))
    console.print()
    show_result(console, rows)


def values_of(column: Column) -> str:
    """Return the range of a column, or its first distinct values."""
    if column.lowest:
        return f"{column.lowest} to {column.highest}"
    more = ", ..." if column.distinct > SAMPLES else ""
    return ", ".join(column.samples[:SAMPLES]) + more


def show_result(console: Console, result: QueryResult) -> None:
    """Show the rows of a result."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in result.columns:
        grid.add_column(Text(harmless(name)))
    for row in result.rows:
        grid.add_row(*(Text(harmless(plain_value(value))) for value in row))
    console.print(grid)


def show_statement(console: Console, done: Computation | None) -> None:
    """Show the SQL of a computed answer, or that there is none."""
    if done is None:
        console.print("This answer was not computed over a table.")
    else:
        console.print(Text(harmless(f"SQL: {done.sql}"), "dim"))


def plain_value(value: object) -> str:
    """Return a value as text: numbers without grouping, dates in ISO 8601, NULL as nothing."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat(" ", "seconds") if isinstance(value, datetime) else str(value)


def result_json(result: QueryResult) -> Json:
    """Return a result for JSON; its decimals are text, so that no digit is lost."""
    return {
        "columns": list(result.columns),
        "rows": [[cell(value) for value in row] for row in result.rows],
        "cut": result.is_cut,
    }


def table_json(table: TableInfo) -> Json:
    """Return a table for JSON: where it comes from, and its columns."""
    return {
        "name": table.name,
        "rows": table.rows,
        "totals": table.totals,
        "files": [
            {"path": source.path, "sheet": source.stored.sheet, "title": source.stored.title, "rows": source.stored.rows}
            for source in table.sources
        ],
        "columns": [
            {
                "name": column.name,
                "header": column.header,
                "type": column.type.value,
                "unit": column.unit,
                "unparsed": column.unparsed,
                "distinct": column.distinct,
                "lowest": column.lowest,
                "highest": column.highest,
                "samples": list(column.samples),
            }
            for column in table.columns
        ],
        "notes": list(dict.fromkeys(note for source in table.sources for note in source.stored.notes)),
    }

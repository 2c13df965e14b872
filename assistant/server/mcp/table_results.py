"""Results of the table tools: tables with their columns, and the rows of a statement, both bounded in characters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from assistant.datatypes.as_json import Json, cell
from assistant.datatypes.tables import Column, TableInfo, TableQuery
from assistant.server.mcp.results import ToolResult, fitting, shortened, with_more

SAMPLES = 3  # values of a column that are shown
LONGEST_SAMPLE = 40
MOST_COLUMNS = 60  # of one table that are shown
MOST_FILES = 5  # of one table that are named
MOST_NOTES = 3
LEAST_CELL = 20  # characters that a cell has at least


def tables_result(tables: Sequence[TableInfo], limit: int, most: int) -> ToolResult:
    """Return tables; `tables` holds one more than `limit` if there are more. The cursor is the last name."""
    described = [table_fields(table) for table in tables[:limit]]
    lines = [table_line(table, fields) for table, fields in zip(tables, described, strict=False)]
    shown = fitting([len(line) for line in lines], most)
    more = tables[shown - 1].name if 0 < shown < len(tables) else None
    text = "\n".join(lines[:shown]) or "There are no tables in these files."
    return ToolResult(with_more(text, more), {"tables": described[:shown], "more": more})


def table_fields(table: TableInfo) -> Json:
    """Return a table: its name in SQL, its files, and its columns with the values that they hold."""
    notes = dict.fromkeys(note for source in table.sources for note in source.stored.notes)
    totals = [f"rows that total others, left out: {table.totals}"] if table.totals else []
    left_out = max(0, len(table.columns) - MOST_COLUMNS)
    return {
        "name": table.name, "rows": table.rows, "files": files_of(table),
        "columns": [column_fields(column) for column in table.columns[:MOST_COLUMNS]],
        "notes": [*totals, *([f"{left_out} more columns"] if left_out else []), *list(notes)[:MOST_NOTES]],
    }


def column_fields(column: Column) -> Json:
    """Return a column: its name and type, and what differs from these or is known beyond them."""
    values = f"{column.lowest} to {column.highest}" if column.lowest else ", ".join(
        shortened(sample, LONGEST_SAMPLE) for sample in column.samples[:SAMPLES])
    more = ", …" if not column.lowest and column.distinct > SAMPLES else ""
    optional = {"header": shortened(column.header, 2 * LONGEST_SAMPLE) if column.header.lower() != column.name else "",
                "unit": column.unit, "values": values + more}
    return {"name": column.name, "type": column.type.value, **{name: text for name, text in optional.items() if text}}


def table_line(table: TableInfo, fields: Json) -> str:
    """Return a table on one line, as a model reads it."""
    columns = "; ".join(column_text(column) for column in table.columns[:MOST_COLUMNS])
    notes = fields["notes"]
    assert isinstance(notes, list)
    return " ".join(f"{table.name}: {table.rows} rows from {named_files(table)}. Columns: {columns}"
                    f"{''.join(f'. {note}' for note in notes)}".split())


def column_text(column: Column) -> str:
    """Return a column as text: name, type, unit, header if it says more, and values."""
    fields = column_fields(column)
    unit = f" in {fields['unit']}" if "unit" in fields else ""
    header = f" “{fields['header']}”" if "header" in fields else ""
    values = f" ({fields['values']})" if "values" in fields else ""
    return f"{column.name} {column.type.value}{unit}{header}{values}"


def files_of(table: TableInfo) -> list[str]:
    """Return the paths of the first files of a table, and how many more there are."""
    paths = list(dict.fromkeys(source.path for source in table.sources))
    return paths[:MOST_FILES] + ([f"and {len(paths) - MOST_FILES} more"] if len(paths) > MOST_FILES else [])


def named_files(table: TableInfo) -> str:
    """Return the names of the first files of a table."""
    return ", ".join(PurePath(path).name if "/" in path or "\\" in path else path for path in files_of(table))


def rows_result(query: TableQuery, start: int, limit: int, most: int, cursor: str) -> ToolResult:
    """Return the rows of a statement from `start` on, at most `limit`.

    cursor: the name of the kept result; the cursor to the next rows is it and their start
    `truncated` is true if the statement has more rows than are kept.
    """
    result = query.result
    room = max(LEAST_CELL, most // max(1, len(result.columns)))
    rows = [[shortened(value, room) if isinstance(value, str) else value for value in map(cell, row)]
            for row in result.rows[start : start + limit]]
    lines = [" | ".join(cell_text(value) for value in row) for row in rows]
    shown = fitting([len(line) for line in lines], most)
    end = start + shown
    more = f"{cursor}:{end}" if end < len(result.rows) else None
    files = [{"table": table.name, "files": files_of(table)} for table in query.tables]
    head = " | ".join(result.columns)
    notes = [f"The statement has more than {len(result.rows)} rows: aggregate or narrow it."] if result.is_cut else []
    source = [f"From {named_files(table)}" for table in query.tables]
    text = "\n".join([head, *lines[:shown]] if lines else [head, "No rows."])
    fields: Json = {"columns": list(result.columns), "rows": rows[:shown], "truncated": result.is_cut, "sources": files,
                    "more": more}
    return ToolResult(with_more("\n".join([text, "", *notes, *source]).rstrip(), more), fields)


def cell_text(value: object) -> str:
    """Return a cell on one line; NULL as nothing."""
    return "" if value is None else " ".join(str(value).split())

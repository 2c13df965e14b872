"""Commands `tables list`, `tables show` and `tables query`."""

from __future__ import annotations

import csv
import sys
from typing import Annotated

import typer

from assistant.app.ask.filters import filter_of
from assistant.app.assistant import Assistant
from assistant.cli import json_output as to_json
from assistant.cli.console import harmless, notice, output
from assistant.cli.options import Json, Library, Paths, Types, settings_of
from assistant.cli.render.tables import plain_value, result_json, show_result, show_tables, show_typed_table, table_json
from assistant.datatypes.tables import QueryResult
from assistant.errors import UsageError

FIRST_ROWS = 10
MOST_ROWS = 1_000
MOST_CSV_ROWS = 1_000_000

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a table, as `assistant tables list` shows it, "
                                          "or of its file.")]
Sql = Annotated[str, typer.Argument(metavar="SQL", help="One SELECT statement in DuckDB's SQL.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]


def list_tables(
    context: typer.Context, path: Paths = None, kind: Types = None, library: Library = None, json: Json = False
) -> None:
    """List the tables in your files.

    Tables of the same columns in files whose names differ only in numbers or months are one table, with the file as a column.
    """
    with Assistant(settings_of(context, library)) as assistant:
        tables = assistant.tables(filter_of(path, kind, None)).tables
    if json:
        to_json.print_json({"tables": [table_json(table) for table in tables]})
    else:
        show_tables(output(), tables)


def show_table(context: typer.Context, name: Name, library: Library = None, json: Json = False) -> None:
    """Show the columns of a table, their types and units, and its first rows."""
    with Assistant(settings_of(context, library)) as assistant:
        known = assistant.tables()
        table = known.named(name)
        rows = known.first_rows(table, FIRST_ROWS)
    if json:
        to_json.print_json({**table_json(table), "first_rows": result_json(rows)["rows"]})
    else:
        show_typed_table(output(), table, rows)


def query(context: typer.Context, sql: Sql, library: Library = None, csv: Csv = False, json: Json = False) -> None:
    """Run one SELECT statement over your tables. It can read nothing else, and change nothing.

    Rows that total others are not part of a table; `assistant tables show` says how many there are. The statement is stopped
    after 10 seconds.
    """
    if csv and json:
        raise UsageError("--json and --csv contradict each other.", "Give one of them.")
    with Assistant(settings_of(context, library)) as assistant:
        result = assistant.tables().query(sql, MOST_CSV_ROWS if csv else MOST_ROWS)
    if csv:
        print_csv(result)
    elif json:
        to_json.print_json(result_json(result))
    else:
        show_result(output(), result)
    if result.is_cut:
        notice(f"There are more rows: only the first {len(result.rows):,} are shown.")


def print_csv(result: QueryResult) -> None:
    """Print a result as CSV with a header, without control characters."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(map(harmless, result.columns))
    writer.writerows([harmless(plain_value(value)) for value in row] for row in result.rows)

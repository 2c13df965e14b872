"""Run statements over tables in a locked in-memory DuckDB connection: no files, no extensions, bounded time, memory and rows."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import replace
from itertools import compress
from pathlib import Path
from types import TracebackType

from assistant.datatypes.tables import Column, QueryResult, TableInfo
from assistant.errors import AssistantError, UsageError
from assistant.system.interrupts import import_whole
from assistant.tables.catalog import source_label
from assistant.tables.parquet import PLACE_COLUMNS, TEXT_SUFFIX, quoted, sql_type
from assistant.tables.validate import first_line, validate_statement

MOST_ROWS = 1_000
MOST_SECONDS = 10.0
MEMORY = "1GB"
PART = "_part"  # number of the file in a table of several
ROW = "_row"  # number of a row in its table, in the order of the file
PLACE = re.compile(rf"({PART}|{ROW})(?:[_:]\d+)?")  # with a number if tables are joined
LOCKS = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
    "SET temp_directory = ''",  # else a folder is made even if nothing may be written to it
    "SET max_temp_directory_size = '0B'",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


class StatementFailed(UsageError):
    """DuckDB cannot run a statement: it names no such column, or its types do not fit; the message says why."""


class StatementStopped(StatementFailed):
    """A statement took too long or too much memory."""

    exit_code = 1


class TableMissing(AssistantError):
    """The stored file of a table is missing or damaged."""


class TableConnection:
    """An in-memory database that holds some tables and nothing else. Close it after use.

    A table holds its rows without totals; `NAME__all` also has the totals and the place of each row, for the program's own
    statements.
    """

    def __init__(self, tables: Iterable[TableInfo], folder_of: dict[str, Path], seconds: float = MOST_SECONDS) -> None:
        import_whole("duckdb")
        import duckdb

        self._tables = {table.name.lower(): table for table in tables}
        self._seconds = seconds
        self._connection = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": MEMORY})
        try:
            for table in self._tables.values():
                self._load(table, folder_of)
            for lock in LOCKS:
                self._connection.execute(lock)
        except duckdb.Error as error:
            self._connection.close()
            raise TableMissing(f"A stored table cannot be read: {first_line(error)}", "Run: assistant sync") from error

    def __enter__(self) -> TableConnection:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the database."""
        self._connection.close()

    def query(self, sql: str, most_rows: int = MOST_ROWS) -> QueryResult:
        """Validate and run a statement; `*` leaves out `_part` and `_row`. Raises StatementRefused or StatementFailed."""
        validate_statement(sql, self._tables.keys())
        return without_places(self.run(sql, most_rows), sql)

    def run(self, sql: str, most_rows: int = MOST_ROWS) -> QueryResult:
        """Run a statement of the program's own, or one that is validated. Raises StatementFailed."""
        import duckdb

        timer = threading.Timer(self._seconds, self._connection.interrupt)
        timer.start()
        try:
            cursor = self._connection.execute(sql)
            columns = tuple(str(field[0]) for field in cursor.description or ())
            rows = cursor.fetchmany(most_rows + 1)
        except duckdb.InterruptException as error:
            raise StatementStopped(f"The statement was stopped after {self._seconds:.0f} seconds.", "Ask for less.") from error
        except (duckdb.OutOfMemoryException, MemoryError) as error:
            raise StatementStopped(f"The statement cannot be run: {first_line(error)}", "Ask for less.") from error
        except duckdb.Error as error:
            raise StatementFailed(f"The statement cannot be run: {first_line(error)}") from error
        finally:
            timer.cancel()
        return QueryResult(columns, tuple(map(tuple, rows[:most_rows])), len(rows) > most_rows)

    def _load(self, table: TableInfo, folder_of: dict[str, Path]) -> None:
        """Load the files of a table, and make the view of its rows without totals."""
        parts = [
            part_select(table, number, folder_of[source.stored.file] / source.stored.file)
            for number, source in enumerate(table.sources)
        ]
        inner = quoted(all_rows(table))
        self._connection.execute(f"CREATE TABLE {inner} AS {' UNION ALL BY NAME '.join(parts)}")
        shown = ", ".join(quoted(name) for name in visible_columns(table))
        self._connection.execute(f"CREATE VIEW {quoted(table.name)} AS SELECT {shown} FROM {inner} WHERE NOT _total")


def without_places(result: QueryResult, sql: str) -> QueryResult:
    """Return a result without the numbers of files and rows that its statement does not name, which `*` adds."""
    named = {name for name in (PART, ROW) if re.search(rf"\b{name}\b", sql, re.I)}
    places = [match[1] if (match := PLACE.fullmatch(name)) else "" for name in result.columns]
    kept = [not place or place in named for place in places]
    if all(kept) or not any(kept):
        return result
    rows = tuple(tuple(compress(row, kept)) for row in result.rows)
    return replace(result, columns=tuple(compress(result.columns, kept)), rows=rows)


def all_rows(table: TableInfo) -> str:
    """Return the name of the table with all rows and their places."""
    return f"{table.name}__all"


def visible_columns(table: TableInfo) -> list[str]:
    """Return the columns that statements can name: its own, the texts of those with odd cells, the numbers of file and row."""
    own = [name for column in table.columns for name in (column.name, column.name + TEXT_SUFFIX)[: 1 + has_text(column)]]
    return [*own, PART, ROW]


def has_text(column: Column) -> bool:
    """Return whether the text of a column's cells is kept beside their values."""
    return column.unparsed > 0


def part_select(table: TableInfo, number: int, path: Path) -> str:
    """Return the SELECT that reads one file of a table, with the types that all of its files share."""
    stored = table.sources[number].stored
    own = {column.name for column in stored.columns}
    selected = [f"{number} AS {PART}", *PLACE_COLUMNS]
    for column in table.columns:
        name = quoted(column.name)
        if column.name not in own:
            selected.append(f"{literal(source_label(table.sources[number], table.sources))} AS {name}")
            continue
        selected.append(f"CAST({name} AS {sql_type(column)}) AS {name}")
        if has_text(column):
            text = quoted(column.name + TEXT_SUFFIX)
            source = next(each for each in stored.columns if each.name == column.name)
            selected.append(f"{text if has_text(source) else 'CAST(' + name + ' AS VARCHAR)'} AS {text}")
    return f"SELECT {', '.join(selected)} FROM read_parquet({literal(str(path))})"


def literal(text: str) -> str:
    """Return a text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"

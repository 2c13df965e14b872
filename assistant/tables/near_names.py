"""Find the tables and columns that a mistyped name may mean, and tell them to the user."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import PurePath

from assistant.datatypes.tables import TableInfo
from assistant.tables.headers import identifier

MOST_NEAR = 3
NEAR = 0.6  # similarity of two names (difflib's ratio)
MOST_COLUMNS = 40
ALL_TABLES = "See what there is: assistant tables list"
MISSING_COLUMN = re.compile(
    r'Referenced column "(?P<column>[^"]+)" not found|does not have a column named "(?P<of_table>[^"]+)"'
)  # in messages of DuckDB


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that are similar to a name or contain it, the most similar first."""
    names, wanted = list(known), plain_name(name)
    by_plain: dict[str, str] = {plain_name(each): each for each in reversed(names)}
    close = get_close_matches(wanted, by_plain, MOST_NEAR, NEAR)
    containing = [plain for plain in by_plain if wanted and (wanted in plain or plain in wanted)]
    return [by_plain[plain] for plain in dict.fromkeys([*close, *containing])][:MOST_NEAR]


def plain_name(name: str) -> str:
    """Return a name in lower case with underscores for everything but letters and digits."""
    return re.sub(r"[\W_]+", "_", name.lower()).strip("_")


def tables_hint(name: str, known: Iterable[str]) -> str:
    """Return what to do about a table that does not exist: the names that may be meant."""
    near = near_names(name, known)
    return f"Did you mean {' or '.join(near)}? {ALL_TABLES}" if near else ALL_TABLES


def tables_called(name: str, tables: Sequence[TableInfo]) -> list[TableInfo]:
    """Return the tables that a name means: the one of this name in SQL, else those whose file or SQL name it is otherwise.

    Letters and digits decide: "Sales Report.csv" and "sales-report" both mean the table sales_report.
    """
    exact = [table for table in tables if table.name.lower() == name.lower()]
    if exact:
        return exact
    wanted = {plain_name(name), plain_name(identifier(name, ""))}
    return [table for table in tables if wanted & names_of(table)]


def names_of(table: TableInfo) -> set[str]:
    """Return the plain names that a table goes by: that in SQL, and the name of its file with and without its suffix."""
    paths = [PurePath(source.path) for source in table.sources]
    return {plain_name(name) for name in (table.name, *(path.name for path in paths), *(path.stem for path in paths))}


def missing_column(error: str) -> str:
    """Return the name of the column that a message of DuckDB says is missing; "" if it says something else."""
    missing = MISSING_COLUMN.search(error)
    return missing["column"] or missing["of_table"] if missing else ""


def columns_hint(missing: str, tables: Sequence[TableInfo]) -> str:
    """Return what to do about a statement that failed: the columns that a missing one may be, and those of its tables."""
    known = {name: column.name for table in tables for column in table.columns for name in (column.header, column.name)}
    near = list(dict.fromkeys(known[name] for name in near_names(missing, known))) if missing else []
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    listed = "; ".join(f"{table.name} has {described_columns(table)}" for table in tables)
    return f"{meant}Columns: {listed}." if listed else meant


def described_columns(table: TableInfo) -> str:
    """Return the columns of a table with their types; of very many, the first ones."""
    shown = [f"{column.name} ({column.type.value})" for column in table.columns[:MOST_COLUMNS]]
    more = len(table.columns) - len(shown)
    return ", ".join([*shown, *([f"and {more:,} more"] if more else [])])


def name_in_sql(sql: str, tables: Iterable[TableInfo]) -> str:
    """Return a hint if a statement names a table as its file is called, or with other marks than in SQL; else ""."""
    words = f"_{plain_name(sql)}_"
    for table in tables:
        if re.search(rf"\b{re.escape(table.name)}\b", sql, re.I):
            continue
        if any(name and f"_{name}_" in words for name in names_of(table)):
            return f"In SQL the table is called {table.name}."
    return ""

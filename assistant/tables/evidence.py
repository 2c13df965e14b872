"""Find the rows that the result of a statement rests on, with their places."""

from __future__ import annotations

import json
from typing import Any

from assistant.datatypes.tables import TableInfo, TableRow
from assistant.tables.connection import PART, StatementFailed, TableConnection, all_rows, visible_columns
from assistant.tables.parquet import quoted
from assistant.tables.validate import Node, expressions, parse_statement

SHOWN = 10
AGGREGATES = frozenset(
    "count count_star sum avg min max median mode stddev stddev_samp stddev_pop first last any_value arg_max arg_min "
    "max_by min_by count_if countif string_agg group_concat listagg quantile_cont quantile_disc".split()
)


def rows_behind(sql: str, where: str, table: TableInfo, connection: TableConnection) -> tuple[int, tuple[TableRow, ...]]:
    """Return how many rows a statement rests on, and the first of them.

    where: their condition if it is known. Otherwise it is taken from the statement: the rows that an aggregate is made of, or
    the rows that it returns. Returns (0, ()) if the statement has another form.
    """
    keys = keys_statement(sql, table, connection) or (key_select(table, where) if where else "")
    if not keys:
        return 0, ()
    try:
        count = int(str(connection.run(f"SELECT count(*) FROM ({keys})").rows[0][0]))
        return count, tuple(places(keys, table, connection))
    except StatementFailed:
        return 0, ()


def key_select(table: TableInfo, where: str) -> str:
    """Return the statement for the keys of the rows with a condition."""
    return f"SELECT {PART}, _row FROM {quoted(table.name)}" + (f" WHERE {where}" if where else "")


def keys_statement(sql: str, table: TableInfo, connection: TableConnection) -> str:
    """Return a statement for the keys of the rows behind another; an empty string if that does not read one table alone."""
    tree = parse_statement(sql)
    source = tree.get("from_table") or {}
    if (
        tree.get("type") != "SELECT_NODE"
        or source.get("type") != "BASE_TABLE"
        or source["table_name"].lower() != table.name.lower()
    ):
        return ""
    names = {str(each.get("function_name", "")).lower() for each in expressions(tree.get("select_list"))}
    if names & AGGREGATES or tree.get("group_expressions"):
        tree = {**tree, "modifiers": [], "group_expressions": [], "group_sets": [], "having": None}
    elif any(modifier.get("type") == "DISTINCT_MODIFIER" for modifier in tree.get("modifiers", [])):
        tree = {**tree, "modifiers": [each for each in tree["modifiers"] if each.get("type") != "DISTINCT_MODIFIER"]}
    keys = parse_statement(f"SELECT {PART}, _row FROM {quoted(table.name)}")["select_list"]
    return deserialized({**tree, "select_list": keys}, connection)


def deserialized(tree: Node, connection: TableConnection) -> str:
    """Return the SQL text of a statement's tree; an empty string if DuckDB refuses it."""
    written = json.dumps({"error": False, "statements": [{"node": tree, "named_param_map": []}]}).replace("'", "''")
    try:
        return str(connection.run(f"SELECT json_deserialize_sql('{written}'::JSON)").rows[0][0])
    except StatementFailed:
        return ""


def places(keys: str, table: TableInfo, connection: TableConnection) -> list[TableRow]:
    """Return the first rows with these keys, in the order of the keys."""
    inner, shown = quoted(all_rows(table)), [name for name in visible_columns(table) if not name.startswith("_")]
    fields = ", ".join(f"t.{quoted(name)}" for name in shown)
    rows = connection.run(
        f"SELECT t.{PART}, t._place, t._line, t._start, t._end, {fields} FROM (SELECT * FROM ({keys}) LIMIT {SHOWN}) k JOIN "
        f"{inner} t "
        f"ON t.{PART} = k.{PART} AND t._row = k._row ORDER BY t.{PART}, t._row",
        SHOWN,
    ).rows
    return [table_row(row, shown, table) for row in rows]


def table_row(row: tuple[Any, ...], names: list[str], table: TableInfo) -> TableRow:
    """Return the row of a result with its place."""
    part, place, line, start, end, *cells = row
    source = table.sources[int(part)]
    headers = {column.name: column.header or column.name for column in table.columns}
    text = "; ".join(f"{headers.get(name, name)}: {cell}" for name, cell in zip(names, cells, strict=True) if cell is not None)
    return TableRow(source.path, source.stored.sheet, str(place or ""), int(line), int(start), int(end), text)

"""Allow a statement only if it is one SELECT over known tables, with functions that cannot exhaust the machine.

DuckDB's own parser turns the statement into a tree (`json_serialize_sql`, which refuses everything but SELECT); the tree is
walked with lists of what is allowed, so that whatever a later version adds is refused. Columns are checked by DuckDB itself
when it binds the statement: the connection holds nothing but these tables.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from assistant.errors import UsageError
from assistant.system.interrupts import import_whole
from assistant.tables.near_names import tables_hint

LONGEST_STATEMENT = 8_000
DEEPEST = 8  # subqueries inside each other
MOST_CONCATENATIONS = 8  # each may double a text
MOST_TABLES = 12
LONGEST_CONSTANT = 1_000
NOT_SELECT = "Only SELECT statements"  # in the message of DuckDB
FUNCTIONS = frozenset(
    """
    count count_star sum avg min max median mode stddev stddev_samp stddev_pop variance var_samp var_pop first last
    any_value arg_max arg_min max_by min_by count_if countif bool_and bool_or quantile quantile_cont quantile_disc
    approx_count_distinct string_agg group_concat listagg corr product sum_no_overflow + - * / % // ** ^ || ~~ !~~ ~~*
    !~~* ~~~ ~ !~ & | << >> @ ! abs round floor ceil ceiling trunc sign sqrt power pow exp ln log log10 log2 mod
    greatest least lower upper lcase ucase trim ltrim rtrim length len strlen substring substr left right position
    strpos instr contains starts_with ends_with prefix suffix split_part reverse concat concat_ws replace regexp_matches
    regexp_extract regexp_full_match regexp_replace strip_accents nfc_normalize like_escape not_like_escape ilike_escape
    not_ilike_escape ascii unicode levenshtein damerau_levenshtein jaccard jaro_similarity jaro_winkler_similarity
    editdist3 year month day quarter week weekday dayofweek isodow dayofyear dayofmonth weekofyear yearweek decade
    century hour minute second date_part datepart date_trunc datetrunc date_diff datediff date_add date_sub datesub
    last_day monthname dayname strftime strptime try_strptime make_date epoch to_days to_months to_years to_hours
    to_minutes to_seconds age extract current_date today now get_current_timestamp get_current_date coalesce nullif
    ifnull if isnan isfinite isinf row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value
    last_value nth_value not is_distinct_from
    """.split()
)
NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE"})
SOURCES = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EMPTY_FROM"})
MODIFIERS = frozenset({"ORDER_MODIFIER", "LIMIT_MODIFIER", "DISTINCT_MODIFIER"})
CLASSES = frozenset(
    {
        "COLUMN_REF",
        "CONSTANT",
        "FUNCTION",
        "COMPARISON",
        "CONJUNCTION",
        "OPERATOR",
        "CAST",
        "CASE",
        "BETWEEN",
        "SUBQUERY",
        "WINDOW",
        "STAR",
        "TYPE",
    }
)
JOINS = frozenset({"INNER", "LEFT", "RIGHT", "OUTER", "FULL", "SEMI", "ANTI"})
CAST_TYPES = frozenset(
    """BOOLEAN TINYINT SMALLINT INTEGER INT BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE REAL DECIMAL
    NUMERIC VARCHAR TEXT STRING DATE TIME TIMESTAMP INTERVAL LONG SHORT BOOL INT4 INT8 CHAR FLOAT4 FLOAT8 UNBOUND UNKNOWN
    "TIMESTAMP WITH TIME ZONE" TIMESTAMPTZ NULL INTEGER_LITERAL STRING_LITERAL""".split()
)
Node = dict[str, Any]


class StatementRefused(UsageError):
    """A statement is not one SELECT over the tables of the library; the message says what is wrong with it."""


def parse_statement(sql: str) -> Node:
    """Return the tree of a statement. Raises StatementRefused if it is not exactly one SELECT."""
    import_whole("duckdb")
    import duckdb

    if not sql.strip():
        raise StatementRefused("The statement is empty.")
    if len(sql) > LONGEST_STATEMENT:
        raise StatementRefused(f"The statement is longer than {LONGEST_STATEMENT:,} characters.")
    connection = duckdb.connect(":memory:", config={"enable_external_access": False, "threads": 1, "memory_limit": "128MB"})
    try:
        row = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    except duckdb.Error as error:
        raise StatementRefused(f"The statement cannot be parsed: {first_line(error)}") from error
    finally:
        connection.close()
    parsed = json.loads(str(row[0])) if row else {}
    if parsed.get("error"):
        reason = str(parsed.get("error_message", "it cannot be parsed")).strip(".!")
        raise StatementRefused(f"Only one SELECT statement is allowed{'' if NOT_SELECT in reason else f': {reason}'}.")
    statements = parsed.get("statements", [])
    if len(statements) != 1:
        raise StatementRefused(f"Exactly one SELECT statement is allowed; there are {len(statements)}.")
    node = statements[0]["node"]
    assert isinstance(node, dict)
    return node


def validate_statement(sql: str, tables: Collection[str]) -> frozenset[str]:
    """Return the names (in lower case) of the tables that a statement reads. Raises StatementRefused if it is not allowed."""
    node = parse_statement(sql)
    walk = _Walk({name.lower() for name in tables})
    walk.visit(node, frozenset(), 0)
    return frozenset(walk.used)


class _Walk:
    """One walk over a statement's tree: refuses what is not listed, and collects the tables."""

    def __init__(self, tables: Collection[str]) -> None:
        self.used: set[str] = set()
        self._tables = tables
        self._concatenations = self._sources = 0

    def visit(self, value: object, scope: frozenset[str], depth: int) -> None:
        """Visit a part of the tree. scope: names of the common table expressions that it may read."""
        if isinstance(value, list):
            for each in value:
                self.visit(each, scope, depth)
        elif isinstance(value, dict):
            self._visit_node(value, scope, depth)

    def _visit_node(self, node: Node, scope: frozenset[str], depth: int) -> None:
        kind = str(node.get("type", ""))
        if "class" in node:
            self._check_expression(node)
        elif kind.endswith("_NODE"):
            depth += 1
            require(kind in NODES, f"{kind.removesuffix('_NODE').replace('_', ' ').lower()} is not allowed")
            require(depth <= DEEPEST, "there are too many subqueries inside each other")
            scope = self._visit_expressions_with_names(node, scope, depth)
        elif kind.endswith("_MODIFIER"):
            require(kind in MODIFIERS, f"{kind.removesuffix('_MODIFIER').lower()} is not allowed")
        elif "sample" in node and "alias" in node:
            self._check_source(node, kind, scope)
        for name, each in node.items():
            if name != "cte_map":
                self.visit(each, scope, depth)

    def _visit_expressions_with_names(self, node: Node, scope: frozenset[str], depth: int) -> frozenset[str]:
        """Visit the common table expressions of a node; return the scope with their names. None may read itself."""
        for entry in (node.get("cte_map") or {}).get("map", []):
            name = str(entry["key"]).lower()
            self.visit(entry["value"], scope, depth)
            scope = scope | {name}
        return scope

    def _check_source(self, node: Node, kind: str, scope: frozenset[str]) -> None:
        require(kind in SOURCES, f"{kind.replace('_', ' ').lower()} is not allowed")
        require(not node.get("sample"), "sampling is not allowed")
        self._sources += kind == "BASE_TABLE"
        require(self._sources <= MOST_TABLES, f"more than {MOST_TABLES} tables are named")
        if kind == "JOIN":
            require(
                str(node.get("ref_type", "REGULAR")) != "CROSS"
                and bool(node.get("condition") or node.get("using_columns") or node.get("ref_type") == "NATURAL"),
                "a join needs a condition (JOIN ... ON)",
            )
        if kind == "BASE_TABLE":
            name = str(node.get("table_name", "")).lower()
            require(not node.get("schema_name") and not node.get("catalog_name"), "only the tables of the library can be read")
            if name not in scope:
                if name not in self._tables:
                    reason = f"The statement is not allowed: there is no table {name}."
                    raise StatementRefused(reason, tables_hint(name, self._tables))
                self.used.add(name)

    def _check_expression(self, node: Node) -> None:
        kind = str(node["class"])
        require(kind in CLASSES, f"{kind.replace('_', ' ').lower()} is not allowed")
        if kind in {"FUNCTION", "WINDOW"}:
            self._check_function(node, str(node.get("function_name", "")).lower())
        elif kind == "OPERATOR":
            require(not str(node.get("type", "")).startswith(("ARRAY", "STRUCT", "UNNEST", "GROUPING")), "lists are not allowed")
        elif kind == "CONSTANT":
            require(len(json.dumps(node)) <= LONGEST_CONSTANT, "a constant is too long")

    def _check_function(self, node: Node, name: str) -> None:
        require(name in FUNCTIONS, f"the function {name} is not allowed")
        require(not node.get("schema") and not node.get("catalog"), f"the function {name} is not allowed")
        if name in {"||", "concat", "concat_ws"}:
            self._concatenations += max(1, len(arguments_of(node)) - 1)
            require(self._concatenations <= MOST_CONCATENATIONS, "too many texts are joined")
        if name in {"replace", "regexp_replace"}:
            texts = [text_constant(argument) for argument in arguments_of(node)[1:3]]
            shrinks = (
                len(texts) == 2 and None not in texts and len(str(texts[1])) <= (len(str(texts[0])) if name == "replace" else 0)
            )
            require(shrinks, f"{name} may only shorten a text")


def arguments_of(node: Node) -> list[Any]:
    """Return the arguments of a function."""
    found = node.get("arguments", node.get("children", []))
    return found if isinstance(found, list) else []


def text_constant(argument: Any) -> str | None:  # noqa: ANN401 - any part of a tree
    """Return the text of a constant argument; None for anything else."""
    inner = argument.get("expression", argument) if isinstance(argument, dict) else {}
    literal = inner.get("literal", {}) if isinstance(inner, dict) and inner.get("class") == "CONSTANT" else {}
    return str(literal["text"]) if isinstance(literal, dict) and literal.get("kind") == "STRING" else None


def require(allowed: bool, reason: str) -> None:
    """Raise StatementRefused, with this reason, unless it is allowed."""
    if not allowed:
        raise StatementRefused(f"The statement is not allowed: {reason}.")


def first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    return str(error).strip().split("\n")[0]


def expressions(node: object) -> Iterator[Node]:
    """Yield every expression in a tree."""
    if isinstance(node, list):
        for each in node:
            yield from expressions(each)
    elif isinstance(node, dict):
        if "class" in node:
            yield node
        for each in node.values():
            yield from expressions(each)


def sources(node: object) -> Iterator[Node]:
    """Yield every table in a tree."""
    if isinstance(node, list):
        for each in node:
            yield from sources(each)
    elif isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            yield node
        for each in node.values():
            yield from sources(each)

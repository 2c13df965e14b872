"""Check a statement of the chat model and its result against the question before they become an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from assistant.datatypes.tables import QueryResult, TableInfo
from assistant.tables.connection import TableConnection
from assistant.tables.links import LinkedQuestion, is_year_column
from assistant.tables.parquet import quoted
from assistant.tables.rules.parts import WHEN, WHO
from assistant.tables.units import combined_columns, units_differ
from assistant.tables.validate import Node, arguments_of, expressions, parse_statement
from assistant.text.calculations import Calculation, Intent

NUMBERS = frozenset({Calculation.COUNT, Calculation.SUM, Calculation.AVERAGE, Calculation.DIFFERENCE, Calculation.SHARE})
AGGREGATE = {
    Calculation.COUNT: {"count", "count_star", "sum", "max", "min"},
    Calculation.SUM: {"sum", "count", "count_star"},
    Calculation.AVERAGE: {"avg", "sum", "median"},
}
HOW_MANY = re.compile(r"^how (?:many|much)\b|多少[个家张笔条次人件]", re.I)
MOST_ANSWERS = 12


def doubts_about(sql: str, result: QueryResult, linked: LinkedQuestion, intent: Intent, connection: TableConnection) -> list[str]:
    """Return what speaks against a statement: no result, a result of another type, cells that do not exist or were left out."""
    tree = parse_statement(sql)
    return [
        *result_doubts(result, intent),
        *operation_doubts(tree, intent),
        *measure_doubts(tree, linked, intent),
        *cell_doubts(tree, linked, connection),
        *unit_doubts(tree, linked.table),
        *form_doubts(result, linked.question),
    ]


def unit_doubts(tree: Node, table: TableInfo) -> Iterator[str]:
    """Yield doubts about columns of different units or currencies that are added, subtracted or compared."""
    for first, second in combined_columns(tree, table):
        if units_differ(first, second):
            yield f"{first.name} is in {first.unit}, but {second.name} in {second.unit}."


def form_doubts(result: QueryResult, question: str) -> Iterator[str]:
    """Yield a doubt about a result that is not of the kind asked for: a text for who, a date for when, a number for how many."""
    first = result.rows[0][0] if result.rows else None
    is_number = isinstance(first, (int, float, Decimal)) and not isinstance(first, bool)
    if WHO.search(question) and is_number:
        yield "The question asks for a name."
    if WHEN.search(question) and isinstance(first, str) and not any(character.isdigit() for character in first):
        yield "The question asks for a date or a year."
    if HOW_MANY.search(question) and isinstance(first, str) and not any(character.isdigit() for character in first):
        yield "The question asks for a number."


def result_doubts(result: QueryResult, intent: Intent) -> Iterator[str]:
    """Yield doubts about the result itself."""
    values = [value for row in result.rows for value in row]
    if not values or all(value is None for value in values):
        yield "The result is empty."
    elif len(result.rows) > MOST_ANSWERS and intent.operation is not Calculation.LIST:
        yield "The result has too many rows."
    elif intent.operation in NUMBERS and not any(
        isinstance(value, (int, float)) or hasattr(value, "as_tuple") for value in result.rows[0]
    ):
        yield "The question asks for a number."


def operation_doubts(tree: Node, intent: Intent) -> Iterator[str]:
    """Yield a doubt if a count, sum or average is asked and the statement has no such function."""
    used = {str(each.get("function_name", "")).lower() for each in expressions(tree)}
    wanted = AGGREGATE.get(intent.operation)
    if wanted and not used & wanted:
        yield f"The question asks for a {intent.operation.value}."


def measure_doubts(tree: Node, linked: LinkedQuestion, intent: Intent) -> Iterator[str]:
    """Yield doubts about the columns that are added up: years are not, and for a count only those that the question names."""
    named = {link.column.name for link in linked.columns}
    for each in expressions(tree):
        function = str(each.get("function_name", "")).lower()
        inner = [argument.get("expression", argument) for argument in arguments_of(each) if function == "sum"]
        columns = [linked.table.column(str(part["column_names"][-1])) for part in inner if part.get("class") == "COLUMN_REF"]
        for column in columns:
            if column and is_year_column(column):
                yield f"{column.name} holds years, which are not added up."
            elif column and intent.operation is Calculation.COUNT and column.name not in named:
                yield f"The question asks for a count, not for the sum of {column.name}."


def cell_doubts(tree: Node, linked: LinkedQuestion, connection: TableConnection) -> Iterator[str]:
    """Yield doubts about the texts that the statement compares: they must be cells, and cells of the question must occur."""
    constants = [text for each in expressions(tree) if (text := constant_text(each))]
    for link in linked.values:
        if link.score >= 1 and len(linked.values) < MOST_ANSWERS and not any(fits(link.value, text) for text in constants):
            yield f"The condition {link.sql} is missing."
    for comparison in (each for each in expressions(tree) if each.get("class") == "COMPARISON"):
        name, text = column_and_text(comparison)
        column = linked.table.column(name)
        if text and column and not column.is_temporal and not exists(column.name, text, linked, connection):
            yield f"No cell of {column.name} is '{text}'."


def fits(cell: str, text: str) -> bool:
    """Return whether a text of a statement means a cell: equal, or a part of it between percent signs."""
    return text.strip("%").lower() in cell.lower() and bool(text.strip("%"))


def constant_text(each: Node) -> str:
    """Return the text of a constant; an empty string for anything else."""
    literal = each.get("literal") if each.get("class") == "CONSTANT" else None
    return str(literal["text"]) if isinstance(literal, dict) and literal.get("kind") == "STRING" else ""


def column_and_text(comparison: Node) -> tuple[str, str]:
    """Return the column and the text that a comparison compares; empty strings if it compares something else."""
    sides = [comparison.get("left") or {}, comparison.get("right") or {}]
    names = [str(side["column_names"][-1]) for side in sides if side.get("class") == "COLUMN_REF"]
    texts = [text for side in sides if (text := constant_text(side))]
    return (names[0], texts[0]) if names and texts else ("", "")


def exists(name: str, text: str, linked: LinkedQuestion, connection: TableConnection) -> bool:
    """Return whether a column has a cell with this text."""
    cell = text.replace("'", "''")
    rows = connection.run(
        f"SELECT 1 FROM {quoted(linked.table.name)} WHERE CAST({quoted(name)} AS VARCHAR) = '{cell}' LIMIT 1"
    ).rows
    return bool(rows)

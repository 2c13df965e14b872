"""Ask the chat model for statements: two that are independent of each other, each compared with the question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from assistant.datatypes.tables import TableInfo
from assistant.errors import AssistantError
from assistant.tables.checks import doubts_about
from assistant.tables.connection import TableConnection
from assistant.tables.evidence import deserialized
from assistant.tables.links import LinkedQuestion
from assistant.tables.rules import Reading
from assistant.tables.schema import describe_table
from assistant.tables.solutions import Solved, TableQuestion, is_empty_result
from assistant.tables.validate import parse_statement, sources
from assistant.text.languages import language

SHORT_NAME = "t"  # of the table, for the model
MOST_TRIES = 3  # an error or an empty result goes back twice
MODEL_CONFIDENCE = 0.5
WORDS = ("computed with a statement of the chat model", "由语言模型编写的语句计算")

WriteSql = Callable[[str, str, str, str], str]
"""Writes a statement: (question, description of the table, hints, what was wrong with the last one) -> SQL."""


def statements_of_model(asked: TableQuestion, connection: TableConnection, write_sql: WriteSql) -> Iterator[Solved]:
    """Yield the results of up to two statements of the chat model, each with what speaks against it.

    The second is asked for with the columns in reverse order, and with the conditions that the words of the question mean.
    """
    table = replace(asked.linked.table, name=SHORT_NAME)
    reversed_table = replace(table, columns=tuple(reversed(table.columns)))
    for described, hints in ((table, ""), (reversed_table, hints_of(asked.linked))):
        solved = run_statement(asked, connection, write_sql, described, hints)
        if solved is not None:
            yield solved


def hints_of(linked: LinkedQuestion) -> str:
    """Return the conditions and columns that the words of a question mean."""
    conditions = [link.sql for link in (*linked.values, *linked.conditions)]
    columns = [link.column.name for link in linked.columns if link.score >= 0.6]
    return "; ".join(dict.fromkeys([*conditions, *columns]))


def run_statement(
    asked: TableQuestion, connection: TableConnection, write_sql: WriteSql, described: TableInfo, hints: str
) -> Solved | None:
    """Return the result of a statement of the chat model; None if none that it writes has one, or if it repeats itself."""
    linked, trouble = asked.linked, ""
    tried: set[str] = set()
    while len(tried) < MOST_TRIES:
        written = write_sql(linked.question, describe_table(described, linked), hints, trouble)
        if written in tried:
            return None
        tried.add(written)
        try:
            sql = with_table_name(written, linked.table.name, connection)
            result = connection.query(sql)
        except AssistantError as error:
            trouble = f"{written}\n{error}"
            continue
        if not is_empty_result(result):
            reading = Reading(asked.intent.operation, sql, WORDS[language(linked.question) == "zh"], "rows", MODEL_CONFIDENCE)
            doubts = doubts_about(sql, result, linked, asked.intent, connection)
            return Solved(reading, result, by_model=True, doubts=tuple(doubts))
        trouble = f"{written}\nThe result is empty."
    return None


def with_table_name(sql: str, name: str, connection: TableConnection) -> str:
    """Return a statement of the model over the table with its own name. Raises StatementRefused if it cannot be parsed."""
    tree = parse_statement(sql)
    for source in sources(tree):
        if source["table_name"].lower() == SHORT_NAME:
            source["alias"] = source.get("alias") or SHORT_NAME
            source["table_name"], source["qualified_name"] = name, {"path": [name]}
    return deserialized(tree, connection) or sql

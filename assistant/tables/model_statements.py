"""Ask the chat model for statements: two that are independent of each other, each checked against the question."""

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
from assistant.tables.solutions import Solved, TableQuestion
from assistant.tables.validate import parse_statement, sources
from assistant.text.languages import language

SHORT_NAME = "t"  # of the table, for the model
MOST_TRIES = 3  # an error or an empty result goes back twice
MODEL_CONFIDENCE = 0.5

WriteSql = Callable[[str, str, str, str], str]
"""Writes a statement: (question, description of the table, hints, what was wrong with the last one) -> SQL."""


def statements_of_model(asked: TableQuestion, connection: TableConnection, write_sql: WriteSql) -> Iterator[Solved]:
    """Yield the results of up to two statements of the chat model that pass the checks.

    The second is asked for with the columns in reverse order, and with the conditions that the words of the question mean.
    """
    table = replace(asked.linked.table, name=SHORT_NAME)
    reversed_table = replace(table, columns=tuple(reversed(table.columns)))
    for described, hints in ((table, ""), (reversed_table, hints_of(asked.linked))):
        solved = checked_statement(asked, connection, write_sql, described, hints)
        if solved is not None:
            yield solved


def hints_of(linked: LinkedQuestion) -> str:
    """Return the conditions and columns that the words of a question mean."""
    conditions = [link.sql for link in (*linked.values, *linked.conditions)]
    columns = [link.column.name for link in linked.columns if link.score >= 0.6]
    return "; ".join(dict.fromkeys([*conditions, *columns]))


def checked_statement(
    asked: TableQuestion, connection: TableConnection, write_sql: WriteSql, described: TableInfo, hints: str
) -> Solved | None:
    """Return the result of a statement of the chat model; None if none passes the checks."""
    linked, trouble = asked.linked, ""
    for _ in range(MOST_TRIES):
        written = write_sql(linked.question, describe_table(described, linked), hints, trouble)
        try:
            sql = with_table_name(written, linked.table.name, connection)
            result = connection.query(sql)
        except AssistantError as error:
            trouble = f"{written}\n{error}"
            continue
        doubts = doubts_about(sql, result, linked, asked.intent, connection)
        if not doubts:
            is_chinese = language(linked.question) == "zh"
            words = "由语言模型编写的语句计算" if is_chinese else "computed with a statement of the chat model"
            reading = Reading(asked.intent.operation, sql, words, "rows", MODEL_CONFIDENCE)
            return Solved(reading, result, by_model=True)
        trouble = f"{written}\n{doubts[0]}"
    return None


def with_table_name(sql: str, name: str, connection: TableConnection) -> str:
    """Return a statement of the model over the table with its own name. Raises StatementRefused if it cannot be parsed."""
    tree = parse_statement(sql)
    for source in sources(tree):
        if source["table_name"].lower() == SHORT_NAME:
            source["alias"] = source.get("alias") or SHORT_NAME
            source["table_name"], source["qualified_name"] = name, {"path": [name]}
    return deserialized(tree, connection) or sql

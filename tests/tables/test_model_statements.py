"""Statements of the chat model: faults go back twice; a result confirms a reading by rule, or another statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.datatypes.tables import QueryResult, TableInfo
from assistant.tables.answering import CERTAIN, CONFIRMED, decide
from assistant.tables.connection import TableConnection
from assistant.tables.rules import Reading
from assistant.tables.solutions import Solved
from assistant.text.calculations import Calculation
from tests.tables.helpers import answered, opened, values_of

INVOICES = (
    "no;supplier;amount;status",
    "R1;Muster GmbH;1234;paid",
    "R2;Alpha AG;99;open",
    "R3;Muster GmbH;12;open",
    "R4;Beta KG;700;overdue",
)
QUESTION = "How many vendors billed us on more than one occasion?"  # for which there is no rule
REPEATED = "SELECT count(*) FROM (SELECT supplier FROM t GROUP BY supplier HAVING count(*) > 1)"


@pytest.fixture
def invoices(tmp_path: Path) -> Iterator[tuple[TableInfo, TableConnection]]:
    with opened(tmp_path, invoices=INVOICES) as (tables, connection):
        yield tables["invoices"], connection


def test_two_statements_with_one_result_are_an_answer(invoices: tuple[TableInfo, TableConnection]) -> None:
    asked = []

    def write(question: str, schema: str, hints: str, trouble: str) -> str:
        asked.append(schema)
        return REPEATED if len(asked) == 1 else REPEATED.replace("count(*) > 1", "count(*) >= 2")

    found = answered(QUESTION, *invoices, write)
    assert values_of(found) == ("1",)
    assert found.computation is not None
    assert found.computation.by_model
    assert "invoices" in found.computation.sql
    first, second = (schema.index("supplier") < schema.index("status") for schema in asked)
    assert (first, second) == (True, False)


def test_faults_and_empty_results_go_back_twice(invoices: tuple[TableInfo, TableConnection]) -> None:
    troubles = []

    def write(question: str, schema: str, hints: str, trouble: str) -> str:
        troubles.append(trouble)
        return {0: "SELECT nothing FROM t", 1: "SELECT supplier FROM t WHERE supplier = 'Gamma'"}.get(len(troubles) - 1, REPEATED)

    assert values_of(answered(QUESTION, *invoices, write)) == ("1",)
    assert "nothing" in troubles[1]
    assert "Gamma" in troubles[2]
    assert len(troubles) == 4


@pytest.mark.parametrize(
    "statements",
    [
        (REPEATED, "SELECT count(DISTINCT supplier) + 7 FROM t"),
        ("DROP TABLE t", "DROP TABLE t"),
        ("SELECT count(*) FROM read_csv('/etc/passwd')",) * 2,
        ("SELECT supplier FROM t LIMIT 1",) * 2,
    ],
)
def test_without_two_allowed_statements_that_agree_there_is_no_answer_of_the_model(
    statements: tuple[str, str], invoices: tuple[TableInfo, TableConnection]
) -> None:
    schemas: list[str] = []

    def write(question: str, schema: str, hints: str, trouble: str) -> str:
        if schema not in schemas:
            schemas.append(schema)
        return statements[schemas.index(schema)]

    found = answered(QUESTION, *invoices, write)
    assert found.computation is None or not found.computation.by_model


def solved(value: int, confidence: float) -> Solved:
    reading = Reading(Calculation.COUNT, f"SELECT {value}", "the number of rows", "number", confidence)
    return Solved(reading, QueryResult(("count",), ((value,),)))


@pytest.mark.parametrize(
    ("by_rule", "by_model", "answer"),
    [
        ([(5, CONFIRMED)], [5], 5),  # confirmed
        ([(7, CERTAIN), (5, CONFIRMED)], [5], 5),  # the model decides between two readings
        ([(5, CERTAIN)], [6], None),  # contradicted
        ([(5, CONFIRMED)], [6, 6], None),  # a reading by rule contradicts the model
        ([(5, 0.02)], [5], None),  # too doubtful to be confirmed by one statement
        ([(5, 0.02)], [6, 6], 6),  # two statements agree
        ([(5, 0.02)], [6, 7], None),
        ([(5, CERTAIN)], [], 5),  # the model has no statement
        ([(5, CERTAIN - 0.01)], [], None),
        ([], [], None),
    ],
)
def test_an_answer_needs_two_statements_that_agree_or_a_certain_reading(
    by_rule: list[tuple[int, float]], by_model: list[int], answer: int | None
) -> None:
    found = decide([solved(*each) for each in by_rule], iter([solved(value, 0.5) for value in by_model]))
    assert [each.result.rows[0][0] for each in found] == ([] if answer is None else [answer])


@pytest.mark.parametrize(
    ("by_rule", "by_model", "answer"),
    [
        ([(5, CERTAIN)], [6], 5),  # contradicts nothing
        ([(5, CONFIRMED)], [5], 5),  # but confirms
        ([(5, 0.02)], [6, 6], None),  # is no answer alone
    ],
)
def test_a_statement_with_doubts_only_confirms(by_rule: list[tuple[int, float]], by_model: list[int], answer: int | None) -> None:
    doubted = iter([replace(solved(value, 0.5), doubts=("The question asks for a sum.",)) for value in by_model])
    found = decide([solved(*each) for each in by_rule], doubted)
    assert [each.result.rows[0][0] for each in found] == ([] if answer is None else [answer])


def test_a_statement_that_is_repeated_is_the_last(invoices: tuple[TableInfo, TableConnection]) -> None:
    asked = []

    def write(question: str, schema: str, hints: str, trouble: str) -> str:
        asked.append(schema)
        return "SELECT nothing FROM t"

    assert answered(QUESTION, *invoices, write).computation is None
    assert len(asked) == 4  # two prompts, each with one try after the error


def test_a_statement_confirms_the_reading_with_its_first_column() -> None:
    name, value = (
        Solved(replace(solved(0, CERTAIN).reading, sql=sql), QueryResult(("a", "b"), (row,)))
        for sql, row in (("SELECT no, amount FROM t", ("R1", 1234)), ("SELECT max(amount) FROM t", (1234, None)))
    )
    assert decide([name, value], iter([solved(1234, 0.5)])) == [value]

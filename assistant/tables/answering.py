"""Compute the answer to a question over one table: by rule, or with a statement of the chat model that passes the checks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date

from assistant.datatypes.tables import Column, TableInfo
from assistant.tables.answer_text import ComputedAnswer, answer_text, refusal, refuse_cells, refuse_units
from assistant.tables.connection import StatementFailed, TableConnection
from assistant.tables.evidence import rows_behind
from assistant.tables.linking import link_question
from assistant.tables.links import DISTINCT_PART
from assistant.tables.model_statements import WriteSql, statements_of_model
from assistant.tables.parquet import quoted
from assistant.tables.rules import Reading, read_question, with_result
from assistant.tables.solutions import Solved, TableQuestion, is_decided, is_empty_result, same_answer, same_result
from assistant.tables.units import currencies_in_cells, mixed_units, unit_of_result
from assistant.text.calculations import Calculation, Intent, recognize_apart

SURE = 0.7  # confidence from which a reading by rule is the answer and the chat model is not asked
CERTAIN = 0.5  # confidence from which a reading by rule is the answer if the chat model has no statement
CONFIRMED = 0.3  # confidence from which it is the answer if a statement of the chat model gives the same
NEARLY = 0.97  # share of the best reading's confidence from which another one is shown beside it
MOST_SHOWN = 2  # readings
COMBINED = frozenset({Calculation.SUM, Calculation.AVERAGE, Calculation.MAXIMUM, Calculation.MINIMUM, Calculation.DIFFERENCE})
MOST_RUN = 40  # readings by rule whose statements are run


def understand(
    question: str,
    intent: Intent,
    table: TableInfo,
    connection: TableConnection,
    others: Sequence[TableInfo] = (),
    today: date | None = None,
) -> TableQuestion:
    """Link a question to a table, and to others that share a key column with it, and read it by rule.

    today: from which "overdue" and "last month" are told; by default the date of the system
    """
    linked = link_question(question, table, connection, others, today or date.today())
    spans = [(linked.tokens[link.start].start, linked.tokens[link.end - 1].end) for link in linked.columns if link.score >= 0.95]
    intents = recognize_apart(question, spans) or [intent]
    return TableQuestion(linked, intents[0], tuple(read_question(linked, intents)))


def compute(asked: TableQuestion, connection: TableConnection, write_sql: WriteSql | None) -> ComputedAnswer:
    """Return the answer to a question, or a refusal that names the columns that there are."""
    by_rule = solutions(asked, connection)
    best = by_rule[0].reading.confidence if by_rule else 0.0
    near = [each for each in by_rule if is_near(each.reading, by_rule[0].reading)]
    if mixed := known_mix(asked, by_rule[:1], connection):
        return mixed
    if write_sql is not None and best < SURE:
        near = decide(by_rule, statements_of_model(asked, connection, write_sql))
    elif not is_certain(by_rule[:1]):
        near = []
    near = with_rivals(near, by_rule)[:MOST_SHOWN]
    if mixed := refuse_mix(asked, near, connection):
        return mixed
    return answer_text(asked, [with_rows(each, asked, connection) for each in near]) if near else refusal(asked)


def known_mix(asked: TableQuestion, best: Sequence[Solved], connection: TableConnection) -> ComputedAnswer | None:
    """Return the refusal of a question whose best reading by rule mixes currencies, before the chat model is asked."""
    if mixed := mixed_cells(asked, best):
        return refuse_cells(asked, mixed)
    is_likely = best and best[0].reading.confidence >= CONFIRMED
    return refuse_mix(asked, best, connection) if is_likely else None


def refuse_mix(asked: TableQuestion, near: Sequence[Solved], connection: TableConnection) -> ComputedAnswer | None:
    """Return the refusal of a computation over numbers of several currencies; None if they are of one."""
    if near and (units := mixed_units(near[0].reading.sql, asked.linked.table, connection)):
        return refuse_units(asked, units)
    mixed = mixed_cells(asked, near)
    return refuse_cells(asked, mixed) if mixed else None


def mixed_cells(asked: TableQuestion, near: Sequence[Solved]) -> Column | None:
    """Return the column that a question computes over although its cells are in several currencies; None if it does not."""
    if asked.intent.operation not in COMBINED:
        return None
    sql = near[0].reading.sql if near else ""
    linked = {link.column.name for link in asked.linked.columns if not near or link.score >= DISTINCT_PART}
    mixed = (column for column in asked.linked.table.columns if currencies_in_cells(column))
    return next((each for each in mixed if f"({quoted(each.name)}" in sql or is_passed_over(each, sql, linked)), None)


def is_passed_over(column: Column, sql: str, linked: Collection[str]) -> bool:
    """Return whether a question names a column that a statement does not use; "" is no statement."""
    return column.name in linked and quoted(column.name) not in sql


def decide(by_rule: Sequence[Solved], by_model: Iterator[Solved]) -> list[Solved]:
    """Return the result on which two independent statements agree, or the best reading by rule if it needs no other.

    A reading by rule that a statement of the model confirms needs less confidence of its own. What a statement without doubts
    contradicts is no answer. Two statements without doubts are one if they agree and the rules have no likely reading.
    """
    given: list[Solved] = []
    best = by_rule[0].reading.confidence if by_rule else 0.0
    for statement in by_model:
        confirmed = agreeing(by_rule, statement)
        if confirmed and confirmed[0].reading.confidence >= CONFIRMED:
            return confirmed[:1]
        if best >= CONFIRMED:  # the second statement would decide no better than the rules
            given += [] if statement.doubts else [statement]
            break
        if statement.doubts:
            continue
        if any(same_result(other.result, statement.result) for other in given):
            return [statement]
        given.append(statement)
    return [by_rule[0]] if is_certain(by_rule[:1]) and not given else []


def agreeing(by_rule: Sequence[Solved], statement: Solved) -> list[Solved]:
    """Return the readings by rule with the result of a statement: those with the same answer, or else with the same values."""
    same = [each for each in by_rule if same_answer(each, statement)]
    return same or [each for each in by_rule if same_result(each.result, statement.result)]


def is_certain(best: Sequence[Solved]) -> bool:
    """Return whether the best reading by rule is the answer without another one that confirms it."""
    return bool(best) and best[0].reading.confidence >= CERTAIN


def is_near(reading: Reading, best: Reading) -> bool:
    """Return whether a reading is nearly as likely as the best one, and leaves out no more of the cells that a question names."""
    left_out, left_out_by_best = (each.features.get("cells left out", 0.0) for each in (reading, best))
    return reading.confidence >= NEARLY * best.confidence and left_out <= left_out_by_best


def with_rivals(chosen: Sequence[Solved], by_rule: Sequence[Solved]) -> list[Solved]:
    """Return chosen readings, the first of them followed by those that the same words mean equally well."""
    rivals = chosen[0].reading.rivals if chosen else ""
    behind = [each for each in by_rule if rivals and each.reading.rivals == rivals and each not in chosen]
    return [*chosen[:1], *behind, *chosen[1:]]


def solutions(asked: TableQuestion, connection: TableConnection) -> list[Solved]:
    """Return the likeliest readings by rule that have a result, best first; one for each result."""
    found: list[Solved] = []
    for reading in asked.readings[:MOST_RUN]:
        try:
            result = connection.run(reading.sql)
        except StatementFailed:
            continue
        if not is_empty_result(result) and is_decided(reading, result):
            found.append(Solved(with_result(reading, result, asked.linked), result))
    found.sort(key=lambda each: -each.reading.confidence)
    distinct = [each for place, each in enumerate(found) if not any(same_answer(each, other) for other in found[:place])]
    return share_confidence(distinct)


def share_confidence(found: Sequence[Solved]) -> list[Solved]:
    """Return readings with the confidence that they have among all that have another result; rivals do not share theirs.

    The odds of each are those against "no reading is right", as the weights are fitted.
    """
    odds = [each.reading.confidence / (1 - each.reading.confidence) for each in found]
    return [
        replace(each, reading=replace(each.reading, confidence=own / (1 + own + odds_of_others(found, odds, place))))
        for place, (each, own) in enumerate(zip(found, odds, strict=True))
    ]


def odds_of_others(found: Sequence[Solved], odds: Sequence[float], place: int) -> float:
    """Return the sum of the odds of the other readings, without those that the same words mean equally well."""
    rivals = found[place].reading.rivals
    return sum(
        odd
        for number, (each, odd) in enumerate(zip(found, odds, strict=True))
        if number != place and not (rivals and each.reading.rivals == rivals)
    )


def with_rows(solved: Solved, asked: TableQuestion, connection: TableConnection) -> Solved:
    """Return a reading with its validated result and the rows behind it."""
    result = connection.query(solved.reading.sql)
    unit = solved.reading.unit or unit_of_result(solved.reading.sql, asked.linked.table, connection)
    count, rows = rows_behind(solved.reading.sql, solved.reading.where, asked.linked.table, connection)
    return replace(solved, reading=replace(solved.reading, unit=unit), result=result, count=count, rows=rows)

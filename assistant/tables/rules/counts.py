"""Read questions for a number of rows, of different values, or of consecutive rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.datatypes.tables import Column, ColumnType
from assistant.tables.parquet import quoted
from assistant.tables.rules.differences import spans_of_time
from assistant.tables.rules.parts import IMPLIED, QuestionParts, is_additive, numbers_rows
from assistant.tables.rules.reading import Reading, label

CONSECUTIVE = re.compile(r"\b(?:consecutive(?:ly)?|in a row|straight)\b|连续", re.I)


def read_counts(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of a count."""
    group = parts.group()
    if group and group.column.type is ColumnType.TEXT:
        yield grouped(parts, group.column, "count(*)", parts.say("rows"), ["count", "grouped"])
        return
    if CONSECUTIVE.search(parts.question):
        if parts.filters:
            yield longest_run(parts)
        return
    yield from counts_near(parts)
    yield from spans_of_time(parts)
    for choice in parts.measures():
        if choice.mark == "measure total":
            sql = f"SELECT sum({choice.number}) FROM {parts.table}{parts.where()}"
            marks = ["counted total", "one row" if parts.filters else "all rows"]
            yield parts.reading(sql, parts.say("sum", label(choice.column)), "number", marks, choice.column.unit)
    for column in parts.implied:
        sql = f"SELECT sum({quoted(column.name)}) FROM {parts.table}{parts.where()}"
        yield parts.reading(sql, parts.say("sum", label(column)), "number", ["counted implied", IMPLIED], column.unit)
    behind = parts.token_at(parts.intent.end)
    if not parts.intent.is_distinct or not any(behind - 1 <= link.start <= behind + 2 for link in parts.free):
        yield parts.reading(
            f"SELECT count(*) FROM {parts.table}{parts.where()}",
            parts.say("rows"),
            "number",
            ["count", "count filtered" if parts.filters else "count of all"],
        )


def counts_near(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the sum of each column of numbers near "how many", and the number of different values of each column of text."""
    first, behind = parts.token_at(parts.intent.start), parts.token_at(parts.intent.end)
    for link in parts.free:
        column = link.column
        place = "near" if behind - 1 <= link.start <= behind + 2 else "before" if 0 <= first - link.end <= 2 else "far"
        exact = "named" if link.score >= 0.95 else "part"
        if is_additive(column) and not numbers_rows(column, parts.info) and place != "far":
            yield parts.reading(
                f"SELECT sum({quoted(column.name)}) FROM {parts.table}{parts.where()}",
                parts.say("sum", label(column)),
                "number",
                [f"counted {place} {exact}", "one row" if parts.filters else "all rows"],
                column.unit,
            )
        elif column.type is ColumnType.TEXT and place == "near":
            distinct = "told distinct" if parts.intent.is_distinct else "repeated" if column.distinct < parts.info.rows else "all"
            yield parts.reading(
                f"SELECT count(DISTINCT {quoted(column.name)}) FROM {parts.table}{parts.where()}",
                parts.say("distinct", label(column)),
                "number",
                [f"distinct {exact}", f"distinct {distinct}"],
            )


def longest_run(parts: QuestionParts) -> Reading:
    """Return the reading of the longest run of consecutive rows that fulfil the conditions."""
    islands = f"SELECT _row - row_number() OVER (ORDER BY _row) AS island FROM {parts.table}{parts.where()}"
    sql = f"SELECT max(size) FROM (SELECT count(*) AS size FROM ({islands}) GROUP BY island)"
    return parts.reading(sql, parts.say("run"), "number", ["longest run"])


def grouped(parts: QuestionParts, group: Column, aggregate: str, words: str, marks: list[str], unit: str = "") -> Reading:
    """Return the reading that computes an aggregate for each value of a column."""
    name, limit = quoted(group.name), f" LIMIT {parts.intent.limit}" if parts.intent.limit else ""
    return parts.reading(
        f"SELECT {name}, {aggregate} AS result FROM {parts.table}{parts.where()} GROUP BY {name} ORDER BY result DESC{limit}",
        parts.say("each", words, label(group)),
        "rows",
        marks,
        unit,
    )

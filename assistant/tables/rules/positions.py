"""Read questions about the order of rows: the first, the last, the one before or after another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.tables.links import is_year_column
from assistant.tables.parquet import quoted
from assistant.tables.rules.parts import ColumnChoice, QuestionParts, condition_of, unique_choices
from assistant.tables.rules.reading import Reading, label
from assistant.text.calculations import Calculation

ASKED_BEHIND = re.compile(r"\b(?:before|after|previous to|prior to|following|preceding) (?:who|whom|what|which)\b", re.I)


def read_positions(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of the first or last row: by position, and by the date if there is one."""
    is_first = parts.intent.operation is Calculation.FIRST
    direction, limit = ("ASC" if is_first else "DESC"), parts.intent.limit or 1
    named = next((link.column for link in parts.free if link.column.is_temporal), None)
    time = named or parts.time_column()
    for target in parts.targets():
        words = parts.say("first" if is_first else "last", label(target.column))
        where = parts.where(f"{target.name} IS NOT NULL")
        yield parts.reading(
            f"SELECT {target.name} FROM {parts.table}{where} ORDER BY _row {direction} LIMIT {limit}",
            words,
            "value",
            ["position", target.mark],
        )
        if time is not None and time.name != target.column.name and (time.is_temporal or is_year_column(time)):
            by_time = parts.where(f"{target.name} IS NOT NULL AND {quoted(time.name)} IS NOT NULL")
            sql = f"SELECT {target.name} FROM {parts.table}{by_time} ORDER BY {quoted(time.name)} {direction}, _row LIMIT {limit}"
            yield parts.reading(sql, words, "value", ["position in named time" if named else "position in time", target.mark])


def read_neighbours(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of the row before or after the row that the question names."""
    anchors = [link for link in parts.values if link.score >= 0.45]
    if not anchors and not parts.conditions:
        return
    is_after = (parts.intent.operation is Calculation.NEXT) is not bool(ASKED_BEHIND.search(parts.question))
    sign, edge, order, word = (">", "max", "ASC", "after") if is_after else ("<", "min", "DESC", "before")
    where = condition_of(anchors, parts.conditions)
    own = [ColumnChoice(link.column, "target anchor") for link in anchors]
    for target in unique_choices(iter([*parts.targets()[:2], *own])):
        row = f"(SELECT {edge}(_row) FROM {parts.table} WHERE {where})"
        sql = f"SELECT {target.name} FROM {parts.table} WHERE _row {sign} {row} ORDER BY _row {order} LIMIT 1"
        words = parts.say(word, label(target.column), parts.say_links((*anchors, *parts.conditions)))
        yield parts.reading(sql, words, "value", ["neighbour", target.mark], "", where)

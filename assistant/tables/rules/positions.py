"""Read questions about the order of rows: the first, the last, the ones before or after another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.datatypes.tables import Column
from assistant.tables.links import Link, is_year_column
from assistant.tables.number_text import holds_amounts, number_expression
from assistant.tables.parquet import quoted
from assistant.tables.rules.extremes import RANK
from assistant.tables.rules.parts import EXACT, HOW_MANY, ColumnChoice, QuestionParts, condition_of, unique_choices
from assistant.tables.rules.reading import Reading, label
from assistant.text.calculations import Calculation

ASKED_BEHIND = re.compile(
    r"\b(?:before|after|previous to|prior to|following|preceding|below|above|behind) (?:who|whom|what|which)\b", re.I
)
PLACED_LAST = re.compile(
    r"\b(?:last|bottom) (?:place|position|rank)\b|\b(?:finish(?:ed)?|came|placed|ranked) last\b|最后一名",
    re.I,
)


def read_positions(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of the first or last row: by position, and by the date if there is one."""
    is_first = parts.intent.operation is Calculation.FIRST
    direction, limit = ("ASC" if is_first else "DESC"), parts.intent.limit or 1
    named = next((link.column for link in parts.free if link.column.is_temporal), None)
    time = named or parts.time_column()
    yield from placed_last(parts)
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


def placed_last(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the reading of what has the last place in a column of ranks."""
    ranks = next((column for column in parts.info.columns if RANK.search(column.name) and holds_amounts(column)), None)
    if ranks is None or not PLACED_LAST.search(parts.question):
        return
    order = number_expression(ranks)
    for target in parts.targets()[:3]:
        if target.column.name != ranks.name:
            where = parts.where(f"{target.name} IS NOT NULL AND {order} IS NOT NULL")
            sql = f"SELECT {target.name} FROM {parts.table}{where} ORDER BY {order} DESC, _row LIMIT 1"
            words = parts.say("largest of", label(target.column), label(ranks))
            yield parts.reading(sql, words, "value", ["placed last", target.mark])


def read_neighbours(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of the row before or after the row that the question names, and of the number of such rows."""
    anchors = [link for link in parts.values if link.score >= 0.45]
    if not anchors and not parts.conditions:
        return
    is_after = (parts.intent.operation is Calculation.NEXT) is not bool(ASKED_BEHIND.search(parts.question))
    if HOW_MANY.search(parts.question):
        yield from counted_rows_beside(parts, anchors, is_after=is_after)
    yield from neighbours(parts, anchors, parts.conditions, "", is_after=is_after)
    behind = [link for link in anchors if parts.linked.tokens[link.start].start >= parts.intent.start]
    others = [link for link in anchors if link not in behind]
    if behind and (others or parts.conditions):
        kept = condition_of(others, parts.conditions)
        yield from neighbours(parts, behind, (), kept, is_after=is_after)


def neighbours(
    parts: QuestionParts, anchors: Sequence[Link], conditions: Sequence[Link], kept: str, *, is_after: bool
) -> Iterator[Reading]:
    """Yield the readings of the row beside the anchors: in the order of the file, and in the order of time.

    kept: the condition that the row itself must fulfil
    """
    anchor = condition_of(anchors, conditions)
    own = [ColumnChoice(link.column, "target anchor") for link in anchors]
    filters = f" AND {kept}" if kept else ""
    mark = "neighbour kept" if kept else "neighbour"
    for target in conditioned_target(parts, conditions) or unique_choices(iter([*parts.targets()[:2], *own])):
        words = parts.say("after" if is_after else "before", label(target.column), parts.say_links((*anchors, *conditions)))
        for order, names in orders(parts, target.column):
            sign, edge, direction = (">", "max", "ASC") if is_after else ("<", "min", "DESC")
            row = f"(SELECT {edge}({order}) FROM {parts.table} WHERE {anchor})"
            beside = f"WHERE {order} {sign} {row}{filters} ORDER BY {order} {direction} LIMIT 1"
            sql = f"SELECT {target.name} FROM {parts.table} {beside}"
            yield parts.reading(sql, words, "value", [mark, *names, target.mark], "", anchor)


def conditioned_target(parts: QuestionParts, conditions: Sequence[Link]) -> list[ColumnChoice]:
    """Return the column that a question asks for and has a condition on, as in "which invoice came after 1003"; or none."""
    conditioned = {link.column.name for link in conditions}
    asked = (link for link in parts.linked.columns if 0 <= link.start - parts.question_word <= 1 and link.score >= EXACT)
    return [ColumnChoice(link.column, "target named next") for link in asked if link.column.name in conditioned][:1]


def orders(parts: QuestionParts, target: Column) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the order of the file, and that of the column of dates or years if it is not the target, each with its marks."""
    time = parts.time_column()
    is_dated = time is not None and time.is_temporal
    yield "_row", ("order of rows beside dates",) if is_dated else ()
    if time is not None and time.name != target.name:
        yield quoted(time.name), ("neighbour in time", *(["order of dates"] if is_dated else []))


def counted_rows_beside(parts: QuestionParts, anchors: Sequence[Link], *, is_after: bool) -> Iterator[Reading]:
    """Yield the reading of how many rows come after or before the row of a cell."""
    if not anchors:
        return
    anchor = condition_of(anchors, ())
    kept = condition_of((), parts.conditions)
    sign, edge = (">", "max") if is_after else ("<", "min")
    where = f"_row {sign} (SELECT {edge}(_row) FROM {parts.table} WHERE {anchor})" + (f" AND {kept}" if kept else "")
    words = parts.say("rows")
    sql = f"SELECT count(*) FROM {parts.table} WHERE {where}"
    yield parts.reading(sql, words, "number", ["count beside", "count after" if is_after else "count before"], "", where)

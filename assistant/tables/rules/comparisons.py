"""Read questions that compare: A or B, which side holds, more than A, the same as A."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.datatypes.tables import Column
from assistant.tables.conditions import NUMBER_WORDS
from assistant.tables.connection import literal
from assistant.tables.links import Link, is_year_column
from assistant.tables.parquet import quoted
from assistant.tables.rules.differences import year_pair
from assistant.tables.rules.extremes import RANK
from assistant.tables.rules.lists import read_lists
from assistant.tables.rules.parts import HOW_MANY, ColumnChoice, QuestionParts, unique_choices
from assistant.tables.rules.reading import Reading, label
from assistant.tables.units import units_differ

LESS = re.compile(
    r"\b(?:less|fewer|lower|smaller|shorter|younger|cheaper|earlier|lighter|slower|least|fewest|worse|first)\b|更少|更低|更小|更便宜|更早",
    re.I,
)
TIME_COMPARED = re.compile(r"\b(?:earlier|later|first|older|newer|before|last)\b|更(?:早|晚)", re.I)
YES_NO = re.compile(r"^(?:did|does|do|is|are|was|were|has|have|had|can)\b(?!.{1,80}\bor\b)", re.I)
THAN = re.compile(rf"\bthan\b(?!\s+(?:\d|(?:{'|'.join(NUMBER_WORDS)})\b))|多于|少于|高于|低于", re.I)  # but not "than two"
BETTER = re.compile(r"\b(?:better|worse|higher|lower|best|above|below)\b|更(?:好|高|低)", re.I)
BIRTH, AGED = (
    re.compile(r"born|birth|founded|built|established|出生"),
    re.compile(r"\b(?:older|younger|oldest|youngest)\b|更(?:老|年轻)", re.I),
)
DURATION, FAST = re.compile(r"time|duration"), re.compile(r"\b(?:faster|fastest|slower|slowest)\b|更[快慢]", re.I)
SIDE = (
    r"more|less|fewer|higher|lower|above|below|larger|smaller|longer|shorter|older|younger|before|after|earlier|later"
    r"|better|worse"
)
SIDES = re.compile(rf"\b(?P<first>{SIDE})\s*(?:or|/)\s*(?P<second>{SIDE})\b", re.I)
SMALLER = re.compile(r"^(?:less|fewer|lower|below|smaller|shorter|younger|before|earlier|worse)$", re.I)
SAME = re.compile(r"\bsame\b|\bas (?:many|much)\b|相同|一样", re.I)


def read_comparisons(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of "A or B", of "more than A", and of "the same as A"."""
    pair, years = parts.pair(), year_pair(parts)
    measures = parts.measures()
    sides = SIDES.search(parts.question)
    if sides and pair:
        yield from (compared_sides(parts, choice, pair, sides) for choice in measures)
        return
    column = parts.time_column()
    if column and TIME_COMPARED.search(parts.question):
        measures = [ColumnChoice(column, "measure time"), *measures]
    if pair is None and years is not None:
        yield from (compared_years(parts, choice, years) for choice in (*measures[:2], None))
        return
    if pair is not None:
        for choice in (*measures, None):
            yield from compared_pair(parts, choice, pair)
        return
    yield from compared_columns(parts)
    yield from read_relations(parts)
    yield from read_lists(parts)


def compared_columns(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the comparison of two columns that the question names, in the rows that fulfil the conditions."""
    named = [
        choice for choice in parts.measures() if choice.mark.startswith(("measure named", "measure distinctly", "measure part"))
    ]
    if len(named) < 2 or units_differ(named[0].column, named[1].column):
        return
    first, second = named[:2]
    sign = "<" if LESS.search(parts.question) else ">"
    names = [literal(label(choice.column)) for choice in (first, second)]
    sums = [f"sum({choice.number})" for choice in (first, second)]
    sql = f"SELECT CASE WHEN {sums[0]} {sign} {sums[1]} THEN {names[0]} ELSE {names[1]} END, {sums[0]}, {sums[1]} FROM "
    words = parts.say("compared", parts.say("rows"), label(first.column), label(second.column))
    yield parts.reading(f"{sql}{parts.table}{parts.where()}", words, "value", ["compare columns", second.mark])


def compared_pair(parts: QuestionParts, choice: ColumnChoice | None, pair: tuple[Link, Link]) -> Iterator[Reading]:
    """Yield the comparison of two cells: by a measure, or by their numbers of rows."""
    first, second = pair
    is_less = bool(LESS.search(parts.question)) is not is_reversed(parts, choice)
    behind = parts.condition_without(pair)
    where = f"({first.sql} OR {second.sql}){behind}"
    words = parts.say("compared", label(choice.column) if choice else parts.say("rows"), first.value, second.value)
    mark, unit = (choice.mark, choice.column.unit) if choice else ("compared counts", "")
    is_time = choice is not None and (choice.column.is_temporal or is_year_column(choice.column))
    aggregate = f"{'min' if is_time else 'sum'}({choice.number})" if choice else "count(*)"
    if YES_NO.match(parts.question):
        sums = [f"(SELECT {aggregate} FROM {parts.table} WHERE {link.sql}{behind})" for link in pair]
        sign = "<" if is_less else ">"
        sql = f"SELECT CASE WHEN {sums[0]} {sign} {sums[1]} THEN 'Yes' ELSE 'No' END, {sums[0]}, {sums[1]}"
        yield parts.reading(sql, words, "value", ["yes or no", mark], unit, where)
        return
    key = quoted(first.column.name)
    if choice is None and behind:
        one = f"SELECT DISTINCT {key} FROM {parts.table} WHERE {where}"
        yield parts.reading(one, parts.say("list", label(first.column)), "rows", ["one of two"], "", where)
    sql = (
        f"SELECT {key}, {aggregate} AS result FROM {parts.table} WHERE {where} GROUP BY {key} ORDER BY result "
        f"{'ASC' if is_less else 'DESC'}"
    )
    yield parts.reading(sql, words, "rows", ["compare", mark], unit, where, "compare")


def compared_sides(parts: QuestionParts, choice: ColumnChoice, pair: tuple[Link, Link], sides: re.Match[str]) -> Reading:
    """Return the reading of "is A higher or lower than B": which of the two words holds."""
    behind = parts.condition_without(pair)
    aggregate = f"{'min' if choice.column.is_temporal else 'sum'}({choice.number})"
    sums = [f"(SELECT {aggregate} FROM {parts.table} WHERE {link.sql}{behind})" for link in pair]
    first_is_less = bool(SMALLER.search(sides["first"])) is not is_reversed(parts, choice)
    sign = "<" if first_is_less else ">"
    texts = [literal(sides[group].lower()) for group in ("first", "second")]
    sql = f"SELECT CASE WHEN {sums[0]} {sign} {sums[1]} THEN {texts[0]} ELSE {texts[1]} END, {sums[0]}, {sums[1]}"
    words = parts.say("compared", label(choice.column), pair[0].value, pair[1].value)
    where = f"({pair[0].sql} OR {pair[1].sql}){behind}"
    return parts.reading(sql, words, "value", ["compared sides", choice.mark], choice.column.unit, where)


def is_reversed(parts: QuestionParts, choice: ColumnChoice | None) -> bool:
    """Return whether a smaller number is more: a better rank, a younger person by the date of birth."""
    if choice is None:
        return False
    is_ranked = bool(RANK.search(choice.column.name)) and bool(BETTER.search(parts.question))
    is_speed = bool(DURATION.search(choice.column.name)) and bool(FAST.search(parts.question))
    is_birth = bool(BIRTH.search(choice.column.name)) and bool(AGED.search(parts.question))
    return is_ranked or is_speed or is_birth


def compared_years(parts: QuestionParts, choice: ColumnChoice | None, years: tuple[str, str, str]) -> Reading:
    """Return the comparison of two years: of a measure, or of their numbers of rows."""
    key, first, second = years
    aggregate = f"sum({choice.number})" if choice else "count(*)"
    words = parts.say("compared", label(choice.column) if choice else parts.say("rows"), first, second)
    sql = (
        f"SELECT {key} AS year, {aggregate} AS result FROM {parts.table}{parts.where()} GROUP BY year ORDER BY result "
        f"{'ASC' if LESS.search(parts.question) else 'DESC'}"
    )
    marks = ["compare years", choice.mark if choice else "compared counts"]
    return parts.reading(sql, words, "rows", marks, choice.column.unit if choice else "", parts.filters, "compare")


def read_relations(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of what has more, less or the same of a measure than the row of a cell."""
    anchors = [link for link in parts.values if link.score >= 0.45]
    is_same, is_than = SAME.search(parts.question), THAN.search(parts.question)
    if not anchors or not (is_same or is_than):
        return
    anchor = anchors[-1]
    if is_same:
        yield from same_text(parts, anchor)
    sign, word = ("=", "same") if is_same else ("<", "less than") if LESS.search(parts.question) else (">", "more than")
    for choice in parts.measures():
        for target in parts.targets()[:2]:
            value = f"(SELECT max({choice.number}) FROM {parts.table} WHERE {anchor.sql})"
            where = f"{choice.number} {sign} {value} AND NOT ({anchor.sql}){parts.condition_without([anchor])}"
            words = parts.say(word, label(target.column), label(choice.column), anchor.value)
            marks = [word, choice.mark, target.mark]
            if "how many" in parts.question.lower() or "多少" in parts.question:
                yield parts.reading(
                    f"SELECT count(*) FROM {parts.table} WHERE {where}", words, "number", [word, choice.mark], "", where
                )
                break
            sql = f"SELECT {target.name} FROM {parts.table} WHERE {where}"
            yield parts.reading(sql, words, "rows", marks, choice.column.unit, where)


def same_text(parts: QuestionParts, anchor: Link) -> Iterator[Reading]:
    """Yield what has the same text, date or year in a column as the row of a cell: "the same city as Jones"."""
    same = [link.column for link in parts.free if link.column.name != anchor.column.name and not is_measure(link.column)]
    for column in list(dict.fromkeys(same))[:2]:
        name = quoted(column.name)
        value = f"(SELECT max({name}) FROM {parts.table} WHERE {anchor.sql})"
        where = f"{name} = {value} AND NOT ({anchor.sql}){parts.condition_without([anchor])}"
        own = [ColumnChoice(anchor.column, "target anchor")]
        for target in unique_choices(iter([*own, *(each for each in parts.targets()[:2] if each.column != column)])):
            words = parts.say("same", label(target.column), label(column), anchor.value)
            if HOW_MANY.search(parts.question):
                sql = f"SELECT count(*) FROM {parts.table} WHERE {where}"
                yield parts.reading(sql, words, "number", ["same", "same text", "same counted"], "", where)
                break
            sql = f"SELECT DISTINCT {target.name} FROM {parts.table} WHERE {where}"
            yield parts.reading(sql, words, "rows", ["same", "same text", target.mark], "", where)


def is_measure(column: Column) -> bool:
    """Return whether a column holds numbers that are no years."""
    return column.is_numeric and not is_year_column(column)

"""Read questions for a highest or lowest value, and for what has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from assistant.datatypes.tables import ColumnType
from assistant.tables.links import is_year_column
from assistant.tables.number_text import holds_durations
from assistant.tables.parquet import quoted
from assistant.tables.quantities import is_per_unit
from assistant.tables.rules.parts import IMPLIED, WH, WHO, ColumnChoice, QuestionParts
from assistant.tables.rules.reading import Reading, label
from assistant.text.calculations import Calculation

EARLY = re.compile(r"\b(?:earliest|oldest|first)\b|最早|最旧", re.I)
TIME_WORD = re.compile(r"\b(?:earliest|latest|newest|oldest|most recent|first|last)\b|最(?:早|晚|新|近)", re.I)
SUMMED = re.compile(r"\b(?:total|in total|altogether|overall|combined|sum)\b|总|合计|一共", re.I)
RANK = re.compile(r"(?:^|_)(?:rank|position|pos|place|placing|finish|ranking|名次|排名)(?:_|$)", re.I)
RANKED = re.compile(
    r"^\W*(?:highest|lowest|best|worst|top)[ -](?:\w+[ -]){0,2}?"
    r"(?:position|rank(?:ed|ing)?|placement|placing|place|finish)\b|^最[好高差低]名次",
    re.I,
)
GOOD, BAD = re.compile(r"\b(?:best|highest|top)\b|最好", re.I), re.compile(r"\b(?:worst|lowest)\b|最差", re.I)
QUALITY = re.compile(r"\b(?:best|worst)\b|最[好差]", re.I)  # which no number of rows tells
HOW = re.compile(r"how\b", re.I)  # "how hot did it get" asks for the value
PRICED = re.compile(r"(?:most |least )?(?:expensive|cheap|pric|costl)|最(?:贵|便宜)", re.I)
NTH = re.compile(r"\b(?:(second|2nd)|(third|3rd)|(fourth|4th)|(fifth|5th))[ -]", re.I)


class _Extreme:
    """The direction of an extreme: the order of its rows, how many, and how many come before them."""

    def __init__(self, parts: QuestionParts) -> None:
        self._parts = parts
        self._wording = parts.question[parts.intent.start : parts.intent.end]
        nth = NTH.search(parts.question[: parts.intent.start][-8:])
        self.skipped = next((place for place, group in enumerate(nth.groups(), 1) if group), 0) if nth else 0
        self.limit = parts.intent.limit or 1
        behind = parts.token_at(parts.intent.end)
        # "the most expensive ARTICLE" asks for the article, and not for the price
        self.has_noun = any(0 <= link.start - behind <= 1 and not link.column.is_numeric for link in parts.free)

    def is_high(self, choice: ColumnChoice) -> bool:
        """Return whether the largest value of a column is meant: for ranks and dates the words mean the opposite."""
        is_rank = RANK.search(choice.column.name) or RANKED.search(self._parts.question[self._parts.intent.start :])
        if is_rank and (GOOD.search(self._wording) or BAD.search(self._wording)):
            return bool(BAD.search(self._wording))
        if (choice.column.is_temporal or is_year_column(choice.column)) and TIME_WORD.search(self._wording):
            return not EARLY.search(self._wording)
        return self._parts.intent.operation is Calculation.MAXIMUM

    def order(self, choice: ColumnChoice, key: str) -> str:
        """Return the ORDER BY and LIMIT clauses."""
        direction = "DESC" if self.is_high(choice) else "ASC"
        offset = f" OFFSET {self.skipped}" if self.skipped else ""
        return f"ORDER BY {key} {direction}, _row LIMIT {self.limit}{offset}"


def read_extremes(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of a highest or lowest value: the value itself, and what has it."""
    extreme, measures = _Extreme(parts), parts.measures()
    wording = parts.question[parts.intent.start : parts.intent.end]
    if (column := parts.time_column()) and TIME_WORD.search(wording):
        measures = [ColumnChoice(column, "measure time"), *(each for each in measures if each.column is not column)]
    for choice in measures:
        if not extreme.skipped and not (choice.mark == IMPLIED and extreme.has_noun):
            yield extreme_value(parts, extreme, choice)
        for target in () if HOW.match(wording) else parts.targets():
            if target.column.name != choice.column.name:
                yield from extreme_row(parts, extreme, choice, target)
    if QUALITY.search(wording) or HOW.match(wording):
        return
    for target in parts.targets():
        if target.column.distinct < parts.info.rows and (target.column.type is ColumnType.TEXT or is_year_column(target.column)):
            yield most_frequent(parts, extreme, target)


def extreme_value(parts: QuestionParts, extreme: _Extreme, choice: ColumnChoice) -> Reading:
    """Return the reading of the extreme value itself."""
    is_high, column = extreme.is_high(choice), choice.column
    marks = ["extreme value", choice.mark, question_form(parts)]
    words = parts.say("largest" if is_high else "smallest", label(column))
    if column.type is ColumnType.TEXT:  # whose cell says more than its number
        filled = parts.where(f"{choice.number} IS NOT NULL")
        sql = f"SELECT {choice.name} FROM {parts.table}{filled} {extreme.order(choice, choice.number)}"
        return parts.reading(sql, words, "value", [*marks, "extreme text"], target=column.name)
    sql = f"SELECT {'max' if is_high else 'min'}({choice.number}) FROM {parts.table}{parts.where()}"
    return parts.reading(
        sql, words, "value" if column.is_temporal else "number", marks, column.unit, target=column.name
    )


def extreme_row(parts: QuestionParts, extreme: _Extreme, choice: ColumnChoice, target: ColumnChoice) -> Iterator[Reading]:
    """Yield the readings of what has the extreme value: in one row, or in the sum of its rows.

    What was spent, earned or worked is a sum; what is expensive may be either.
    """
    column = choice.column
    is_repeated = target.column.type is ColumnType.TEXT and target.column.distinct < parts.info.rows
    is_sum = not (is_per_unit(column) or column.is_temporal or is_year_column(column) or holds_durations(column))
    has_sum = is_repeated and is_sum
    if not has_sum or RANK.search(column.name):
        yield row_with_extreme(parts, extreme, choice, target, is_repeated=is_repeated)
    elif choice.mark != IMPLIED:
        yield sum_with_extreme(parts, extreme, choice, target)
        yield row_with_extreme(parts, extreme, choice, target, is_repeated=is_repeated)
    elif PRICED.match(parts.question[parts.intent.start :]):
        rivals = parts.rivals("priced", target.name)
        yield replace(sum_with_extreme(parts, extreme, choice, target), rivals=rivals)
        yield replace(row_with_extreme(parts, extreme, choice, target, is_repeated=is_repeated), rivals=rivals)
    else:
        yield sum_with_extreme(parts, extreme, choice, target)


def sum_with_extreme(parts: QuestionParts, extreme: _Extreme, choice: ColumnChoice, target: ColumnChoice) -> Reading:
    """Return the reading of what has the extreme value in the sum of its rows."""
    is_high = extreme.is_high(choice)
    return parts.reading(
        f"SELECT {target.name}, sum({choice.number}) AS result FROM {parts.table}{parts.where(target.name + ' IS NOT NULL')} "
        f"GROUP BY {target.name} ORDER BY result {'DESC' if is_high else 'ASC'}, {target.name} LIMIT {extreme.limit}"
        + (f" OFFSET {extreme.skipped}" if extreme.skipped else ""),
        parts.say("ranked" if is_high else "ranked up", parts.say("sum", label(choice.column)), label(target.column)),
        "rows",
        ["extreme sum", choice.mark, target.mark, "told total" if SUMMED.search(parts.question) else "no total"],
        choice.column.unit,
    )


def row_with_extreme(
    parts: QuestionParts, extreme: _Extreme, choice: ColumnChoice, target: ColumnChoice, *, is_repeated: bool
) -> Reading:
    """Return the reading of what has the extreme value in one row."""
    filled = f"{choice.number} IS NOT NULL AND {target.name} IS NOT NULL"
    words = parts.say("largest of" if extreme.is_high(choice) else "smallest of", label(target.column), label(choice.column))
    return parts.reading(
        f"SELECT {target.name}, {choice.number} FROM {parts.table}{parts.where(filled)} {extreme.order(choice, choice.number)}",
        words,
        "rows",
        ["extreme row", choice.mark, target.mark, "repeated target" if is_repeated else "single target", question_form(parts)],
        choice.column.unit,
    )


def most_frequent(parts: QuestionParts, extreme: _Extreme, target: ColumnChoice) -> Reading:
    """Return the reading of the value that stands in the most or the fewest rows."""
    is_high = parts.intent.operation is Calculation.MAXIMUM
    return parts.reading(
        f"SELECT {target.name}, count(*) AS result FROM {parts.table}{parts.where(target.name + ' IS NOT NULL')} GROUP BY "
        f"{target.name} ORDER BY result {'DESC' if is_high else 'ASC'}, {quoted(target.column.name)} LIMIT {extreme.limit}",
        parts.say("ranked" if is_high else "ranked up", parts.say("rows"), label(target.column)),
        "rows",
        ["extreme count", target.mark, question_form(parts)],
    )


def question_form(parts: QuestionParts) -> str:
    """Return whether a question asks who or which, what, or with other words."""
    if WHO.search(parts.question):
        return "asks who"
    match = WH.search(parts.question)
    if not match:
        return "asks nothing"
    if match[0].lower() == "what" and parts.question[match.end() :].lower().lstrip().startswith(("is", "was", "are", "were")):
        return "asks what is"
    return "asks which"

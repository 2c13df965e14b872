"""Read questions for a difference: of two cells, years or columns, of the largest and the smallest, of a score."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.datatypes.tables import Column, ColumnType
from assistant.tables.links import Link, is_year_column
from assistant.tables.number_text import holds_durations
from assistant.tables.parquet import quoted
from assistant.tables.rules.parts import ColumnChoice, QuestionParts, condition_of
from assistant.tables.rules.reading import Reading, label
from assistant.tables.units import units_differ

BOTH_ENDS = re.compile(
    r"\b(?:highest|most|largest|biggest|maximum|best|longest|tallest|oldest|top|first)\b.*"
    r"\b(?:lowest|least|smallest|fewest|minimum|worst|shortest|youngest|bottom|last)\b|最.+最",
    re.I,
)
TOP_TWO = re.compile(r"\b(?:top|first|highest|largest) (?:two|2)\b|前两", re.I)
DAYS = re.compile(r"\bdays?\b|\bhow long\b|天", re.I)
SCORE = r"\b([0-9]{1,3}) ?[-–:] ?([0-9]{1,3})\b"
MOST, FEWEST = re.compile(r"\b(?:largest|greatest|biggest|most)\b", re.I), re.compile(r"\b(?:smallest|least)\b", re.I)


def read_differences(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of a difference: of two cells or years, of the largest and the smallest, of the top two."""
    pair, years = parts.pair(), year_pair(parts)
    for choice in parts.measures():
        if holds_durations(choice.column):
            continue
        name, unit = choice.number, choice.column.unit
        if pair:
            yield difference_of(parts, choice, pair)
        if years:
            key, first, second = years
            rest = condition_of(parts.values, [link for link in parts.conditions if " IN (" not in link.sql])
            behind = f" AND {rest}" if rest else ""
            sums = [f"(SELECT sum({name}) FROM {parts.table} WHERE {key} = {year}{behind})" for year in (first, second)]
            words = parts.say("difference", label(choice.column), first, second)
            yield parts.reading(
                f"SELECT abs({sums[0]} - {sums[1]})", words, "number", ["difference years", choice.mark], unit, parts.filters
            )
        if BOTH_ENDS.search(parts.question):
            words = parts.say("range", label(choice.column))
            sql = f"SELECT max({name}) - min({name}) FROM {parts.table}{parts.where()}"
            yield parts.reading(sql, words, "number", ["range", choice.mark], unit)
        if TOP_TWO.search(parts.question):
            top = f"SELECT {name} AS top FROM {parts.table}{parts.where(name + ' IS NOT NULL')} ORDER BY {name} DESC LIMIT 2"
            words = parts.say("range", label(choice.column))
            yield parts.reading(f"SELECT max(top) - min(top) FROM ({top})", words, "number", ["top two", choice.mark], unit)
    yield from spans_of_time(parts)
    if pair:
        yield difference_of_counts(parts, pair)
        yield from differences_in_time(parts, pair)
    yield from differences_of_columns(parts)
    yield from margins(parts)


def year_pair(parts: QuestionParts) -> tuple[str, str, str] | None:
    """Return the key and the two years of a condition on two years; None if there is none."""
    years = next((link for link in parts.conditions if " IN (" in link.sql), None)
    if years is None:
        return None
    key, _, behind = years.sql.partition(" IN (")
    first, _, second = behind.rstrip(")").partition(", ")
    return key, first, second


def difference_of(parts: QuestionParts, choice: ColumnChoice, pair: tuple[Link, Link]) -> Reading:
    """Return the reading of the difference between the sums of two cells."""
    first, second = pair
    behind = parts.condition_without(pair)
    function = "max" if is_year_column(choice.column) else "sum"
    sums = [f"(SELECT {function}({choice.number}) FROM {parts.table} WHERE {link.sql}{behind})" for link in pair]
    words = parts.say("difference", label(choice.column), first.value, second.value)
    where = f"({first.sql} OR {second.sql}){behind}"
    sql = f"SELECT abs({sums[0]} - {sums[1]})"
    return parts.reading(sql, words, "number", ["difference", choice.mark], choice.column.unit, where)


def difference_of_counts(parts: QuestionParts, pair: tuple[Link, Link]) -> Reading:
    """Return the reading of the difference between the numbers of rows with two cells."""
    first, second = pair
    behind = parts.condition_without(pair)
    counts = [f"(SELECT count(*) FROM {parts.table} WHERE {link.sql}{behind})" for link in pair]
    words = parts.say("difference", parts.say("rows"), first.value, second.value)
    where = f"({first.sql} OR {second.sql}){behind}"
    return parts.reading(f"SELECT abs({counts[0]} - {counts[1]})", words, "number", ["difference of counts"], "", where)


def differences_in_time(parts: QuestionParts, pair: tuple[Link, Link]) -> Iterator[Reading]:
    """Yield the reading of the years or days between the rows of two cells."""
    column = parts.time_column()
    if column is None:
        return
    is_years = not column.is_temporal or "year" in parts.question.lower() or "年" in parts.question
    moment = quoted(column.name) if not column.is_temporal or not is_years else f"year({quoted(column.name)})"
    moments = [f"(SELECT min({moment}) FROM {parts.table} WHERE {link.sql})" for link in pair]
    days = f"date_diff('day', {moments[0]}, {moments[1]})" if not is_years else f"{moments[0]} - {moments[1]}"
    words = parts.say("difference", label(column), pair[0].value, pair[1].value)
    where = f"({pair[0].sql} OR {pair[1].sql})"
    yield parts.reading(f"SELECT abs({days})", words, "number", ["difference in time"], "", where)


def spans_of_time(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the years or days from the first to the last row, and between two columns of time in the rows of a cell."""
    times = [column for column in parts.info.columns if column.is_temporal or is_year_column(column)]
    is_years = "year" in parts.question.lower() or "年" in parts.question
    if not times or not (is_years or DAYS.search(parts.question)):
        return
    moments = [f"year({quoted(each.name)})" if each.is_temporal and is_years else quoted(each.name) for each in times[:2]]
    if BOTH_ENDS.search(parts.question):
        whole = elapsed(times[0], f"min({moments[0]})", f"max({moments[0]})", is_years=is_years)
        sql = f"SELECT {whole} FROM {parts.table}{parts.where()}"
        yield parts.reading(sql, parts.say("range", label(times[0])), "number", ["range of time"])
    if len(times) > 1 and times[0].type == times[1].type and parts.filters:
        sql = f"SELECT {elapsed(times[0], *moments, is_years=is_years)} FROM {parts.table}{parts.where()}"
        words = parts.say("difference", label(times[0]), label(times[0]), label(times[1]))
        yield parts.reading(sql, words, "number", ["difference of times"])


def elapsed(column: Column, first: str, second: str, *, is_years: bool) -> str:
    """Return the SQL expression of the years or days between two moments."""
    return f"abs({second} - {first})" if is_years or not column.is_temporal else f"abs(date_diff('day', {first}, {second}))"


def differences_of_columns(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the reading of the difference between two columns that the question names, in the rows that fulfil the conditions."""
    named = [
        choice for choice in parts.measures() if choice.mark.startswith(("measure named", "measure distinctly", "measure part"))
    ]
    if len(named) < 2 or units_differ(named[0].column, named[1].column):
        return
    first, second = named[:2]
    sql = f"SELECT abs(sum({first.number}) - sum({second.number})) FROM {parts.table}{parts.where()}"
    words = parts.say("difference", parts.say("rows"), label(first.column), label(second.column))
    yield parts.reading(sql, words, "number", ["difference of columns", second.mark], first.column.unit)


def margins(parts: QuestionParts) -> Iterator[Reading]:
    """Yield the readings of the difference between the two numbers of a score such as "3-1"."""
    column = next((column for column in parts.info.columns if holds_scores(column)), None)
    if column is None:
        return
    left, right = (f"TRY_CAST(regexp_extract({quoted(column.name)}, '{SCORE}', {group}) AS INTEGER)" for group in (1, 2))
    margin, words = f"abs({left} - {right})", parts.say("value", label(column))
    if parts.filters:
        yield parts.reading(f"SELECT {margin} FROM {parts.table}{parts.where()}", words, "number", ["margin"])
    for function, pattern in (("max", MOST), ("min", FEWEST)):
        if pattern.search(parts.question):
            sql = f"SELECT {function}({margin}) FROM {parts.table}{parts.where()}"
            yield parts.reading(sql, words, "number", ["margin", "extreme margin"])


def holds_scores(column: Column) -> bool:
    """Return whether most cells of a column are scores such as "3-1"."""
    found = sum(bool(re.search(SCORE, cell)) for cell in column.samples)
    return column.type is ColumnType.TEXT and 2 * found > len(column.samples) > 0

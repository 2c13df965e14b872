"""Parse the dates of a question as conditions on the nearest date column, or on the one that dates the rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from assistant.datatypes.tables import Column, TableInfo
from assistant.tables.links import Link, LinkKind, is_year_column, nearest, only, token_span, tokens_in
from assistant.tables.parquet import quoted
from assistant.tables.relative_dates import RelativeDate, relative_dates
from assistant.tables.tokens import QuestionToken
from assistant.text.dates import MONTH_NUMBERS, MONTHS, Day, dates

YEAR_RANGE = re.compile(
    r"\b(?P<low>(?:1[5-9]|20)\d\d)(?:年)?(?P<word>\s*[-–—~]\s*"
    r"|\s+(?:to|until|through|and|or)\s+(?:in )?|\s*(?:到|至|和|与|或)\s*)"
    r"(?P<high>(?:1[5-9]|20)\d\d)\b",
    re.I,
)
MONTH_ALONE = re.compile(
    rf"\b(?:in|during|for|of) (?:the month of |all of )?(?P<month>{'|'.join(MONTHS)})\b(?!,? (?:the )?\d)", re.I
)
AFTER_DATE = re.compile(r"(?:after|since|from|later than)(?: the)?(?: year)?\s*$|(?:以后|之后|起)\s*$"
    r"|^\s*(?:以后|之后|起|以来)", re.I)
BEFORE_DATE = re.compile(r"(?:before|until|by|earlier than|prior to)(?: the)?(?: year)?\s*$|^\s*(?:以前|之前|前)", re.I)
DUE_HEADER = re.compile(r"(?:^|_)(?:due|deadline|fällig\w*|faellig\w*|payable)(?:_|$)|到期|截止|应付日|应收日", re.I)
PAID_DATE_HEADER = re.compile(
    r"(?:^|_)(?:paid(?:_(?:on|at|date))?|payment_date|date_paid|settled(?:_on)?|bezahlt_am)$|付款日|支付日|收款日", re.I
)
LATER_HEADER = re.compile(
    r"(?:^|_)(?:end|ends|until|expir\w*|deliver\w*|returned|closed|completed|updated|modified)(?:_|$)|结束|交货|送达|更新", re.I
)


def date_conditions(
    question: str,
    tokens: Sequence[QuestionToken],
    table: TableInfo,
    columns: Sequence[Link],
    busy: Sequence[tuple[int, int]],
    today: date,
) -> Iterator[Link]:
    """Yield the days, months, quarters and years of a question as ranges of a date column, or as years of a column of years."""
    busy = list(busy)
    for condition, begin, end in relative_conditions(question, tokens, table, columns, today):
        if not any(begin < other_end and start < end for start, other_end in busy):
            busy.append((begin, end))
            yield condition
    for condition, begin, end in year_ranges(question, tokens, table, columns):
        busy.append((begin, end))
        yield condition
    for found in dates(question, years=True):
        span = token_span(tokens, found.start, found.end)
        if span is None or any(found.start < end and start < found.end for start, end in busy):
            continue
        column = nearest(columns, span, lambda column: column.is_temporal) or row_date(table)
        before, after = question[max(0, found.start - 24) : found.start], question[found.end : found.end + 6]
        if column:
            yield from calendar_condition(column, span, with_year(found.readings[0], column), before, after)
        else:
            yield from year_condition(found.readings[0], table, columns, span, before)
    yield from months_alone(question, tokens, table, columns, busy)


def months_alone(
    question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link], busy: Sequence[tuple[int, int]]
) -> Iterator[Link]:
    """Yield the months of a question that stand without day and year, as "in october"."""
    for match in MONTH_ALONE.finditer(question):
        span = token_span(tokens, *match.span("month"))
        column = nearest(columns, span, lambda column: column.is_temporal) or row_date(table)
        if column and span and not any(match.start("month") < end and start < match.end("month") for start, end in busy):
            yield in_any_year(column, span, with_year(Day(0, MONTH_NUMBERS[match["month"][:3].lower()], 0), column))


def calendar_condition(column: Column, span: tuple[int, int], day: Day, before: str, after: str) -> Iterator[Link]:
    """Yield the condition that a date column has a day, month, quarter or year."""
    if bounds := range_of(day):
        yield dated(column, span, bounds, before, after)
    elif day.month:
        yield in_any_year(column, span, day)


def year_condition(day: Day, table: TableInfo, columns: Sequence[Link], span: tuple[int, int], before: str) -> Iterator[Link]:
    """Yield the condition that a column of years has a year; a month or a day is none."""
    years = nearest(columns, span, is_year_column) or next(filter(is_year_column, table.columns), None)
    if years and day.year and not (day.month or day.day or day.quarter):
        sign = ">" if AFTER_DATE.search(before) else "<" if BEFORE_DATE.search(before) else "="
        sign = ">=" if re.search(r"since\s*$", before, re.I) else sign
        label = years.header or years.name
        sql = f"{quoted(years.name)} {sign} {day.year}"
        yield Link(LinkKind.CONDITION, years, *span, 1.0, sql, f"{label} {sign} {day.year}")


def year_ranges(
    question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link]
) -> Iterator[tuple[Link, int, int]]:
    """Yield the ranges and the pairs of years in a question as conditions, each with its span."""
    for match in YEAR_RANGE.finditer(question):
        span, (low, high) = token_span(tokens, *match.span()), sorted((match["low"], match["high"]))
        column = nearest(columns, span, is_year_column) or only(table, is_year_column)
        dated_column = nearest(columns, span, lambda column: column.is_temporal) or row_date(table)
        is_range = (
            match["word"].strip().lower().removesuffix(" in") not in {"and", "or", "和", "与", "或"}
            or "between" in question[: match.start()].lower()[-9:]
        )
        if span is None or not (column or dated_column):
            continue
        year = quoted(column.name) if column else f"year({quoted(dated_column.name)})" if dated_column else ""
        label = (column or dated_column).header if column or dated_column else ""  # type: ignore[union-attr]
        sql = f"{year} BETWEEN {low} AND {high}" if is_range else f"{year} IN ({low}, {high})"
        chosen = column or dated_column
        assert chosen is not None
        yield (
            Link(
                LinkKind.CONDITION,
                chosen,
                *span,
                1.0,
                sql,
                f"{label} {'from' if is_range else 'in'} {low} {'to' if is_range else 'and'} {high}",
            ),
            *match.span(),
        )


def with_year(day: Day, column: Column) -> Day:
    """Return a date; one without a year gets the year of a column whose dates are all in the same one."""
    same = column.lowest[:4] == column.highest[:4]
    return Day(int(column.lowest[:4]), day.month, day.day, day.quarter) if not day.year and same and column.lowest else day


def range_of(day: Day) -> tuple[date, date] | None:
    """Return the first day and the day after the last of a day, month, quarter or year; None without a year."""
    if not day.year:
        return None
    try:
        if day.day:
            first = date(day.year, day.month, day.day)
            return first, first + timedelta(days=1)
        month, length = (day.month, 1) if day.month else (3 * day.quarter - 2, 3) if day.quarter else (1, 12)
        return date(day.year, month, 1), date(day.year + (month + length - 1) // 12, (month + length - 1) % 12 + 1, 1)
    except (ValueError, OverflowError):
        return None


def dated(column: Column, span: tuple[int, int], bounds: tuple[date, date], before: str, after: str) -> Link:
    """Return the condition that a date column lies in a range, after it or before it."""
    name, label, (low, high) = quoted(column.name), column.header or column.name, bounds
    if (AFTER_DATE.search(before) and not re.search(r"(?:since|from)\s*$", before, re.I)) or re.match(r"\s*(?:以后|之后)", after):
        return Link(
            LinkKind.CONDITION, column, *span, 1.0, f"{name} >= DATE '{high}'", f"{label} after {high - timedelta(days=1)}"
        )
    if AFTER_DATE.search(before) or re.match(r"\s*(?:起|以来)", after):
        return Link(LinkKind.CONDITION, column, *span, 1.0, f"{name} >= DATE '{low}'", f"{label} from {low}")
    if BEFORE_DATE.search(before) or re.match(r"\s*(?:以前|之前|前)", after):
        return Link(LinkKind.CONDITION, column, *span, 1.0, f"{name} < DATE '{low}'", f"{label} before {low}")
    last = high - timedelta(days=1)
    words = f"{label} is {low}" if low == last else f"{label} from {low} to {last}"
    return Link(LinkKind.CONDITION, column, *span, 1.0, f"{name} >= DATE '{low}' AND {name} < DATE '{high}'", words)


def in_any_year(column: Column, span: tuple[int, int], day: Day) -> Link:
    """Return the condition that a date column has a month, or a day of it, of whatever year."""
    name, label = quoted(column.name), column.header or column.name
    parts = [f"month({name}) = {day.month}", *([f"day({name}) = {day.day}"] if day.day else [])]
    words = f"{label} in month {day.month}" + (f", day {day.day}" if day.day else "")
    return Link(LinkKind.CONDITION, column, *span, 0.9, " AND ".join(parts), words)


def relative_conditions(
    question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link], today: date
) -> Iterator[tuple[Link, int, int]]:
    """Yield the dates in a question that are told from today, and its days of the week, as conditions, each with its span."""
    for found in relative_dates(question, today):
        span = tokens_in(tokens, found.start, found.end)
        column = nearest(columns, span, lambda column: column.is_temporal) or row_date(table)
        if span and column:
            yield relative_condition(found, column, span, question), found.start, found.end


def relative_condition(found: RelativeDate, column: Column, span: tuple[int, int], question: str) -> Link:
    """Return the condition that a date column has a date told from today, or a day of the week."""
    if not found.weekday:
        before, after = question[max(0, found.start - 24) : found.start], question[found.end : found.end + 6]
        return dated(column, span, (found.first, found.end_day), before, after)
    sql = f"isodow({quoted(column.name)}) = {found.weekday}"
    words = f"{column.header or column.name} is a {question[found.start : found.end]}"
    return Link(LinkKind.CONDITION, column, *span, 1.0, sql, words)


def row_date(table: TableInfo) -> Column | None:
    """Return the column of dates that dates the rows of a table; None if there are several or none.

    It is the only one, or the only one that tells neither when something is due or paid nor when it ends.
    """
    temporal = [column for column in table.columns if column.is_temporal]
    later = (DUE_HEADER, PAID_DATE_HEADER, LATER_HEADER)
    own = [column for column in temporal if not any(pattern.search(column.name) for pattern in later)]
    found = temporal if len(temporal) == 1 else own
    return found[0] if len(found) == 1 else None

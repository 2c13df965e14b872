"""Parse the comparisons of a question with numbers, and its dates, as conditions on the nearest fitting column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from assistant.datatypes.tables import Column, TableInfo
from assistant.tables.links import Link, LinkKind, is_year_column
from assistant.tables.parquet import quoted
from assistant.tables.tokens import QuestionToken
from assistant.text.dates import Day, dates

MORE = (
    r"(?:more|greater|larger|higher|bigger|longer|older|later|heavier|taller) than|over|above|exceed(?:s|ing|ed)?"
    "|超过|大于|高于|多于|以上|晚于"
)
LESS = r"(?:less|fewer|smaller|lower|shorter|younger|earlier|lighter) than|under|below|低于|小于|少于|不到|以下|早于"
LEAST = r"at least|no (?:less|fewer) than|minimum of|不少于|至少|不低于"
MOST = r"at most|no more than|not more than|up to|maximum of|不超过|至多|最多"
COMPARISON = re.compile(
    rf"(?:(?P<more>{MORE})|(?P<less>{LESS})|(?P<least>{LEAST})|(?P<most>{MOST}))\s*(?:of |了|a |the )?"
    r"[$€£¥￥]?\s*(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<scale>万|千|k\b|thousand|million|m\b)?",
    re.I,
)
BEHIND = re.compile(
    r"(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<scale>万|千)?\s*(?:元|人|件|个|小时|天|次|吨)?"
    r"(?:\s*(?:or|and) (?:(?P<least>more|greater|higher|above|over|later|older)|(?P<most>less|fewer|lower|below|under|earlier))"
    r"|(?P<leastzh>及以上|或以上|以上)|(?P<mostzh>及以下|或以下|以下))",
    re.I,
)
BETWEEN = re.compile(
    r"\b(?:between|from)\s+[$€£]?(?P<low>\d[\d,]*(?:\.\d+)?)\s+(?:and|to)\s+[$€£]?(?P<high>\d[\d,]*(?:\.\d+)?)", re.I
)
YEAR_RANGE = re.compile(
    r"\b(?P<low>(?:1[5-9]|20)\d\d)(?:年)?(?P<word>\s*[-–—~]\s*|\s+(?:to|until|through|and|or)\s+|\s*(?:到|至|和|与|或)\s*)"
    r"(?P<high>(?:1[5-9]|20)\d\d)\b",
    re.I,
)
SCALES = {"万": 10_000, "千": 1_000, "k": 1_000, "thousand": 1_000, "million": 1_000_000, "m": 1_000_000}
AFTER_DATE = re.compile(r"(?:after|since|from|later than|以后|之后|起)\s*$|^\s*(?:以后|之后|起|以来)", re.I)
BEFORE_DATE = re.compile(r"(?:before|until|by|earlier than|prior to)\s*$|^\s*(?:以前|之前|前)", re.I)
ORDINALS = {
    word: number for number, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
}
PLACED = re.compile(
    rf"\b(?:(?P<digits>\d{{1,3}})(?:st|nd|rd|th)?|(?P<word>{'|'.join(ORDINALS)}))[ -](?:place|position|spot|rank)\b"
    r"|\b(?:ranked|number|no\.?|rank|#) ?(?P<behind>\d{1,3})\b|第(?P<zh>[一二三四五六七八九十\d]{1,2})名",
    re.I,
)
RANKS = frozenset("rank position place pos finish placement no number 名次 排名".split())


def condition_links(
    question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link], taken: set[int]
) -> Iterator[Link]:
    """Yield the comparisons of a question with numbers, and its dates, as conditions on the nearest fitting column."""
    busy: list[tuple[int, int]] = [(tokens[place].start, tokens[place].end) for place in sorted(taken)]
    named = [link for link in columns if link.column.is_numeric and not is_year_column(link.column)]
    rules: tuple[Callable[[], Iterator[Link]], ...] = (
        lambda: number_conditions(question, tokens, table, named, busy, only_named=True),
        lambda: date_conditions(question, tokens, table, columns, busy),
        lambda: number_conditions(question, tokens, table, columns, busy),
    )
    for rule in rules:
        for condition in list(rule()):
            busy.append((tokens[condition.start].start, tokens[condition.end - 1].end))
            yield condition


def number_conditions(
    question: str,
    tokens: Sequence[QuestionToken],
    table: TableInfo,
    columns: Sequence[Link],
    busy: Sequence[tuple[int, int]],
    *,
    only_named: bool = False,
) -> Iterator[Link]:
    """Yield the comparisons with numbers; with `only_named`, those on columns that the question names."""
    for pattern in (BETWEEN, BEHIND, COMPARISON):
        for match in pattern.finditer(question):
            if any(match.start("low" if pattern is BETWEEN else "number") < end and start < match.end() for start, end in busy):
                continue
            span = token_span(tokens, *match.span())
            column = nearest(columns, span, lambda column: column.is_numeric)
            if column is None and not only_named:
                column = only(table, lambda column: column.is_numeric)
            if column is None or span is None:
                continue
            name, label = quoted(column.name), column.header or column.name
            if pattern is BETWEEN:
                low, high = (number_of(match[group]) for group in ("low", "high"))
                yield Link(
                    LinkKind.CONDITION, column, *span, 1.0, f"{name} BETWEEN {low} AND {high}", f"{label} from {low} to {high}"
                )
                continue
            sign = sign_of({group: text for group, text in match.groupdict().items() if text})
            value = number_of(match["number"]) * SCALES.get((match["scale"] or "").lower(), 1)
            yield Link(LinkKind.CONDITION, column, *span, 1.0, f"{name} {sign} {plain(value)}", f"{label} {sign} {plain(value)}")


def sign_of(groups: dict[str, str]) -> str:
    """Return the comparison that the matched words mean."""
    if "more" in groups:
        return ">=" if groups["more"] in {"以上"} else ">"
    if "less" in groups:
        return "<=" if groups["less"] in {"以下"} else "<"
    return ">=" if groups.keys() & {"least", "leastzh"} else "<="


def plain(value: Decimal) -> str:
    """Return a number without exponent."""
    return format(value, "f")


def number_of(written: str) -> Decimal:
    """Return the number in digits with commas between thousands."""
    return Decimal(written.replace(",", ""))


def date_conditions(
    question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link], busy: Sequence[tuple[int, int]]
) -> Iterator[Link]:
    """Yield the days, months, quarters and years of a question as ranges of a date column, or as years of a column of years."""
    busy = list(busy)
    for condition, begin, end in year_ranges(question, tokens, table, columns):
        busy.append((begin, end))
        yield condition
    for found in dates(question, years=True):
        span = token_span(tokens, found.start, found.end)
        if span is None or any(found.start < end and start < found.end for start, end in busy):
            continue
        day = found.readings[0]
        column = nearest(columns, span, lambda column: column.is_temporal) or only(table, lambda column: column.is_temporal)
        before, after = question[max(0, found.start - 14) : found.start], question[found.end : found.end + 6]
        if column:
            day = with_year(day, column)
            bounds = range_of(day)
            if bounds:
                yield dated(column, span, bounds, before, after)
            elif day.month:
                yield in_any_year(column, span, day)
        elif day.year and not (day.month or day.day or day.quarter):
            years = nearest(columns, span, is_year_column) or only(table, is_year_column)
            if years:
                sign = ">" if AFTER_DATE.search(before) else "<" if BEFORE_DATE.search(before) else "="
                sign = ">=" if re.search(r"since\s*$", before, re.I) else sign
                yield Link(
                    LinkKind.CONDITION,
                    years,
                    *span,
                    1.0,
                    f"{quoted(years.name)} {sign} {day.year}",
                    f"{years.header or years.name} {sign} {day.year}",
                )


def year_ranges(
    question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link]
) -> Iterator[tuple[Link, int, int]]:
    """Yield the ranges and the pairs of years in a question as conditions, each with its span."""
    for match in YEAR_RANGE.finditer(question):
        span, (low, high) = token_span(tokens, *match.span()), sorted((match["low"], match["high"]))
        column = nearest(columns, span, is_year_column) or only(table, is_year_column)
        dated_column = nearest(columns, span, lambda column: column.is_temporal) or only(table, lambda column: column.is_temporal)
        is_range = (
            match["word"].strip().lower() not in {"and", "or", "和", "与", "或"}
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


def token_span(tokens: Sequence[QuestionToken], start: int, end: int) -> tuple[int, int] | None:
    """Return the tokens that lie in a span of the question; None if there are none."""
    inside = [
        place for place, token in enumerate(tokens) if token.start >= start - 1 and token.end <= end + 1 and token.end > start
    ]
    return (inside[0], inside[-1] + 1) if inside else None


def nearest(columns: Sequence[Link], span: tuple[int, int] | None, fits: Callable[[Column], bool]) -> Column | None:
    """Return the mentioned column that fits and stands nearest to a span; None if there is none."""
    fitting = [link for link in columns if fits(link.column)]
    if span is None or not fitting:
        return None
    return min(fitting, key=lambda link: min(abs(link.start - span[1]), abs(span[0] - link.end))).column


def only(table: TableInfo, fits: Callable[[Column], bool]) -> Column | None:
    """Return the only column of a table that fits; None if there are several or none."""
    fitting = [column for column in table.columns if fits(column)]
    return fitting[0] if len(fitting) == 1 else None


def equality_links(
    question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link], taken: set[int]
) -> Iterator[Link]:
    """Yield numbers of a question that stand next to a column of numbers, and its places ("third place"), as conditions."""
    busy = set(taken)
    for match in PLACED.finditer(question):
        span = token_span(tokens, *match.span())
        ranks = next((column for column in table.columns if column.is_numeric and RANKS & set(column.name.split("_"))), None)
        written = (match["digits"] or match["behind"] or match["word"] or match["zh"]).lower()
        number = ORDINALS.get(written) or (int(written) if written.isdigit() else "零一二三四五六七八九十".find(written))
        if span and ranks and not busy & set(range(*span)):
            busy |= set(range(*span))
            yield equal_number(ranks, span, str(number))
    named = [link for link in columns if link.column.is_numeric]
    for place, token in enumerate(tokens):
        if place in busy or not re.fullmatch(r"\d+(?:\.\d+)?", token.form):
            continue
        near = [link for link in named if -1 <= place - link.end <= 2 or 0 <= link.start - place - 1 <= 1]
        if near and Decimal(near[0].column.lowest or 0) <= Decimal(token.form) <= Decimal(near[0].column.highest or 0):
            yield equal_number(near[0].column, (place, place + 1), token.form)


def equal_number(column: Column, span: tuple[int, int], number: str) -> Link:
    """Return the condition that a column has a number."""
    label = column.header or column.name
    return Link(LinkKind.CONDITION, column, *span, 0.8, f"{quoted(column.name)} = {number}", f"{label} is {number}")

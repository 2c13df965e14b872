"""Link the words of a question to the columns and cells of a table, and parse its comparisons of numbers and dates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import PurePath

from assistant.datatypes.tables import Column, ColumnType, TableInfo
from assistant.tables.connection import TableConnection, literal
from assistant.tables.headers import split_unit
from assistant.tables.parquet import quoted
from assistant.tables.tokens import QuestionToken, chinese_fillers, find_run, is_filler, root, tokenize
from assistant.text.dates import Day, dates

MOST_VALUES = 50_000  # distinct values of a column that are compared with a question
MOST_SHARING = 2  # cells that share the part of them that a question names
LONGEST_VALUE = 12  # tokens


class LinkKind(StrEnum):
    """What a part of a question is linked to."""

    COLUMN = "column"
    VALUE = "value"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class Link:
    """Tokens [start, end) of a question linked to a column, or to a condition on it.

    sql: the condition; words: the condition in words; score: 1 for the whole header or cell, less for a part
    value: the cell
    """

    kind: LinkKind
    column: Column
    start: int
    end: int
    score: float = 1.0
    sql: str = ""
    words: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class LinkedQuestion:
    """A question with what its tokens are linked to in one table; `unlinked` are the content words that are not."""

    question: str
    tokens: tuple[QuestionToken, ...]
    table: TableInfo
    columns: tuple[Link, ...]
    values: tuple[Link, ...]
    conditions: tuple[Link, ...]
    unlinked: tuple[str, ...]


def link_question(question: str, table: TableInfo, connection: TableConnection) -> LinkedQuestion:
    """Link a question to one table of a connection."""
    tokens = tuple(tokenize(question))
    headers = column_links(tokens, table)
    values = in_named_columns(best_links(specific(value_links(tokens, table, connection))), headers)
    taken = {place for link in values for place in range(link.start, link.end)}
    columns = tuple(link for link in headers if not (set(range(link.start, link.end)) <= taken))
    conditions = tuple(condition_links(question, tokens, table, columns, taken))
    used = {place for link in (*values, *columns, *conditions) for place in range(link.start, link.end)}
    known, fillers = table_words(table), chinese_fillers(question)
    unlinked = tuple(
        token.form
        for place, token in enumerate(tokens)
        if place not in used and token.start not in fillers and not is_filler(token.form) and root(token.form) not in known
    )
    return LinkedQuestion(question, tokens, table, columns, values, conditions, unlinked)


def table_words(table: TableInfo) -> frozenset[str]:
    """Return the stems of the words that name a table: of its files, sheets, titles and units; of several, what all have."""
    named = [
        frozenset(
            root(token.form)
            for text in (
                PurePath(source.path).stem.replace("_", " ").replace("-", " "),
                source.stored.sheet,
                source.stored.title,
                source.document_title,
            )
            for token in tokenize(text)
        )
        for source in table.sources
    ]
    units = {root(token.form) for column in table.columns for token in tokenize(column.unit)}
    return frozenset.intersection(*named) | units


# columns


def column_links(tokens: Sequence[QuestionToken], table: TableInfo) -> list[Link]:
    """Return the columns whose header, or a part of it, occurs in a question; for each span of it the best ones."""
    found = [link for column in table.columns for link in header_links(tokens, column)]
    best: list[Link] = []
    for link in sorted(found, key=lambda link: (-(link.end - link.start), -link.score)):
        overlapping = [other for other in best if other.start < link.end and link.start < other.end]
        if not overlapping or all(
            (other.start, other.end, other.score) == (link.start, link.end, link.score) for other in overlapping
        ):
            best.append(link)
    return sorted(best, key=lambda link: link.start)


def header_links(tokens: Sequence[QuestionToken], column: Column) -> Iterator[Link]:
    """Yield the places where the header of a column, or its first or last words, occur in a question."""
    written = [token.form for token in tokens]
    roots = [root(form) for form in written]
    header = [token.form for token in tokenize(split_unit(column.header or column.name.replace("_", " "))[0])]
    header = header or [token.form for token in tokenize(column.name.replace("_", " "))]
    content = [form for form in header if not is_filler(form)] or header
    if not content:
        return
    for wanted, among, score in ((header, written, 1.0), ([root(form) for form in content], roots, 0.95)):
        at = find_run(wanted, among)
        while at >= 0:
            yield Link(LinkKind.COLUMN, column, at, at + len(wanted), score)
            at = find_run(wanted, among, at + 1)
    if len(content) > 1:
        places = [
            place
            for place, form in enumerate(roots)
            if form in {root(each) for each in content} and not is_filler(written[place])
        ]
        matched = {roots[place] for place in places}
        for place in places:
            yield Link(LinkKind.COLUMN, column, place, place + 1, 0.3 + 0.5 * len(matched) / len(content))


# cells


def value_links(tokens: Sequence[QuestionToken], table: TableInfo, connection: TableConnection) -> Iterator[Link]:
    """Yield the cells of text columns that occur in a question: as a whole, or by their distinctive beginning."""
    written = [token.form for token in tokens]
    present = set(written)
    for column in table.columns:
        if column.type is ColumnType.TEXT and not column.is_temporal:
            for value in distinct_values(table, column, connection):
                yield from cell_links(written, present, column, value)


def distinct_values(table: TableInfo, column: Column, connection: TableConnection) -> list[str]:
    """Return the distinct cells of a text column."""
    if column.distinct > MOST_VALUES:
        return []
    name = quoted(column.name)
    rows = connection.run(f"SELECT DISTINCT {name} FROM {quoted(table.name)} WHERE {name} IS NOT NULL", MOST_VALUES).rows
    return [str(row[0]) for row in rows]


def cell_links(written: Sequence[str], present: set[str], column: Column, value: str) -> Iterator[Link]:
    """Yield the place where a cell occurs in a question."""
    cell = [token.form for token in tokenize(value)]
    if not cell or len(cell) > LONGEST_VALUE or (cell[0] not in present and cell[-1] not in present):
        return
    at = find_run(cell, written)
    if at >= 0 and not (
        len(cell) == 1 and (is_filler(cell[0]) or (len(cell[0]) < 2 and not cell[0].isdigit() and cell[0].isascii()))
    ):
        yield equal_link(column, value, at, at + len(cell), 1.0 + 0.01 * len(cell))
        return
    if len(cell) > 1:
        for part, score in ((cell[:-1], 0.7), (cell[1:], 0.65), (cell[:1], 0.45), (cell[-1:], 0.5)):
            content = [form for form in part if not is_filler(form)]
            at = find_run(part, written)
            if at >= 0 and content and len("".join(content)) > 3 - 2 * (not content[0].isascii()) and not part[0].isdigit():
                yield equal_link(column, value, at, at + len(part), score)
                return


def specific(found: Iterable[Link]) -> list[Link]:
    """Return links without those of a part of a cell that as many cells share as make it no name."""
    links = list(found)
    sharing = Counter((link.column.name, link.start, link.end) for link in links if link.score < 1)
    return [link for link in links if link.score >= 1 or sharing[(link.column.name, link.start, link.end)] <= MOST_SHARING]


def in_named_columns(links: Sequence[Link], headers: Sequence[Link]) -> tuple[Link, ...]:
    """Return links; of cells of several columns that fit the same words, those of the column that the question names."""
    named = {link.column.name for link in headers if link.score >= 0.95}
    chosen = {(link.start, link.end) for link in links if link.column.name in named}
    return tuple(link for link in links if (link.start, link.end) not in chosen or link.column.name in named)


def equal_link(column: Column, value: str, start: int, end: int, score: float) -> Link:
    """Return the link to the rows with a cell."""
    return Link(
        LinkKind.VALUE,
        column,
        start,
        end,
        score,
        f"{quoted(column.name)} = {literal(value)}",
        f"{column.header or column.name} is {value}",
        value,
    )


def best_links(found: Iterable[Link]) -> tuple[Link, ...]:
    """Return the longest and best links that do not overlap; cells that fit the same words equally well are all kept."""
    best: list[Link] = []
    for link in sorted(found, key=lambda link: (-(link.end - link.start), -link.score)):
        overlapping = [other for other in best if other.start < link.end and link.start < other.end]
        if not overlapping or all(
            (other.start, other.end, other.score) == (link.start, link.end, link.score) for other in overlapping
        ):
            best.append(link)
    return tuple(sorted(best, key=lambda link: link.start))


# conditions

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


def is_year_column(column: Column) -> bool:
    """Return whether a column of integers holds years."""
    low, high = column.lowest, column.highest
    return column.type is ColumnType.INTEGER and bool(low) and int(Decimal(low)) >= 1000 and int(Decimal(high)) <= 2200


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

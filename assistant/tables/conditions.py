"""Parse the comparisons of a question with numbers as conditions on the nearest fitting column, beside those of its dates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from assistant.datatypes.tables import Column, TableInfo
from assistant.tables.date_conditions import date_conditions
from assistant.tables.links import DISTINCT_PART, Link, LinkKind, is_year_column, nearest, only, token_span
from assistant.tables.number_text import holds_amounts, holds_durations, holds_years_in_text, number_expression
from assistant.tables.tokens import QuestionToken
from assistant.text.number_words import ORDINALS, TEENS, TENS, UNITS

MORE = (
    r"(?:more|greater|larger|higher|bigger|longer|older|later|heavier|taller) (?:than|then|that)|over|above"
    r"|exceed(?:s|ing|ed)?"
    "|超过|大于|高于|多于|以上|晚于"
)
LESS = (
    r"(?:less|fewer|smaller|lower|shorter|younger|earlier|lighter) (?:than|then|that)|under|below"
    r"|低于|小于|少于|不到|以下|早于"
)
LEAST = r"at least|no (?:less|fewer) than|minimum of|不少于|至少|不低于"
MOST = r"at most|no more than|not more than|up to|maximum of|不超过|至多|最多"
DURATION_SCORE = 0.9  # of "more than five minutes" with the only column of durations
ONLY_SCORE = 0.7  # of a comparison with the only column of numbers, which the question does not name
NUMBER_WORDS = {"zero": 0, **UNITS, **TEENS, **TENS}
COMPARISON = re.compile(
    rf"(?:(?P<more>{MORE})|(?P<less>{LESS})|(?P<least>{LEAST})|(?P<most>{MOST}))\s*(?:of |了|a |the )?"
    r"(?:(?:an |a |the )?[a-z]+ of )?"
    rf"[$€£¥￥]?\s*(?P<number>\d[\d,]*(?:\.\d+)?|\b(?:{'|'.join(NUMBER_WORDS)})\b)"
    r"\s*(?P<scale>万|千|k\b|thousand|million|m\b)?",
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
SCALES = {"万": 10_000, "千": 1_000, "k": 1_000, "thousand": 1_000, "million": 1_000_000, "m": 1_000_000}
ORDINAL_WORDS = tuple(ORDINALS)[:10]
PLACED = re.compile(
    rf"\b(?:(?P<digits>\d{{1,3}})(?:st|nd|rd|th)?|(?P<word>{'|'.join(ORDINAL_WORDS)}))[ -](?:place|position|spot|rank)\b"
    r"|\b(?:finish(?:ed|es)?|placed|came|ranked|end(?:ed)? up)(?: in)? "
    rf"(?:(?P<finished>{'|'.join(ORDINAL_WORDS)})|(?P<finished_digits>\d{{1,2}})(?:st|nd|rd|th))\b"
    r"|\b(?:ranked|number|no\.?|rank|#) ?(?P<behind>\d{1,3})\b|第(?P<zh>[一二三四五六七八九十\d]{1,2})名",
    re.I,
)
IN_TOP = re.compile(
    r"\b(?:in|inside|within|among|made|make|reached|reach) (?:the|a) "
    rf"(?P<top>top[ -](?P<number>\d{{1,3}}|{'|'.join(NUMBER_WORDS)}))\b",
    re.I,
)
RANK_SCORE = 0.8
TIME_UNITS = {"second": 1, "minute": 60, "hour": 3600}
TIME_UNIT = re.compile(r"\s*(?P<unit>second|minute|hour)s?\b", re.I)
PERCENT = re.compile(r"\s*(?:%|per ?cent\b)", re.I)
FIRST_YEAR = 1000
RANKS = frozenset("rank position place pos finish placement no number 名次 排名".split())


def condition_links(
    question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link], taken: set[int], today: date
) -> Iterator[Link]:
    """Yield the comparisons of a question with numbers, and its dates, as conditions on the nearest fitting column."""
    busy: list[tuple[int, int]] = [(tokens[place].start, tokens[place].end) for place in sorted(taken)]
    named = [link for link in columns if link.column.is_numeric and not is_year_column(link.column)]
    rules: tuple[Callable[[], Iterator[Link]], ...] = (
        lambda: number_conditions(question, tokens, table, named, busy, only_named=True),
        lambda: date_conditions(question, tokens, table, columns, busy, today),
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
            is_word = pattern is COMPARISON and match["number"].lower() in NUMBER_WORDS
            near = columns_near(columns, tokens, span) if is_word and span else columns
            column = nearest(near, span, fitting_column(question, match))
            score = 1.0
            if column is None and not only_named and not is_word:
                column, score = only(table, lambda column: column.is_numeric), ONLY_SCORE
            if column is None and not only_named and TIME_UNIT.match(question[match.end() :]):
                column, score = only(table, holds_durations), DURATION_SCORE
            if column is None or span is None:
                continue
            name, label = number_expression(column), column.header or column.name
            if pattern is BETWEEN:
                low, high = (number_of(match[group]) for group in ("low", "high"))
                yield Link(
                    LinkKind.CONDITION, column, *span, score, f"{name} BETWEEN {low} AND {high}", f"{label} from {low} to {high}"
                )
                continue
            sign = sign_of({group: text for group, text in match.groupdict().items() if text})
            value = number_of(match["number"]) * SCALES.get((match["scale"] or "").lower(), 1)
            if holds_durations(column):
                value *= seconds_in(question[match.end() :], column)
            compared = f"{sign} {plain(value)}"
            yield Link(LinkKind.CONDITION, column, *span, score, f"{name} {compared}", f"{label} {compared}")


def comparisons_behind(
    question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link], taken: set[int]
) -> list[Link]:
    """Return the comparisons with numbers on columns that are named by words of the same meaning."""
    busy = [(tokens[place].start, tokens[place].end) for place in sorted(taken)]
    return list(number_conditions(question, tokens, table, columns, busy, only_named=True))


def fitting_column(question: str, match: re.Match[str]) -> Callable[[Column], bool]:
    """Return whether a column can be compared with a number: per cent with per cent, and years with years only."""
    is_share = bool(PERCENT.match(question[match.end("number") :])) if "number" in match.groupdict() else False
    group = "number" if "number" in match.groupdict() else "low"
    is_year = number_of(match[group]) >= FIRST_YEAR

    def fits(column: Column) -> bool:
        if is_share and column.unit != "%" and "percent" not in column.name and "%" not in column.header:
            return False
        return holds_amounts(column) and (is_year or not (is_year_column(column) or holds_years_in_text(column)))

    return fits


def seconds_in(behind: str, column: Column) -> int:
    """Return how many seconds the unit has that stands behind a number; minutes if there is none.

    Durations of two parts are read as minutes and seconds; a question that asks for hours shows that they are hours and minutes.
    """
    unit = TIME_UNIT.match(behind)
    if unit and unit["unit"].lower() == "hour" and not any(cell.count(":") > 1 for cell in column.samples):
        return TIME_UNITS["minute"]
    return TIME_UNITS[unit["unit"].lower()] if unit else 60


def columns_near(columns: Sequence[Link], tokens: Sequence[QuestionToken], span: tuple[int, int]) -> list[Link]:
    """Return the columns of a number in words: "more than two wins", "a score of more than ninety"; else it may count rows."""
    return [link for link in columns if is_number_of(link, tokens, span)]


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
    """Return the number in words, or in digits with commas between thousands."""
    return Decimal(NUMBER_WORDS.get(written.lower(), written.replace(",", "")))


def equality_links(
    question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link], taken: set[int]
) -> Iterator[Link]:
    """Yield numbers of a question that stand next to a column of numbers, and its places ("third place"), as conditions."""
    busy = set(taken)
    for condition in (*place_conditions(question, tokens, table, columns), *top_conditions(question, tokens, table, columns)):
        if not busy & set(range(condition.start, condition.end)):
            busy |= set(range(condition.start, condition.end))
            yield condition
    named = [link for link in columns if link.column.is_numeric]
    for place, token in enumerate(tokens):
        number = str(NUMBER_WORDS.get(token.form, "")) or token.form
        if place in busy or not re.fullmatch(r"\d+(?:\.\d+)?", number):
            continue
        near = [link for link in named if -1 <= place - link.end <= 2 or 0 <= link.start - place - 1 <= 1]
        if token.form in NUMBER_WORDS:
            near = [link for link in near if link.score >= DISTINCT_PART and is_number_of(link, tokens, (place, place + 1))]
        if near and Decimal(near[0].column.lowest or 0) <= Decimal(number) <= Decimal(near[0].column.highest or 0):
            yield equal_number(near[0].column, (place, place + 1), number)


def is_number_of(link: Link, tokens: Sequence[QuestionToken], span: tuple[int, int]) -> bool:
    """Return whether a number in words is that of a column: "two wins", "a quantity of zero"."""
    return 0 <= link.start - span[1] <= 1 or (link.end == span[0] - 1 and tokens[link.end].form == "of")


def place_conditions(
    question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link]
) -> Iterator[Link]:
    """Yield the places of a question ("third place") as conditions on the column of ranks."""
    for match in PLACED.finditer(question):
        span, ranks = token_span(tokens, *match.span()), rank_column(table, columns)
        written = next(text for text in match.groups() if text).lower()
        number = ORDINALS.get(written) or (int(written) if written.isdigit() else "零一二三四五六七八九十".find(written))
        if span and ranks:
            yield equal_number(ranks, span, str(number))


def top_conditions(question: str, tokens: Sequence[QuestionToken], table: TableInfo, columns: Sequence[Link]) -> Iterator[Link]:
    """Yield "in the top ten" as a condition on the column of ranks."""
    for match in IN_TOP.finditer(question):
        span, ranks = token_span(tokens, *match.span("top")), rank_column(table, columns)
        if span and ranks:
            number = number_of(match["number"])
            label = ranks.header or ranks.name
            sql = f"{number_expression(ranks)} <= {number}"
            yield Link(LinkKind.CONDITION, ranks, *span, RANK_SCORE, sql, f"{label} <= {number}")


def rank_column(table: TableInfo, columns: Sequence[Link]) -> Column | None:
    """Return the column of ranks, one that the question names first; None if there is none."""
    ranks = [column for column in table.columns if holds_amounts(column) and RANKS & set(column.name.split("_"))]
    named = [link.column for link in columns if link.column in ranks]
    return next(iter([*named, *ranks]), None)


def equal_number(column: Column, span: tuple[int, int], number: str) -> Link:
    """Return the condition that a column has a number."""
    label = column.header or column.name
    return Link(LinkKind.CONDITION, column, *span, 0.8, f"{number_expression(column)} = {number}", f"{label} is {number}")

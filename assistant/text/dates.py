"""Parse the dates in English and Chinese text: days, months, quarters and, on request, years.

Supported are 2027-12-31, 31.12.2027, 31/12/2027, 31 December 2027, Dec 31, 2027, 3-5 May, December 2027, Q4 2027, 2027年12月31日,
二〇二七年十二月三十一日, 2027年第四季度, and month names alone if unambiguous ("in May", but not "may").
In 3/5/2027 and 3.5.2027 either number may be the month: such a date has two readings, the day-first one first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assistant.text import chinese_numerals

MONTHS = "january february march april may june july august september october november december".split()
MONTH_NUMBERS = {name[:3]: number for number, name in enumerate(MONTHS, 1)}
NAMES = "|".join(name.title() for name in MONTHS)
UNMISTAKABLE = NAMES.replace("March|", "").replace("May|", "")
SHORT = "(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)(?![A-Za-z])"
# in lower case, may, march and mar are ordinary words
ANY_CASE = rf"(?i:{'|'.join([*UNMISTAKABLE.split('|')])}|(?:jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec)(?![a-z]))"
MONTH = rf"(?P<month>{ANY_CASE}|(?:March|May|Mar|MARCH|MAY|MAR)(?![a-z]))(?:\.(?=,?\s*\d))?"
MONTH_IN_LOWER_CASE = r"(?P<month>may|march)"
YEAR = r"(?P<year>\d{4})(?!\d)"
DAY = r"(?<!\d)(?<!\d[.,:])(?P<day>\d{1,2})(?:st|nd|rd|th)?"
FIRST = r"(?<!\d)(?<!\d[.,:])(?P<first>\d{1,2})(?:st|nd|rd|th)?"
DIGIT = "[〇零一二三四五六七八九十廿卅]"
BEFORE_MONTH = "in|by|until|before|after|since|during|from|to|through|about|for|of|and|or|last|next|this|early|mid|late"
MONTH_LENGTHS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # in days; 0 for no month
PARTS = {"year": "year", "before": "year", "month": "month", "lower": "month", "number": "month"}  # by the groups below
QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "一": 1, "二": 2, "三": 3, "四": 4}

# (expression that a text must match, patterns that are then tried)
PATTERNS = tuple((re.compile(needed), tuple(re.compile(pattern) for pattern in patterns)) for needed, *patterns in (
    (r"\d[-/.]\d",
     r"(?<![\d.-])(?P<year>\d{4})(?P<mark>[-/.])(?P<number>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?![\d-])",
     r"(?<![\d./-])(?P<day>\d{1,2})(?P<mark>[-/.])(?P<number>\d{1,2})(?P=mark)(?P<year>\d{4})(?![\d-])(?!\.\d)",
     r"(?<![\d./-])(?P<day>\d{1,2})/(?P<number>\d{1,2})/(?P<year>\d{2})(?![\d/])",
     r"(?<![\d./-])(?P<day>\d\d)\.(?P<number>\d\d)\.(?P<year>\d{2})(?![\d.])"),
    ("月",
     rf"(?:(?<!\d)(?P<year>\d{{3,4}}|{DIGIT}{{4}})\s?年\s?)?(?<![\d一二三四五六七八九十])(?P<number>\d{{1,2}}|{DIGIT}{{1,3}})\s?月份?"
     rf"(?:\s?(?P<day>\d{{1,2}}|{DIGIT}{{1,3}})\s?[日号])?"),
    ("季度",
     rf"(?:(?<!\d)(?P<year>\d{{4}}|{DIGIT}{{4}})\s?年\s?)?第?(?P<quarter>[一二三四1-4])季度"),
    (f"(?i:{'|'.join(MONTH_NUMBERS)})",
     rf"(?:{FIRST}(?:\s+(?:and|to|or)\s+|\s?[-–]\s?))?{DAY}\s+(?:of\s+)?{MONTH}(?![A-Za-z])(?:,?\s+{YEAR})?",
     rf"{DAY}\s+(?:of\s+)?{MONTH_IN_LOWER_CASE},?\s+{YEAR}",
     rf"\b(?:on|by|until|before|since|from|to|after)\s+(?P<whole>{DAY}\s+{MONTH_IN_LOWER_CASE})\b",
     rf"\b{MONTH}\s+(?P<first>\d{{1,2}})(?:st|nd|rd|th)?\s?[-–]\s?(?P<day>\d{{1,2}})(?![\d:.])(?:,?\s+{YEAR})?",
     rf"\b{MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|:|[.,]\d)(?:,?\s+{YEAR})?",
     rf"\b(?:{MONTH}|{MONTH_IN_LOWER_CASE.replace('month', 'lower')}),?\s+(?:of\s+)?{YEAR}",
     rf"\b(?P<month>{UNMISTAKABLE})\b|\b(?i:{BEFORE_MONTH})[\s-](?P<whole>(?P<lower>March|May))\b(?!\s+I\b)"),
    (r"Q[1-4]|(?i:\bquarter)",
     rf"\bQ(?P<quarter>[1-4])\b(?:[\s/,-]{{0,2}}{YEAR})?|(?<!\d)(?P<before>\d{{4}})[\s/-]?Q(?P<its>[1-4])\b",
     rf"\b(?i:(?P<quarter>first|second|third|fourth)\s+quarter)\b(?:\s+(?:of\s+)?{YEAR})?"),
))
YEARS = re.compile(r"(?<![\d.,/-])(?P<year>(?:1[5-9]|20)\d\d)(?:\s?年度?|(?![\dA-Za-z-]|[.,]\d))"
                   r"|(?P<zh>[一二][〇零一二三四五六七八九]{3})年度?|(?<!\d)(?P<any>\d{4})\s?年度?")


@dataclass(frozen=True, slots=True)
class Day:
    """One reading of a date. Missing parts are 0: 5 May has no year, May 2027 no day, Q4 no month."""

    year: int = 0
    month: int = 0
    day: int = 0
    quarter: int = 0


@dataclass(frozen=True, slots=True)
class Date:
    """A date at text[start:end] with its possible readings; `first_day` is the first of several days of a month (3-5 May).

    `places` are the spans of its year and its month if they are written apart.
    """

    start: int
    end: int
    readings: tuple[Day, ...]
    first_day: int = 0
    places: tuple[tuple[str, int, int], ...] = ()

    @property
    def has_day(self) -> bool:
        """Whether the date is a day of a month."""
        return self.readings[0].day > 0


def dates(text: str, years: bool = False) -> list[Date]:
    """Return the dates of a text in order; with `years` also years alone (1500 to 2099, and any before 年)."""
    found: list[Date] = []
    patterns = [pattern for needed, group in PATTERNS if needed.search(text) for pattern in group]
    for pattern in (*patterns, YEARS) if years else patterns:
        for match in pattern.finditer(text):
            found += [date for date in parse_match(match)
                      if all(date.end <= known.start or known.end <= date.start for known in found)]
    return sorted(found, key=lambda date: date.start)


def parse_match(match: re.Match[str]) -> Iterator[Date]:
    """Yield the date of a pattern match, if it is a possible date."""
    groups = {name: written for name, written in match.groupdict().items() if written}
    readings = tuple(day for day in date_readings(groups) if is_possible(day))
    if readings:
        start, end = match.span("whole") if "whole" in groups else match.span()
        if "first" in groups and not 1 <= int(groups["first"]) <= 31:
            start = match.start("day")
        spans = tuple((part, *match.span(name)) for name, part in PARTS.items() if name in groups)
        yield Date(start, end, readings, int(groups.get("first", 0)), spans)


def date_readings(groups: Mapping[str, str]) -> Iterator[Day]:
    """Yield the possible readings of a match's groups."""
    year = parse_year(next((groups[name] for name in ("year", "before", "zh", "any") if name in groups), "0"))
    if quarter := groups.get("quarter") or groups.get("its"):
        yield Day(year, quarter=QUARTERS.get(quarter.lower()) or int(quarter))
        return
    name = groups.get("month") or groups.get("lower")
    month = MONTH_NUMBERS[name.lower()[:3]] if name else parse_figure(groups.get("number", "0"))
    day = parse_figure(groups.get("day", "0"))
    yield Day(year, month, day)
    if "mark" in groups or len(groups.get("year", "")) == 2:
        year_first = next(iter(groups)) == "year"
        yield from () if year_first or day == month else (Day(year, day, month),)


def is_possible(day: Day) -> bool:
    """Return whether the day, month, quarter or year exists."""
    if day.month > 12 or day.day > MONTH_LENGTHS[day.month]:
        return False
    return day.month > 0 or day.quarter > 0 or day.year > 0


def parse_figure(written: str) -> int:
    """Return the value of digits or of a Chinese numeral; 99, which is never valid, if it is no number."""
    if written[0].isdigit():
        return int(written)
    return int(next(iter(chinese_numerals.numeral_value(written)), 99))


def parse_year(written: str) -> int:
    """Return the year; two digits from 69 to 99 belong to the last century (POSIX)."""
    year = parse_figure(written)
    return year if len(written) != 2 else year + (1900 if year > 68 else 2000)

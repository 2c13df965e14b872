"""Parse dates that are told from today: yesterday, this week, last month, the last 30 days, 去年, and days of the week."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

PERIOD = re.compile(
    r"(?<!\bthe )(?<!\bthe very )\b(?P<which>this|current|last|previous|past|next) (?P<period>week|month|quarter|year)\b"
    r"|(?P<day>\b(?:today|yesterday)\b|今天|昨天)"
    r"|(?P<zh>本|这个?|上个?|下个?|去|今|明)(?P<unit>(?:周|星期)(?![一二三四五六日天])|月|季度|年)",
    re.I,
)
DAYS = re.compile(r"\b(?:last|past) (?P<count>\d{1,3}) days\b|(?:最近|过去|近)(?P<zh>\d{1,3})天", re.I)
WEEKDAY = re.compile(
    r"\b(?P<which>last |this )?(?P<name>monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?\b"
    r"|(?P<zhwhich>上|本|这)?个?(?:周|星期|礼拜)(?P<zh>[一二三四五六日天])",
    re.I,
)
UNITS = {"周": "week", "星期": "week", "月": "month", "季度": "quarter", "年": "year"}
STEPS = {
    **dict.fromkeys(["this", "current", "本", "这", "今"], 0),
    **dict.fromkeys(["last", "previous", "past", "上", "去"], -1),
    **dict.fromkeys(["next", "下", "明"], 1),
}
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class RelativeDate:
    """A date told from today at text[start:end]: the days from `first` up to but not including `end_day`.

    weekday: 1 (Monday) to 7 for a day of any week, else 0; then the days mean nothing
    """

    start: int
    end: int
    first: date
    end_day: date
    weekday: int = 0


def relative_dates(text: str, today: date) -> Iterator[RelativeDate]:
    """Yield the dates of a text that are told from today."""
    for match in PERIOD.finditer(text):
        if match["day"]:
            day = today - timedelta(days=match["day"].lower() in {"yesterday", "昨天"})
            yield RelativeDate(*match.span(), day, day + timedelta(days=1))
            continue
        step = STEPS[match["which"].lower() if match["which"] else match["zh"][0]]
        unit = match["period"].lower() if match["period"] else UNITS[match["unit"]]
        yield RelativeDate(*match.span(), *period(today, unit, step))
    for match in DAYS.finditer(text):
        count = int(match["count"] or match["zh"])
        yield RelativeDate(*match.span(), today - timedelta(days=count - 1), today + timedelta(days=1))
    for match in WEEKDAY.finditer(text):
        yield weekday_date(match, today)


def period(today: date, unit: str, step: int) -> tuple[date, date]:
    """Return the first day of this week, month, quarter or year, moved by some steps, and the day after its last."""
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
        return monday, monday + timedelta(weeks=1)
    length = MONTHS_OF[unit]
    first = (today.year * 12 + today.month - 1) // length * length + step * length
    return month_start(first), month_start(first + length)


def month_start(months: int) -> date:
    """Return the first day of a month, counted from the year 0."""
    return date(months // 12, months % 12 + 1, 1)


def weekday_date(match: re.Match[str], today: date) -> RelativeDate:
    """Return a day of the week: of any week, or the one of this or of the last week."""
    number = WEEKDAYS.index(match["name"].lower()) + 1 if match["name"] else min("一二三四五六日天".index(match["zh"]) + 1, 7)
    which = (match["which"] or "").strip().lower() or match["zhwhich"] or ""
    if not which:
        return RelativeDate(*match.span(), today, today, number)
    monday = period(today, "week", STEPS[which])[0]
    day = monday + timedelta(days=number - 1)
    if match["name"] and which == "last":  # the last such day before today
        day = today - timedelta(days=(today.isoweekday() - number - 1) % 7 + 1)
    return RelativeDate(*match.span(), day, day + timedelta(days=1))

"""Dates are read back whichever way people write them; ordinary words are not dates."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.dates import MONTHS, Date, Day, dates

DAYS = st.dates(datetime.date(1000, 1, 1), datetime.date(2999, 12, 31))
DIGITS = "〇一二三四五六七八九"


def only(text: str) -> Date:
    """Return the one date that a text is."""
    (date,) = dates(text)
    assert text[date.start : date.end] == text
    return date


def small(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else DIGITS[tens]) + ("十" if tens else "") + (DIGITS[ones] if ones else "")


@given(DAYS)
def test_days(day: datetime.date) -> None:
    month, name = day.month, MONTHS[day.month - 1].title()
    year = "".join(DIGITS[int(figure)] for figure in f"{day.year}")
    short = f"{name[:3]}{'.' if len(name) > 3 else ''}"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10 if day.day // 10 != 1 else 0, "th")
    for text in (
        day.isoformat(), f"{day.year}/{month}/{day.day}", f"{day.year}.{month:02}.{day.day:02}",
        f"{day.day} {name} {day.year}", f"{day.day}{ending} {name} {day.year}", f"{day.day}{ending} of {name}, {day.year}",
        f"{name} {day.day}, {day.year}", f"{short} {day.day}, {day.year}", f"{name} {day.day}{ending} {day.year}",
        f"{day.day} {short} {day.year}", f"{day.year}年{month}月{day.day}日", f"{day.year} 年 {month} 月 {day.day} 号",
        f"{year}年{small(month)}月{small(day.day)}日",
    ):
        assert only(text).readings == (Day(day.year, month, day.day),)


@given(DAYS, st.sampled_from(["/", ".", "-"]))
def test_days_with_the_month_in_figures_have_each_reading_that_is_possible(day: datetime.date, mark: str) -> None:
    date = only(f"{day.day}{mark}{day.month}{mark}{day.year}")
    assert date.readings[0] == Day(day.year, day.month, day.day)
    swapped = Day(day.year, day.day, day.month)
    assert set(date.readings[1:]) == ({swapped} - {date.readings[0]} if day.day <= 12 else set())
    assert Day(day.year, day.month, day.day) in only(f"{day.month}{mark}{day.day}{mark}{day.year}").readings


@given(DAYS)
def test_months_and_quarters(day: datetime.date) -> None:
    name, quarter = MONTHS[day.month - 1].title(), (day.month + 2) // 3
    for text in (f"{name} {day.year}", f"{name}, {day.year}", f"{name} of {day.year}", f"{day.year}年{day.month}月"):
        assert only(text).readings == (Day(day.year, day.month),)
    word = ["first", "second", "third", "fourth"][quarter - 1]
    for text in (f"Q{quarter} {day.year}", f"{day.year} Q{quarter}", f"{word} quarter of {day.year}",
                 f"{day.year}年第{DIGITS[quarter]}季度"):
        assert only(text).readings == (Day(day.year, quarter=quarter),)


@pytest.mark.parametrize(("text", "found"), [
    ("5 May", Day(0, 5, 5)), ("in May", Day(0, 5)), ("the June report", Day(0, 6)), ("三月一日", Day(0, 3, 1)),
    ("on 5 may", Day(0, 5, 5)),
    ("12.03.24", Day(2024, 3, 12)), ("1/2/70", Day(1970, 2, 1)), ("十二月份", Day(0, 12)), ("3 may 2021", Day(2021, 5, 3)),
])
def test_shorter_forms(text: str, found: Day) -> None:
    (date,) = dates(text)
    assert date.readings[0] == found


def test_several_days_of_a_month_are_one_date() -> None:
    for text in ("3-5 May 2021", "3 and 5 May 2021", "May 3–5, 2021"):
        assert (only(text).first_day, only(text).readings) == (3, (Day(2021, 5, 5),))


def test_years_alone_on_request() -> None:
    assert dates("in 2010 and 1886年") == []
    assert [date.readings for date in dates("in 2010 and 1886年, 12,000", years=True)] == [(Day(2010),), (Day(1886),)]


@pytest.mark.parametrize("text", [
    "you may go", "may 5 people come", "May I?", "march on", "the 12 may apply", "三个月", "2020-02-30", "13/13/2020", "1.2.3.4",
    "1.2.10", "3/5", "二十月", "192.168.1.20", "10-20-30",
])
def test_what_is_no_date(text: str) -> None:
    assert dates(text) == []


@given(st.text(alphabet=st.sampled_from("0123456789./-, 年月日号第季度一二三十MayDecofthQ"), max_size=40))
def test_no_text_raises(text: str) -> None:
    for date in dates(text, years=True):
        assert date.readings
        assert 0 <= date.start < date.end <= len(text)

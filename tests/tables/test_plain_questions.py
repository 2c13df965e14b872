"""Questions in everyday words that name no column: what was spent, worked, owed, left; overdue; last month; on Monday."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assistant.datatypes.tables import TableInfo
from assistant.tables.answer_text import ComputedAnswer
from assistant.tables.answering import compute, understand
from assistant.tables.connection import TableConnection
from assistant.tables.relative_dates import relative_dates
from assistant.text.calculations import recognize_intent
from tests.tables.helpers import opened, values_of

TODAY = date(2026, 11, 28)  # a Saturday
COSTS = (
    "Date;Kind;Amount;Paid to;City",
    "2026-09-07;Fuel;80.50 €;Shell;Bonn",
    "2026-10-05;Fuel;70.25 €;Shell;Kiel",
    "2026-10-13;Rent;900.00 €;Moor Estates;Bonn",
    "2026-11-02;Stamps;12.00 €;Post;Bonn",
    "2026-11-03;Fuel;65.00 €;Aral;Kiel",
    ";Total;1127.75 €;;",
)
BILLS = (
    "Bill;Client;Sent on;Due;Sum (EUR);State",
    "B1;Ost AG;2026-08-03;2026-09-03;100;paid",
    "B2;Ost AG;2026-09-04;2026-10-04;250;open",
    "B3;Sued KG;2026-10-05;2026-11-05;75;open",
    "B4;Sued KG;2026-10-20;2026-12-20;40;open",
    "B5;West SE;2026-10-21;2026-11-21;60;paid",
)
HOURS = (
    "Date;Employee;Project;Activity;Hours",
    "2026-11-16;Ada Long;Tower;Drawing;4",
    "2026-11-17;Ada Long;Bridge;Meeting;2.5",
    "2026-11-16;Ben Moor;Bridge;Drawing;6",
    "2026-11-18;Ben Moor;Tower;Survey;7",
)
RATES = ("Person;Role;Rate per hour (GBP)", "Ada Long;Partner;310", "Ben Moor;Associate;210", "Cy Park;Associate;215")
STORE = (
    "Article;Shelf;Quantity;Unit price",
    "Bolt;A;400;0.2",
    "Drill;B;3;89",
    "Drill;C;4;89",
    "Saw;B;0;45",
)
MONTHS = ("Month;Shop;Units;Revenue (EUR)", "May;Kiel;10;500", "May;Bonn;20;700", "June;Kiel;95;300", "June;Bonn;40;650")
ORDERS = (
    "order;date;customer;region;product;amount",
    *(f"O{number:03};2026-{1 + number % 12:02}-11;Customer {number % 7};{region};Product {number % 5};{number * 3.7:.2f}"
      for number, region in enumerate(("North", "South", "East", "West") * 6, 1)),
)
COSTS_ZH = (
    "日期;类别;金额;供应商;部门",
    "2026-09-07;差旅;800;携程;市场部",
    "2026-10-05;软件;1200;用友;研发部",
    "2026-10-09;差旅;300;南航;市场部",
)


def asked(question: str, table: TableInfo, connection: TableConnection) -> ComputedAnswer:
    intent = recognize_intent(question)
    assert intent is not None
    return compute(understand(question, intent, table, connection, today=TODAY), connection, None)


@pytest.mark.parametrize(
    ("name", "rows", "question", "values"),
    [
        ("costs", COSTS, "How much did we spend on fuel?", ("215.75",)),
        ("costs", COSTS, "How much did we pay Shell in October 2026?", ("70.25",)),
        ("costs", COSTS, "How much was spent last month?", ("970.25",)),
        ("costs", COSTS, "What did we spend in total?", ("1127.75",)),
        ("costs", COSTS, "Which kind did we spend the most on?", ("Rent",)),
        ("costs", COSTS, "How much did we spend per kind?", ("Rent", "Fuel", "Stamps")),
        ("orders", ORDERS, "What is the total amount per region?", ("North", "South", "East", "West")),
        ("bills", BILLS, "How many bills are overdue?", ("2",)),
        ("bills", BILLS, "Which bills are overdue?", ("B2", "B3")),
        ("bills", BILLS, "How much is still unpaid?", ("365",)),
        ("bills", BILLS, "How much does Sued KG owe us?", ("115",)),
        ("bills", BILLS, "Which clients have not paid yet?", ("Ost AG", "Sued KG")),
        ("bills", BILLS, "How much did we bill in October 2026?", ("175",)),
        ("bills", BILLS, "Who is our biggest client?", ("Ost AG",)),
        ("hours", HOURS, "How long did Ada work on Bridge?", ("2.5",)),
        ("hours", HOURS, "Who worked the most?", ("Ben Moor",)),
        ("hours", HOURS, "Which activity took the most time?", ("Drawing",)),
        ("hours", HOURS, "Who worked on Tower?", ("Ada Long", "Ben Moor")),
        ("store", STORE, "How many drills are left?", ("7",)),
        ("store", STORE, "How many drills do we have?", ("7",)),
        ("store", STORE, "Which articles are out of stock?", ("Saw",)),
        ("store", STORE, "What is the most expensive article?", ("Drill",)),
        ("rates", RATES, "Who has the highest rate per hour?", ("Ada Long",)),
        ("rates", RATES, "Who charges the most an hour?", ("Ada Long",)),
        ("rates", RATES, "What is the average rate per hour of the associates?", ("212.5",)),
        ("费用", COSTS_ZH, "上个月花了多少钱？", ("1500",)),
        ("费用", COSTS_ZH, "市场部今年一共花了多少？", ("1100",)),
        ("费用", COSTS_ZH, "哪个部门花钱最多？", ("研发部",)),
        ("费用", COSTS_ZH, "市场部的差旅一共是多少？", ("1100",)),
        ("费用", COSTS_ZH, "差旅总共多少？", ("1100",)),
        ("费用", COSTS_ZH, "差旅的合计是多少？", ("1100",)),
    ],
)
def test_the_measure_and_the_condition_are_implied(
    name: str, rows: tuple[str, ...], question: str, values: tuple[str, ...], tmp_path: Path
) -> None:
    with opened(tmp_path, **{name: rows}) as (tables, connection):
        assert sorted(values_of(asked(question, tables[name], connection))) == sorted(values)


@pytest.mark.parametrize(
    ("name", "rows", "question", "both"),
    [
        ("sales", MONTHS, "How much did we sell in May?", ("30", "1,200 EUR")),
        ("sales", MONTHS, "Which shop sold the most?", ("Kiel (105)", "Bonn (1,350 EUR)")),
        ("hours", HOURS, "What did the team work on on Monday?", ("- Bridge", "Drawing.")),
        ("费用", COSTS_ZH, "哪个供应商最贵？", ("用友", "用友")),
    ],
)
def test_two_measures_that_are_meant_equally_are_both_shown(
    name: str, rows: tuple[str, ...], question: str, both: tuple[str, str], tmp_path: Path
) -> None:
    with opened(tmp_path, **{name: rows}) as (tables, connection):
        text = asked(question, tables[name], connection).text
    assert all(each in text for each in both), text


@pytest.mark.parametrize(
    ("name", "rows", "question"),
    [
        ("costs", COSTS, "How much did we spend on taxis?"),
        ("costs", COSTS, "How much did we pay Shell for washing?"),
        ("costs", COSTS, "How much did we earn in October 2026?"),
        ("costs", COSTS, "How much did Siemens cost us in Bonn?"),
        ("costs", COSTS, "How many amounts are overdue?"),
        ("bills", BILLS, "How many overdue bills does Siemens have?"),
        ("bills", BILLS, "How many bills are disputed?"),
        ("bills", BILLS, "How much did we spend in October 2026?"),
        ("hours", HOURS, "How much did we spend on Tower?"),
        ("hours", HOURS, "How many days did Ada work?"),
        ("hours", HOURS, "What is the average hourly rate?"),
        ("rates", RATES, "How many hours did Ben Moor work?"),
        ("rates", RATES, "How many hours are there in total?"),
        ("store", STORE, "How many drills did we sell?"),
        ("store", STORE, "How many drills are broken?"),
        ("store", STORE, "How much do the drills cost?"),
        ("sales", MONTHS, "How many customers did we have in May?"),
        ("费用", COSTS_ZH, "王伟花了多少钱？"),
        ("费用", COSTS_ZH, "差旅花了多少天？"),
        ("费用", COSTS_ZH, "培训一共是多少？"),
    ],
)
def test_what_the_table_does_not_tell_is_refused(name: str, rows: tuple[str, ...], question: str, tmp_path: Path) -> None:
    with opened(tmp_path, **{name: rows}) as (tables, connection):
        answer = asked(question, tables[name], connection)
    assert answer.computation is None, answer.text


def test_a_reading_without_a_cell_that_the_question_names_is_not_shown_beside_one_with_it(tmp_path: Path) -> None:
    with opened(tmp_path, hours=HOURS) as (tables, connection):
        text = asked("How much time did Ben spend on drawing?", tables["hours"], connection).text
    assert text.splitlines()[0].endswith(": 6.")


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("yesterday", date(2026, 11, 27), date(2026, 11, 28)),
        ("this week", date(2026, 11, 23), date(2026, 11, 30)),
        ("last month", date(2026, 10, 1), date(2026, 11, 1)),
        ("last quarter", date(2026, 7, 1), date(2026, 10, 1)),
        ("next year", date(2027, 1, 1), date(2028, 1, 1)),
        ("the past 7 days", date(2026, 11, 22), date(2026, 11, 29)),
        ("last Saturday", date(2026, 11, 21), date(2026, 11, 22)),
        ("last Friday", date(2026, 11, 27), date(2026, 11, 28)),
        ("去年", date(2025, 1, 1), date(2026, 1, 1)),
        ("上个月", date(2026, 10, 1), date(2026, 11, 1)),
        ("上周三", date(2026, 11, 18), date(2026, 11, 19)),
        ("最近30天", date(2026, 10, 30), date(2026, 11, 29)),
    ],
)
def test_relative_dates(text: str, first: date, end: date) -> None:
    assert [(found.first, found.end_day) for found in relative_dates(text, TODAY)] == [(first, end)]


@pytest.mark.parametrize("text", ["the last year", "in the last month of the season", "在上面", "三月", "本人"])
def test_no_relative_date(text: str) -> None:
    assert list(relative_dates(text, TODAY)) == []

"""Conditions and readings that the words of a question mean, over tables of business kind."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assistant.datatypes.tables import TableInfo
from assistant.tables.answering import solutions, understand
from assistant.tables.connection import TableConnection
from assistant.tables.linking import link_question
from assistant.tables.solutions import TableQuestion
from assistant.text.calculations import recognize_intent
from tests.tables.helpers import answered, opened, values_of

STAFF = (
    "Name;Gender;Age;City;Manager;Nickname;Sick days",
    "Ann Reed;F;28;Bern;Olsen;Annie;0",
    "Bo Lind;M;41;Oslo;Olsen;;4",
    "Cy Park;M;24;Bern;Weiss;CP;2",
    "Di Moss;F;35;Turku;Weiss;;0",
    "Ed Falk;M;52;Oslo;Weiss;Eddie;7",
)
ORDERS = (
    "Order;Customer;Country;Placed;Amount",
    "A-1;Brandt;Germany;2023-10-04;120",
    "A-2;Visser;Netherlands;2024-03-11;80",
    "A-3;Brandt;Germany;2024-10-20;400",
    "A-4;Jansen;Netherlands;2022-01-09;60",
    "A-5;Brandt;Germany;2024-11-02;90",
    "A-6;Visser;Netherlands;2024-12-24;75",
)
CALLS = ("Caller;Agent;Length", "Brandt;Ann;4:31", "Visser;Bo;12:05", "Jansen;Ann;9:40", "Moor;Cy;0:58")
RANKING = ("Rank;Supplier;Score", "1;Acme;98", "2;Borg;91", "3;Cobalt;90", "4;Delta;70", "5;Essex;64")
TRIPS = ("Driver;Length", "Ann;7:30", "Bo;9:15", "Cy;10:45")
PLANTS = ("Plant;Certificate;Staff", "Kiel;yes;40", "Bonn;no;0", "Ulm;;25", "Graz;no;60")
DEPARTMENTS = ("Department;Head;Staff", "IT;Reed;12", "HR;Lind;4", "US;Park;30")
LEASES = ("Building;Tenant;From;Until", "North;Brandt;2003;2011", "South;Visser;2008;2021", "West;Jansen;2015;2017")


def conditions(question: str, lines: tuple[str, ...], folder: Path) -> list[str]:
    """Return the conditions that a question is linked to over one table."""
    with opened(folder, facts=lines) as (tables, connection):
        linked = link_question(question, tables["facts"], connection, (), date(2024, 12, 31))
        return [link.sql for link in (*linked.conditions, *linked.values)]


@pytest.mark.parametrize(
    ("question", "lines", "condition"),
    [
        ("How many employees have no nickname?", STAFF, '"nickname" IS NULL'),
        ("Who had no sick days?", STAFF, '"sick_days" IS NULL OR "sick_days" = 0'),
        ("How many employees are under the age of 30?", STAFF, '"age" < 30'),
        ("Who had more than three sick days?", STAFF, '"sick_days" > 3'),
        ("How many orders were placed in october?", ORDERS, 'month("placed") = 10'),
        ("How many suppliers are in the top three?", RANKING, '"rank" <= 3'),
        ("Which tenant finished second?", RANKING, '"rank" = 2'),
        ("Which suppliers have a score of more than eighty?", RANKING, '"score" > 80'),
        ("Which plants have a staff of zero?", PLANTS, '"staff" = 0'),
        ("How many trips took more than nine hours?", TRIPS, "> 540"),
        ("How many plants have no certificate?", PLANTS, "lower(\"certificate\") IN ('false', 'no', 'none', '否', '无')"),
        ("How many people work in IT?", DEPARTMENTS, "\"department\" = 'IT'"),
    ],
)
def test_words_mean_a_condition(question: str, lines: tuple[str, ...], condition: str, tmp_path: Path) -> None:
    assert any(condition in sql for sql in conditions(question, lines, tmp_path))


@pytest.mark.parametrize("question", ["How much staff does it have?", "How much staff do I give us?"])
def test_a_pronoun_is_no_cell(question: str, tmp_path: Path) -> None:
    assert not conditions(question, DEPARTMENTS, tmp_path)


@pytest.mark.parametrize(
    "question",
    ["What is the total length?", "What is the average length?", "What is the difference in length between Ann and Bo?"],
)
def test_durations_are_not_added_up_without_a_unit(question: str, tmp_path: Path) -> None:
    with opened(tmp_path, facts=TRIPS) as (tables, connection):
        assert answered(question, tables["facts"], connection).computation is None


def test_a_number_of_people_is_no_condition_on_a_column_of_years(tmp_path: Path) -> None:
    assert not conditions("Which leases have at least two tenants?", LEASES, tmp_path)


@pytest.mark.parametrize(
    ("question", "lines", "value"),
    [
        ("How many female employees are there?", STAFF, "2"),
        ("How many employees have no nickname?", STAFF, "2"),
        ("How many orders came from dutch customers?", ORDERS, "3"),
        ("How many orders were placed in october?", ORDERS, "2"),
        ("Which customers placed more than two orders?", ORDERS, "Brandt"),
        ("In which year did Jansen place the last order?", ORDERS, "2022"),
        ("How many calls lasted more than five minutes?", CALLS, "2"),
        ("How many years did Visser stay?", LEASES, "13"),
    ],
)
def test_words_decide_the_answer(question: str, lines: tuple[str, ...], value: str, tmp_path: Path) -> None:
    with opened(tmp_path, facts=lines) as (tables, connection):
        assert str(values_found(question, tables["facts"], connection)[0]) == value


def values_found(question: str, table: TableInfo, connection: TableConnection) -> list[object]:
    """Return the first value of each reading of a question, the likeliest first."""
    return [each.result.rows[0][0] for each in solutions(read(question, table, connection), connection)]


def read(question: str, table: TableInfo, connection: TableConnection) -> TableQuestion:
    """Read a question over a table."""
    intent = recognize_intent(question)
    assert intent is not None
    return understand(question, intent, table, connection)


def test_what_comes_next_is_told_by_the_date_and_not_by_the_order_of_the_file(tmp_path: Path) -> None:
    with opened(tmp_path, facts=ORDERS) as (tables, connection):
        readings = read("Which order was placed after A-4?", tables["facts"], connection).readings
    assert any('"placed" >' in each.sql for each in readings)


def test_the_same_text_in_another_column_is_compared(tmp_path: Path) -> None:
    with opened(tmp_path, facts=STAFF) as (tables, connection):
        assert "Bo Lind" in values_found("Who has the same manager as Ann Reed?", tables["facts"], connection)


def test_a_phrase_in_longer_cells_is_a_condition(tmp_path: Path) -> None:
    lines = (
        "Flight;Carrier",
        "AC-1;Operated by Air Canada Express",
        "S-2;Operated by Sun Air",
        "AC-3;Air Canada Express and others",
    )
    with opened(tmp_path, facts=lines) as (tables, connection):
        assert values_found("How many flights did Air Canada operate?", tables["facts"], connection)[0] == 2


def test_a_total_on_the_first_row_is_left_out_although_its_numbers_are_texts(tmp_path: Path) -> None:
    lines = ("Region;Area;Staff", "Total;90 ha;60", "North;50 ha;20", "South;30 ha;25", "West;10 ha;15")
    with opened(tmp_path, facts=lines) as (tables, connection):
        assert tables["facts"].totals == 1
        assert values_of(answered("Which region has the most staff?", tables["facts"], connection)) == ("South",)


def test_the_longest_duration_is_given_as_it_is_written(tmp_path: Path) -> None:
    with opened(tmp_path, facts=CALLS) as (tables, connection):
        assert "12:05" in values_found("What is the length of the longest call?", tables["facts"], connection)


def test_a_reading_without_a_whole_cell_that_the_question_names_is_less_likely(tmp_path: Path) -> None:
    with opened(tmp_path, facts=ORDERS) as (tables, connection):
        assert values_found("What is the total amount of Brandt?", tables["facts"], connection)[0] == 610


def test_the_largest_value_and_the_row_with_it_are_two_answers(tmp_path: Path) -> None:
    with opened(tmp_path, facts=ORDERS) as (tables, connection):
        found = values_found("What is the highest amount among the orders?", tables["facts"], connection)
    assert {400, "A-3"} <= set(found)


def test_a_header_with_an_abbreviation_is_named_in_full(tmp_path: Path) -> None:
    lines = ("Day;Temp. (°C);Wind", "Monday;20;17", "Tuesday;18;25", "Friday;23;12")
    assert conditions("How many days had a temperature above 19?", lines, tmp_path) == ['"temp" > 19']

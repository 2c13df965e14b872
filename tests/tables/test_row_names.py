"""Questions for the number of rows of a table that is called after them."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.tables.row_names import counted_rows
from tests.tables.helpers import answered, opened, values_of

STAFF = ("Name;Department;Salary (EUR)", "Ana;Sales;52000", "Bo;Support;41500", "Chen;Sales;60250")


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How many staff members do we have?", "staff"),
        ("How many employees do we have?", "staff-list 2026"),
        ("How many staff work here?", "employees"),
        ("What is the number of clients?", "customers"),
        ("How many of them are there?", ""),
        ("How many staff cars do we have?", ""),
        ("How many staff members have a car?", ""),
        ("How many employees do we have in Sales?", ""),
        ("How many people live in Paris?", ""),
    ],
)
def test_a_question_for_all_rows_names_them_as_the_table_does(tmp_path: Path, question: str, name: str) -> None:
    names = ("staff", "staff-list 2026", "employees", "customers")
    for each in names:
        with opened(tmp_path, **{each: STAFF}) as (tables, _):
            found = counted_rows(question, next(iter(tables.values())))
            assert (found is not None) == (name == each or (bool(name) and "customers" not in (name, each))), each


@pytest.mark.parametrize("name", ["staff costs", "cars", "staff training 2026"])
def test_the_rows_of_a_table_that_is_called_otherwise_are_not_meant(tmp_path: Path, name: str) -> None:
    with opened(tmp_path, **{name: STAFF}) as (tables, _):
        assert counted_rows("How many staff members do we have?", next(iter(tables.values()))) is None


def test_the_rows_are_counted(tmp_path: Path) -> None:
    with opened(tmp_path, employees=STAFF) as (tables, connection):
        answer = answered("How many staff members do we have?", tables["employees"], connection)
        assert values_of(answer) == ("3",)


INVOICES = ("No;Vendor;Quantity;Amount (EUR)", "1001;Halloran Mills;3;1200", "1002;Baxter;2;310", "1003;Halloran Mills;1;75")


def test_a_total_without_a_noun_is_that_of_the_money(tmp_path: Path) -> None:
    with opened(tmp_path, invoices=INVOICES) as (tables, connection):
        for question in ("What is the total from Halloran Mills?", "How much in total from Halloran Mills?"):
            assert values_of(answered(question, tables["invoices"], connection)) == ("1275",)
        assert answered("What is the total of the deliveries?", tables["invoices"], connection).computation is None

"""Joins: a question may name a cell of another table whose key stands in the table that it is about."""

from __future__ import annotations

from pathlib import Path

from assistant.tables.joins import related_tables, shared_key
from tests.tables.helpers import answered, opened, values_of

ORDERS = ("order;customer;amount", "O1;Alder;100", "O2;Birk;50", "O3;Alder;25", "O4;Cole;10", "O5;Dorn;70")
CUSTOMERS = ("customer;city", "Alder;Berlin", "Birk;Paris", "Cole;Berlin", "Dorn;Rome")
RANKED = ("rank;team", "1;North", "2;South", "3;East")
OTHER_RANKS = ("rank;film", "1;Blue", "2;Green", "3;Red")
STRANGERS = ("customer;city", "Xu;Berlin", "Yang;Berlin", "Zhou;Paris")


def test_the_city_of_a_customer_stands_in_another_table(tmp_path: Path) -> None:
    with opened(tmp_path, orders=ORDERS, customers=CUSTOMERS) as (tables, connection):
        found = answered(
            "What is the total amount of customers in Berlin?", tables["orders"], connection, others=(tables["customers"],)
        )
    assert values_of(found) == ("135",)
    assert "city is Berlin (customers)" in found.text
    assert len(found.rows) == 3


def test_the_number_of_a_row_is_no_key(tmp_path: Path) -> None:
    with opened(tmp_path, teams=RANKED, films=OTHER_RANKS, orders=ORDERS, customers=CUSTOMERS) as (tables, _):
        assert shared_key(tables["teams"], tables["films"]) is None
        assert related_tables(tables["orders"], list(tables.values())) == (tables["customers"],)


def test_keys_that_do_not_match_join_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, orders=ORDERS, customers=STRANGERS) as (tables, connection):
        found = answered(
            "What is the total amount of customers in Berlin?", tables["orders"], connection, others=(tables["customers"],)
        )
    assert found.computation is None or "Berlin" not in found.computation.sql

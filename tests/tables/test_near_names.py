"""Mistyped names of tables and columns: which are meant, and what the user is told."""

import pytest

from assistant.datatypes.tables import Column, ColumnType, StoredTable, TableInfo, TableSource
from assistant.tables.near_names import columns_hint, missing_column, name_in_sql, near_names, tables_called, tables_hint


def table(name, path, *columns):
    found = tuple(Column(each, header, ColumnType.TEXT) for each, header in columns)
    return TableInfo(name, found, (TableSource(path, "", StoredTable("f", "", "", found, 1)),))


TABLES = (
    table("sales_report", "/x/Sales Report.csv", ("amount", "Amount (EUR)"), ("start_date", "Start date")),
    table("order_", "/x/order.csv", ("name", "Name")),
    table("t_c_2026_table", "/x/2026-table.csv", ("name", "Name")),
    table("mixed", "/x/mixed.csv", ("name", "Name")),
    table("mixed_2", "/x/sub/mixed.csv", ("name", "Name")),
)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SALES_REPORT", ["sales_report"]),
        ("sales-report", ["sales_report"]),
        ("Sales Report.csv", ["sales_report"]),
        ("order", ["order_"]),
        ("2026-table", ["t_c_2026_table"]),
        ("mixed", ["mixed"]),
        ("mixed.csv", ["mixed", "mixed_2"]),
        ("report", []),
    ],
)
def test_a_table_is_named_by_its_sql_name_or_its_file(name, meant):
    assert [each.name for each in tables_called(name, TABLES)] == meant


@pytest.mark.parametrize(("name", "first"), [("sales_rep", "sales_report"), ("salesreport", "sales_report"), ("mixd", "mixed")])
def test_similar_names_are_told(name, first):
    assert near_names(name, [each.name for each in TABLES])[0] == first
    assert f"Did you mean {first}" in tables_hint(name, [each.name for each in TABLES])


def test_a_name_like_no_other_has_no_near_ones():
    assert near_names("weather", [each.name for each in TABLES]) == []
    assert tables_hint("weather", ["mixed"]) == "See what there is: assistant tables list"


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ('SELECT * FROM "Sales Report"', "sales_report"),
        ("SELECT * FROM sales-report", "sales_report"),
        ("SELECT * FROM sales_report", ""),
        ("SELECT name FROM unknown", ""),
    ],
)
def test_a_statement_with_the_name_of_a_file_is_told_the_name_in_sql(sql, name):
    assert name_in_sql(sql, TABLES[:1]) == (f"In SQL the table is called {name}." if name else "")


def test_a_column_that_is_missing_is_told_with_those_that_there_are():
    error = 'Binder Error: Referenced column "amout" not found in FROM clause!'
    assert missing_column(error) == "amout"
    assert missing_column("Binder Error: No function matches") == ""
    assert columns_hint("amout", TABLES[:1]) == "Did you mean amount? Columns: sales_report has amount (text), start_date (text)."
    assert columns_hint("Start date", TABLES[:1]).startswith("Did you mean start_date? ")
    assert columns_hint("", TABLES[:1]).startswith("Columns: sales_report has ")

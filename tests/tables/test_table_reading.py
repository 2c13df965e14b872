"""Tables as they are found in files: dialects, headers, types, units, totals, exact values."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import compress

import pytest

from assistant.datatypes import Document, Extraction, Part, Shape, Table
from assistant.datatypes.tables import Column, ColumnType
from assistant.tables.column_types import Value
from assistant.tables.delimited import DelimitedRows, detect_dialect
from assistant.tables.description import ColumnDescription, notes_on
from assistant.tables.extract import raw_tables
from assistant.tables.headers import identifier, split_unit
from assistant.tables.raw import RawRow, RawTable
from assistant.tables.records import parse_records
from assistant.tables.typed import type_table
from assistant.tables.values import DecimalStyle, figures_of, parse_number


@dataclass
class ReadColumn:
    """A column with all of its texts and values."""

    column: Column
    texts: list[str]
    values: list[Value]


@dataclass
class ReadTable:
    """A typed table with all of its rows."""

    title: str
    columns: list[ReadColumn]
    totals: list[bool]
    notes: tuple[str, ...]


def read(raw):
    """Return a raw table with all of its values, described as it is when it is stored."""
    table = type_table(raw)
    assert table is not None
    columns = [ReadColumn(column.column, [], []) for column in table.columns]
    descriptions = [ColumnDescription() for _ in columns]
    totals = []
    for chunk in table.chunks():
        totals += map(bool, chunk.totals)
        data = [not total for total in chunk.totals]
        for column, description, texts, values in zip(columns, descriptions, chunk.texts, chunk.values, strict=True):
            column.texts += texts
            column.values += values
            description.add(list(compress(texts, data)), list(compress(values, data)))
    for column, description in zip(columns, descriptions, strict=True):
        column.column = description.describe(column.column)
    return ReadTable(table.title, columns, totals, (*table.notes, *notes_on(each.column for each in columns)))


def typed(*lines, delimiter=";"):
    return read(RawTable([RawRow(line.split(delimiter), number, 0, 0) for number, line in enumerate(lines, 1)]))


def column(table, name):
    return next(each for each in table.columns if each.column.name == name)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n3,4\n", ","),
        ("a;b\n1,5;2\n3,5;4\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ("sep=;\na;b\n1;2\n", ";"),
    ],
)
def test_the_delimiter_is_the_one_whose_rows_agree(text, delimiter):
    assert detect_dialect(text).delimiter == delimiter


def test_rows_know_their_lines_and_spans_also_behind_a_cell_of_two_lines():
    text = 'sep=,\nname,note\nA,"one\ntwo"\nB,x\n'
    rows = list(DelimitedRows(text))
    assert [row.line for row in rows] == [2, 3, 5]
    assert [text[row.start : row.end].strip() for row in rows] == ["name,note", 'A,"one\ntwo"', "B,x"]


def test_backslash_escapes_are_read():
    rows = list(DelimitedRows('a,b\n"x \\"q\\" y",1\n"z \\"r\\"",2\n'))
    assert rows[1].cells == ['x "q" y', "1"]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("1.234,50", "99,90", "12,00"), ("1234.50", "99.90", "12.00")),
        (("1,234.50", "99.90", "12"), ("1234.50", "99.90", "12")),
        (("17,189", "6,902", "13,5000", "4,100", "5,200"), ("17189", "6902", None, "4100", "5200")),
        (("$1,200", "$300", "$15,000"), ("1200", "300", "15000")),
        (("18.5%", "2%", "-3.25 %"), ("18.5", "2", "-3.25")),
        (("(1,200)", "5", "7-"), ("-1200", "5", "-7")),
        (("4929000000005678", "1", "2"), ("4929000000005678", "1", "2")),
        (("1 234 567", "2", "3"), ("1234567", "2", "3")),
        (("5 kg", "7 kg", "n/a"), ("5", "7", None)),
    ],
)
def test_numbers_in_any_notation_keep_their_exact_values(cells, values):
    table = typed("name;x", *(f"row {number};{cell}" for number, cell in enumerate(cells)))
    found = column(table, "x")
    assert found.column.is_numeric
    assert found.values == [None if value is None else Decimal(value) for value in values]


def test_codes_are_no_numbers():
    table = typed("item;zip;phone", "a;00123;+44 20", "b;00456;+44 21")
    assert column(table, "zip").column.type is ColumnType.TEXT


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (("2026-01-05", "2026-02-01"), date(2026, 1, 5)),
        (("05.01.2026", "31.01.2026"), date(2026, 1, 5)),
        (("01/05/2026", "12/31/2026"), date(2026, 1, 5)),
        (("31/12/2026", "05/01/2026"), date(2026, 12, 31)),
        (("January 5, 2026", "March 1, 2026"), date(2026, 1, 5)),
        (("2026年1月5日", "2026年2月1日"), date(2026, 1, 5)),
        (("5 Jan 2026", "1 Mar 2026"), date(2026, 1, 5)),
    ],
)
def test_dates_are_not_off_by_a_day_and_the_column_decides_the_order(cells, first):
    found = column(typed("name;day", f"a;{cells[0]}", f"b;{cells[1]}"), "day")
    assert found.column.type is ColumnType.DATE
    assert found.values[0] == first


def test_the_header_is_found_below_titles_and_over_two_lines_and_units_become_metadata():
    table = typed("Budget report;;", "Department;Budget;", ";Plan (EUR);Actual (EUR)", "Sales;100;90", "Legal;50;70")
    assert [each.column.name for each in table.columns] == ["department", "budget_plan", "budget_actual"]
    assert [each.column.unit for each in table.columns] == ["", "EUR", "EUR"]
    assert table.title == "Budget report"


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        ("Sales (kEUR)", ("Sales", "kEUR")),
        ("Weight [kg]", ("Weight", "kg")),
        ("单价(元)", ("单价", "元")),
        ("Played (PJ)", ("Played (PJ)", "")),
        ("Share in %", ("Share", "%")),
    ],
)
def test_only_units_are_taken_from_headers(header, parts):
    assert split_unit(header) == parts


def test_names_are_sql_identifiers():
    assert [identifier(text, "c") for text in ("Order", "Unit price", "2009", "销售 额", "%")] == [
        "order_",
        "unit_price",
        "y2009",
        "销售_额",
        "percent",
    ]


def test_subtotals_and_totals_are_marked_and_nothing_else():
    table = typed(
        "Item;Group;Amount", "a;x;10", "b;x;20", "Subtotal x;;30", "c;y;5", "d;y;7", "Subtotal y;;12", "Grand total;;42"
    )
    assert table.totals == [False, False, True, False, False, True, True]


def test_an_unlabelled_row_of_sums_is_a_total_and_a_company_called_total_is_none():
    assert typed("Item;Amount", "a;10", "b;20", ";30").totals == [False, False, True]
    assert (
        typed("Supplier;Date;Amount", "Total SE;2026-01-01;10", "Shell;2026-01-02;20", "Total SE;2026-01-03;7").totals
        == [False] * 3
    )


def test_cells_that_are_no_number_are_counted_and_kept_as_text():
    table = typed("a;n", *(f"r{number};{number}" for number in range(9)), "r9;unknown")
    found = column(table, "n")
    assert (found.column.unparsed, found.values[-1], found.texts[-1]) == (1, None, "unknown")
    assert table.notes == ("1 of the cells of n is no integer and does not count",)


def test_records_keep_long_integers_and_their_places():
    text = '{"id": 4929000000005678, "a": {"b": 1.10}}\n{"id": 2, "a": {"b": 2}}\n'
    table = parse_records(text, "jsonl")[0]
    assert table.names == ("id", "a.b")
    assert [row.cells for row in table.rows] == [["4929000000005678", "1.10"], ["2", "2"]]
    assert [row.line for row in table.rows] == [1, 2]
    array = parse_records('{"items": [\n{"x": 1, "y": "a"},\n{"x": 2, "y": "b"}]}', "json")[0]
    assert [row.line for row in array.rows] == [2, 3]


def document(text, path, tables=(), shape=Shape.PROSE):
    return Document(path, "t", "0" * 64, Extraction(text, (Part(0, len(text)),), tables=tables, shape=shape))


def test_tables_of_markdown_and_of_readers_are_found_with_their_titles():
    text = "# Team\n\nMembers:\n\n| Name | Hours |\n|---|---:|\n| **Ann** | 3.5 |\n| Bob \\| Rob | 4 |\n\nEnd"
    (table,) = raw_tables(document(text, "/a/team.md"))
    assert [row.cells for row in table.rows] == [["Name", "Hours"], ["Ann", "3.5"], ["Bob | Rob", "4"]]
    assert (table.title, [row.line for row in table.rows]) == ("Members:", [5, 7, 8])
    built = "Staff\n\nname | city\nAnn | \nBob | Oslo"
    (table,) = raw_tables(document(built, "/a/x.docx", (Table(7, len(built), "name | city"),)))
    assert [row.cells for row in table.rows] == [["name", "city"], ["Ann", ""], ["Bob", "Oslo"]]
    assert table.title == "Staff"


def test_a_number_may_have_a_note_or_a_second_value_in_brackets():
    assert parse_number("12.9 (55.2)", DecimalStyle()).value == Decimal("12.9")
    assert parse_number("2,012[3]", DecimalStyle()).value == Decimal(2012)
    assert figures_of("3 - 4") is None

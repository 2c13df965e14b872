"""Cells with an error value of a spreadsheet count as missing, and answers say so."""

from __future__ import annotations

from pathlib import Path

from tests.tables.helpers import answered, opened, values_of

ORDERS = (
    "item;supplier;price",
    *("desk;Cobalt;10", "lamp;#N/A;#DIV/0!", "chair;Onyx;5", "shelf;Onyx;#REF!"),
    "Total;;#REF!",
)


def test_cells_with_an_error_count_as_missing(tmp_path: Path) -> None:
    with opened(tmp_path, orders=ORDERS) as (tables, connection):
        table = tables["orders"]
        assert (table.rows, table.totals) == (4, 1)
        total = answered("What is the total price?", table, connection)
        assert values_of(total) == ("15",)
        assert "2 of the cells of price are no integer and did not count." in total.text
        assert values_of(answered("What is the average price?", table, connection)) == ("7.5",)
        assert values_of(answered("How many different suppliers are there?", table, connection)) == ("2",)
        assert connection.query("SELECT count(*) FROM orders WHERE supplier IS NULL").rows == ((1,),)


def test_notes_name_the_columns_with_errors(tmp_path: Path) -> None:
    with opened(tmp_path, orders=ORDERS) as (tables, connection):
        counted = answered("How many different suppliers are there?", tables["orders"], connection)
        assert "1 of the cells of supplier holds an error and did not count." in counted.text
        notes = tables["orders"].sources[0].stored.notes
        assert "1 of the cells of supplier holds an error and does not count" in notes
        assert "2 of the cells of price are no integer and do not count" in notes

"""Numbers of different units or currencies are neither added nor compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.tables.answering import understand
from assistant.tables.checks import doubts_about
from assistant.tables.units import mixed_units
from assistant.text.calculations import recognize_intent
from tests.tables.helpers import answered, opened, values_of

FEES = ("invoice;currency;fee", "A1;EUR;10", "A2;USD;20", "A3;EUR;5", "A4;USD;8")
PRICES = ("item;list price (EUR);paid price (USD)", "desk;300;310", "lamp;40;35", "chair;90;100")


def test_rows_of_several_currencies_are_not_added(tmp_path: Path) -> None:
    with opened(tmp_path, fees=FEES) as (tables, connection):
        refused = answered("What is the total fee?", tables["fees"], connection)
        assert refused.computation is None
        assert "EUR, USD" in refused.text
        assert values_of(answered("What is the total fee in EUR?", tables["fees"], connection)) == ("15",)
        assert values_of(answered("How many invoices are there?", tables["fees"], connection)) == ("4",)
        assert mixed_units("SELECT currency, sum(fee) FROM fees GROUP BY currency", tables["fees"], connection) == []


RENTS = ("month;rent;currency", "Jan;1200,50;EUR", "Feb;1210,50;EUR", "Mar;1220,25;EUR")
WORK = ("person;hours;amount;currency", "Ana;3;100;EUR", "Bo;5;250;EUR", "Cy;4;50;EUR")


@pytest.mark.parametrize(
    ("question", "lines", "says"),
    [
        ("What is the average rent?", RENTS, "1,210.42 EUR."),
        ("What is the total rent?", RENTS, "3,631.25 EUR."),
        ("What is the total of the fees in EUR?", FEES, "15 EUR."),
        ("What is the total amount?", WORK, "400 EUR."),
        ("What is the total of the hours?", WORK, "12."),
        ("What is the average cost?", ("car;cost", "a;C$ 1,200.50", "b;C$ 1,300.00"), "1,250.25 CAD."),
        ("What is the total cost?", ("car;EUR cost", "a;1200.50", "b;1300.00"), "2,500.50 EUR."),
        ("What is the total amount?", ("car;amount", "a;1200 kg", "b;1350 kg", "c;12 kg"), "2,562 kg."),
        ("What is the average share?", ("car;share (%)", "a;12", "b;13"), "12.5%."),
    ],
)
def test_the_unit_or_currency_of_the_numbers_is_said(tmp_path: Path, question: str, lines: tuple[str, ...], says: str) -> None:
    with opened(tmp_path, costs=lines) as (tables, connection):
        first = answered(question, tables["costs"], connection).text.splitlines()[0]
        assert first.endswith(f": {says}"), first


@pytest.mark.parametrize("question", ["What is the total price?", "What is the average price?", "What is the highest price?"])
def test_cells_of_several_currencies_are_not_added(tmp_path: Path, question: str) -> None:
    with opened(tmp_path, prices=("vendor;price", "A;EUR 100.00", "B;USD 250.00", "C;EUR 50.00")) as (tables, connection):
        refused = answered(question, tables["prices"], connection)
        assert refused.computation is None
        assert "the cells of price in the table prices are in different currencies (EUR, USD)" in refused.text
        assert answered("How many vendors are there?", tables["prices"], connection).computation is not None


def test_columns_of_different_currencies_are_not_combined(tmp_path: Path) -> None:
    with opened(tmp_path, prices=PRICES) as (tables, connection):
        question = "How many items had a higher list price than paid price?"
        intent = recognize_intent(question)
        assert intent is not None
        linked = understand(question, intent, tables["prices"], connection).linked
        for sql in (
            "SELECT count(*) FROM prices WHERE list_price > paid_price",
            "SELECT sum(list_price) - sum(paid_price) FROM prices",
        ):
            doubts = doubts_about(sql, connection.query(sql), linked, intent, connection)
            assert any("EUR" in doubt and "USD" in doubt for doubt in doubts), sql

"""Numbers of different units or currencies are neither added nor compared."""

from __future__ import annotations

from pathlib import Path

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

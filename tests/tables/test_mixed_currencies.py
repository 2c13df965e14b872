"""Questions whose amounts are in several currencies are refused before the chat model is asked."""

from __future__ import annotations

from pathlib import Path

from tests.tables.helpers import answered, opened

MIXED = ("Invoice;Supplier;Amount", "1;Acme;€ 120.00", "2;Borg;$ 80.00", "3;Acme;€ 40.00", "4;Delta;$ 75.00")
CODED = ("Invoice;Supplier;Amount;Currency", "1;Acme;120;EUR", "2;Borg;80;USD", "3;Acme;40;EUR", "4;Delta;75;USD")


def never_asked(*_: str) -> str:
    raise AssertionError("the chat model was asked")


def test_amounts_in_several_currencies_are_refused_without_the_chat_model(tmp_path: Path) -> None:
    for number, lines in enumerate((MIXED, CODED)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with opened(folder, invoices=lines) as (tables, connection):
            answer = answered("What is the total amount of all invoices?", tables["invoices"], connection, never_asked)
            assert answer.computation is None
            assert "different currencies" in answer.text

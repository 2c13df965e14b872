"""Exit codes of `assistant tables query`: 2 for a statement that is wrong, whatever is wrong with it; its CSV."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT FROM",
        "DELETE FROM sales",
        "SELECT * FROM purchases",
        "SELECT revenue FROM sales",
        "SELECT sum(customer) FROM sales",
        "SELECT CAST(customer AS INTEGER) FROM sales",
    ],
)
def test_a_wrong_statement_is_an_error_of_use(run, folder, statement):
    (folder / "sales.csv").write_text("customer,amount\nBrandt,120\nVisser,80\nJansen,60\n", "utf-8")
    assert run("add", folder).exit_code == 0
    assert run("tables", "query", "SELECT sum(amount) FROM sales").exit_code == 0
    result = run("tables", "query", statement)
    assert result.exit_code == 2, result.stderr


def test_csv_holds_no_control_characters_of_a_file(run, folder):
    (folder / "sales.csv").write_text('customer,amount\n"Br\x1b[31m\u202eandt, and\nsons",120\nVisser\x9b,80\n', "utf-8")
    assert run("add", folder).exit_code == 0
    result = run("tables", "query", "SELECT customer, amount FROM sales ORDER BY amount DESC", "--csv")
    assert result.stdout == 'customer,amount\n"Br[31mandt, and\nsons",120\nVisser,80\n'


def test_csv_and_json_together_are_refused(run, library):
    result = run("tables", "query", "SELECT 1", "--csv", "--json")
    assert result.exit_code == 2
    assert "contradict" in result.stderr


def test_tables_of_files_of_the_same_name_are_told_apart(run, folder):
    for client, column in (("north", "fee"), ("south", "rent")):
        (folder / client).mkdir()
        (folder / client / "prices.csv").write_text(f"item,{column}\nroom,120\ndesk,80\nlamp,60\n", "utf-8")
    assert run("add", folder).exit_code == 0
    shown = run("tables", "list").stdout
    assert str(Path("north", "prices.csv")) in shown
    assert str(Path("south", "prices.csv")) in shown

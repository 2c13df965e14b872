"""Exit codes of `assistant tables query`: 2 for a statement that is wrong, whatever is wrong with it."""

from __future__ import annotations

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

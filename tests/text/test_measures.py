import re

import pytest

from assistant.text.measures import rates_of, unit_at


@pytest.mark.parametrize(("text", "unit"), [
    ("6 bar", "bar"), ("12 km", "km"), ("12 kilometres", "km"), ("8500元", "yuan"), ("500 m2", "square metre"),
    ("3 dollars", "dollar"), ("$3", "dollar"), ("12 gates", ""),
])
def test_a_unit_has_one_spelling(text: str, unit: str) -> None:
    number = re.search(r"\d+", text)
    assert number is not None
    found = unit_at(text, *number.span())
    assert (found.name if found else "") == unit


@pytest.mark.parametrize(("text", "period"), [
    ("The rent is 900 euros a month.", "month"), ("The monthly rent is 900 euros.", "month"), ("It costs 50 per year.", "year"),
    ("租金每月900元。", "month"),
])
def test_a_rate_has_one_period(text: str, period: str) -> None:
    assert rates_of(text) == {period}

import re
from fractions import Fraction

import pytest

from assistant.text.measures import rates_of, unit_at


@pytest.mark.parametrize(("text", "unit"), [
    ("6 bar", "bar"), ("12 km", "km"), ("12 kilometres", "km"), ("8500元", "yuan"), ("500 m2", "square metre"),
    ("3 dollars", "dollar"), ("$3", "dollar"), ("12 gates", ""),
    ("1.8 mA", "mA"), ("5 MW", "MW"), ("5 kw", "kW"), ("1毫安", "mA"), ("9 µg", "µg"),
    ("1990s", ""), ("35 L", "l"),
])
def test_a_unit_has_one_spelling(text: str, unit: str) -> None:
    number = re.search(r"[\d.]+", text)
    assert number is not None
    found = unit_at(text, *number.span())
    assert (found.name if found else "") == unit


@pytest.mark.parametrize(("text", "period"), [
    ("The rent is 900 euros a month.", "month"), ("The monthly rent is 900 euros.", "month"), ("It costs 50 per year.", "year"),
    ("租金每月900元。", "month"), ("每季度检查一次", "quarter"), ("35 l/min", "minute"),
])
def test_a_rate_has_one_period(text: str, period: str) -> None:
    assert rates_of(text) == {period}


def test_one_amount_in_two_units_has_one_key() -> None:
    months, years = unit_at("24 months", 0, 2), unit_at("2 years", 0, 1)
    assert months and years
    assert months.amount(Fraction(24)) == years.amount(Fraction(2))

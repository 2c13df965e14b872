"""Identifiers in texts: what is found, what only looks like one, and the bars on the project's own sentences."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from assistant.text.identifiers import find_identifiers

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def found(text: str) -> list[tuple[str, str]]:
    return [(each.kind, text[each.start : each.end]) for each in find_identifiers(text)]


@pytest.mark.parametrize(("text", "expected"), [
    ("Write to anna.k+home@example.co.uk.", [("EMAIL", "anna.k+home@example.co.uk")]),
    ("邮箱a_b@qq.example.com，请查收", [("EMAIL", "a_b@qq.example.com")]),
    ("Call +44 20 7946 0018 or (415) 555-0132", [("PHONE", "+44 20 7946 0018"), ("PHONE", "(415) 555-0132")]),
    ("电话１３８１２３４５６７８", [("PHONE", "１３８１２３４５６７８")]),
    ("Pay DE89 3704 0044 0532 0130 00 2027 euros", [("IBAN", "DE89 3704 0044 0532 0130 00")]),
    ("4111 1111 1111 1111 1227", [("CARD", "4111 1111 1111 1111")]),
    ("身份证11010519491231002X", [("ID", "11010519491231002X")]),
    ("SSN 219-09-9999", [("ID", "219-09-9999")]),
    ("Passport No. C01X00T47", [("PASSPORT", "C01X00T47")]),
    ("护照号：E12345678", [("PASSPORT", "E12345678")]),
    ("account number: 0048 3920", [("ACCOUNT", "0048 3920")]),
])
def test_identifiers_are_found_whole(text, expected):
    assert found(text) == expected


@pytest.mark.parametrize("text", [
    "DE88 3704 0044 0532 0130 00 has a wrong checksum", "4111 1111 1111 1112", "110105194912310021",
    "invoice 2024-001234 of 2026-11-28, version 3.11.7", "since 2015", "12,480.00 EUR", "192.168.10.24:8080",
    "ISBN 978-3-16-148410-0",
    "用户2000人", "卡5000元", "the account was closed in 2024", "policy 2024-05-06", "666-12-3456 and 000-12-3456",
    "1700000000 and 1732795200000", "@name and #lease2024", "550e8400-e29b-41d4-a716-446655440000",
])
def test_ordinary_numbers_are_left(text):
    assert found(text) == []


@pytest.mark.parametrize("text", ["1 " * 50_000, "1" * 100_000, "a." * 50_000 + "@", "a@" + "b." * 50_000, "(" * 50_000,
                                  "phone " * 20_000, "+1-" * 40_000, "A1 " * 40_000, "account A1 " + "A1 " * 40_000])
def test_no_text_takes_long(text):
    started = time.process_time()
    find_identifiers(text)
    assert time.process_time() - started < 3


def test_the_bars_hold_on_the_half_that_was_held_back(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    sys.modules.pop("redaction", None)
    import redaction

    assert len(redaction.load()) == 200
    assert redaction.measure(redaction.load()).values == 300
    for half in ("held", "all"):
        score = redaction.measure(redaction.load(half))
        assert score.recall >= redaction.RECALL
        assert score.precision >= redaction.PRECISION

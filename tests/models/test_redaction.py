"""Placeholders for identifiers: the same for the same value, put back however the reply is split, never one of the text's own."""

from __future__ import annotations

import pytest

from assistant.models.remote.redaction import Redactor

TEXT = "Anna: anna@example.com, +44 20 7946 0018; Ben: ben@example.com. Again: anna@example.com."


def test_a_value_keeps_its_placeholder():
    redactor = Redactor()
    first, second = redactor.redact([TEXT, "ben@example.com"])
    assert first == "Anna: [EMAIL_1], [PHONE_1]; Ben: [EMAIL_2]. Again: [EMAIL_1]."
    assert second == "[EMAIL_2]"
    assert redactor.redact(["ben@example.com or c@example.com"]) == ["[EMAIL_2] or [EMAIL_3]"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
def test_the_reply_gets_the_values_back_however_it_is_split(size):
    redactor = Redactor()
    [sent] = redactor.redact([TEXT])
    pieces = [sent[start : start + size] for start in range(0, len(sent), size)]
    assert "".join(redactor.restore(pieces)) == TEXT


@pytest.mark.parametrize("said", ["EMAIL_1", "[EMAIL_1]", r"EMAIL\_1", r"[EMAIL\_1]"])
def test_a_placeholder_that_the_model_writes_differently_is_put_back(said):
    redactor = Redactor()
    redactor.redact([TEXT])
    assert "".join(redactor.restore([f"It is {said} [1]."])) == "It is anna@example.com [1]."


def test_text_is_held_back_only_while_it_can_become_a_placeholder():
    redactor = Redactor()
    redactor.redact([TEXT])
    assert list(redactor.restore(["It is [EM", "AIL", "_1", "] here", ", yes"])) == ["It is ", "anna@example.com here", ", yes"]


def test_a_placeholder_in_the_text_itself_stays_and_is_not_used():
    redactor = Redactor()
    [sent] = redactor.redact(["The template says [EMAIL_1]; mine is anna@example.com."])
    assert sent == "The template says [EMAIL_1]; mine is [EMAIL_2]."
    assert "".join(redactor.restore([sent])) == "The template says [EMAIL_1]; mine is anna@example.com."


def test_an_unknown_placeholder_stays():
    assert "".join(Redactor().restore(["[PHONE_9] and EMAIL_", "x"])) == "[PHONE_9] and EMAIL_x"

"""How far two pieces of text say the same."""

from __future__ import annotations

import pytest

from assistant.evaluation.metrics import is_contained, normalise, token_f1, tokenize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Cat, an Animal!", "cat animal"),
        ("ＡＢＣ９", "abc9"),
        ("U.S. 15,500", "u s 15 500"),
        ("《梁山伯与祝英台》", "梁山伯与祝英台"),
        ("theatre", "theatre"),
    ],
)
def test_normal_text(text, expected):
    assert normalise(text) == expected


def test_a_cjk_character_is_a_token():
    assert tokenize("HP40 热泵 35 Nm") == ["hp40", "热", "泵", "35", "nm"]


@pytest.mark.parametrize(
    ("gold", "answer", "expected"),
    [
        ("9 months", "The notice is 9 months [1].", True),
        ("15", "It is 150 pounds.", False),
        ("nine months", "nine or ten months", False),
        ("千分之三", "违约金为千分之三。", True),
        ("the", "the", False),
    ],
)
def test_an_answer_holds_the_right_words_one_after_another(gold, answer, expected):
    assert is_contained(gold, answer) is expected


def test_f1_is_of_tokens():
    assert token_f1("nine months", "nine months of notice") == pytest.approx(2 * 2 / (2 + 4))
    assert token_f1("北京", "在北京") == pytest.approx(2 * 2 / (2 + 3))
    assert token_f1("a", "a") == 0

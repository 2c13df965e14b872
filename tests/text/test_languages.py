import pytest

from assistant.text.languages import is_cjk, language, script_of


@pytest.mark.parametrize(("text", "expected"), [
    ("What is the notice period?", "en"), ("违约金是多少？", "zh"), ("IT部门的预算是多少？", "zh"),
    ("保証期間はどのくらいですか", "ja"),
    ("보증 기간은 얼마입니까?", "ko"), ("Was ist die Kündigungsfrist?", "de"), ("Quelle est la durée du contrat ?", "fr"),
    ("¿Cuál es el plazo de aviso?", "es"), ("E4?", "en"),
])
def test_language(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("The notice period is 30 days.", "latin"),
        ("合同的违约金是多少？", "cjk"),
        ("AX-2040 的保修期是三年，自购买之日起计算。", "cjk"),
        ("Срок действия договора", "cyrillic"),
        ("12 + 30 = 42", "latin"),
        ("", "latin"),
    ],
)
def test_the_script_of_most_of_a_text(text: str, script: str) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize(("text", "expected"), [
    ("违约金是多少 penalty", True), ("the 违约 penalty", False), ("かな", True), ("", False),
])
def test_mostly_cjk(text: str, expected: bool) -> None:
    assert is_cjk(text) is expected


def test_hexagrams_are_no_words() -> None:
    assert not is_cjk("䷀䷁")

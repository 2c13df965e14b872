import pytest

from assistant.answer.language import language


@pytest.mark.parametrize(("text", "expected"), [
    ("What is the notice period?", "en"), ("违约金是多少？", "zh"), ("IT部门的预算是多少？", "zh"),
    ("保証期間はどのくらいですか", "ja"),
    ("보증 기간은 얼마입니까?", "ko"), ("Was ist die Kündigungsfrist?", "de"), ("Quelle est la durée du contrat ?", "fr"),
    ("¿Cuál es el plazo de aviso?", "es"), ("E4?", "en"),
])
def test_language(text: str, expected: str) -> None:
    assert language(text) == expected

import pytest

from assistant.retrieve.script import script_of


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

import pytest

from assistant.answer.abstain import is_refusal, undecided


@pytest.mark.parametrize("text", [
    "", "NOT STATED", "not stated.", "The passages do not contain the answer.", "The provided passages do not specify this.",
    "The answer is not in the passages.", "资料中没有答案。", "根据提供的资料，没有提到。", "I cannot answer.",
    "There is no information about it.",
])
def test_refusals(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize("text", [
    "The rent is 900 euros.", "The document does not allow smoking.", "No, the tenant may not sublet.", "No. 5 is the largest.",
    "违约金为千分之三。", "Notes are kept for five years.",
])
def test_answers(text: str) -> None:
    assert not is_refusal(text)


def test_a_beginning_is_held_back_only_while_it_may_become_a_refusal() -> None:
    assert undecided("NOT")
    assert undecided("The pass")
    assert not undecided("The rent")
    assert not undecided("The passages do not contain the answer.")

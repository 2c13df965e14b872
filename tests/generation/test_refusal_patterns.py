import pytest

from assistant.generation.refusal import is_empty, is_refusal, may_become_refusal


@pytest.mark.parametrize("text", [
    "NOT STATED", "not stated.", "The passages do not contain the answer.", "The provided passages do not specify this.",
    "The answer is not in the passages.", "资料中没有答案。", "根据提供的资料，没有提到。", "I cannot answer.",
    "There is no information about it.", "Unfortunately, the passages do not mention it.", "[1] NOT STATED",
    "Based on the passages, there is no information about this.", "None of the passages mention a price.", "Answer: NOT STATED",
    "The rent is not mentioned in the passages.", "The provided passages contain no information on this.",
    "The text doesn’t mention it.", "There's no mention of it.", "The rent is NOT STATED.", "I'm sorry, but I cannot answer.",
    "抱歉，资料中没有提到。", "文中没有提到。", "Das ist in den Dateien nicht angegeben.", "資料には記載がありません。",
])
def test_refusals(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize("text", [
    "The rent is 900 euros.", "The document does not allow smoking.", "No, the tenant may not sublet.", "No. 5 is the largest.",
    "违约金为千分之三。", "Notes are kept for five years.", "No information may be disclosed without consent.",
    "No answer within 14 days means consent.", "Not found errors are returned with code 404.", "文件无需公证。",
    "The file does not have to be signed.", "These documents do not include VAT; the total is 500 euros.",
    "内容未经许可不得转载。", "1816", "32 [1]", "900 euros", "| E07 | Water flow too low |",
    "I cannot attend on Monday, Anna wrote.", "未成年人不得入内。", "无线网络的密码是 1234。",
])
def test_answers(text: str) -> None:
    assert not is_refusal(text)


def test_a_beginning_is_held_back_only_while_it_may_become_a_refusal() -> None:
    assert may_become_refusal("NOT")
    assert may_become_refusal("The pass")
    assert may_become_refusal("Unfortunately, the")
    assert not may_become_refusal("The rent")
    assert not may_become_refusal("The passages do not contain the answer.")


def test_nothing_but_a_marker_is_empty() -> None:
    assert is_empty("")
    assert is_empty(" [2].")
    assert not is_empty("1816")

import pytest

from assistant.generation.compound import missing_parts, split_question


@pytest.mark.parametrize(("question", "asked"), [
    ("苹果和香蕉的价格分别是多少？", ["苹果的价格是多少？", "香蕉的价格是多少？"]),
    ("2019年张江大会和黄浦大会的开幕时间", ["2019年张江大会的开幕时间", "2019年黄浦大会的开幕时间"]),
    ("2021年和2022年的租金分别是多少？", ["2021年的租金是多少？", "2022年的租金是多少？"]),
    ("When were Ada and Basic released?", ["When were Ada released?", "When were Basic released?"]),
    ("What was the rent of Suite 4 and Suite 9?", ["What was the rent of Suite 4?", "What was the rent of Suite 9?"]),
])
def test_a_question_about_two_things_is_a_question_about_each(question: str, asked: list[str]) -> None:
    assert [part.question for part in split_question(question)] == asked


@pytest.mark.parametrize("question", [
    "租金是多少？", "甲公司和乙公司是什么关系？", "苹果和香蕉有什么区别？", "有多少个国家和地区参加？",
    "When does the lease end?",
    "Are Ada and Basic both old?", "What is the difference between Ada and Basic?", "和", "",
])
def test_a_question_about_one_thing_or_both_at_once_stays_whole(question: str) -> None:
    assert split_question(question) == ()


def test_only_what_the_answer_does_not_name_is_left_out() -> None:
    question = "苹果和香蕉的价格分别是多少？"
    assert [part.name for part in missing_parts(question, "苹果 5 元。", "苹果 5 元。香蕉 3 元。")] == ["香蕉"]
    assert missing_parts(question, "苹果 5 元，香蕉 3 元。", "") == ()


def test_two_words_that_the_passages_have_as_one_name_are_one_thing() -> None:
    assert len(missing_parts("When were Sand and Foam printed?", "1926", "Sand. Foam.")) == 2
    assert missing_parts("When were Sand and Foam printed?", "1926", "Sand and Foam is a book.") == ()

import pytest

from assistant.answer.converse import Turn, standalone

TURNS = [Turn("What was the revenue in 2022?", "It was 5 million [1].")]


@pytest.mark.parametrize("question", ["And in 2023?", "Why did it fall?", "那2023年呢？", "它是多少？"])
def test_a_follow_up_is_searched_with_the_question_before(question: str) -> None:
    assert standalone(question, TURNS) == f"What was the revenue in 2022? {question}"


def test_a_question_that_stands_alone_is_searched_alone() -> None:
    question = "Who signed the lease of Suite 4B in Brackwater?"
    assert standalone(question, TURNS) == question
    assert standalone("And in 2023?", []) == "And in 2023?"

import time

import pytest

from assistant.answer.prompt import compose
from assistant.answer.stream import AnswerStream, Limits
from assistant.backends.fake import FakeChat
from assistant.datatypes import Chunk, Hit, Location

QUESTION = "When were Ada and Basic released?"
TEXT = "Ada was released in 1983. Basic was released in 1964."
HITS = (Hit(1, "/a.txt", "A", Chunk(TEXT, Location(1, 1, 0, len(TEXT)))),)


def test_a_question_that_is_asked_in_parts_reaches_the_model_as_such() -> None:
    chat = FakeChat(replies=["1983", "1964"])
    stream = AnswerStream(QUESTION, HITS, "fake:", time.perf_counter(), 1.0,
                          lambda: (chat, compose(chat, QUESTION, HITS, (), 500, 50)), Limits(50, 1.0))
    assert stream.answer.text == "1983 [1]\nBasic: 1964 [1]"
    asked = [messages[-1].content.rpartition("\n")[2] for messages in chat.asked]
    assert asked == ["Question: When were Ada released?", "Question: When were Basic released?"]


def ask(question: str, *replies: str) -> AnswerStream:
    chat = FakeChat(replies=[*replies])
    return AnswerStream(question, HITS, "fake:", time.perf_counter(), 1.0,
                        lambda: (chat, compose(chat, question, HITS, (), 500, 50)), Limits(50, 1.0))


@pytest.mark.parametrize(("more", "text"), [
    ("Basic was released in 1964.", "Ada was released in 1983 [1].\nBasic was released in 1964 [1]."),
    ("1964", "Ada was released in 1983 [1].\nBasic: 1964 [1]"),
    ("NOT STATED", "Ada was released in 1983 [1]."),
    ("Basic was released in 1983.", "Ada was released in 1983 [1]."),
])
def test_two_things_are_asked_for_one_by_one_and_the_second_is_told_where_the_passages_say_so(more: str, text: str) -> None:
    stream = ask(QUESTION, "Ada was released in 1983.", more)
    assert "".join(stream) == text
    assert stream.answer.text == text

import time

import pytest

from assistant.datatypes import Answer, Chunk, Hit, Location, Timings
from assistant.generation.prompt import compose
from assistant.generation.stream import AnswerStream, Limits
from assistant.models.fake import FakeChat

QUESTION = "When were Ada and Basic released?"
TEXT = "Ada was released in 1983. Basic was released in 1964."
HITS = (Hit(1, "/a.txt", "A", Chunk(TEXT, Location(1, 1, 0, len(TEXT)))),)


def stream_of(question: str, chat: FakeChat, limits: Limits) -> AnswerStream:
    draft = Answer(question, "", False, (), HITS, "", "fake:", "", Timings(1.0))
    return AnswerStream(draft, chat, compose(chat, question, HITS, (), 500, 50), limits, time.perf_counter())


def ask(question: str, *replies: str) -> AnswerStream:
    chat = FakeChat(replies=[*replies])
    return stream_of(question, chat, Limits(50, 1.0))


@pytest.mark.parametrize(("more", "text"), [
    ("Basic was released in 1964.", "Ada was released in 1983 [1].\nBasic was released in 1964 [1]."),
    ("1964", "Ada was released in 1983 [1].\nBasic: 1964 [1]"),
    ("NOT STATED", "Ada was released in 1983 [1]."),
    ("Basic was released in 1983.", "Ada was released in 1983 [1]."),
])
def test_what_an_answer_leaves_out_is_asked_for_alone_and_told_where_the_passages_say_so(more: str, text: str) -> None:
    stream = ask(QUESTION, "Ada was released in 1983.", more)
    assert "".join(stream) == text
    assert stream.answer.text == text

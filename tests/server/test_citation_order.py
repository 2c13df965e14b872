"""Citations are numbered in the order in which the text cites them, while it is streamed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.datatypes import Answer, Citation, Location, Sentence, Timings
from assistant.server.citation_order import CitationOrder
from assistant.server.protocol import TokenDelta

TEXT = "The lease ends in 2027 [3]. See note [12]. The deposit is 15500 [1][3]."
SENTENCES = (Sentence("The lease ends in 2027.", (3,), "full"), Sentence("See note [12].", (), "none"),
             Sentence("The deposit is 15500.", (1, 3), "full"))


def cited(number: int) -> Citation:
    return Citation(number, f"{number}.txt", "", Location(1, 1, 0, 5), "quote")


def answered(text: str, sentences: tuple[Sentence, ...], *numbers: int) -> Answer:
    return Answer("q", text, False, tuple(map(cited, numbers)), (), "", "", "", Timings(0.0), sentences=sentences)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_stream_and_its_answer_have_the_same_new_numbers(size: int):
    order, streamed = CitationOrder(), ""
    for start in range(0, len(TEXT), size):
        done = tuple(said for said in SENTENCES if TEXT.find(said.text[:-1]) + len(said.text) - 1 <= start + size)
        streamed += order.renumber_delta(TokenDelta(TEXT[start : start + size], done)).text
    streamed += order.rest()
    assert streamed == "The lease ends in 2027 [1]. See note [12]. The deposit is 15500 [2][1]."
    answer = order.renumber_answer(answered(TEXT, SENTENCES, 1, 3))
    assert answer.text == streamed
    assert [(each.number, each.path) for each in answer.citations] == [(1, "3.txt"), (2, "1.txt")]
    assert [said.numbers for said in answer.sentences] == [(1,), (), (2, 1)]


def test_an_answer_without_checked_sentences_stays_as_it_is():
    order = CitationOrder()
    assert order.renumber_delta(TokenDelta("One [2]. [")).text == "One [2]. "
    assert order.rest() == "["
    answer = answered("One [2]. [", (), 2)
    assert order.renumber_answer(answer) is answer


def test_a_whole_answer_needs_no_stream():
    answer = CitationOrder().renumber_answer(answered(TEXT, SENTENCES, 1, 3))
    assert answer.text.startswith("The lease ends in 2027 [1].")
    assert replace(answer, citations=()).sentences[0].numbers == (1,)

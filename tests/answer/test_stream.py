import time

import pytest

from assistant.answer.prompt import compose
from assistant.answer.stream import AnswerStream, Limits
from assistant.backends.fake import FakeChat
from assistant.datatypes import Chunk, Hit, Location

HITS = (Hit(1, "/a.txt", "A", Chunk("The rent is 900 euros. Cats are welcome.", Location(1, 1, 0, 41))),)


def ask(reply: str, most_doubt: float = 0.5) -> AnswerStream:
    chat = FakeChat(replies=[reply])
    return AnswerStream("How much is the rent?", HITS, "fake:", time.perf_counter(), 1.0,
                        lambda: (chat, compose(chat, "How much is the rent?", HITS, (), 500, 50)), Limits(50, most_doubt))


@pytest.mark.parametrize("reply", [
    "The rent is 900 euros [1].", "  The rent is 900 euros.  ", "The rent\n\nis 900 euros [1]. \n",
])
def test_what_is_streamed_joins_to_the_answer(reply: str) -> None:
    stream = ask(reply)
    assert "".join(stream) == stream.answer.text
    assert stream.answer.text == stream.answer.text.strip()
    assert [citation.number for citation in stream.answer.citations] == [1]


def test_an_answer_that_begins_with_a_number_is_an_answer() -> None:
    assert "".join(ask("900 euros.")) == "900 euros [1]."


@pytest.mark.parametrize("reply", ["NOT STATED", "[1]", "[1].", "The passages do not mention a rent.", " "])
def test_what_is_no_answer_is_a_refusal(reply: str) -> None:
    stream = ask(reply)
    assert "".join(stream) == "Your files do not say."
    assert stream.answer.abstained
    assert stream.answer.citations == ()


def test_a_doubtful_model_is_not_asked_to_go_on() -> None:
    class Doubtful(FakeChat):
        def reply(self, messages, max_tokens):
            reply = super().reply(messages, max_tokens)
            return type("Reply", (type(reply),), {"likelihood": lambda *_: 0.2})(reply.text, reply.prompt_tokens)

    chat = Doubtful(replies=["The rent is 900 euros."])
    stream = AnswerStream("Rent?", HITS, "fake:", time.perf_counter(), 1.0,
                          lambda: (chat, compose(chat, "Rent?", HITS, (), 500, 50)), Limits(50, 0.1))
    assert stream.answer.abstained
    assert stream.answer.timings.generated_tokens == 0


def test_a_model_that_goes_round_is_stopped() -> None:
    stream = ask("The rent is 900 euros. Cats are welcome. " * 20)
    assert stream.answer.text.count("welcome") <= 2


def test_a_refusal_that_was_seen_too_late_is_still_one() -> None:
    stream = ask("Well, about that rent, which some may call high, it must be said that it is not stated in the passages.")
    assert stream.answer.abstained


def strictly(reply: str) -> AnswerStream:
    chat = FakeChat(replies=[reply])
    return AnswerStream("How much is the rent?", HITS, "fake:", time.perf_counter(), 1.0,
                        lambda: (chat, compose(chat, "How much is the rent?", HITS, (), 500, 50)), Limits(50, 0.5, strict=True))


def test_each_sentence_says_how_far_it_is_borne_out() -> None:
    answer = ask("The rent is 900 euros. Bananas grow in Ecuador.").answer
    assert [(sentence.numbers, sentence.support) for sentence in answer.sentences] == [((1,), "full"), ((), "none")]


def test_a_strict_answer_leaves_out_what_nothing_bears_out() -> None:
    stream = strictly("Bananas grow in Ecuador. The rent is 900 euros. The moon is cheese.")
    assert "".join(stream) == stream.answer.text == "The rent is 900 euros [1]."
    assert [sentence.support for sentence in stream.answer.sentences] == ["full"]


def test_a_strict_answer_of_which_nothing_is_left_is_a_refusal() -> None:
    stream = strictly("Here is the list:\n- Bananas grow in Ecuador.")
    assert "".join(stream) == "Your files do not say."
    assert stream.answer.abstained


def test_what_opens_a_list_goes_with_it() -> None:
    assert "".join(strictly("It says:\nThe rent is 900 euros.")) == "It says:\nThe rent is 900 euros [1]."

import time
from dataclasses import replace

import pytest

from assistant.datatypes import Answer, Chunk, Hit, Location, Timings
from assistant.generation.prompt import compose
from assistant.generation.stream import AnswerStream, Limits
from assistant.models.fake import FakeChat, FakeReply
from tests.generation.gates import LIKELIHOOD_GATE

# of the question foretold: somewhat likelier answered than not
BEFORE = LIKELIHOOD_GATE.before
UNSURE = (-LIKELIHOOD_GATE.margin / 2 - BEFORE.intercept) / BEFORE.query_likelihood_gain
HITS = (Hit(1, "/a.txt", "A", Chunk("The rent is 900 euros. Cats are welcome.", Location(1, 1, 0, 41))),)


def stream_of(question: str, chat: FakeChat, limits: Limits) -> AnswerStream:
    draft = Answer(question, "", False, (), HITS, "", "fake:", "", Timings(1.0))
    return AnswerStream(draft, chat, compose(chat, question, HITS, (), 500, 50), limits, time.perf_counter())


def ask(reply: str, refusal_threshold: float = 0.5) -> AnswerStream:
    chat = FakeChat(replies=[reply])
    return stream_of("How much is the rent?", chat, Limits(50, refusal_threshold))


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


class Judging(FakeChat):
    """Foretells so much of the question before the answer, and says Yes with a probability after it."""

    def __init__(self, foretold: float, after: float, reply: str = "The rent is 900 euros.") -> None:
        super().__init__(replies=[reply], gate=LIKELIHOOD_GATE)
        self.query_likelihood_gain, self.p_verified = foretold, after
        self.checks = 0

    def reply(self, messages, max_tokens, candidates=()):
        if "Reply Yes" not in messages[-1].content:
            scores = (self.query_likelihood_gain - 1, -1.0)
            return replace(super().reply(messages, max_tokens, candidates), candidate_scores=scores)
        self.checks += 1
        likely = {"Yes": self.p_verified, "No": 1 - self.p_verified}
        return type("Reply", (FakeReply,), {"likelihood": lambda _, word: likely.get(word, 0.0)})("", 10)


def judged(chat: Judging, refusal_threshold: float = 0.5, offset: float = 0.0) -> AnswerStream:
    return stream_of("How much is the rent?", chat, Limits(50, refusal_threshold, offset=offset, gate=chat.gate))


def test_a_model_that_stands_by_its_answer_is_believed_and_one_that_does_not_is_not() -> None:
    believed, doubted = judged(Judging(UNSURE, 0.95)).answer, judged(Judging(UNSURE, 0.05)).answer
    assert (believed.abstained, doubted.abstained) == (False, True)
    assert believed.answerability and doubted.answerability
    assert believed.answerability.p_unanswerable < 0.5 < doubted.answerability.p_unanswerable
    assert doubted.answerability.query_likelihood_gain == pytest.approx(UNSURE)
    assert doubted.answerability.p_verified == pytest.approx(0.05)


def test_a_very_doubtful_model_is_not_asked_to_go_on() -> None:
    chat = Judging(-0.5, 0.5)
    stream = judged(chat)
    assert stream.answer.abstained
    assert stream.answer.timings.generated_tokens == 0
    assert chat.checks == 0


def test_a_sure_model_is_not_asked_again_and_its_answer_comes_at_once() -> None:
    chat = Judging(1.0, 0.0)
    assert next(iter(judged(chat))) .startswith("The")
    assert chat.checks == 0


def test_what_a_library_adds_moves_the_line() -> None:
    assert not judged(Judging(UNSURE, 0.8)).answer.abstained
    assert judged(Judging(UNSURE, 0.8), offset=6.0).answer.abstained


def test_a_long_answer_does_not_wait_for_its_end() -> None:
    chat = Judging(UNSURE, 0.0, " ".join(f"In room {number} the rent is 900 euros." for number in range(30)))
    assert len(judged(chat).answer.text) > 300
    assert chat.checks == 0


def test_a_model_that_goes_round_is_stopped() -> None:
    stream = ask("The rent is 900 euros. Cats are welcome. " * 20)
    assert stream.answer.text.count("welcome") <= 2


def test_a_refusal_that_was_seen_too_late_is_still_one() -> None:
    stream = ask("Well, about that rent, which some may call high, it must be said that it is not stated in the passages.")
    assert stream.answer.abstained


def strictly(reply: str) -> AnswerStream:
    chat = FakeChat(replies=[reply])
    return stream_of("How much is the rent?", chat, Limits(50, 0.5, strict=True))


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


def test_the_first_word_is_when_the_person_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float | None] = []
    stream = judged(Judging(UNSURE, 0.95))  # not sure before: the answer waits for the question after it
    monkeypatch.setattr("assistant.generation.stream.verify_answer",
                        lambda *_: told.append(stream._answer.timings.first_token_ms) or 0.95)
    timings = stream.answer.timings
    assert told == [None]
    assert timings.first_token_ms is not None and 0 < timings.first_token_ms <= timings.total_ms


def test_what_was_read_for_the_checks_is_read_and_what_was_held_before_is_reused() -> None:
    chat = Judging(UNSURE, 0.95)
    timings = judged(chat).answer.timings
    assert timings.reused_tokens == 0
    assert timings.read_tokens > timings.prompt_tokens > 0


def test_a_doubtful_answer_that_nothing_bears_out_is_not_given_and_not_asked_about() -> None:
    chat = Judging(UNSURE, 0.99, "The moon is made of cheese.")
    answer = judged(chat).answer
    assert answer.abstained and answer.text == "Your files do not say."
    assert chat.checks == 0


def test_a_supported_draft_is_less_doubtful() -> None:
    p_verified = 0.6  # just too doubtful without support
    supported = judged(Judging(0.0, p_verified, "The rent is 900 euros.")).answer
    partly = judged(Judging(0.0, p_verified, "The rent is 900 euros. Bananas grow in Ecuador.")).answer
    assert supported.answerability and partly.answerability
    assert supported.answerability.p_unanswerable < partly.answerability.p_unanswerable


def test_what_is_withheld_says_where_to_look() -> None:
    answer = judged(Judging(UNSURE, 0.05)).answer
    assert answer.abstained
    assert answer.text == "Withheld: not sure enough that this answers the question. See [1]."
    assert [citation.quote for citation in answer.citations] == ["The rent is 900 euros."]
    assert "900" not in answer.text


def test_a_reply_in_a_form_that_the_question_does_not_ask_for_is_asked_again() -> None:
    chat = FakeChat(replies=['{"action": "answer", "text": "900 euros"}', "The rent is 900 euros."])
    answer = stream_of("How much is the rent?", chat, Limits(50, 0.5)).answer
    assert answer.text == "The rent is 900 euros [1]."
    assert len(chat.asked) == 2


def test_a_reply_that_keeps_the_form_is_a_refusal() -> None:
    answer = stream_of("How much is the rent?", FakeChat(replies=['{"action": "answer"}'] * 2), Limits(50, 0.5)).answer
    assert (answer.text, answer.abstained) == ("Your files do not say.", True)


def test_a_form_that_the_question_asks_for_is_an_answer() -> None:
    chat = FakeChat(replies=['{"rent": 900}'])
    assert "900" in stream_of("What is the rent as JSON?", chat, Limits(50, 0.5)).answer.text
    assert len(chat.asked) == 1

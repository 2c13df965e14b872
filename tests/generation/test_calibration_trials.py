from dataclasses import replace

import pytest

from assistant.datatypes import Chunk, Hit, Location, Message
from assistant.generation.answerability import language_offset, logistic
from assistant.generation.prompt import Prompt
from assistant.generation.question_writer import CalibrationTrial, fit_calibration, fit_offset, question_log_odds, write_question
from assistant.models.fake import FakeChat
from tests.generation.gates import LIKELIHOOD_GATE, PROBE_GATE

CHUNK = Chunk("The lease of the mill ends on 31 December 2027.", Location(1, 1, 0, 47))


@pytest.mark.parametrize(("reply", "question"), [
    ("When does the lease of the mill end?", "When does the lease of the mill end?"),
    ("When does the lease of the mill end?\nAnswer: 2027", "When does the lease of the mill end?"),
    ("The lease of the mill ends.", ""), ("What is the colour of bananas?", ""), ("", ""),
])
def test_a_question_must_be_one_and_be_about_the_passage(reply: str, question: str) -> None:
    assert write_question(FakeChat(replies=[reply]), CHUNK) == question


def test_the_offset_sets_the_line_between_both_sorts_of_questions() -> None:
    trials = [CalibrationTrial("?", 2.0 + shift, 5.0 + shift) for shift in (-0.5, 0.0, 0.5)] * 10
    offset = fit_offset(trials)
    assert offset == pytest.approx(-3.5, abs=0.3)
    assert all(logistic(trial.answered + offset) < 0.5 < logistic(trial.held_out + offset) for trial in trials)


def test_without_a_difference_the_offset_keeps_to_the_middle() -> None:
    assert fit_offset([CalibrationTrial("?", 1.0, 1.0)] * 50) == pytest.approx(-1.0, abs=0.1)
    assert fit_offset([]) == 0.0


def test_a_calibration_says_what_it_changes() -> None:
    found = fit_calibration([CalibrationTrial("?", 2.0, 5.0)] * 20, 0.5)
    assert found.answerable_refused == (1.0, 0.0)
    assert found.unanswerable_refused == (1.0, 1.0)


def test_a_question_in_another_language_than_its_passages_is_doubted_less() -> None:
    prompt = Prompt((), (Hit(1, "/a.txt", "A", CHUNK),))
    other, same = (language_offset(PROBE_GATE, asked, prompt) for asked in ("租约何时到期？", "When does the lease end?"))
    assert other - PROBE_GATE.chinese < same == language_offset(None, "租约何时到期？", prompt) == 0.0


def test_a_chinese_question_is_doubted_more_by_a_probe_that_was_fitted_so() -> None:
    prompt = Prompt((), (Hit(1, "/a.txt", "A", Chunk("租约于六月到期。", Location(1, 1, 0, 8))),))
    assert language_offset(PROBE_GATE, "租约何时到期？", prompt) == PROBE_GATE.chinese > 0
    assert language_offset(replace(PROBE_GATE, chinese=0.0), "租约何时到期？", prompt) == 0.0
    assert language_offset(LIKELIHOOD_GATE, "租约何时到期？", prompt) == 0.0


def test_the_odds_that_an_offset_of_a_library_is_fitted_to_hold_that_of_the_language() -> None:
    messages = (Message("system", "Answer."), Message("user", "租约于六月到期。租约何时到期？"))
    prompt = Prompt(messages, (Hit(1, "/a.txt", "A", Chunk("租约于六月到期。", Location(1, 1, 0, 8))),))
    chat = FakeChat(probed=1.0, watched={PROBE_GATE.probe.layer})
    with_it, without = (question_log_odds(chat, gate, prompt, "租约何时到期？")
                        for gate in (PROBE_GATE, replace(PROBE_GATE, chinese=0.0)))
    assert with_it - without == pytest.approx(PROBE_GATE.chinese)

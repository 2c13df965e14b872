"""Answers that come back as text are recognized."""

from __future__ import annotations

from assistant.datatypes import Answer, Timings, Turn
from assistant.server.turn_memory import TurnMemory


def answered(question: str) -> Answer:
    return Answer(question, f"About {question}.", False, (), (), "", "", "", Timings(0.0), searched="rewritten")


def test_a_turn_is_found_by_library_question_and_answer():
    memory = TurnMemory()
    memory.remember("a", answered("q"))
    assert memory.recall("a", Turn(" q\n", "About q.")).searched == "rewritten"
    for library, turn in (("b", Turn("q", "About q.")), ("a", Turn("q", "About r.")), ("a", Turn("r", "About q."))):
        assert memory.recall(library, turn) is turn


def test_only_the_last_ones_are_kept():
    memory = TurnMemory(2)
    for question in ("1", "2", "1", "3"):
        memory.remember("a", answered(question))
    assert [memory.recall("a", Turn(each, f"About {each}.")).searched for each in "123"] == ["rewritten", "", "rewritten"]

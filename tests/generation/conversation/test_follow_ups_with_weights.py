"""With real weights: what a small model writes is never searched for unless it passes the checks, and nothing breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.datatypes import Turn
from assistant.generation.conversation.follow_ups import (
    REWRITE_TOKENS,
    generate_rewrite,
    is_faithful,
    rewrite,
    rewrite_with_model,
)
from assistant.generation.conversation.meta_questions import MetaAnswerStream, detect_meta_question
from assistant.models.llama.chat import LlamaChat

pytestmark = pytest.mark.model
TURN = Turn("What does a night in a hotel in Hangzhou cost a manager?", "A night costs 540 yuan [1].")
FOLLOW_UP = "What about a director?"


@pytest.fixture(scope="module")
def chat(weights: Callable[[str], Path]) -> Iterator[LlamaChat]:
    opened = LlamaChat("smollm2", weights("smollm2-135m-instruct"), 2048, 0, -1)
    yield opened
    opened.close()


def test_a_small_models_question_is_taken_only_where_it_holds(chat: LlamaChat) -> None:
    said = generate_rewrite(chat, FOLLOW_UP, TURN, 60)
    assert said
    assert len(said.split()) <= REWRITE_TOKENS
    by_rule = rewrite(FOLLOW_UP, [TURN])
    rewriting = rewrite_with_model(chat, FOLLOW_UP, TURN, by_rule, 60)
    assert rewriting.queries[0] == (said if is_faithful(said, FOLLOW_UP, TURN) else by_rule.queries[0])
    assert "director" in rewriting.display_text


def test_a_small_models_other_words_keep_the_numbers_or_are_not_told(chat: LlamaChat) -> None:
    answer = MetaAnswerStream("shorter please", detect_meta_question("shorter please"), [TURN], lambda: chat, 60).answer
    assert "540" in answer.text or not any(character.isdigit() for character in answer.text.replace("[1]", ""))
    assert [cited.path for cited in answer.citations] == ["turn:1"]

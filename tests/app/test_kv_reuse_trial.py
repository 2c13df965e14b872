"""The gate: whether a model may join passages is tried with questions of the library's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from assistant import Assistant, Settings
from assistant.app.ask.kv_reuse_trial import are_alike, try_joining
from assistant.datatypes import Comparing, Message
from assistant.models.fake import FakeChat
from assistant.models.llama.kv_reuse_measured import TRIALS, read_verdict

TOPICS = ("lease", "coffee", "boiler", "garden", "bicycle", "telescope", "violin", "harbour", "bakery", "library", "tower",
          "stable")


class ComparingChat(FakeChat):
    """Says of each comparison what it was told to."""

    answers: tuple[str, str] = ("The tower was inspected in 2010.", "The tower was inspected in 2010.")

    def reply(self, messages: Sequence[Message], max_tokens: int, supposed=()):  # type: ignore[no-untyped-def]
        topic = next((topic for topic in TOPICS if f" {topic} " in messages[-1].content), "tower")
        self.replies = [f"Which office inspected the {topic}?"]
        return FakeChat.reply(self, messages, max_tokens, supposed)

    def compare(self, messages: Sequence[Message], max_tokens: int) -> tuple[str, str]:
        assert sum(segment.reusable for segment in messages[-1].segments) > 2  # several passages
        return self.answers

    def start_joining(self) -> None:
        self.joins = True


@pytest.fixture
def assistant(own_home: Path, tmp_path: Path) -> Iterator[Assistant]:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(2 * TRIALS):
        topic = TOPICS[number % len(TOPICS)]
        (folder / f"{topic}{number}.txt").write_text(
            f"The {topic} was inspected in 20{10 + number} by the office in Leeds, which wrote {number + 3} pages on it. "
            f"The report number {number} on the {topic} praises the care that was taken of it.\n", "utf-8")
    with Assistant(Settings(own_home, chat="fake:", embed="fake:")) as opened:
        opened.add([folder])
        yield opened


def try_all(assistant: Assistant, chat: ComparingChat) -> int:
    """Try until there is nothing more to try; return how many tries that were."""
    tries = 0
    while try_joining(assistant._library, chat, assistant.settings, "model", lambda: False):
        tries += 1
        assert tries < 100
    return tries


def test_the_same_answers_open_it(assistant: Assistant) -> None:
    chat = ComparingChat()
    assert isinstance(chat, Comparing)
    assert try_all(assistant, chat) >= TRIALS
    assert read_verdict(assistant.settings.home, "model").may_join
    assert try_all(assistant, chat) == 0


def test_other_answers_keep_it_closed(assistant: Assistant) -> None:
    chat = ComparingChat()
    chat.answers = ("The tower was inspected in 2010.", "Your files do not say.")
    assert 0 < try_all(assistant, chat) < TRIALS
    assert not read_verdict(assistant.settings.home, "model").may_join


def test_nothing_is_tried_where_the_person_has_decided_or_the_model_cannot(assistant: Assistant) -> None:
    assert not assistant.try_joining()  # no model is loaded
    assert not try_joining(assistant._library, FakeChat(), assistant.settings, "model", lambda: False)
    assert not try_joining(assistant._library, ComparingChat(joins=True), assistant.settings, "model", lambda: False)
    assert not try_joining(assistant._library, ComparingChat(), assistant.settings, "model", lambda: True)
    assert read_verdict(assistant.settings.home, "model").attempts == 0


@pytest.mark.parametrize(("question", "one", "other", "alike"), [
    ("When does the lease end?", "The lease ends on 31 May 2027.", "It ends on 31 May 2027, the lease.", True),
    ("When does the lease end?", "The lease ends on 31 May 2027.", "The lease ends on 31 May 2026.", False),
    ("What is the name of the church in France?", "The name of the church in France is Swiss Reformation.",
     "The name of the church in France is Geneva.", False),
    ("Who cleans the pump?", "NOT STATED", "The pump is cleaned weekly by the tenant.", False),
    ("Who cleans the pump?", "The tenant.", "The tenant cleans the pump.", True),
    ("违约金是多少？", "违约金为合同总额的百分之十。", "违约金是合同总额的百分之十。", True),
])
def test_answers_are_compared_by_their_numbers_and_the_words_that_the_question_lacks(
        question: str, one: str, other: str, alike: bool) -> None:
    assert are_alike(question, one, other) is alike

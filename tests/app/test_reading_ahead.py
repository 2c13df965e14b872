"""Passages that questions found are read ahead: which, in which order, how many, and nothing of a removed file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.app.assistant import Assistant
from assistant.config import Settings
from assistant.datatypes import Message
from assistant.models.fake import FakeChat
from assistant.models.llama.kv_cache import state_folder

QUESTION = "When does the lease of the mill end?"
TEXTS = {
    "lease.txt": "The lease of the mill ends on 31 December 2027.",
    "deed.txt": "The deed of the mill is kept in the old safe.",
    "mill.txt": "The mill by the river was built in 1874.",
    "safe.txt": "The safe is opened by two clerks.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def assistant(tmp_path: Path, folder: Path) -> Iterator[Assistant]:
    with Assistant(Settings(home=tmp_path / "home", embed="fake:", chat="fake:", top_k=10)) as assistant:
        assistant.add([folder])
        yield assistant


def chat_of(assistant: Assistant) -> FakeChat:
    chat = assistant._models.chat
    assert isinstance(chat, FakeChat)
    return chat


def file_read(messages: tuple[Message, ...]) -> str:
    return next(name for name in TEXTS if f" {name}" in messages[1].segments[1])


def files_read_ahead(assistant: Assistant) -> list[str]:
    return [file_read(messages) for messages in chat_of(assistant).prefilled]


def test_the_hits_behind_the_best_one_are_read_as_the_best_one_of_a_later_question(assistant: Assistant) -> None:
    assert assistant.ask(QUESTION).answer.timings.read_passages == 1
    assistant.prefill()
    assert files_read_ahead(assistant) == ["deed.txt", "mill.txt"]
    ahead = chat_of(assistant).prefilled[0]
    assert assistant.ask("Where is the deed kept?").answer.text
    asked = next(messages for messages in chat_of(assistant).asked if file_read(messages) == "deed.txt")
    begun = asked[1].first_segments
    assert (asked[0], asked[1].segments[:begun], asked[1].document) == (ahead[0], ahead[1].segments[:begun], ahead[1].document)
    assert ahead[1].document


def test_nothing_is_read_twice_and_not_what_a_question_has_read(assistant: Assistant) -> None:
    assistant.ask(QUESTION).answer  # noqa: B018 - it is written then
    for _ in range(3):
        assistant.prefill()
    assert "lease.txt" not in files_read_ahead(assistant)
    assert len(files_read_ahead(assistant)) == len(set(files_read_ahead(assistant)))


def test_the_best_passage_of_a_question_that_read_several_is_read_ahead_and_the_most_frequent_first(assistant: Assistant) -> None:
    for question in (QUESTION, "Compare the deed and the safe.", "Compare the deed and the mill."):
        assistant.ask(question).answer  # noqa: B018
    assistant.prefill()
    assert files_read_ahead(assistant)[0] == "deed.txt"


def test_few_passages_are_read_in_one_idle_time(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.app.ask.reading_ahead.MOST_PREFILLED", 1)
    assistant.ask(QUESTION).answer  # noqa: B018
    for number in (1, 2):
        assistant.prefill()
        assert len(files_read_ahead(assistant)) == number


def test_it_ends_when_it_is_to_stop_and_goes_on_the_next_time(assistant: Assistant) -> None:
    assistant.ask(QUESTION).answer  # noqa: B018
    assistant.prefill(lambda: True)
    assert files_read_ahead(assistant) == []
    chat_of(assistant).should_stop = lambda: bool(chat_of(assistant).prefilled)
    with pytest.raises(KeyboardInterrupt):
        assistant.prefill()
    chat_of(assistant).should_stop = lambda: False
    assistant.prefill()
    assert files_read_ahead(assistant) == ["deed.txt", "mill.txt"]


def test_a_removed_or_changed_file_is_not_read(assistant: Assistant, folder: Path) -> None:
    assistant.ask(QUESTION).answer  # noqa: B018
    assistant.remove(folder / "deed.txt")
    (folder / "mill.txt").write_text("The mill was sold.", "utf-8")
    assistant.sync()
    assistant.prefill()
    assert files_read_ahead(assistant) == []


def test_nothing_stays_of_a_file_that_is_removed_while_it_is_read(
        assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    states = state_folder(assistant.settings.home)
    states.mkdir(parents=True)

    def store(chat: FakeChat, messages: tuple[Message, ...]) -> bool:
        assistant.remove(folder / file_read(messages))
        (states / f"0-{messages[1].document}.kv").write_bytes(b"state")
        return True

    monkeypatch.setattr(FakeChat, "prefill", store)
    monkeypatch.setattr("assistant.app.ask.reading_ahead.MOST_PREFILLED", 1)
    assistant.ask(QUESTION).answer  # noqa: B018
    (states / "0.kv").write_bytes(b"state")
    assistant.prefill()
    assert [file.name for file in states.iterdir()] == ["0.kv"]


def test_nothing_stays_of_a_file_that_is_removed_while_a_question_is_answered(assistant: Assistant, folder: Path) -> None:
    states = state_folder(assistant.settings.home)
    states.mkdir(parents=True)
    pieces = iter(assistant.ask(QUESTION))
    next(pieces)
    document = chat_of(assistant).asked[-1][1].document
    assistant.remove(folder / "lease.txt")
    (states / f"0-{document}.kv").write_bytes(b"state")
    assert "".join(pieces)
    assert document
    assert list(states.iterdir()) == []


def test_a_full_cache_ends_it(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(FakeChat, "prefill", lambda _, messages: asked.append(messages) is not None)
    assistant.ask(QUESTION).answer  # noqa: B018
    assistant.prefill()
    assert len(asked) == 1


ELSEWHERE = {"chat": "http://127.0.0.1:9/v1", "remote": "lan", "chat_model": "m"}


@pytest.mark.parametrize("changed", [{"best_first": False}, ELSEWHERE])
def test_nothing_is_read_ahead_that_is_not_used(tmp_path: Path, folder: Path, changed: dict[str, object]) -> None:
    settings = Settings(home=tmp_path / "home", embed="fake:", **{"chat": "fake:", **changed})  # type: ignore[arg-type]
    with Assistant(settings) as assistant:
        assistant.add([folder])
        if settings.chat == "fake:":
            assistant.ask(QUESTION).answer  # noqa: B018
        assistant.prefill()
        assert settings.chat != "fake:" or files_read_ahead(assistant) == []

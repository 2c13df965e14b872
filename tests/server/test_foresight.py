"""What is only foreseen gives way: to a question at once, to what is foreseen later too; a watch gives way to questions."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from assistant.app.assistant import Assistant
from assistant.app.models import ModelCache
from assistant.config import Settings
from assistant.datatypes import Message
from assistant.errors import NothingIndexed
from assistant.models.fake import FakeChat
from assistant.server.client import EngineClient
from assistant.server.dispatcher import Dispatcher, Job
from assistant.server.endpoint import endpoint_of
from assistant.server.operations import PREFETCH_QUERY
from assistant.server.protocol import Call, Failed, Result, Started
from assistant.server.remote_assistant import RemoteAssistant, open_assistant
from assistant.server.server import Server
from tests.server.serving import serving, until

PATIENCE = 30
QUESTION = "When does the lease end?"


def last_of(job: Job) -> object:
    message = job.messages.get(timeout=PATIENCE)
    while not isinstance(message, Result | Failed):
        message = job.messages.get(timeout=PATIENCE)
    return message


def test_the_model_reads_the_passages_before_the_question_is_whole(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    reply = FakeChat.reply

    def note(chat: FakeChat, messages: list[Message], most: int) -> object:
        read.append(messages[-1].content)
        return reply(chat, messages, most)

    monkeypatch.setattr(FakeChat, "reply", note)
    with Assistant(settings) as assistant:
        assistant.anticipate("When does the lease")
        assert len(read) == 1
        assert "31 December 2027" in read[0]
        assistant.anticipate("Summarise lease.txt")  # such an answer reads other things
        assistant.anticipate("When does the lease", (), lambda: True)
        assert len(read) == 1


def test_nothing_is_foreseen_in_an_empty_library(settings: Settings) -> None:
    with Assistant(Settings(settings.home, "nothing", "fake:", "fake:")) as assistant, pytest.raises(NothingIndexed):
        assistant.anticipate(QUESTION)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Let what is foreseen last until it is told to stop; return a function that waits for its beginning."""
    begun = threading.Event()

    def last(self: Assistant, question: str, turns: object, should_stop: Callable[[], bool]) -> None:
        begun.set()
        while not should_stop():
            threading.Event().wait(0.01)

    monkeypatch.setattr(Assistant, "anticipate", last)
    return lambda: begun.wait(PATIENCE)


def test_a_question_stops_what_is_foreseen(settings: Settings, held: Callable[[], bool]) -> None:
    desk = Dispatcher(ModelCache())
    foreseen = desk.submit(Call("anticipate", settings, ("When does", ())))
    assert held()
    asked = desk.submit(Call("ask", settings, (QUESTION,)))
    assert isinstance(asked.messages.get(timeout=PATIENCE), Started)
    assert foreseen.cancelled.is_set()
    assert last_of(foreseen) == Result(None)
    assert isinstance(last_of(asked), Result)
    assert (desk.answers, desk.searches, desk.waiting) == (1, 0, 0) or desk.waiting <= 1


def test_of_what_is_foreseen_only_the_latest_is_done(settings: Settings, held: Callable[[], bool]) -> None:
    desk = Dispatcher(ModelCache())
    first = desk.submit(Call("anticipate", settings, ("When does", ())))
    assert held()
    second = desk.submit(Call("anticipate", settings, ("When does the", ())))
    assert last_of(first) == Result(None)
    assert first.cancelled.is_set() and not second.cancelled.is_set()
    desk.cancel(second)
    assert last_of(second) == Result(None)


def test_the_engine_is_busy_while_somebody_waits(settings: Settings, held: Callable[[], bool]) -> None:
    line = EngineClient(settings)
    assert not line.is_busy()
    assert not line.is_up()  # to ask starts none
    endpoint_of(settings.home).key()  # as who starts an engine does
    serving = threading.Thread(target=Server(endpoint_of(settings.home), 15).run)
    serving.start()
    waiting = threading.Thread(target=lambda: list(line.messages(PREFETCH_QUERY, "When does", ())))
    waiting.start()
    assert held()
    assert line.is_busy()
    assert "2027" in RemoteAssistant(settings, line).ask(QUESTION).answer.text
    waiting.join(PATIENCE)
    line.stop()
    serving.join(PATIENCE)
    assert not serving.is_alive()
    assert not line.is_busy()


def test_through_the_engine(settings: Settings) -> None:
    with open_assistant(settings) as resident:
        assert isinstance(resident, RemoteAssistant)
        resident.anticipate("When does the lease")
        assert "2027" in resident.ask(QUESTION).answer.text


def test_the_model_of_the_last_question_is_tuned_when_there_is_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    tuned, over = list[str](), threading.Event()

    def tune(self: Assistant, should_stop: Callable[[], bool]) -> None:
        tuned.append(self.settings.chat)
        over.set()

    monkeypatch.setattr(Assistant, "tune", tune)
    desk = Dispatcher(ModelCache())
    desk.work_while_idle()  # nothing was asked yet
    assert isinstance(last_of(desk.submit(Call("ask", settings, (QUESTION,)))), Result)
    for _ in range(3):
        until(lambda: desk.is_idle)
        desk.work_while_idle()
    assert over.wait(PATIENCE)
    assert isinstance(last_of(desk.submit(Call("ask", settings, (QUESTION,)))), Result)
    assert tuned == ["fake:"]


class Reading:
    """Reads ahead until it is told to stop, and counts how often it began."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = threading.Semaphore(0)
        monkeypatch.setattr(Assistant, "prefill", self.read)
        monkeypatch.setattr(Assistant, "tune", lambda *_: None)

    def read(self, should_stop: Callable[[], bool]) -> None:
        self.begun.release()
        while not should_stop():
            threading.Event().wait(0.01)


@pytest.mark.parametrize("operation", ["ask", "search", "anticipate"])
def test_any_call_ends_reading_ahead_which_goes_on_in_the_next_idle_time(
        settings: Settings, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    desk, reading = Dispatcher(ModelCache()), Reading(monkeypatch)
    desk.work_while_idle()  # nothing was asked yet
    assert isinstance(last_of(desk.submit(Call("ask", settings, (QUESTION,)))), Result)
    until(lambda: desk.is_idle)
    desk.work_while_idle()  # tunes
    until(lambda: desk.is_idle)
    desk.work_while_idle()
    assert reading.begun.acquire(timeout=PATIENCE)
    desk.work_while_idle()  # it is at it
    assert isinstance(last_of(desk.submit(Call(operation, settings, (QUESTION,)))), Result)
    until(lambda: desk.is_idle)
    assert not reading.begun.acquire(blocking=False)
    for _ in range(1 + (operation == "ask")):  # after a question the threads are tuned first
        until(lambda: desk.is_idle)
        desk.work_while_idle()
    assert reading.begun.acquire(timeout=PATIENCE)
    desk.close()


def test_the_server_reads_ahead_when_no_call_has_come_for_a_while(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Reading(monkeypatch)
    monkeypatch.setattr("assistant.server.server.IDLE_WORK_AFTER", 0.0)
    monkeypatch.setattr("assistant.server.server.TICK", 0.01)
    with serving(settings):
        assert "2027" in RemoteAssistant(settings, EngineClient(settings)).ask(QUESTION).answer.text
        assert reading.begun.acquire(timeout=PATIENCE)
        assert "2027" in RemoteAssistant(settings, EngineClient(settings)).ask(QUESTION).answer.text  # it gives way


def test_a_model_that_cannot_be_tuned_stays_as_it_is(settings: Settings) -> None:
    with Assistant(settings) as assistant:
        assistant.tune()
        assert "2027" in assistant.ask(QUESTION).answer.text
    assert not (settings.home / "threads.json").exists()

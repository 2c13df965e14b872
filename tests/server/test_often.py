"""Passages that are found often are read while nobody waits, and never while somebody does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from assistant.app.assistant import Assistant
from assistant.app.models.cache import Shelf
from assistant.config import Settings
from assistant.datatypes import Chunk, Hit, Location
from assistant.server.dispatcher import MOST, Dispatcher, Job, OftenFound
from assistant.server.protocol import Call, Failed, Result

PATIENCE = 30
QUESTION = "When does the lease end?"


def hit(number: int) -> Hit:
    return Hit(number, f"/{number}.txt", "", Chunk("words", Location(1, 1, 0, 5)))


def last_of(job: Job) -> object:
    message = job.messages.get(timeout=PATIENCE)
    while not isinstance(message, Result | Failed):
        message = job.messages.get(timeout=PATIENCE)
    return message


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_was_found_most_comes_first_and_once(settings: Settings) -> None:
    often = OftenFound()
    for hits in ([hit(1), hit(2)], [hit(2)], [hit(2), hit(3), hit(3)]):
        often.note(settings, hits)
    assert [often.take()[0][1].chunk_id for _ in range(3)] == [2, 3, 1]
    assert not often.take()


def test_no_more_than_so_many_are_remembered(settings: Settings) -> None:
    often = OftenFound()
    often.note(settings, [hit(1), hit(1), *map(hit, range(2, 2 * MOST))])
    taken = [often.take() for _ in range(MOST + 1)]
    assert taken[0][0][1].chunk_id == 1
    assert taken[-2] and not taken[-1]


def test_the_engine_reads_what_was_found(settings: Settings) -> None:
    desk = Dispatcher(Shelf())
    joining = replace(settings, reuse="joined")
    assert isinstance(last_of(desk.take(Call("ask", joining, (QUESTION,)))), Result)
    until(lambda: desk.is_idle)
    desk.read_ahead()
    until(lambda: desk.read_beforehand == 1 and desk.is_idle)


def test_without_a_model_that_is_loaded_nothing_is_read(settings: Settings) -> None:
    desk = Dispatcher(Shelf())
    assert isinstance(last_of(desk.take(Call("search", settings, (QUESTION,)))), Result)
    until(lambda: desk.is_idle)
    desk.read_ahead()
    assert desk.is_idle
    assert desk.read_beforehand == 0


def test_a_question_stops_what_is_read_beforehand(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def last(self: Assistant, found: Hit, should_stop: Callable[[], bool]) -> int:
        begun.set()
        until(should_stop)
        return 0

    monkeypatch.setattr(Assistant, "make_ready", last)
    desk = Dispatcher(Shelf())
    assert isinstance(last_of(desk.take(Call("ask", settings, (QUESTION,)))), Result)
    until(lambda: desk.is_idle)
    desk.read_ahead()
    assert begun.wait(PATIENCE)
    assert (desk.waiting, desk.is_idle) == (0, False)  # nobody waits
    assert isinstance(last_of(desk.take(Call("ask", settings, (QUESTION,)))), Result)

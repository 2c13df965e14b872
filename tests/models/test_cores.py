"""How many threads are fastest: measured in turns on a machine that is made up, kept for one model and machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from assistant.models.llama import thread_tuning as cores
from assistant.models.llama.chat import LlamaChat
from assistant.models.llama.thread_tuning import (
    Threads,
    are_outdated,
    forget_threads,
    load_threads,
    machine_key,
    store_threads,
    thread_candidates,
    tune_threads,
)


class Clock:
    """A model whose tokens take as long as they are said to take with so many threads, on a clock of its own."""

    def __init__(self, reading: dict[int, float], writing: dict[int, float]) -> None:
        self.seconds = {True: reading, False: writing}
        self.threads = Threads(0, 0)
        self.now = 0.0
        self.tried = 0

    def set_threads(self, threads: Threads) -> None:
        self.threads = threads

    def try_tokens(self, tokens: Sequence[int]) -> None:
        self.tried += 1
        self.now += self.seconds[len(tokens) > 1][self.threads.writing]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    model = Clock(reading={4: 0.2, 8: 0.1, 2: 0.5}, writing={4: 0.02, 8: 0.05, 2: 0.021})
    monkeypatch.setattr(cores.time, "perf_counter", lambda: model.now)
    return model


def test_reading_and_writing_have_each_the_fastest(clock: Clock) -> None:
    assert tune_threads(clock, lambda: False, (4, 8, 2)) == Threads(reading=8, writing=4)
    assert clock.threads == Threads(reading=8, writing=4)
    assert clock.now < 3


def test_what_is_hardly_faster_is_noise(clock: Clock) -> None:
    clock.seconds[True] = {4: 0.2, 8: 0.198}
    assert tune_threads(clock, lambda: False, (4, 8)).reading == 4


def test_however_slow_the_model_two_numbers_are_compared(clock: Clock) -> None:
    clock.seconds[True] = {4: 60.0, 8: 30.0, 2: 1.0}
    assert tune_threads(clock, lambda: False, (4, 8, 2)).reading == 8


def test_who_is_told_to_stop_changes_nothing(clock: Clock) -> None:
    assert tune_threads(clock, lambda: clock.tried > 3, (4, 8, 2)) == Threads(4, 4)
    assert clock.threads == Threads(4, 4)


def test_one_interrupted_leaves_the_number_of_cores(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(tokens: Sequence[int]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(clock, "try_tokens", interrupt)
    with pytest.raises(KeyboardInterrupt):
        tune_threads(clock, lambda: False, (4, 8, 2))
    assert clock.threads == Threads(4, 4)


@pytest.mark.parametrize(("machine", "numbers"), [
    ((1, 1), (1,)), ((2, 2), (2, 1)), ((4, 8), (4, 8, 3, 2)), ((8, 16), (8, 16, 7, 4, 6)),
])
def test_what_is_tried_on_a_machine(machine: tuple[int, int], numbers: tuple[int, ...]) -> None:
    assert thread_candidates(*machine) == numbers


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="a process's own cores are known on Linux")
def test_cores_of_others_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5})
    assert cores.usable_cores() == (1, 1)


def test_it_is_kept_for_each_model_and_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "threads.json"
    here = machine_key("one")
    assert load_threads(place, here) is None
    store_threads(place, here, Threads(8, 4))
    store_threads(place, machine_key("another"), Threads(2, 2))
    assert load_threads(place, here) == Threads(8, 4)
    assert load_threads(place, machine_key("a third")) is None
    monkeypatch.setattr(cores, "usable_cores", lambda: (64, 128))
    assert load_threads(place, machine_key("one")) is None


@pytest.mark.parametrize("damage", ["", "[]", '{"HERE": 3}', '{"HERE": {"reading": 0, "writing": 4}}'])
def test_a_damaged_file_counts_for_nothing_and_is_written_anew(tmp_path: Path, damage: str) -> None:
    place, here = tmp_path / "threads.json", machine_key("one")
    place.write_text(damage.replace("HERE", here), "utf-8")
    assert load_threads(place, here) is None
    store_threads(place, here, Threads(8, 4))
    assert load_threads(place, here) == Threads(8, 4)


def test_a_home_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    store_threads(tmp_path / "nowhere" / "threads.json", machine_key("one"), Threads(8, 4))
    assert not (tmp_path / "nowhere").exists()


def test_a_measurement_is_forgotten_after_some_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, then = tmp_path / "threads.json", time.time()
    store_threads(place, "key", Threads(8, 4))
    monkeypatch.setattr(cores.time, "time", lambda: then + 6 * 86_400)
    assert load_threads(place, "key") == Threads(8, 4)
    for days in (8, -8):  # a clock that was set back is no reason to keep it
        monkeypatch.setattr(cores.time, "time", lambda days=days: then + days * 86_400)
        assert load_threads(place, "key") is None


def test_one_model_is_forgotten(tmp_path: Path) -> None:
    place = tmp_path / "threads.json"
    store_threads(place, "one", Threads(8, 4))
    store_threads(place, "another", Threads(2, 2))
    forget_threads(place, "one")
    assert load_threads(place, "one") is None
    assert load_threads(place, "another") == Threads(2, 2)


def test_only_a_long_prefill_far_slower_than_measured_outdates_a_measurement() -> None:
    measured = Threads(1, 1, tokens_per_second=100.0)
    assert are_outdated(measured, 400, 10.0)
    assert not are_outdated(measured, 400, 6.0)
    assert not are_outdated(measured, 10, 10.0)
    assert not are_outdated(Threads(1, 1), 400, 1000.0)


class Contended:
    """An engine that is faster with fewer threads."""

    def __init__(self) -> None:
        self.threads, self.cached_tokens = Threads(0, 0), list[int]()
        self.now, self.tried = 0.0, 0

    def set_threads(self, threads: Threads) -> None:
        self.threads = threads

    def try_tokens(self, tokens: Sequence[int]) -> None:
        self.tried += 1
        self.now += 0.001 * self.threads.reading * len(tokens)

    def grow_context(self, tokens: int) -> None:
        pass


@pytest.fixture
def contended(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[LlamaChat, Contended]]:
    chat, engine = LlamaChat.__new__(LlamaChat), Contended()
    chat._engine, chat._identity, chat._threads, chat._threads_place = engine, "a", None, None  # type: ignore[assignment]
    monkeypatch.setattr(LlamaChat, "context_tokens", 4096)
    monkeypatch.setattr("assistant.models.llama.chat.usable_cores", lambda: (4, 4))
    monkeypatch.setattr(cores.time, "perf_counter", lambda: engine.now)
    yield chat, engine


def load_of(monkeypatch: pytest.MonkeyPatch, *percents: float) -> None:
    """Let the processors be so busy, one look after the other."""
    looks = iter(percents)
    monkeypatch.setattr(psutil, "cpu_percent", lambda *_: next(looks))


def test_on_a_busy_machine_nothing_is_measured_or_stored(
    contended: tuple[LlamaChat, Contended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, engine = contended
    load_of(monkeypatch, 90.0)
    assert chat.tune(tmp_path / "threads.json") == engine.threads == Threads(4, 4)
    assert (engine.tried, list(tmp_path.iterdir())) == (0, [])


def test_what_was_measured_while_the_machine_became_busy_is_not_stored(
    contended: tuple[LlamaChat, Contended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, engine = contended
    load_of(monkeypatch, 0.0, 90.0)
    assert chat.tune(tmp_path / "threads.json") == engine.threads == Threads(4, 4)
    assert not list(tmp_path.iterdir())


def test_a_stored_measurement_is_used_unless_a_new_one_is_wanted(
    contended: tuple[LlamaChat, Contended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, engine = contended
    place = tmp_path / "threads.json"
    store_threads(place, machine_key("a"), Threads(4, 3))
    assert chat.tune(place) == engine.threads == Threads(4, 3)
    load_of(monkeypatch, 90.0)
    assert chat.tune(place, anew=True) == Threads(4, 3)  # the machine is busy: the stored one stays
    load_of(monkeypatch, 0.0, 0.0)
    assert chat.tune(place, anew=True) == engine.threads == load_threads(place, machine_key("a")) == Threads(2, 2)


def test_a_measurement_that_no_longer_holds_is_forgotten(
    contended: tuple[LlamaChat, Contended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, engine = contended
    place = tmp_path / "threads.json"
    store_threads(place, machine_key("a"), Threads(1, 1, tokens_per_second=100.0))
    chat.use_tuned_threads(place)
    chat._judge_threads(400, 5.0)
    assert engine.threads == load_threads(place, machine_key("a")) == Threads(1, 1)
    chat._judge_threads(400, 30.0)
    assert engine.threads == Threads(4, 4)
    assert load_threads(place, machine_key("a")) is None

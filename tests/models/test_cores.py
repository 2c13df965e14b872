"""How many threads are fastest: measured in turns on a machine that is made up, kept for one model and machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.models.llama import thread_tuning as cores
from assistant.models.llama.thread_tuning import (
    Threads,
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

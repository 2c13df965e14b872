"""Measure the fastest numbers of threads for prefill and generation, once per model and machine, in about two seconds.

Prefill is bound by arithmetic, generation by memory bandwidth: their best numbers differ, and on processors with fast and slow
cores, or on a share of a larger machine, neither is the number of cores. The result is stored in a file.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from assistant.system.atomic_files import write_atomically

SECONDS = 2.0  # for both measurements; at least two numbers are compared
PROBE_TOKENS = 16  # prompt tokens of one prefill measurement
WRITTEN = 3  # tokens of one generation measurement
WORTH_CHANGING = 1.03  # speed-up over the number of cores: less is noise
ANY_TOKEN = 1000


@dataclass(frozen=True, slots=True)
class Threads:
    """Numbers of threads: `reading` for prefill, `writing` for generation."""

    reading: int
    writing: int


class Measurable(Protocol):
    """A loaded model whose numbers of threads can be measured."""

    def set_threads(self, threads: Threads) -> None:
        """Set the numbers of threads."""

    def try_tokens(self, tokens: Sequence[int]) -> None:
        """Decode tokens after the cached ones, then drop them."""


def usable_cores() -> tuple[int, int]:
    """Return the numbers of physical and logical cores that this process may use."""
    import psutil

    logical = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count() or 1
    return min(psutil.cpu_count(logical=False) or logical, logical), logical


def thread_candidates(cores: int, logical: int) -> tuple[int, ...]:
    """Return the numbers of threads to measure, the likeliest first."""
    numbers = (cores, logical, cores - 1, cores // 2, cores * 3 // 4)
    return tuple(number for number in dict.fromkeys(numbers) if number >= 1)


def tune_threads(model: Measurable, should_stop: Callable[[], bool], numbers: Sequence[int], seconds: float = SECONDS) -> Threads:
    """Set and return the fastest numbers of threads: the first of `numbers` unless another is clearly faster.

    The first is kept if `should_stop` returns True in between. Raises KeyboardInterrupt if the model is interrupted.
    """
    best = Threads(numbers[0], numbers[0])
    try:
        reading = fastest(model, [ANY_TOKEN] * PROBE_TOKENS, should_stop, numbers, seconds / 2)
        writing = fastest(model, [ANY_TOKEN], should_stop, numbers, seconds / 2)
        if not should_stop():
            best = Threads(reading, writing)
    finally:
        model.set_threads(best)
    return best


def fastest(model: Measurable, tokens: Sequence[int], should_stop: Callable[[], bool], numbers: Sequence[int],
            seconds: float) -> int:
    """Return the fastest number of threads for decoding these tokens, measured in turns until the time is over."""
    least: dict[int, float] = {}
    deadline = time.perf_counter() + seconds
    while not should_stop() and (time.perf_counter() < deadline or len(least) < min(2, len(numbers))):
        for number in numbers:
            model.set_threads(Threads(number, number))
            taken = time_of(model, tokens)
            least[number] = min(taken, least.get(number, taken))
            if time.perf_counter() > deadline and len(least) >= 2:
                break
        if len(numbers) == 1:
            break
    usual = least.get(numbers[0], 0.0)
    found = min(least, key=lambda number: least[number], default=numbers[0])
    return found if least and usual > least[found] * WORTH_CHANGING else numbers[0]


def time_of(model: Measurable, tokens: Sequence[int]) -> float:
    """Return the seconds to decode these tokens; for a single token the mean of a few rounds."""
    rounds = WRITTEN if len(tokens) == 1 else 1
    started = time.perf_counter()
    for _ in range(rounds):
        model.try_tokens(tokens)
    return (time.perf_counter() - started) / rounds


def machine_key(model: str) -> str:
    """Return a hash of the model, the machine and its cores, on which the best numbers depend."""
    parts = (model, platform.machine(), platform.processor(), platform.node(), *map(str, usable_cores()))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def load_threads(place: Path, key: str) -> Threads | None:
    """Return the stored numbers of threads, or None if there are none or the file is damaged."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(place.read_text("utf-8"))[key]
        threads = Threads(int(kept["reading"]), int(kept["writing"]))
        return threads if min(threads.reading, threads.writing) >= 1 else None
    return None


def store_threads(place: Path, key: str, threads: Threads) -> None:
    """Store the numbers beside those of other models. An unwritable disk only costs another measurement later."""
    kept: dict[str, object] = {}
    with suppress(OSError, ValueError, TypeError):
        kept = dict(json.loads(place.read_text("utf-8")))
    with suppress(OSError):
        write_atomically(place, json.dumps({**kept, key: asdict(threads)}).encode())


SPINS = "1000"


def limit_spinning() -> None:
    """Let OpenMP's waiting threads release their core soon, unless the user has set GOMP_SPINCOUNT."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)

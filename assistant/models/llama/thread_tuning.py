"""A loaded model in; how many threads read and write fastest with it on this machine, measured once in about two seconds, out.

Reading a prompt is computing, writing is fetching the weights from memory: the best numbers differ, and on processors with fast
and slow cores, or with a share of a larger machine, neither is the number of cores. Kept in a file for this model and machine.
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

SECONDS = 2.0  # of both measurements together; two numbers are always compared
READ_AT_ONCE = 16  # tokens of a prompt
WRITTEN = 3  # tokens between two looks at the clock
WORTH_CHANGING = 1.03  # times as fast as the number of cores: less is noise
ANY_TOKEN = 1000


@dataclass(frozen=True, slots=True)
class Threads:
    """How many threads compute."""

    reading: int
    writing: int


class Trial(Protocol):
    """A loaded model on which numbers of threads can be tried."""

    def set_threads(self, threads: Threads) -> None:
        """Compute with so many threads from now on."""

    def try_tokens(self, tokens: Sequence[int]) -> None:
        """Compute tokens after those held, and forget them."""


def usable_cores() -> tuple[int, int]:
    """Return how many cores this process may use, real ones and with those that the processor only pretends to have."""
    import psutil

    pretended = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count() or 1
    return min(psutil.cpu_count(logical=False) or pretended, pretended), pretended


def candidates(cores: int, pretended: int) -> tuple[int, ...]:
    """Return numbers of threads to try, the likeliest first."""
    numbers = (cores, pretended, cores - 1, cores // 2, cores * 3 // 4)
    return tuple(number for number in dict.fromkeys(numbers) if number >= 1)


def calibrate(model: Trial, should_stop: Callable[[], bool], numbers: Sequence[int], seconds: float = SECONDS) -> Threads:
    """Return the fastest numbers of threads, the first of `numbers` where none is clearly faster, and set them.

    Where `should_stop` says so in between, the first of them stay. Raises KeyboardInterrupt where the model is interrupted.
    """
    best = Threads(numbers[0], numbers[0])
    try:
        reading = fastest(model, [ANY_TOKEN] * READ_AT_ONCE, should_stop, numbers, seconds / 2)
        writing = fastest(model, [ANY_TOKEN], should_stop, numbers, seconds / 2)
        if not should_stop():
            best = Threads(reading, writing)
    finally:
        model.set_threads(best)
    return best


def fastest(model: Trial, tokens: Sequence[int], should_stop: Callable[[], bool], numbers: Sequence[int],
            seconds: float) -> int:
    """Return with how many threads such tokens are computed fastest; each number is tried as often as there is time, in turns."""
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


def time_of(model: Trial, tokens: Sequence[int]) -> float:
    """Return the seconds that these tokens take; of one token the mean of a few, since one takes little."""
    rounds = WRITTEN if len(tokens) == 1 else 1
    started = time.perf_counter()
    for _ in range(rounds):
        model.try_tokens(tokens)
    return (time.perf_counter() - started) / rounds


def situation(model: str) -> str:
    """Return a hash of all that decides how many threads are best."""
    parts = (model, platform.machine(), platform.processor(), platform.node(), *map(str, usable_cores()))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def recall(place: Path, situation: str) -> Threads | None:
    """Return what is kept for this situation; None where nothing is, or the file is damaged."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(place.read_text("utf-8"))[situation]
        threads = Threads(int(kept["reading"]), int(kept["writing"]))
        return threads if min(threads.reading, threads.writing) >= 1 else None
    return None


def remember(place: Path, situation: str, threads: Threads) -> None:
    """Keep it beside what is kept for other models; where the disk cannot be written, it is measured again another time."""
    kept: dict[str, object] = {}
    with suppress(OSError, ValueError, TypeError):
        kept = dict(json.loads(place.read_text("utf-8")))
    aside = place.with_suffix(".partial")
    with suppress(OSError):
        aside.write_text(json.dumps({**kept, situation: asdict(threads)}), "utf-8")
        aside.replace(place)


SPINS = "1000"


def wait_politely() -> None:
    """Have OpenMP's threads give up the core soon while they wait; what the person has set stays."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)

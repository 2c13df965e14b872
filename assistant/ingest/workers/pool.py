"""Read files by several worker processes at once; yield what comes of them in the same order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from pathlib import Path
from queue import LifoQueue

from assistant.ingest.workers.read_file import Reading, Terms
from assistant.ingest.workers.reading_budget import Held, size_of
from assistant.ingest.workers.supervisor import Bounds, Warden

AHEAD = 16  # files to a worker that may be read before they are asked for
MOST_HELD = 64 * 2**20  # bytes of what was read and not yet asked for, from which on no other file is begun
GLANCE_SECONDS = 0.2

OnStep = Callable[[str], None]


def nothing_to_do() -> bool:
    """Do nothing."""
    return False


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read, and the hash of the content that is known of it, if any."""

    path: Path
    known_hash: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job on its way, by its number."""

    job: Job
    number: int
    future: Future[list[Reading]]


class Pool:
    """Some workers. Close it, and they end at once."""

    def __init__(self, workers: int, terms: Terms, bounds: Bounds) -> None:
        self._wardens = [Warden(terms, bounds) for _ in range(workers)]
        self._idle: LifoQueue[Warden] = LifoQueue()  # one that runs already before one that must be started
        for warden in self._wardens:
            self._idle.put(warden)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="reading")
        self._steps: dict[Path, str] = {}
        self._held = Held(MOST_HELD)

    def __enter__(self) -> Pool:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the workers."""
        self.close()

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._held.close()
        for warden in self._wardens:
            warden.close()
        self._threads.shutdown(wait=True)

    def read(self, jobs: Iterable[Job], on_step: OnStep, meanwhile: Callable[[], bool] = nothing_to_do
             ) -> Iterator[tuple[Job, list[Reading]]]:
        """Yield each job with its readings, in order. `on_step` is told how far the file is that is waited for.

        One at a time: what was read waits for its turn within MOST_HELD bytes, and no other call can take it.
        `meanwhile` is called for something useful to do in the time; it says whether there was anything.
        """
        waiting: deque[Waiting] = deque()
        try:
            for job in jobs:
                number = self._held.enter()
                waiting.append(Waiting(job, number, self._threads.submit(self._read, job, number)))
                if len(waiting) > AHEAD * len(self._wardens):
                    yield self._taken(waiting, on_step, meanwhile)
            while waiting:
                yield self._taken(waiting, on_step, meanwhile)
        finally:
            for each in waiting:
                each.future.cancel()
                self._held.release(each.number)

    def _taken(self, waiting: deque[Waiting], on_step: OnStep, meanwhile: Callable[[], bool]) -> tuple[Job, list[Reading]]:
        """Return the first result, and let go of it."""
        self._held.expect(waiting[0].number)
        result = self._result(waiting[0].job, waiting[0].future, on_step, meanwhile)
        self._held.release(waiting.popleft().number)
        return result

    def _read(self, job: Job, number: int) -> list[Reading]:
        self._held.wait_for_room(number)
        warden = self._idle.get()
        try:
            found = warden.read(job.path, job.known_hash, lambda words: self._steps.__setitem__(job.path, words))
        finally:
            self._steps.pop(job.path, None)
            self._idle.put(warden)
        self._held.hold(number, size_of(found))
        return found

    def _result(self, job: Job, future: Future[list[Reading]], on_step: OnStep, meanwhile: Callable[[], bool]
                ) -> tuple[Job, list[Reading]]:
        pause = GLANCE_SECONDS
        while True:
            try:
                return job, future.result(timeout=pause)
            except NotYet:
                on_step(f"{job.path}: {self._steps[job.path]}" if job.path in self._steps else str(job.path))
            pause = 0.0 if meanwhile() else GLANCE_SECONDS

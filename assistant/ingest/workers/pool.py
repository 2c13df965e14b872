"""Read files with several supervised worker processes and yield the results in the order of the requests.

`MemoryBudget` bounds the memory of results that wait for their turn by their size, not by their number.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from queue import LifoQueue

from assistant.ingest.workers.read_file import ReadOptions, ReadResult, memory_size
from assistant.ingest.workers.supervisor import WorkerLimits, WorkerSupervisor

MAX_AHEAD = 16  # requests per worker that may be read before their results are taken
MAX_HELD_BYTES = 64 * 2**20  # size of the waiting results above which no other file is begun
POLL_SECONDS = 0.2

OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request to read a file. `known_hash` is the SHA-256 of its content at the last reading, if any."""

    path: Path
    known_hash: str = ""


@dataclass(frozen=True, slots=True)
class _PendingRead:
    """A submitted request, with its number in the memory budget."""

    request: ReadRequest
    number: int
    future: Future[list[ReadResult]]


class ReaderPool:
    """A pool of supervised workers. `close` ends them at once."""

    def __init__(self, workers: int, terms: ReadOptions, bounds: WorkerLimits) -> None:
        self._supervisors = [WorkerSupervisor(terms, bounds) for _ in range(workers)]
        self._idle: LifoQueue[WorkerSupervisor] = LifoQueue()  # last in, first out: prefer a worker that already runs
        for supervisor in self._supervisors:
            self._idle.put(supervisor)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="reading")
        self._steps: dict[Path, str] = {}
        self._budget = MemoryBudget(MAX_HELD_BYTES)

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers, even in the middle of a file."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._budget.close()
        for supervisor in self._supervisors:
            supervisor.close()
        self._threads.shutdown(wait=True)

    def read(self, jobs: Iterable[ReadRequest], on_step: OnStep, meanwhile: Callable[[], bool] = lambda: False
             ) -> Iterator[tuple[ReadRequest, list[ReadResult]]]:
        """Yield each request with its results, in order. Only one call may run at a time.

        `on_step` receives the progress of the file that is awaited. `meanwhile` is called while waiting and returns whether it
        had something to do. Results that wait for their turn take about MAX_HELD_BYTES at most.
        """
        pending: deque[_PendingRead] = deque()
        try:
            for request in jobs:
                number = self._budget.enter()
                pending.append(_PendingRead(request, number, self._threads.submit(self._read, request, number)))
                if len(pending) > MAX_AHEAD * len(self._supervisors):
                    yield self._take_first(pending, on_step, meanwhile)
            while pending:
                yield self._take_first(pending, on_step, meanwhile)
        finally:
            for each in pending:
                each.future.cancel()
                self._budget.release(each.number)

    def _take_first(self, pending: deque[_PendingRead], on_step: OnStep, meanwhile: Callable[[], bool]
                    ) -> tuple[ReadRequest, list[ReadResult]]:
        """Wait for the first result, release its memory and return it."""
        self._budget.expect(pending[0].number)
        result = self._wait(pending[0], on_step, meanwhile)
        self._budget.release(pending.popleft().number)
        return result

    def _wait(self, pending: _PendingRead, on_step: OnStep, meanwhile: Callable[[], bool]
              ) -> tuple[ReadRequest, list[ReadResult]]:
        path, pause = pending.request.path, POLL_SECONDS
        while True:
            try:
                return pending.request, pending.future.result(timeout=pause)
            except NotYet:
                on_step(f"{path}: {self._steps[path]}" if path in self._steps else str(path))
            pause = 0.0 if meanwhile() else POLL_SECONDS

    def _read(self, request: ReadRequest, number: int) -> list[ReadResult]:
        """Read one file in a thread of the pool, with the first idle worker."""
        self._budget.wait_for_room(number)
        supervisor = self._idle.get()
        try:
            results = supervisor.read(request.path, request.known_hash,
                                      lambda words: self._steps.__setitem__(request.path, words))
        finally:
            self._steps.pop(request.path, None)
            self._idle.put(supervisor)
        self._budget.hold(number, memory_size(results))
        return results


class MemoryBudget:
    """Count the bytes of finished results that wait. A request waits for room before it begins, unless its result is awaited."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._numbers = count()
        self._sizes: dict[int, int] = {}
        self._awaited: set[int] = set()
        self._is_closed = False
        self._changed = threading.Condition()

    @property
    def bytes(self) -> int:
        """The size of all waiting results."""
        return sum(list(self._sizes.values()))

    def enter(self) -> int:
        """Register a request and return its number."""
        with self._changed:
            number = next(self._numbers)
            self._sizes[number] = 0
            return number

    def wait_for_room(self, number: int) -> None:
        """Wait until the budget has room, or the request is awaited or released, or the budget is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or number in self._awaited or number not in self._sizes
                                   or self.bytes < self._most)

    def hold(self, number: int, size: int) -> None:
        """Record the size of a result, unless its request was released."""
        with self._changed:
            if number in self._sizes:
                self._sizes[number] = size

    def expect(self, number: int) -> None:
        """Let a request begin without room: all others wait for its result."""
        with self._changed:
            self._awaited.add(number)
            self._changed.notify_all()

    def release(self, number: int) -> None:
        """Forget a request whose result was taken or is no longer wanted."""
        with self._changed:
            self._sizes.pop(number, None)
            self._awaited.discard(number)
            self._changed.notify_all()

    def close(self) -> None:
        """Wake all waiting requests."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

"""Bound the memory of finished readings that wait for their turn, by their size and not by their number."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from itertools import count

from assistant.datatypes import Document
from assistant.ingest.workers.read_file import Reading

ENTRY_BYTES = 200  # of a part, heading, table or mark, about


class Held:
    """How many bytes of finished readings wait. A job waits before it begins, unless its own result is waited for."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._numbers = count()
        self._sizes: dict[int, int] = {}
        self._awaited: set[int] = set()
        self._is_closed = False
        self._changed = threading.Condition()

    @property
    def bytes(self) -> int:
        """The size of all that waits."""
        return sum(list(self._sizes.values()))

    def enter(self) -> int:
        """Return the number of a new job."""
        with self._changed:
            number = next(self._numbers)
            self._sizes[number] = 0
            return number

    def wait_for_room(self, number: int) -> None:
        """Wait until less than the most is held, or the job is waited for, given up or ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or number in self._awaited or number not in self._sizes
                                   or self.bytes < self._most)

    def hold(self, number: int, size: int) -> None:
        """Note the size of a job's result, unless it was given up."""
        with self._changed:
            if number in self._sizes:
                self._sizes[number] = size

    def expect(self, number: int) -> None:
        """Let a job begin whatever is held: nothing goes on before it is done."""
        with self._changed:
            self._awaited.add(number)
            self._changed.notify_all()

    def release(self, number: int) -> None:
        """Forget a job: its result was taken, or nobody wants it."""
        with self._changed:
            self._sizes.pop(number, None)
            self._awaited.discard(number)
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


def size_of(readings: Iterable[Reading]) -> int:
    """Return about how many bytes readings take in memory."""
    return sum(size_of_document(reading.outcome) for reading in readings if isinstance(reading.outcome, Document))


def size_of_document(document: Document) -> int:
    """Return about how many bytes a document takes in memory."""
    found = document.extraction
    entries = len(found.parts) + len(found.headings) + len(found.tables) + len(found.marks)
    return sys.getsizeof(found.text) + sum(sys.getsizeof(table.header) for table in found.tables) + ENTRY_BYTES * entries

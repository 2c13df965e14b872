"""Paths at which something happened in; paths that have come to rest, ready to be looked at, out."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

CROWD = 50  # changed paths of one folder from which on the folder is looked at instead


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait, in seconds.

    `settle`: quiet after a change; `open`: quiet after a change of a file that nobody has closed yet, where the system
    tells; `longest`: a file that never comes to rest is looked at after that; `poll`: between two looks at a folder from
    which no events come; `trust`: after that everything is looked at again, in case an event was missed; `glance`: between
    two looks at whether folders are still the same.
    """

    settle: float = 0.5
    open: float = 3.0
    longest: float = 60.0
    poll: float = 30.0
    trust: float = 3600.0
    glance: float = 3.0


@dataclass(slots=True)
class _Dirty:
    """When something happened at a path, first and last; whether it is being written."""

    first: float
    last: float
    is_open: bool


class Debouncer:
    """Changed paths, gathered by one thread and taken by another. Times are of a clock that never jumps."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._dirty: dict[str, _Dirty] = {}
        self._lock = threading.Lock()
        self._arrived = threading.Event()

    def __len__(self) -> int:
        """Return how many paths wait."""
        return len(self._dirty)

    def add(self, path: str, now: float, *, is_open: bool = False) -> None:
        """Note that something happened at a path."""
        with self._lock:
            known = self._dirty.get(path)
            self._dirty[path] = _Dirty(known.first if known else now, now, is_open)
        self._arrived.set()

    def clear(self) -> None:
        """Forget all: everything will be looked at anyway."""
        with self._lock:
            self._dirty.clear()

    def wait(self, seconds: float) -> None:
        """Wait until something happens, at most so long."""
        self._arrived.wait(seconds)
        self._arrived.clear()

    def take(self, now: float) -> list[str]:
        """Return the paths that have come to rest, and wait for them no more; a folder only where all in it has too."""
        with self._lock:
            resting = {path for path, dirty in self._dirty.items() if self._rests(dirty, now)}
            busy = {folder for path in self._dirty.keys() - resting for folder in parent_folders(path)}
            taken = [path for path in resting if path not in busy or now - self._dirty[path].first >= self._pace.longest]
            for path in taken:
                del self._dirty[path]
        return collapse_crowds(taken, busy)

    def _rests(self, dirty: _Dirty, now: float) -> bool:
        quiet = self._pace.open if dirty.is_open else self._pace.settle
        return now - dirty.last >= quiet or now - dirty.first >= self._pace.longest


def parent_folders(path: str) -> list[str]:
    """Return the folders that a path lies in, the nearest first."""
    folders: list[str] = []
    while (above := os.path.dirname(path)) != path:  # noqa: PTH120 - asked of every event
        folders.append(above)
        path = above
    return folders


def collapse_crowds(paths: Collection[str], busy: Collection[str]) -> list[str]:
    """Return the paths in order; many of one folder give way to the folder, unless something in it is being written."""
    of_folder = Counter(os.path.dirname(path) for path in paths)  # noqa: PTH120
    crowds = {folder for folder, count in of_folder.items() if count > CROWD and folder not in busy}
    return sorted(crowds.union(path for path in paths if os.path.dirname(path) not in crowds))  # noqa: PTH120

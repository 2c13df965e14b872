"""Debounce file events: collect changed paths and release those that have been quiet for a while."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

CROWD = 50  # if more paths of one folder changed, the folder is scanned instead


@dataclass(frozen=True, slots=True)
class Timing:
    """Intervals of a watch, in seconds."""

    settle: float = 0.5  # quiet time after a change
    open: float = 3.0  # quiet time after a change of a file that is not closed yet, on systems that report closing
    longest: float = 60.0  # a file that is never quiet is scanned after this time
    poll: float = 30.0  # between two scans of a folder without events
    full_rescan: float = 3600.0  # between two full rescans, in case an event was missed
    root_check: float = 3.0  # between two checks whether the roots are still the same folders


@dataclass(slots=True)
class _Dirty:
    """Times of the first and last event of a path, and whether it is open for writing."""

    first: float
    last: float
    is_open: bool


class Debouncer:
    """Changed paths, added by one thread and taken by another. Times are of a monotonic clock."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._dirty: dict[str, _Dirty] = {}
        self._lock = threading.Lock()
        self._arrived = threading.Event()

    def __len__(self) -> int:
        """Return the number of paths that are not taken yet."""
        return len(self._dirty)

    def add(self, path: str, now: float, *, is_open: bool = False) -> None:
        """Record an event at a path."""
        with self._lock:
            known = self._dirty.get(path)
            self._dirty[path] = _Dirty(known.first if known else now, now, is_open)
        self._arrived.set()

    def clear(self) -> None:
        """Drop all paths: a full scan follows."""
        with self._lock:
            self._dirty.clear()

    def wait(self, seconds: float) -> None:
        """Wait for the next event, at most this long."""
        self._arrived.wait(seconds)
        self._arrived.clear()

    def take(self, now: float) -> list[str]:
        """Remove and return the quiet paths; a folder only if all paths below it are quiet."""
        with self._lock:
            resting = {path for path, dirty in self._dirty.items() if self._rests(dirty, now)}
            busy = {folder for path in self._dirty.keys() - resting for folder in parent_folders(path)}
            taken = [path for path in resting if path not in busy or now - self._dirty[path].first >= self._timing.longest]
            for path in taken:
                del self._dirty[path]
        return collapse_crowds(taken, busy)

    def _rests(self, dirty: _Dirty, now: float) -> bool:
        quiet = self._timing.open if dirty.is_open else self._timing.settle
        return now - dirty.last >= quiet or now - dirty.first >= self._timing.longest


def parent_folders(path: str) -> list[str]:
    """Return the folders above a path, nearest first."""
    folders: list[str] = []
    while (above := os.path.dirname(path)) != path:  # noqa: PTH120 - called for every event
        folders.append(above)
        path = above
    return folders


def collapse_crowds(paths: Collection[str], busy: Collection[str]) -> list[str]:
    """Return the paths sorted; many paths of one folder become the folder, unless something in it is being written."""
    of_folder = Counter(os.path.dirname(path) for path in paths)  # noqa: PTH120
    crowds = {folder for folder, count in of_folder.items() if count > CROWD and folder not in busy}
    return sorted(crowds.union(path for path in paths if os.path.dirname(path) not in crowds))  # noqa: PTH120

"""A file on its way: bytes in, a verified file under its final name out, or nothing."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from assistant.catalog.disk import PARTIAL, PARTS
from assistant.catalog.entries import Model, ModelFile
from assistant.datatypes import Progress

BLOCK = 2**20
SECONDS_BETWEEN_REPORTS = 0.1


class SourceFailed(Exception):
    """A source did not yield a file; the message is its reason, a sentence."""


class Meter:
    """Tells how many bytes of a model have arrived, a few times a second."""

    def __init__(self, model: Model, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._total = model.size
        self._arrived: dict[str, int] = {}
        self._reported = 0.0

    def at(self, file: ModelFile, count: int) -> None:
        """Note that `count` bytes of the file are there."""
        self._arrived[file.path] = count
        now = time.monotonic()
        if count == file.size or now - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = now
            self._on_progress(Progress("download", sum(self._arrived.values()), self._total, current=file.path))

    def wait(self) -> None:
        """Tell that another process is fetching the same model."""
        self._on_progress(Progress("wait", 0, self._total))


class Arrival:
    """One file that is written to its `.partial` and hashed as it comes. What was broken off is gone on with."""

    def __init__(self, place: Path, file: ModelFile, meter: Meter) -> None:
        self.file, self.place, self._meter = file, place, meter
        self.partial = place.with_name(place.name + PARTIAL)
        self.parts = place.with_name(self.partial.name + PARTS)
        self.count = 0
        self._hash = hashlib.sha256()
        place.parent.mkdir(parents=True, exist_ok=True)

    def resume(self, limit: int) -> None:
        """Take over at most `limit` bytes that an earlier run left."""
        self._begin()
        if not self.partial.exists():
            return
        with self.partial.open("r+b") as kept:
            kept.truncate(min(limit, kept.seek(0, os.SEEK_END)))
            kept.seek(0)
            while block := kept.read(BLOCK):
                self._note(block)

    def restart(self) -> None:
        """Throw away what has arrived."""
        self._begin()
        self.partial.unlink(missing_ok=True)
        self.parts.unlink(missing_ok=True)

    def write(self, block: bytes) -> None:
        """Append bytes. Raises SourceFailed, and throws all away, where there are more than the file has."""
        if self.count + len(block) > self.file.size:
            self.restart()
            raise SourceFailed(f"it offers more bytes than {self.file.path} has.")
        with self.partial.open("ab") as partial:
            partial.write(block)
        self._note(block)

    def matches(self) -> bool:
        """Return whether all that has arrived is the file."""
        return self.count == self.file.size and self._hash.hexdigest() == self.file.sha256

    def finish(self) -> None:
        """Give the file its final name. Raises SourceFailed, and throws all away, where the bytes are not its own."""
        if not self.matches():
            self.restart()
            raise SourceFailed(f"its bytes are not those of {self.file.path}; they were refused and removed.")
        with self.partial.open("r+b") as partial:
            os.fsync(partial.fileno())
        self.partial.replace(self.place)
        self.parts.unlink(missing_ok=True)
        self._meter.at(self.file, self.count)

    def _begin(self) -> None:
        self.count, self._hash = 0, hashlib.sha256()

    def _note(self, block: bytes) -> None:
        self._hash.update(block)
        self.count += len(block)
        self._meter.at(self.file, self.count)

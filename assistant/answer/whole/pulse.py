"""Report how far a long computation is, now and then, so that it can be shown and called off."""

from __future__ import annotations

import time

from assistant.answer.whole.writer import OnProgress
from assistant.datatypes import Progress

COMPARING = "comparing"
SECONDS = 0.1  # between two reports


def silent(_progress: Progress) -> None:
    """Report to nobody."""


class Pulse:
    """Counts steps. At most ten times a second it reports their number; whoever hears it ends the work by raising."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress, self._done, self._total, self._last = on_progress, 0, 0, time.monotonic()

    def expect(self, total: int) -> None:
        """Say how many steps there will be, and begin to count them."""
        self._done, self._total = 0, total

    def reach(self, done: int) -> None:
        """Say how many steps are done."""
        self._done = done
        self.beat()

    def step(self) -> None:
        """Count a step, and report it where the last report was a while ago."""
        self._done += 1
        self.beat()

    def beat(self) -> None:
        """Report where the last report was a while ago."""
        now = time.monotonic()
        if now - self._last >= SECONDS:
            self._last = now
            self._on_progress(Progress(COMPARING, min(self._done, self._total), self._total))

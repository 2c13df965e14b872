"""Count the calls in progress and decide when the engine ends: never between the arrival of a call and its answer."""

from __future__ import annotations

import threading
import time


class CallCounter:
    """Counts the calls in progress and says when the engine is to end. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running, self._leaving = 0, False
        self._last = time.monotonic()
        self.over = threading.Event()  # set when the engine is to end now

    @property
    def idle_seconds(self) -> float:
        """The seconds since a call began or ended."""
        with self._lock:
            return time.monotonic() - self._last

    @property
    def is_leaving(self) -> bool:
        """Whether no more calls are admitted."""
        return self._leaving

    def admit(self) -> bool:
        """Admit a call, which must then `finish`; return False once the engine is leaving."""
        with self._lock:
            if self._leaving:
                return False
            self._running += 1
            self._last = time.monotonic()
            return True

    def finish(self) -> None:
        """Note the end of a call."""
        with self._lock:
            self._running -= 1
            self._last = time.monotonic()
            self._end_if_done()

    def leave(self) -> None:
        """Admit no more calls, and end after the last of those that are being answered."""
        with self._lock:
            self._leaving = True
            self._end_if_done()

    def end(self) -> None:
        """Admit no more calls, and end now, whatever is being answered."""
        with self._lock:
            self._leaving = True
            self.over.set()

    def _end_if_done(self) -> None:
        if self._leaving and not self._running:
            self.over.set()

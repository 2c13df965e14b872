"""What is typed in, at each pause the same told to somebody out, who makes ready what such a question needs."""

from __future__ import annotations

import threading
from collections.abc import Callable

from assistant.errors import AssistantError

PAUSE_SECONDS = 0.3
FEWEST_CHARACTERS = 6  # what is shorter finds anything


class TypingAhead:
    """Tells what is typed once it has not changed for a moment, in a thread of its own, so that typing never waits."""

    def __init__(self, tell: Callable[[str], None], pause: float = PAUSE_SECONDS) -> None:
        self._tell, self._pause = tell, pause
        self._timer: threading.Timer | None = None
        self._told = ""

    def typed(self, text: str) -> None:
        """Hear what stands in the line now."""
        self.stop()
        text = text.strip()
        if len(text) >= FEWEST_CHARACTERS and not text.startswith("/") and text != self._told:
            self._timer = threading.Timer(self._pause, self._rest, (text,))
            self._timer.daemon = True
            self._timer.start()

    def stop(self) -> None:
        """Tell nothing more of what was typed so far: the line is finished, or goes on."""
        if self._timer is not None:
            self._timer.cancel()

    def _rest(self, text: str) -> None:
        self._told = text
        try:
            self._tell(text)
        except AssistantError:
            return  # the question itself will meet the same failure, and say it

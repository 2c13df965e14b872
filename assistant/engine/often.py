"""Passages that were found in; the ones found most often that the chat model has not read yet out, for when nobody waits."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence

from assistant.config import Settings
from assistant.datatypes import Hit

MOST = 200  # passages that are remembered; those that were found least are forgotten first

Place = tuple[str, int, str]


class OftenFound:
    """Counts how often each passage was found. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: Counter[Place] = Counter()
        self._known: dict[Place, tuple[Settings, Hit]] = {}

    def note(self, settings: Settings, hits: Iterable[Hit]) -> None:
        """Count passages that were found for one question."""
        with self._lock:
            for hit in hits:
                place = place_of(settings, hit)
                self._times[place] += 1
                self._known[place] = (settings, hit)
            for place, _ in self._times.most_common()[MOST:]:
                self._forget(place)

    def take(self) -> Sequence[tuple[Settings, Hit]]:
        """Hand out the passage that was found most often, with the settings of that question; nothing where none is left."""
        with self._lock:
            return [self._forget(place) for place, _ in self._times.most_common(1)]

    def _forget(self, place: Place) -> tuple[Settings, Hit]:
        del self._times[place]
        return self._known.pop(place)


def place_of(settings: Settings, hit: Hit) -> Place:
    """Return what tells a passage from all others."""
    return (settings.library, hit.chunk_id, hit.path)

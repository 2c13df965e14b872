"""Remember the passages that questions found, those that were found most often first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.datatypes import Hit

MOST_REMEMBERED = 256


@dataclass(slots=True)
class FoundPassage:
    """A passage as it was found last, with the mark that its document had then."""

    hit: Hit
    document: str
    rank: int  # the best one in all questions, from 0
    times: int  # number of questions that found it
    is_read: bool = False  # whether the model has read it alone


class FoundPassages:
    """The passages that the last questions found, in memory only."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._found: dict[tuple[str, int, int], FoundPassage] = {}  # the one found last at the end

    def note(self, rank: int, hit: Hit, document: str, *, is_read: bool) -> None:
        """Count a hit of a question; forget the passage that was not found for longest if there are too many."""
        key = (document, hit.chunk.location.char_start, hit.chunk.location.char_end)
        passage = self._found.pop(key, None) or FoundPassage(hit, document, rank, 0)
        passage.hit, passage.rank, passage.times = hit, min(rank, passage.rank), passage.times + 1
        passage.is_read = passage.is_read or is_read
        self._found[key] = passage
        if len(self._found) > self._most:
            del self._found[next(iter(self._found))]

    def keep_only(self, is_current: Callable[[FoundPassage], bool]) -> None:
        """Forget the others."""
        self._found = {key: passage for key, passage in self._found.items() if is_current(passage)}

    def unread(self) -> Sequence[FoundPassage]:
        """Return the passages that the model has not read alone: by the times they were found, then by rank, then the last."""
        unread = [passage for passage in reversed(self._found.values()) if not passage.is_read]
        return sorted(unread, key=lambda passage: (-passage.times, passage.rank))

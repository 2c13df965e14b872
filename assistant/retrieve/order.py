"""Passages for the next question of a conversation in; the same in the order in which they were read before, out."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.datatypes import Hit

MOST_CONVERSATIONS = 64

Span = tuple[str, int, int]  # file, first character, character behind the last


class Orders:
    """In which order the passages of conversations were read last, each known by the questions asked in it."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, ...], tuple[Span, ...]] = {}

    def keep(self, questions: Sequence[str], read: Sequence[Hit]) -> None:
        """Note what was read for the last of these questions; the oldest conversations are forgotten."""
        self._read.pop(tuple(questions), None)
        self._read[tuple(questions)] = tuple(span(hit) for hit in read)
        while len(self._read) > MOST_CONVERSATIONS:
            del self._read[next(iter(self._read))]

    def arranged(self, questions: Sequence[str], hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return the hits: first those that were read for the last of these questions, as they stood then; then the others.

        So a prompt begins as the last one did, for as long as they share passages.
        """
        earlier = self._read.get(tuple(questions), ())

        def place(hit: Hit) -> int:
            return next((place for place, read in enumerate(earlier) if is_in(hit, read)), len(earlier))

        return tuple(sorted(hits, key=place))


def span(hit: Hit) -> Span:
    """Return where a passage stands."""
    return hit.path, hit.chunk.location.char_start, hit.chunk.location.char_end


def is_in(hit: Hit, read: Span) -> bool:
    """Return whether a passage begins in what was read."""
    path, start, end = read
    return hit.path == path and start <= hit.chunk.location.char_start < max(end, start + 1)

"""Pieces and their lengths in, groups of neighbours within the limit out, even in length and cut at the best places."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import ceil

from assistant.ingest.split import Cut

# In units of a group's ideal length: how far from it a group may end to avoid such a cut.
PENALTY = {
    Cut.PARAGRAPH: 0.0,
    Cut.LINE: 0.15,
    Cut.SENTENCE: 0.25,
    Cut.CLAUSE: 0.6,
    Cut.WORD: 0.8,
    Cut.ANYWHERE: 1.0,
    Cut.HEADING: 9.0,
}
SHORTEST = 0.6


def pack(cuts: Sequence[Cut], lengths: Sequence[int], limit: int) -> list[tuple[int, int]]:
    """Return half-open ranges of pieces, each within the limit unless it is one piece."""
    sums = list(accumulate(lengths, initial=0))
    groups: list[tuple[int, int]] = []
    first = 0
    while first < len(lengths):
        last = _next(cuts, sums, first, limit)
        groups.append((first, last))
        first = last
    return groups


def _next(cuts: Sequence[Cut], sums: Sequence[int], first: int, limit: int) -> int:
    """Choose where the group that begins at `first` ends, so that the rest divides evenly."""
    before = sums[first]
    left = sums[-1] - before
    if left <= limit:
        return len(cuts)
    ideal = left / ceil(left / limit)
    furthest = max(first + 1, bisect_right(sums, before + limit) - 1)
    nearest = max(first + 1, bisect_left(sums, before + SHORTEST * ideal))
    ends = range(min(nearest, furthest), min(furthest, len(cuts) - 1) + 1)
    return min(ends, key=lambda end: PENALTY[cuts[end]] + abs(sums[end] - before - ideal) / ideal)

"""Ranges of characters that were shown and that were wanted in, by file; how much of each the other holds out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Range = tuple[int, int]
Ranges = Mapping[str, Sequence[Range]]

SPAN_DEPTH = 5  # hits that are looked at


@dataclass(frozen=True, slots=True)
class SpanScores:
    """How much of the right characters was shown, and how much of what was shown is right; from 0 to 1."""

    recall: float
    precision: float


def score_spans(shown: Ranges, wanted: Ranges) -> SpanScores:
    """Return the scores of half-open ranges of characters by file. Wanted ranges that overlap count one by one in recall."""
    ground = {document: merge(ranges) for document, ranges in shown.items()}
    covered = sum(shared_length(ground.get(document, []), ranges) for document, ranges in wanted.items())
    right = sum(shared_length(ground.get(document, []), merge(ranges)) for document, ranges in wanted.items())
    length_wanted, length_shown = total_length(wanted), total_length(ground)
    return SpanScores(covered / length_wanted if length_wanted else 0.0, right / length_shown if length_shown else 0.0)


def merge(ranges: Iterable[Range]) -> list[Range]:
    """Return the same ground as ranges in order that do not overlap."""
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def shared_length(merged: Iterable[Range], others: Sequence[Range]) -> int:
    """Return how many characters of the merged ranges each of the others holds, added up."""
    return sum(max(0, min(a_end, b_end) - max(a, b)) for a, a_end in merged for b, b_end in others)


def total_length(ranges: Ranges) -> int:
    """Return how many characters all ranges hold, added up."""
    return sum(end - start for of_file in ranges.values() for start, end in of_file)

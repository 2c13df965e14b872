"""The hits of one question and what is right in; how well the ranking found it out.

recall@k, nDCG@10 (Järvelin & Kekäläinen 2002, linear gains) and MRR@10 over distinct items in rank order, and how many
characters of the gold spans the first hits hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, TypeVar

from questions import Question, Span

Result = Mapping[str, Any]
Range = tuple[int, int]
Item = TypeVar("Item")

DEPTH = 10
SPAN_DEPTH = 5


@dataclass(frozen=True, slots=True)
class RankScores:
    """How well a ranking found what it should."""

    recall_at_1: float
    recall_at_5: float
    recall_at_10: float
    ndcg_at_10: float
    mrr_at_10: float


@dataclass(frozen=True, slots=True)
class SpanScores:
    """How much of the gold spans the first hits hold, and how much of those hits is gold, in characters."""

    recall: float
    precision: float


def discounted_gain(gains: Sequence[float]) -> float:
    """Return the sum of gains, each divided by the logarithm of its rank plus one."""
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains[:DEPTH], start=1))


def score_ranking(ranking: Sequence[Item], gains: Mapping[Item, float]) -> RankScores:
    """Return the scores of distinct items in rank order against the gain of every right item."""
    ideal = sorted(gains.values(), reverse=True)
    right_ranks = [rank for rank, item in enumerate(ranking, start=1) if item in gains]

    def recall(depth: int) -> float:
        return sum(rank <= depth for rank in right_ranks) / len(gains)

    return RankScores(
        recall_at_1=recall(1),
        recall_at_5=recall(5),
        recall_at_10=recall(10),
        ndcg_at_10=discounted_gain([gains.get(item, 0.0) for item in ranking]) / discounted_gain(ideal),
        mrr_at_10=1 / right_ranks[0] if right_ranks and right_ranks[0] <= DEPTH else 0.0,
    )


def file_of(place: Result) -> str:
    """Return the file name of a hit or citation."""
    return PurePath(place["path"]).name


def page_of(place: Result) -> tuple[str, int | None]:
    """Return the file name and the page, or slide, of a hit or citation."""
    location = place.get("location", {})
    return file_of(place), location.get("page") or location.get("slide")


def distinct(items: Iterable[Item]) -> list[Item]:
    """Return the items in order, each where it first stands."""
    return list(dict.fromkeys(items))


def score_files(question: Question, hits: Sequence[Result]) -> RankScores:
    """Return the scores of the files of the hits, each file where it first stands."""
    return score_ranking(distinct(map(file_of, hits)), dict(question.gains))


def score_pages(question: Question, hits: Sequence[Result]) -> RankScores:
    """Return the scores of the pages of the hits, each page where it first stands."""
    return score_ranking(distinct(map(page_of, hits)), dict.fromkeys(question.pages, 1.0))


def merge(ranges: Iterable[Range]) -> list[Range]:
    """Return the same ground as ranges in order that do not overlap."""
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def shared_length(merged: Iterable[Range], others: Iterable[Range]) -> int:
    """Return how many characters of the merged ranges each of the others holds, added up."""
    others = list(others)
    return sum(max(0, min(a_end, b_end) - max(a, b)) for a, a_end in merged for b, b_end in others)


def ranges_of_hits(hits: Sequence[Result]) -> dict[str, list[Range]]:
    """Return the merged character ranges of the hits, by file."""
    ranges: dict[str, list[Range]] = {}
    for hit in hits:
        location = hit.get("location", {})
        if "char_start" in location and "char_end" in location:
            ranges.setdefault(file_of(hit), []).append((location["char_start"], location["char_end"]))
    return {name: merge(of_file) for name, of_file in ranges.items()}


def score_spans(hits: Sequence[Result], spans: Sequence[Span]) -> SpanScores:
    """Return how much of every span the first hits hold, and how much of the hits is gold."""
    shown = ranges_of_hits(hits[:SPAN_DEPTH])
    length_shown = sum(end - start for ranges in shown.values() for start, end in ranges)
    length_wanted = sum(span.end - span.start for span in spans)
    covered = gold = 0
    for name, ranges in shown.items():
        wanted = [(span.start, span.end) for span in spans if span.document == name]
        covered += shared_length(ranges, wanted)
        gold += shared_length(ranges, merge(wanted))
    return SpanScores(covered / length_wanted if length_wanted else 0.0, gold / length_shown if length_shown else 0.0)

"""Score the hits of one question against the right answer, by the measures of `assistant eval`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import checkout  # noqa: F401
from questions import Question, Span

from assistant.evaluation.metrics import Range, RankScores, SpanScores, merge_ranges, score_ranking, unique_in_order
from assistant.evaluation.metrics import score_spans as score_ranges

__all__ = ["RankScores", "SpanScores", "merge_ranges", "score_ranking", "unique_in_order"]

Result = Mapping[str, Any]

SPAN_DEPTH = 5


def file_of(place: Result) -> str:
    """Return the file name of a hit or citation."""
    return PurePath(place["path"]).name


def page_of(place: Result) -> tuple[str, int | None]:
    """Return the file name and the page, or slide, of a hit or citation."""
    location = place.get("location", {})
    return file_of(place), location.get("page") or location.get("slide")


def score_files(question: Question, hits: Sequence[Result]) -> RankScores:
    """Return the scores of the files of the hits, each file where it first stands."""
    return score_ranking(unique_in_order(map(file_of, hits)), dict(question.gains))


def score_pages(question: Question, hits: Sequence[Result]) -> RankScores:
    """Return the scores of the pages of the hits, each page where it first stands."""
    gains: dict[tuple[str, object], float] = dict.fromkeys(question.pages, 1.0)
    return score_ranking(unique_in_order(map(page_of, hits)), gains)


def ranges_of_hits(hits: Sequence[Result]) -> dict[str, list[Range]]:
    """Return the merged character ranges of the hits, by file."""
    ranges: dict[str, list[Range]] = {}
    for hit in hits:
        location = hit.get("location", {})
        if "char_start" in location and "char_end" in location:
            ranges.setdefault(file_of(hit), []).append((location["char_start"], location["char_end"]))
    return {name: merge_ranges(of_file) for name, of_file in ranges.items()}


def score_spans(hits: Sequence[Result], spans: Sequence[Span]) -> SpanScores:
    """Return how much of every span the first hits hold, and how much of the hits is gold."""
    wanted: dict[str, list[Range]] = {}
    for span in spans:
        wanted.setdefault(span.document, []).append((span.start, span.end))
    return score_ranges(ranges_of_hits(hits[:SPAN_DEPTH]), wanted)

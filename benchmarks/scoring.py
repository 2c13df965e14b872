"""Score the JSON lines that `search` printed for a set of questions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

from questions import Question
from ranking import RankScores, Result, SpanScores, ranges_of_hits, score_files, score_pages, score_spans


@dataclass(frozen=True, slots=True)
class Scores:
    """All measures of one run; None where the questions and results do not allow it."""

    questions: int
    missing: int
    files: RankScores | None
    pages: RankScores | None
    spans: SpanScores | None


Means = TypeVar("Means", RankScores, SpanScores)


def mean_of(records: Sequence[Means]) -> Means | None:
    """Return a record of the same kind with the mean of every field, None where there are no records."""
    if not records:
        return None
    names = [field.name for field in dataclasses.fields(records[0])]
    return type(records[0])(**{name: fmean(getattr(record, name) for record in records) for name in names})


def score_results(questions: Sequence[Question], results: Mapping[str, Result]) -> Scores:
    """Return all scores of the results, which are known by the id of their question."""
    present = [(question, results[question.id]) for question in questions if question.id in results]
    searched = [(q, r.get("hits", [])) for q, r in present if q.answerable and q.gains]
    return Scores(
        questions=len(questions),
        missing=len(questions) - len(present),
        files=mean_of([score_files(q, hits) for q, hits in searched]),
        pages=mean_of([score_pages(q, hits) for q, hits in searched if q.pages]),
        spans=mean_of([score_spans(hits, q.spans) for q, hits in searched if q.spans and ranges_of_hits(hits)]),
    )

"""A question and the hits for it in; the metrics of the search out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from assistant.datatypes import Hit, Location
from assistant.evaluate.gold import Place, known_as, page_of
from assistant.evaluate.questions import Question
from assistant.evaluate.ranking import distinct, score_ranking
from assistant.evaluate.spans import SPAN_DEPTH, Range, SpanScores, score_spans

Metrics = dict[str, float]


def score_hits(question: Question, hits: Sequence[Hit]) -> Metrics:
    """Return the metrics of the files, pages and characters that were found, those that the question says something of."""
    if not searchable(question):
        return {}
    gains = dict(question.gains)
    metrics = asdict(score_ranking(distinct(known_as(path, gains) for path, _ in places(hits)), gains))
    if question.pages:
        documents = {document for document, _ in question.pages}
        pages = distinct(page_of(path, location, documents) for path, location in places(hits))
        right: dict[Place, float] = dict.fromkeys(question.pages, 1.0)
        of_pages = asdict(score_ranking(pages, right))
        metrics |= {f"page_{name}": value for name, value in of_pages.items()}
    if question.spans:
        metrics |= {f"span_{name}": value for name, value in asdict(score_characters(question, hits)).items()}
    return metrics


def places(hits: Sequence[Hit]) -> Iterator[tuple[str, Location]]:
    """Yield where the hits stand, those of a text that stands in several places each after the other."""
    for hit in hits:
        yield hit.path, hit.chunk.location
        yield from hit.also


def searchable(question: Question) -> bool:
    """Return whether the question says what should be found."""
    return question.answerable and bool(question.gains)


def score_characters(question: Question, hits: Sequence[Hit]) -> SpanScores:
    """Return how much of the right characters the first hits hold, and the other way round."""
    wanted: dict[str, list[Range]] = {}
    for span in question.spans:
        wanted.setdefault(span.document, []).append((span.start, span.end))
    shown: dict[str, list[Range]] = {}
    for hit in hits[:SPAN_DEPTH]:
        place = hit.chunk.location
        shown.setdefault(known_as(hit.path, wanted), []).append((place.char_start, place.char_end))
    return score_spans(shown, wanted)

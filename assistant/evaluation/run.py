"""Questions, and functions that search and answer, in; what was measured of each question out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import PurePath

from assistant.datatypes import Answer, Citation, Hit
from assistant.errors import ContextOverflow
from assistant.evaluation.answers import score_answer
from assistant.evaluation.dataset import Question
from assistant.evaluation.ranking import score_hits, searchable
from assistant.evaluation.summary import Row

Search = Callable[[str], Sequence[Hit]]
Ask = Callable[[str], Answer]


def measure(questions: Iterable[Question], search: Search, ask: Ask | None) -> Iterator[Row]:
    """Yield what was measured of each question; without `ask`, of the search alone.

    A question that does not fit the model has an error and no metrics of an answer, and the rest go on.
    """
    for question in questions:
        metrics = score_hits(question, search(question.text)) if searchable(question) else {}
        row = Row(question.id, question.text, question.kind, question.lang, metrics, answerable=question.answerable,
                  expected=question.expected)
        try:
            yield with_answer(row, question, ask(question.text)) if ask else row
        except ContextOverflow as overflow:
            yield replace(row, error=str(overflow))


def with_answer(row: Row, question: Question, answer: Answer) -> Row:
    """Return the row with what was answered and how good that is."""
    return replace(row, metrics={**row.metrics, **score_answer(question, answer)}, answer=answer.text,
                   abstained=answer.abstained, sources=tuple(source_label(cited) for cited in answer.citations))


def source_label(cited: Citation) -> str:
    """Return the file and the page or slide of a citation in a few words."""
    place = cited.location
    page = f", p. {place.page}" if place.page is not None else f", slide {place.slide}" if place.slide is not None else ""
    return PurePath(cited.path).name + page


class Outcome(StrEnum):
    """What became of a question, the best first."""

    RIGHT = "right"
    REFUSED_RIGHTLY = "refused, rightly"
    FOUND = "right file found"
    UNJUDGED = "answered, nothing to judge it by"
    CITES_ANOTHER = "right, but another file is cited"
    MISSED = "right file not found"
    REFUSED_WRONGLY = "refused, though it can be answered"
    WRONG = "wrong"
    MADE_UP = "answered, though the files do not say"
    FAILED = "no answer: an error"


GOOD = frozenset({Outcome.RIGHT, Outcome.REFUSED_RIGHTLY, Outcome.FOUND, Outcome.UNJUDGED})
SEVERITY = {outcome: rank for rank, outcome in enumerate(Outcome)}


def outcome(row: Row) -> Outcome:
    """Return what became of a question."""
    if row.error:
        return Outcome.FAILED
    if not row.answer:
        return Outcome.MISSED if row.metrics.get("recall_at_10") == 0 else Outcome.FOUND
    if not row.answerable:
        return Outcome.REFUSED_RIGHTLY if row.abstained else Outcome.MADE_UP
    if row.abstained:
        return Outcome.REFUSED_WRONGLY
    return answer_outcome(row)


def answer_outcome(row: Row) -> Outcome:
    """Return what an answer to an answerable question is worth."""
    if "contains" not in row.metrics:
        return Outcome.UNJUDGED
    if not row.metrics["contains"]:
        return Outcome.WRONG
    return Outcome.CITES_ANOTHER if row.metrics.get("cites_gold_file") == 0 else Outcome.RIGHT


def worst(rows: Sequence[Row], count: int) -> list[Row]:
    """Return the rows that went wrong, the worst first: among like outcomes those with fewest right words."""
    bad = [row for row in rows if outcome(row) not in GOOD]
    return sorted(bad, key=lambda row: (-SEVERITY[outcome(row)], row.metrics.get("f1", 0.0)))[:count]


def tally(rows: Sequence[Row]) -> dict[Outcome, int]:
    """Return how many questions came to each outcome, the best first; those that none came to are left out."""
    found = [outcome(row) for row in rows]
    return {each: found.count(each) for each in Outcome if each in found}

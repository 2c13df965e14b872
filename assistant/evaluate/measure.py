"""Questions, and functions that search and answer, in; what was measured of each question out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath

from assistant.datatypes import Answer, Citation, Hit
from assistant.errors import ContextOverflow
from assistant.evaluate.answers import score_answer
from assistant.evaluate.hits import score_hits, searchable
from assistant.evaluate.questions import Question
from assistant.evaluate.summary import Row

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
                   abstained=answer.abstained, sources=tuple(source(cited) for cited in answer.citations))


def source(cited: Citation) -> str:
    """Return the file and the page or slide of a citation in a few words."""
    place = cited.location
    page = f", p. {place.page}" if place.page is not None else f", slide {place.slide}" if place.slide is not None else ""
    return PurePath(cited.path).name + page

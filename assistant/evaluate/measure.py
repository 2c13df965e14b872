"""Questions, and functions that search and answer, in; what was measured of each question out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from assistant.datatypes import Answer, Hit
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
        error = ""
        try:
            metrics |= score_answer(question, ask(question.text)) if ask else {}
        except ContextOverflow as overflow:
            error = str(overflow)
        yield Row(question.id, question.text, question.kind, question.lang, metrics, error)

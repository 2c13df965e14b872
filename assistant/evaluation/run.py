"""Run an evaluation: measure each question, classify its outcome, and summarise the metrics with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePath

import numpy as np

from assistant.datatypes import Answer, Citation, Hit
from assistant.errors import ContextOverflow, ServerUnavailable, UsageError
from assistant.evaluation.dataset import Question
from assistant.evaluation.latency import Latency, Matrix, latencies, mean_intervals, means
from assistant.evaluation.metrics import has_gold_files, score_answer, score_hits
from assistant.evaluation.reliability import Reliability, Verdict, reliability

Search = Callable[[str], Sequence[Hit]]
Ask = Callable[[str], Answer]
METRICS = (
    "recall_at_1", "recall_at_5", "recall_at_10", "ndcg_at_10", "mrr_at_10", "page_recall_at_1", "page_recall_at_5",
    "page_recall_at_10", "page_ndcg_at_10", "page_mrr_at_10", "span_recall", "span_precision", "contains", "exact_match", "f1",
    "abstention_precision", "abstention_recall", "answerable_refused", "cited", "cites_gold_file", "cites_gold_page",
    "citation_precision", "page_citation_precision", "span_citation_precision", "support_rate", "first_token_seconds",
    "total_seconds",
)  # fmt: skip


def measure(questions: Iterable[Question], search: Search, ask: Ask | None) -> Iterator[Row]:
    """Yield the metrics of each question; without `ask`, of retrieval only.

    A question that exceeds the model's context, that does not say which file it means, or that a server does not answer gets an
    error and no answer metrics; the run continues.
    """
    for question in questions:
        metrics = score_hits(question, search(question.text)) if has_gold_files(question) else {}
        row = Row(question.id, question.text, question.kind, question.lang, metrics, answerable=question.answerable,
                  expected=question.expected)
        try:
            answer = ask(question.text) if ask else None
        except (ContextOverflow, ServerUnavailable, UsageError) as error:
            yield replace(row, error=str(error))
            continue
        yield row if answer is None else replace(
            row, metrics={**metrics, **score_answer(question, answer)}, answer=answer.text, abstained=answer.abstained,
            sources=tuple(source_label(cited) for cited in answer.citations), confidence=confidence_of(answer))


def confidence_of(answer: Answer) -> float | None:
    """Return the confidence (0 to 1) that the files answer the question; None without an estimate."""
    judged = answer.answerability
    return None if judged is None or judged.p_unanswerable is None else 1 - judged.p_unanswerable


def source_label(cited: Citation) -> str:
    """Return a citation's file name and page or slide."""
    place = cited.location
    page = f", p. {place.page}" if place.page is not None else f", slide {place.slide}" if place.slide is not None else ""
    return PurePath(cited.path).name + page


class Outcome(StrEnum):
    """The outcome of a question, best first."""

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
ANSWERED_RIGHT = frozenset({Outcome.RIGHT, Outcome.CITES_ANOTHER})
JUDGED = ANSWERED_RIGHT | {Outcome.WRONG, Outcome.MADE_UP}
SEVERITY = {outcome: rank for rank, outcome in enumerate(Outcome)}


def outcome(row: Row) -> Outcome:
    """Return the outcome of a question."""
    if row.error:
        return Outcome.FAILED
    if not row.answer:
        return Outcome.MISSED if row.metrics.get("recall_at_10") == 0 else Outcome.FOUND
    if not row.answerable:
        return Outcome.REFUSED_RIGHTLY if row.abstained else Outcome.MADE_UP
    if row.abstained:
        return Outcome.REFUSED_WRONGLY
    if "contains" not in row.metrics:
        return Outcome.UNJUDGED
    if not row.metrics["contains"]:
        return Outcome.WRONG
    return Outcome.CITES_ANOTHER if row.metrics.get("cites_gold_file") == 0 else Outcome.RIGHT


def worst(rows: Sequence[Row], count: int) -> list[Row]:
    """Return the failed rows, worst outcome first, then fewest correct words."""
    bad = [row for row in rows if outcome(row) not in GOOD]
    return sorted(bad, key=lambda row: (-SEVERITY[outcome(row)], row.metrics.get("f1", 0.0)))[:count]


def tally(rows: Sequence[Row]) -> dict[Outcome, int]:
    """Return the number of questions per outcome, best first, without empty outcomes."""
    found = [outcome(row) for row in rows]
    return {each: found.count(each) for each in Outcome if each in found}


@dataclass(frozen=True, slots=True)
class Row:
    """The metrics of one question; `error` says why it has no answer.

    expected: gold answers
    sources: labels of the citations, for example "lease.pdf, p. 2"
    confidence: that the files answer the question (0 to 1); None without an estimate
    """

    id: str
    question: str
    kind: str
    lang: str
    metrics: Mapping[str, float]
    error: str = ""
    answer: str = ""
    abstained: bool = False
    answerable: bool = True
    expected: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean of a metric over `count` questions and its 95 % interval."""

    mean: float
    low: float
    high: float
    count: int


Estimates = Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of an evaluation. `kinds` and `langs` are empty if all questions have the same.

    reliability: how far the confidences can be trusted, in a tuple of one; empty if no answer has one
    about: library and models
    planned: number of questions; more than rows if the run was stopped
    """

    about: Mapping[str, str | int]
    planned: int
    metrics: Estimates
    kinds: Mapping[str, Estimates]
    langs: Mapping[str, Estimates]
    latencies: Mapping[str, Latency]
    reliability: tuple[Reliability, ...]
    rows: tuple[Row, ...]


def summarise(rows: Sequence[Row], planned: int, about: Mapping[str, str | int]) -> Evaluation:
    """Return the summary of all rows, of which there is at least one."""
    kinds = group_estimates(rows, [row.kind for row in rows])
    langs = group_estimates(rows, [row.lang for row in rows])
    return Evaluation(about, planned, estimates(rows), kinds, langs, latencies([row.metrics for row in rows]),
                      reliability(list(verdicts(rows))), tuple(rows))


def verdicts(rows: Sequence[Row]) -> Iterator[Verdict]:
    """Yield the confidence of each question that has one, refused or with an answer that can be judged.

    A right answer counts as right whichever file it cites.
    """
    for row in rows:
        became = outcome(row)
        if row.confidence is not None and (row.abstained or became in JUDGED):
            yield Verdict(row.confidence, not row.abstained, became in ANSWERED_RIGHT)


def group_estimates(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Estimates]:
    """Return the estimates of each group of rows by name; empty if there is only one group."""
    groups: dict[str, list[Row]] = {}
    for name, row in zip(names, rows, strict=True):
        groups.setdefault(name, []).append(row)
    return {name: estimates(groups[name]) for name in sorted(groups)} if len(groups) > 1 else {}


def estimates(rows: Sequence[Row]) -> dict[str, Estimate]:
    """Return the estimate of each metric."""
    names = metric_names(rows)
    if not names:
        return {}
    values = metric_matrix(rows, names)
    counts = np.count_nonzero(~np.isnan(values), axis=0)
    columns = zip(names, means(values), *mean_intervals(values), counts, strict=True)
    return {name: Estimate(float(mean), float(low), float(high), int(count)) for name, mean, low, high, count in columns}


def metric_names(rows: Sequence[Row]) -> list[str]:
    """Return the metrics of the rows. Abstention precision is left out if all questions are answerable."""
    found = {name for row in rows for name in row.metrics}
    return [name for name in METRICS if name in found and (name != "abstention_precision" or "abstention_recall" in found)]


def metric_matrix(rows: Sequence[Row], names: Sequence[str]) -> Matrix:
    """Return the values, shape (rows, metrics), NaN if a row does not count for a metric."""
    values = [[row.metrics.get(name, np.nan) for name in names] for row in rows]
    return np.array(values, np.float64).reshape(len(rows), len(names))

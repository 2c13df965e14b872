"""What was measured for each question in; means with their intervals out, over all and by kind and language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.evaluation.latency import Latency, Matrix, latencies, mean_intervals, means

METRICS = (
    "recall_at_1", "recall_at_5", "recall_at_10", "ndcg_at_10", "mrr_at_10", "page_recall_at_1", "page_recall_at_5",
    "page_recall_at_10", "page_ndcg_at_10", "page_mrr_at_10", "span_recall", "span_precision", "contains", "exact_match", "f1",
    "abstention_precision", "abstention_recall", "answerable_refused", "cited", "cites_gold_file", "cites_gold_page",
    "citation_precision", "page_citation_precision", "span_citation_precision", "support_rate", "first_token_seconds",
    "total_seconds",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured for one question; `error` says why it has no answer where it has none.

    `expected` are right answers, none where there is none; `sources` say what the answer cites, "lease.pdf, p. 2".
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


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean of a metric over `count` questions, and its 95 % interval."""

    mean: float
    low: float
    high: float
    count: int


Estimates = Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured of a library. `kinds` and `langs` are empty where all questions are of one.

    `about` says what was used (library, models), `planned` how many questions there are: more than rows where it was stopped.
    """

    about: Mapping[str, str | int]
    planned: int
    metrics: Estimates
    kinds: Mapping[str, Estimates]
    langs: Mapping[str, Estimates]
    latencies: Mapping[str, Latency]
    rows: tuple[Row, ...]


def summarise(rows: Sequence[Row], planned: int, about: Mapping[str, str | int]) -> Evaluation:
    """Return the means of all rows, which are not empty."""
    kinds = group_estimates(rows, [row.kind for row in rows])
    langs = group_estimates(rows, [row.lang for row in rows])
    return Evaluation(about, planned, estimates(rows), kinds, langs, latencies([row.metrics for row in rows]), tuple(rows))


def group_estimates(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Estimates]:
    """Return the means of the rows of each name, by name; none where all have the same."""
    groups: dict[str, list[Row]] = {}
    for name, row in zip(names, rows, strict=True):
        groups.setdefault(name, []).append(row)
    return {name: estimates(groups[name]) for name in sorted(groups)} if len(groups) > 1 else {}


def estimates(rows: Sequence[Row]) -> dict[str, Estimate]:
    """Return the means of the rows by metric."""
    names = metric_names(rows)
    if not names:
        return {}
    values = metric_matrix(rows, names)
    counts = np.count_nonzero(~np.isnan(values), axis=0)
    columns = zip(names, means(values), *mean_intervals(values), counts, strict=True)
    return {name: Estimate(float(mean), float(low), float(high), int(count)) for name, mean, low, high, count in columns}


def metric_names(rows: Sequence[Row]) -> list[str]:
    """Return the metrics that the rows have. How many refusals are right says nothing where all questions have an answer."""
    found = {name for row in rows for name in row.metrics}
    return [name for name in METRICS if name in found and (name != "abstention_precision" or "abstention_recall" in found)]


def metric_matrix(rows: Sequence[Row], names: Sequence[str]) -> Matrix:
    """Return the values of shape (rows, metrics), NaN where a row does not count for a metric."""
    values = [[row.metrics.get(name, np.nan) for name in names] for row in rows]
    return np.array(values, np.float64).reshape(len(rows), len(names))

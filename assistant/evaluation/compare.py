"""Compare two evaluations on the same questions: paired bootstrap intervals of the metric differences."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import UsageError
from assistant.evaluation.latency import Matrix, difference_intervals, means
from assistant.evaluation.run import METRICS, Evaluation, Row, metric_matrix, metric_names
from assistant.system.paths import expand_user, read_file, write_new_file

FEWEST = 6
"""Questions that must differ before a difference counts as more than noise: six of six in one direction is the least that a
two-sided sign test calls significant (p = 0.03). The bootstrap alone would accept a single question: its interval is a point."""

OF_THE_ANSWER = frozenset({
    "abstention_precision", "cited", "cites_gold_file", "cites_gold_page", "citation_precision", "page_citation_precision",
    "span_citation_precision", "support_rate",
})
"""Metrics whose set of questions depends on the answers, so that it differs between runs."""
LARGEST = 2**30  # bytes of a saved evaluation
HINT = "Save one with: assistant eval QUESTIONS.jsonl --out FILE.json"


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """One metric in both runs over `count` questions: difference = second - first, with its 95 % interval (low, high)."""

    first: float
    second: float
    difference: float
    low: float
    high: float
    count: int
    more_than_noise: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs over their shared questions; `only_first` and `only_second` count the other questions."""

    shared: int
    only_first: int
    only_second: int
    metrics: Mapping[str, MetricDifference]


def compare(first: Sequence[Row], second: Sequence[Row]) -> Comparison:
    """Return how the second run differs from the first. Raises UsageError if they share no question."""
    of_second = {(row.id, row.question): row for row in second}
    pairs = [(row, of_second[row.id, row.question]) for row in first if (row.id, row.question) in of_second]
    if not pairs:
        raise UsageError("The two results have no question in common.", "Run both with the same file of questions.")
    differences = metric_differences([a for a, _ in pairs], [b for _, b in pairs])
    return Comparison(len(pairs), len(first) - len(pairs), len(second) - len(pairs), differences)


def metric_differences(first: Sequence[Row], second: Sequence[Row]) -> dict[str, MetricDifference]:
    """Return the difference of each metric in both runs; the rows are pairs."""
    in_second = set(metric_names(second))
    names = [name for name in metric_names(first) if name in in_second]
    pairs = {name: paired_columns(name, first, second) for name in names}
    of_both = {name: pair for name, pair in pairs.items() if not any(np.isnan(column).all() for column in pair)}
    if not of_both:
        return {}
    of_first, of_second = (np.column_stack(columns) for columns in zip(*of_both.values(), strict=True))
    counts = np.count_nonzero(~(np.isnan(of_first) & np.isnan(of_second)), axis=0)
    differ = np.count_nonzero(~np.isclose(of_first, of_second, equal_nan=True), axis=0)
    intervals = difference_intervals(of_first, of_second)
    found = zip(of_both, means(of_first), means(of_second), *intervals, counts, differ, strict=True)
    return {name: metric_difference(*map(float, numbers)) for name, *numbers in found}


def paired_columns(name: str, first: Sequence[Row], second: Sequence[Row]) -> tuple[Matrix, Matrix]:
    """Return a metric's values in both runs, NaN for questions that do not count."""
    of_first, of_second = metric_matrix(first, [name]), metric_matrix(second, [name])
    if name not in OF_THE_ANSWER:  # a question counts only if both runs have a value
        alone = np.isnan(of_first) | np.isnan(of_second)
        of_first, of_second = np.where(alone, np.nan, of_first), np.where(alone, np.nan, of_second)
    return of_first, of_second


def metric_difference(first: float, second: float, low: float, high: float, count: float, differ: float) -> MetricDifference:
    """Return one difference; it is more than noise if its interval excludes 0 and enough questions differ."""
    return MetricDifference(first, second, second - first, low, high, int(count), differ >= FEWEST and (low > 0 or high < 0))


def save_evaluation(path: Path, result: Evaluation) -> None:
    """Write an evaluation as JSON. Raises UsageError if it cannot be written."""
    text = json.dumps(asdict(result), ensure_ascii=False, indent=1) + "\n"
    try:
        write_new_file(expand_user(path), text.encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", "Give --out the name of a file.") from error


def read_rows(path: Path) -> tuple[Row, ...]:
    """Return the rows of a saved evaluation. Raises UsageError if it is not one."""
    try:
        return tuple(parse_row(row) for row in json.loads(read_file(expand_user(path), LARGEST))["rows"])
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", HINT) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} is not a result of this command.", HINT) from error


def parse_row(record: Mapping[str, Any]) -> Row:
    """Return one row. Raises ValueError, KeyError, TypeError or AttributeError if it is not valid."""
    metrics = {name: float(value) for name, value in record["metrics"].items() if name in METRICS}
    if not all(math.isfinite(value) for value in metrics.values()):
        raise ValueError("a metric is not a number")
    return Row(
        str(record["id"]), str(record["question"]), str(record.get("kind", "")), str(record.get("lang", "")), metrics,
        str(record.get("error", "")), str(record.get("answer", "")), bool(record.get("abstained")),
        bool(record.get("answerable", True)), tuple(map(str, record.get("expected", ()))),
        tuple(map(str, record.get("sources", ()))),
        None if record.get("confidence") is None else float(record["confidence"]),
    )  # fmt: skip

"""Compare recorded answers with the project's bars: one row per bar with its interval, and one row per slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt
from answer_records import Record, strict_failures
from answer_sets import SLICES
from report import Cell, markdown_table

from assistant.evaluation.latency import mean_intervals
from assistant.evaluation.reliability import Verdict, reliability
from assistant.generation.probe_fitting import area_under_curve

STRICT_SAMPLE = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """What a metric over some slices should reach, or stay under."""

    title: str
    slices: tuple[str, ...]
    metric: str
    bound: float
    at_least: bool = True


ALL = tuple(each.name for each in SLICES)
CITED = ("squad2 answerable", "cmrc answerable")
CROSS = ("xquad en→zh", "xquad zh→en")
BARS = (
    Bar("squad2, answerable: contains", ("squad2 answerable",), "contains", 0.72),
    Bar("squad2, answerable: refused", ("squad2 answerable",), "answerable_refused", 0.10, at_least=False),
    Bar("squad2, unanswerable: refused", ("squad2 unanswerable",), "abstention_recall", 0.55),
    Bar("cmrc: contains", ("cmrc answerable",), "contains", 0.60),
    Bar("cmrc, missing_doc: refused", ("cmrc missing_doc",), "abstention_recall", 0.90),
    Bar("rgb noise, en: all groups met", ("rgb noise en",), "contains", 0.85),
    Bar("rgb noise, zh: all groups met", ("rgb noise zh",), "contains", 0.80),
    Bar("rgb reject: refused", ("rgb reject",), "abstention_recall", 0.80),
    Bar("rgb integration: all groups met", ("rgb integration",), "contains", 0.55),
    Bar("hotpot: contains", ("hotpot",), "contains", 0.50),
    Bar("xquad en→zh and zh→en: answer in the question's language", CROSS, "right_language", 0.95),
    Bar("squad2, cmrc: answers with a citation", CITED, "cited", 0.98),
    Bar("squad2, cmrc: citations whose file is right", CITED, "citation_precision", 0.85),
    Bar("all: quotes that stand in the file", ALL, "quotes_verbatim", 1.00),
)
COLUMNS = ("contains", "exact_match", "f1", "answerable_refused", "abstention_recall", "cited", "citation_precision",
           "support_rate")


def bars_table(records: Sequence[Record]) -> str:
    """Return a row for each bar that something was measured for, and one for the stricter check of sentences."""
    rows = [bar_row(bar, values) for bar in BARS if (values := values_of(records, bar))]
    checked, failures = strict_failures(records, STRICT_SAMPLE)
    strict = [bar_row(Bar("full sentences that the stricter check faults", ALL, "", 0.03, at_least=False),
                      [1.0] * len(failures) + [0.0] * (checked - len(failures)))] if checked else []
    return markdown_table(["bar", "wanted", "measured", "95 % interval", "questions", "met"], [*rows, *strict])


def values_of(records: Sequence[Record], bar: Bar) -> list[float]:
    """Return the values of a bar's metric."""
    return [record["metrics"][bar.metric] for record in records
            if record["slice"] in bar.slices and bar.metric in record["metrics"]]


def bar_row(bar: Bar, values: Sequence[float]) -> list[Cell]:
    """Return a bar with the mean of the values, its interval and whether it is met."""
    mean, low, high = interval(values)
    met = mean >= bar.bound if bar.at_least else mean <= bar.bound
    return [bar.title, f"{'≥' if bar.at_least else '≤'} {bar.bound:.2f}", mean, f"{low:.3f} to {high:.3f}", len(values),
            "yes" if met else "no"]


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean and the ends of its 95 % bootstrap interval."""
    low, high = mean_intervals(np.array(values, np.float64).reshape(-1, 1)).ravel()
    return float(np.mean(values)), float(low), float(high)


def slices_table(records: Sequence[Record]) -> str:
    """Return a row for each slice with all its metrics and its median times."""
    found = {name: [record for record in records if record["slice"] == name] for name in ALL}
    rows = [[name, len(those), *(mean_of(those, metric) for metric in COLUMNS), seconds(those, "first_token_seconds"),
             seconds(those, "total_seconds")] for name, those in found.items() if those]
    header = ["slice", "questions", "contains", "EM", "F1", "refused wrongly", "refused rightly", "cited", "citations right",
              "support rate", "first token, s", "in all, s"]
    return markdown_table(header, rows)


PAIRS = (("squad2 answerable", "squad2 unanswerable"), ("cmrc answerable", "cmrc missing_doc"), ("rgb noise en", "rgb reject"),
         ("rgb noise zh", "rgb reject"))
UNANSWERABLE = frozenset(unanswerable for _, unanswerable in PAIRS)


def confidence_table(records: Sequence[Record]) -> str:
    """Return how well the confidence tells answerable from unanswerable questions: the area under the ROC curve of each pair."""
    rows: list[list[Cell]] = []
    for pair in PAIRS:
        right, wrong = (confidences(records, name) for name in pair)
        if len(right) and len(wrong):
            rows.append([" / ".join(pair), len(right), len(wrong), area_under_curve(right, wrong)])
    return markdown_table(["slices", "answerable", "unanswerable", "area under the curve"], rows)


def calibration_line(records: Sequence[Record]) -> str:
    """Return the expected calibration error of the confidence that the files answer a question, refused questions included."""
    found = [(name, confidence) for name in ALL for confidence in confidences(records, name)]
    verdicts = [Verdict(float(confidence), True, name not in UNANSWERABLE) for name, confidence in found]
    error = "".join(f"{each.calibration_error:.3f}" for each in reliability(verdicts))
    return f"expected calibration error of the confidence that the files answer: {error or 'none'} of {len(verdicts)} questions"


def confidences(records: Sequence[Record], name: str) -> npt.NDArray[np.float64]:
    """Return the confidence (0 to 1) that a question of a slice is answerable, of all for which it was estimated."""
    found = [record["doubt"] for record in records if record["slice"] == name]
    return np.array([1 - doubt["p_unanswerable"] for doubt in found if doubt and doubt["p_unanswerable"] is not None], np.float64)


def mean_of(records: Sequence[Record], metric: str) -> float | None:
    """Return the mean of a metric, None where no record has it."""
    return summary(records, metric, lambda values: sum(values) / len(values))


def seconds(records: Sequence[Record], metric: str) -> str | None:
    """Return the median of a time with one decimal, None where no record has it."""
    value = summary(records, metric, median)
    return None if value is None else f"{value:.1f}"


def summary(records: Sequence[Record], metric: str, of: Callable[[Sequence[float]], float]) -> float | None:
    """Return one number for a metric of all records, None where no record has it."""
    values = [record["metrics"][metric] for record in records if metric in record["metrics"]]
    return of(values) if values else None

"""Bootstrap intervals of means and differences, and latency percentiles with their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TIME_METRICS = ("first_token_seconds", "total_seconds")
PERCENTILES = (0.5, 0.95)
Matrix = npt.NDArray[np.float64]
RESAMPLES = 10_000
SEED = 20_240_607
CONFIDENCE = 0.95
AT_ONCE = 4_000_000  # draws held in memory


@dataclass(frozen=True, slots=True)
class Latency:
    """Median and 95th percentile of the seconds of `count` answers, each with its 95 % interval."""

    median: float
    median_low: float
    median_high: float
    p95: float
    p95_low: float
    p95_high: float
    count: int


def latencies(measured: Sequence[Mapping[str, float]]) -> dict[str, Latency]:
    """Return the latency for each time metric; questions are in the order in which they were asked.

    The first question includes loading the models and is left out, unless it is the only one.
    """
    settled = measured[1:] or measured
    taken = {name: [metrics[name] for metrics in settled if name in metrics] for name in TIME_METRICS}
    return {name: latency(values) for name, values in taken.items() if values}


def latency(seconds: Sequence[float]) -> Latency:
    """Return the latency statistics of at least one answer."""
    values = np.sort(np.array(seconds, np.float64))
    drawn = np.concatenate([quantiles(values, weights) for weights in resamples(len(values))])
    (median, p95), ends = quantiles(values, np.ones((1, len(values))))[0], interval_ends(drawn)
    return Latency(float(median), float(ends[0, 0]), float(ends[1, 0]), float(p95), float(ends[0, 1]), float(ends[1, 1]),
                   len(values))


def quantiles(values: Matrix, weights: Matrix) -> Matrix:
    """Return median and 95th percentile of sorted values under each row of weights, shape (rows, 2).

    A percentile is the smallest value that at least that share of the weight does not exceed.
    """
    reached = np.cumsum(weights, axis=1)
    wanted = reached[:, -1:] * np.array(PERCENTILES)
    return np.stack([values[(reached < wanted[:, [column]] - 1e-9).sum(axis=1)] for column in range(len(PERCENTILES))], axis=1)


def means(values: Matrix) -> Matrix:
    """Return the mean of each column of (questions, metrics); NaN marks a question that does not count for a metric."""
    return weighted_means(values, np.ones((1, len(values)))).ravel()


def mean_intervals(values: Matrix) -> Matrix:
    """Return the bootstrap interval of each column's mean, shape (2, metrics)."""
    return interval_ends(np.concatenate([weighted_means(values, weights) for weights in resamples(len(values))]))


def difference_intervals(first: Matrix, second: Matrix) -> Matrix:
    """Return the paired bootstrap interval of each column's mean difference (second - first), shape (2, metrics)."""
    drawn = [weighted_means(second, weights) - weighted_means(first, weights) for weights in resamples(len(first))]
    return interval_ends(np.concatenate(drawn))


def resamples(count: int) -> Iterator[Matrix]:
    """Yield how often each question was drawn, shape (some resamples, count); always the same draws."""
    chance = np.random.default_rng(SEED)
    step = max(1, min(RESAMPLES, AT_ONCE // count))
    for begin in range(0, RESAMPLES, step):
        rows = min(step, RESAMPLES - begin)
        drawn = chance.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)


def weighted_means(values: Matrix, weights: Matrix) -> Matrix:
    """Return each column's mean under each row of weights, shape (rows, metrics); NaN if nothing counts."""
    counts = ~np.isnan(values)
    sums, weight = weights @ np.where(counts, values, 0.0), weights @ counts.astype(np.float64)
    return np.divide(sums, weight, out=np.full_like(sums, np.nan), where=weight > 0)


def interval_ends(drawn: Matrix) -> Matrix:
    """Return the ends of the central interval of each column's draws, shape (2, metrics)."""
    outside = (1 - CONFIDENCE) / 2 * 100
    ends = [np.percentile(column[~np.isnan(column)], [outside, 100 - outside]) for column in drawn.T]
    return np.array(ends).reshape(-1, 2).T

"""Seconds of many answers in; their median and 95th percentile, with intervals, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.evaluate.bootstrap import Matrix, percentiles, resamples

TIMES = ("first_token_seconds", "total_seconds")
SHARES = (0.5, 0.95)


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
    """Return the latency of each time in the metrics of the questions, in the order in which they were asked.

    The first question waits for the models to load and is left out, unless it is alone.
    """
    settled = measured[1:] or measured
    taken = {name: [metrics[name] for metrics in settled if name in metrics] for name in TIMES}
    return {name: latency(values) for name, values in taken.items() if values}


def latency(seconds: Sequence[float]) -> Latency:
    """Return the latency of at least one answer."""
    values = np.sort(np.array(seconds, np.float64))
    drawn = np.concatenate([quantiles(values, weights) for weights in resamples(len(values))])
    (median, p95), ends = quantiles(values, np.ones((1, len(values))))[0], percentiles(drawn)
    return Latency(float(median), float(ends[0, 0]), float(ends[1, 0]), float(p95), float(ends[0, 1]), float(ends[1, 1]),
                   len(values))


def quantiles(values: Matrix, weights: Matrix) -> Matrix:
    """Return the median and the 95th percentile of sorted values under each row of weights, of shape (rows, 2).

    A percentile is the least value that at least that share of the weight does not exceed.
    """
    reached = np.cumsum(weights, axis=1)
    wanted = reached[:, -1:] * np.array(SHARES)
    return np.stack([values[(reached < wanted[:, [column]] - 1e-9).sum(axis=1)] for column in range(len(SHARES))], axis=1)

"""The values of many questions in; how far chance in the choice of the questions can move their means out.

Percentile bootstrap (Efron & Tibshirani 1993, chapter 13): questions are drawn again with replacement, all values of a
question together, so that two runs over the same questions are compared in pairs.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

RESAMPLES = 10_000
SEED = 20_240_607
CONFIDENCE = 0.95
AT_ONCE = 4_000_000  # draws that are held in memory


def means(values: Matrix) -> Matrix:
    """Return the mean of each column of (questions, metrics); NaN is a question that does not count for a metric."""
    return weighted_means(values, np.ones((1, len(values)))).ravel()


def mean_intervals(values: Matrix) -> Matrix:
    """Return the interval of the mean of each column of (questions, metrics), of shape (2, metrics)."""
    return percentiles(np.concatenate([weighted_means(values, weights) for weights in resamples(len(values))]))


def difference_intervals(first: Matrix, second: Matrix) -> Matrix:
    """Return the interval of the second mean less the first of each column, of shape (2, metrics); rows are pairs."""
    drawn = [weighted_means(second, weights) - weighted_means(first, weights) for weights in resamples(len(first))]
    return percentiles(np.concatenate(drawn))


def resamples(count: int) -> Iterator[Matrix]:
    """Yield how often each of so many questions was drawn, of shape (some resamples, count); always the same draws."""
    chance = np.random.default_rng(SEED)
    step = max(1, min(RESAMPLES, AT_ONCE // count))
    for begin in range(0, RESAMPLES, step):
        rows = min(step, RESAMPLES - begin)
        drawn = chance.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)


def weighted_means(values: Matrix, weights: Matrix) -> Matrix:
    """Return the mean of each column under each row of weights, of shape (rows, metrics); NaN where nothing counts."""
    counts = ~np.isnan(values)
    sums, weight = weights @ np.where(counts, values, 0.0), weights @ counts.astype(np.float64)
    return np.divide(sums, weight, out=np.full_like(sums, np.nan), where=weight > 0)


def percentiles(drawn: Matrix) -> Matrix:
    """Return the ends of the interval that holds the middle of what was drawn, of shape (2, metrics)."""
    outside = (1 - CONFIDENCE) / 2 * 100
    ends = [np.percentile(column[~np.isnan(column)], [outside, 100 - outside]) for column in drawn.T]
    return np.array(ends).reshape(-1, 2).T

"""Fit a probe to hidden states: regularized logistic regression, cross-validated by file, and the bounds of its estimate.

The regression is that of Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning" (2nd ed., 4.4 and 18.3.5):
Newton's method in the space of the cases, since a hidden state has more numbers than there are cases. The linear systems have
the stable form of Rasmussen and Williams, "Gaussian Processes for Machine Learning" (algorithm 3.1); the intercept is not
penalized.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from assistant.datatypes import Vector

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
STRENGTH = 1e-3  # weight of the likelihood against the penalty, on standardized numbers; smaller is simpler
FOLDS = 6
MOST_STEPS = 100
CLOSE_ENOUGH = 1e-7  # change of the log-odds at which Newton's method ends
LEAST_CURVATURE = 1e-10
REFUSED_SHARE = 0.1  # of the answerable questions may be refused
ACCEPTED_SHARE = 0.1  # of the unanswerable ones may be answered from the best passage alone
RESAMPLES, SEED, CONFIDENCE = 2000, 20_261_129, 0.95


def fit_weights(states: npt.NDArray[np.floating], answerable: npt.NDArray[np.bool_], weights: Floats | None = None,
                strength: float = STRENGTH) -> Vector:
    """Return the weights of a logistic regression on the states, shape (cases, width), with the bias at the end.

    `weights` are the weights of the cases, 1 by default.
    """
    values = states.astype(np.float64)
    mean, spread = values.mean(axis=0), values.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    scaled = (values - mean) / scale
    shares = strength * (np.ones(len(values)) if weights is None else weights)
    multipliers, bias = fit_multipliers(scaled @ scaled.T, answerable.astype(np.float64), shares)
    direction = (scaled.T @ multipliers) / scale
    return np.array([*direction, bias - direction @ mean], np.float32)


def fit_multipliers(products: Floats, truth: Floats, weights: Floats) -> tuple[Floats, float]:
    """Return the multiplier of each case and the bias that minimize the weighted loss plus half the squared norm.

    products: inner products of the cases, shape (cases, cases)
    """
    multipliers, bias = np.zeros(len(truth)), 0.0
    loss = penalized_loss(products, truth, weights, multipliers, bias)
    for _ in range(MOST_STEPS):
        aim, aimed_bias = newton_step(products, truth, weights, products @ multipliers + bias)
        move, shift, size = aim - multipliers, aimed_bias - bias, 1.0
        while size > CLOSE_ENOUGH:
            found = penalized_loss(products, truth, weights, multipliers + size * move, bias + size * shift)
            if found <= loss:
                break
            size /= 2
        multipliers, bias, loss = multipliers + size * move, bias + size * shift, min(found, loss)
        if float(np.abs(size * (products @ move + shift)).max()) < CLOSE_ENOUGH:
            break
    return multipliers, bias


def penalized_loss(products: Floats, truth: Floats, weights: Floats, multipliers: Floats, bias: float) -> float:
    """Return the weighted logistic loss plus half the squared norm of the weights."""
    odds = products @ multipliers + bias
    return float(weights @ (np.logaddexp(0.0, odds) - truth * odds) + multipliers @ products @ multipliers / 2)


def newton_step(products: Floats, truth: Floats, weights: Floats, odds: Floats) -> tuple[Floats, float]:
    """Return the multipliers and the bias that minimize the quadratic approximation of the loss at these log-odds."""
    shares = 1 / (1 + np.exp(-odds))
    curvature = np.maximum(weights * shares * (1 - shares), LEAST_CURVATURE)
    root = np.sqrt(curvature)
    aims = odds + weights * (truth - shares) / curvature
    system = np.eye(len(odds)) + root[:, None] * products * root
    solved = root[:, None] * np.linalg.solve(system, np.stack([root * aims, root], axis=1))
    bias = float(solved[:, 0].sum() / solved[:, 1].sum())
    return solved[:, 0] - bias * solved[:, 1], bias


def grouped_folds(groups: npt.NDArray[np.int64], folds: int = FOLDS) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rows to fit and the rows held out, for folds of about the same size that divide no group."""
    names, sizes = np.unique(groups, return_counts=True)
    load, fold_of = np.zeros(min(folds, len(names)), np.int64), np.zeros(len(names), np.int64)
    for place in np.argsort(-sizes, kind="stable"):
        fold_of[place] = int(load.argmin())
        load[fold_of[place]] += sizes[place]
    fold = fold_of[np.searchsorted(names, groups)]
    for number in range(len(load)):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def held_out_scores(states: npt.NDArray[np.floating], answerable: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64],
                    weights: Floats | None = None, strength: float = STRENGTH) -> Floats:
    """Return the log-odds of each case from a probe that was fitted without its group. There are at least two groups."""
    scores = np.zeros(len(states))
    for rows, others in grouped_folds(groups):
        fitted = fit_weights(states[rows], answerable[rows], None if weights is None else weights[rows], strength)
        scores[others] = states[others].astype(np.float64) @ fitted[:-1] + fitted[-1]
    return scores


def area_under_curve(right: npt.ArrayLike, wrong: npt.ArrayLike) -> float:
    """Return the area under the ROC curve: how often a right one scores higher than a wrong one, ties as half."""
    above = comparisons(np.asarray(right, np.float64), np.asarray(wrong, np.float64))
    return float(above.mean())


def comparisons(right: Floats, wrong: Floats) -> Floats:
    """Return 1 where a right score is higher than a wrong one, .5 where they are equal; shape (right, wrong)."""
    one, other = right[:, None], wrong[None, :]
    return np.where(one == other, 0.5, np.where(one > other, 1.0, 0.0))


def area_interval(right: Floats, wrong: Floats, groups: Sequence[int]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the area over groups; question n has the scores right[n] and wrong[n]."""
    names, places = np.unique(np.asarray(groups), return_inverse=True)
    belongs = np.eye(len(names))[places]  # shape (questions, groups)
    above, sizes = belongs.T @ comparisons(right, wrong) @ belongs, belongs.sum(axis=0)
    chance = np.random.default_rng(SEED)
    drawn = chance.multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES).astype(np.float64)
    areas = np.einsum("rg,gh,rh->r", drawn, above, drawn) / (drawn @ sizes) ** 2
    low, high = np.quantile(areas, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def refusal_bound(answerable: Floats) -> float:
    """Return the highest score below which at most REFUSED_SHARE of the answerable questions lie."""
    return float(np.sort(answerable)[int(REFUSED_SHARE * len(answerable))])


def acceptance_bound(unanswerable: Floats) -> float:
    """Return a score that at most ACCEPTED_SHARE of the unanswerable questions reach."""
    highest = np.sort(unanswerable)[::-1]
    return float(np.nextafter(highest[int(ACCEPTED_SHARE * len(highest))], np.inf))

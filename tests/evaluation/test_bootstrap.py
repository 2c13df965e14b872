"""Intervals against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.evaluation import latency as bootstrap
from assistant.evaluation.latency import difference_intervals, mean_intervals, means

CHANCE = np.random.default_rng(7)


def column(*values):
    return np.array(values, np.float64)[:, None]


def test_the_interval_of_a_share_is_that_of_its_normal_approximation():
    shares = column(*([1.0] * 80 + [0.0] * 120))
    (low,), (high,) = mean_intervals(shares)
    width = 1.96 * (0.4 * 0.6 / 200) ** 0.5
    assert (low, high) == (pytest.approx(0.4 - width, abs=0.01), pytest.approx(0.4 + width, abs=0.01))


def test_the_interval_holds_the_truth_nineteen_times_of_twenty():
    truth, held = 0.3, 0
    for _ in range(100):
        (low,), (high,) = mean_intervals(CHANCE.binomial(1, truth, (60, 1)).astype(float))
        held += low <= truth <= high
    assert 88 <= held <= 100


def test_the_same_values_have_the_same_interval():
    values = CHANCE.random((30, 2))
    assert (mean_intervals(values) == mean_intervals(values)).all()


def test_values_that_do_not_count_are_left_out():
    values = column(1.0, np.nan, 0.5, np.nan)
    assert means(values) == [0.75]
    (low,), (high,) = mean_intervals(values)
    assert (low, high) == (0.5, 1.0)


def test_pairs_have_a_narrow_interval_where_the_questions_differ_more_than_the_runs():
    first = CHANCE.random((100, 1))
    second = first + 0.02
    (low,), (high,) = difference_intervals(first, second)
    assert (low, high) == (pytest.approx(0.02), pytest.approx(0.02))


def test_draws_are_the_same_in_one_go_and_in_many(monkeypatch):
    values = CHANCE.random((20, 1))
    at_once = mean_intervals(values)
    monkeypatch.setattr(bootstrap, "AT_ONCE", 20 * 7)
    assert mean_intervals(values) == pytest.approx(at_once)

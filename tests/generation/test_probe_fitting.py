"""The regression of a probe, its cross-validation by file, and the area under the curve."""

from __future__ import annotations

import random

import numpy as np
import pytest

from assistant.datatypes import Chunk, Hit, Location
from assistant.generation.probe_fitting import (
    acceptance_bound,
    area_interval,
    area_under_curve,
    fit_weights,
    grouped_folds,
    held_out_scores,
    refusal_bound,
)
from assistant.generation.probe_prompts import ALONE, AMONG_OTHERS, ANOTHER, OTHERS, passage_sets

CHANCE = np.random.default_rng(3)


def made_up(count, width, shift=1.5):
    answerable = CHANCE.random(count) < 0.4
    states = CHANCE.normal(size=(count, width)) * 3 + 5
    states[:, 0] += shift * answerable
    return states, answerable


@pytest.mark.parametrize("strength", [1e-3, 0.1, 10.0])
@pytest.mark.parametrize(("count", "width"), [(60, 200), (200, 20)])
def test_the_weights_are_those_of_the_field_s_library(count, width, strength):
    linear = pytest.importorskip("sklearn.linear_model")
    states, answerable = made_up(count, width)
    weights = np.where(np.arange(count) % 3, 1.0, 3.0)
    scaled = (states - states.mean(axis=0)) / states.std(axis=0)
    regression = linear.LogisticRegression(C=strength, max_iter=20_000, tol=1e-10).fit(scaled, answerable, sample_weight=weights)
    found = fit_weights(states, answerable, weights, strength)
    assert states @ found[:-1] + found[-1] == pytest.approx(regression.decision_function(scaled), abs=2e-3)


def test_what_separates_the_cases_completely_is_fitted_too():
    states = np.array([[0.0, 1], [1, 1], [2, 1], [3, 1]])
    found = fit_weights(states, np.array([False, False, True, True]), strength=1e6)
    assert np.isfinite(found).all()
    assert ((states @ found[:-1] + found[-1] > 0) == [False, False, True, True]).all()
    assert found[1] == 0  # a number that never varies


def test_no_group_is_divided_and_every_row_is_held_out_once():
    groups = np.array([3, 3, 3, 3, 9, 9, 1, 1, 7, 7, 5])
    folds = list(grouped_folds(groups, 3))
    assert sorted(np.concatenate([others for _, others in folds])) == list(range(11))
    for rows, others in folds:
        assert not set(groups[rows]) & set(groups[others])
        assert 3 <= len(others) <= 4


def test_a_file_is_judged_by_a_probe_that_has_not_seen_it():
    groups = np.repeat(np.arange(20), 4)
    states = CHANCE.normal(size=(80, 300)) + 4 * CHANCE.normal(size=(20, 300))[groups]
    answerable = groups % 2 == 0  # what the files have in common says nothing
    scores = held_out_scores(states, answerable, groups)
    assert area_under_curve(scores[answerable], scores[~answerable]) < 0.8
    own = fit_weights(states, answerable)
    fitted = states @ own[:-1] + own[-1]
    assert area_under_curve(fitted[answerable], fitted[~answerable]) == 1


def test_the_area_counts_ties_as_half():
    assert area_under_curve([1, 2], [1, 0]) == 0.875


def test_the_interval_of_the_area_is_over_files():
    right, wrong = CHANCE.normal(1, 1, 60), CHANCE.normal(0, 1, 60)
    apart, together = area_interval(right, wrong, range(60)), area_interval(right, wrong, [number // 20 for number in range(60)])
    assert apart[0] < area_under_curve(right, wrong) < apart[1]
    assert apart == area_interval(right, wrong, range(60))
    assert area_interval(right, wrong, [0] * 60) == pytest.approx([area_under_curve(right, wrong)] * 2)
    assert together != apart


@pytest.mark.parametrize(("count", "refused"), [(40, 4), (9, 0), (19, 1)])
def test_at_most_one_in_ten_is_refused_and_accepted(count, refused):
    scores = CHANCE.permutation(np.arange(count, dtype=np.float64))
    assert (scores < refusal_bound(scores)).sum() == refused
    assert (scores >= acceptance_bound(scores)).sum() == refused


def hit(number):
    return Hit(number, f"/{number}.txt", "", Chunk("text", Location(1, 1, 0, 4)))


def test_the_right_passage_stands_in_two_kinds_of_prompts():
    own, others = hit(0), [hit(number) for number in range(1, 9)]
    places = set()
    for seed in range(30):
        sets = passage_sets(own, others, random.Random(seed))
        assert (sets[ALONE], sets[ANOTHER], sets[OTHERS]) == ((own,), (others[0],), tuple(others[:5]))
        places.add(sets[AMONG_OTHERS].index(own))
        assert [each for each in sets[AMONG_OTHERS] if each != own] == others[:4]
    assert places == {0, 1, 2}


def test_one_other_passage_is_enough():
    sets = passage_sets(hit(0), [hit(1)], random.Random(1))
    assert set(sets[AMONG_OTHERS]) == {hit(0), hit(1)}

"""Rankings and spans against numbers that were computed by hand."""

from __future__ import annotations

import pytest

from assistant.evaluation.metrics import merge_ranges, score_ranking, score_spans, unique_in_order


def test_a_ranking_with_two_of_three_right_files():
    scores = score_ranking(["x", "b", "y", "z", "w", "a"], {"a": 1, "b": 1, "c": 1})
    assert (scores.recall_at_1, scores.mrr_at_10) == (0, 0.5)
    assert scores.recall_at_5 == pytest.approx(1 / 3)
    assert scores.recall_at_10 == pytest.approx(2 / 3)
    # (1/log2(3) + 1/log2(7)) / (1/log2(2) + 1/log2(3) + 1/log2(4)) = 0.98714 / 2.13093
    assert scores.ndcg_at_10 == pytest.approx(0.46324, abs=1e-5)


def test_gains_weigh_in_ndcg():
    # (2/1 + 4/log2(3)) / (4/1 + 2/log2(3)) = 4.52372 / 5.26186
    assert score_ranking(["b", "a"], {"a": 4, "b": 2}).ndcg_at_10 == pytest.approx(0.85972, abs=1e-5)


def test_what_stands_after_rank_ten_does_not_count():
    scores = score_ranking([*(f"x{number}" for number in range(10)), "a"], {"a": 1})
    assert (scores.recall_at_10, scores.ndcg_at_10, scores.mrr_at_10) == (0, 0, 0)


def test_an_empty_ranking_scores_nothing():
    assert score_ranking([], {"a": 1}).ndcg_at_10 == 0


def test_distinct_keeps_the_first():
    assert unique_in_order(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]


def test_ranges_merge():
    assert merge_ranges([(5, 8), (0, 3), (2, 5), (20, 21)]) == [(0, 8), (20, 21)]


def test_spans_are_counted_in_characters():
    scores = score_spans({"a": [(0, 15), (12, 18)], "c": [(0, 22)]}, {"a": [(10, 20)], "b": [(0, 10)]})
    assert scores.recall == pytest.approx(8 / 20)
    assert scores.precision == pytest.approx(8 / 40)


def test_spans_that_overlap_count_once_as_right():
    scores = score_spans({"a": [(0, 10)]}, {"a": [(0, 10), (4, 8)]})
    assert (scores.recall, scores.precision) == (1, 1)


def test_nothing_shown_holds_nothing():
    scores = score_spans({}, {"a": [(0, 10)]})
    assert (scores.recall, scores.precision) == (0, 0)

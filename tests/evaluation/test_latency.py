"""Median and 95th percentile of seconds, and how far chance can move them."""

from __future__ import annotations

from assistant.evaluation.latency import latencies, latency


def test_median_and_percentile():
    found = latency([float(second) for second in range(1, 101)])
    assert (found.median, found.p95, found.count) == (50, 95, 100)
    assert found.median_low < 50 < found.median_high
    assert found.p95_low < 95 < found.p95_high <= 100


def test_one_answer_has_no_width():
    found = latency([2.5])
    assert (found.median, found.median_low, found.median_high, found.p95, found.p95_high) == (2.5,) * 5


def test_the_first_question_waits_for_the_models_and_does_not_count():
    measured = [{"total_seconds": 60.0}, {"total_seconds": 1.0}, {}, {"total_seconds": 3.0}]
    assert latencies(measured)["total_seconds"].count == 2
    assert latencies(measured)["total_seconds"].p95 == 3
    assert latencies(measured[:1])["total_seconds"].median == 60
    assert latencies([{}, {}]) == {}

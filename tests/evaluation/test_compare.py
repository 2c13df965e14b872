"""Means of rows, rows that are saved, and which differences between two runs are more than noise."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from assistant.errors import UsageError
from assistant.evaluation import Row, compare, read_rows, save_evaluation, summarise


def rows_of(metric, values, kind=""):
    return [Row(str(number), f"question {number}", kind, "en", {metric: value}) for number, value in enumerate(values)]


def test_means_over_all_and_by_kind():
    result = summarise([*rows_of("f1", [1.0, 0.0], "a"), *rows_of("f1", [0.5], "b"), Row("9", "?", "b", "en", {})], 6, {})
    assert (result.metrics["f1"].mean, result.metrics["f1"].count) == (0.5, 3)
    assert result.metrics["f1"].low == 0 < 0.5 < result.metrics["f1"].high == 1
    assert {kind: found["f1"].mean for kind, found in result.kinds.items()} == {"a": 0.5, "b": 0.5}
    assert result.langs == {}
    assert (result.planned, len(result.rows)) == (6, 4)


def test_right_refusals_say_nothing_where_every_question_has_an_answer():
    refused = Row("1", "?", "", "", {"answerable_refused": 1.0, "abstention_precision": 0.0})
    caught = Row("2", "?", "", "", {"abstention_recall": 1.0, "abstention_precision": 1.0})
    assert "abstention_precision" not in summarise([refused], 1, {}).metrics
    assert summarise([refused, caught], 2, {}).metrics["abstention_precision"].mean == 0.5


def test_rows_without_metrics():
    assert summarise([Row("1", "?", "", "", {})], 1, {}).metrics == {}


def test_a_clear_difference_is_more_than_noise():
    comparison = compare(rows_of("f1", [0.0] * 30), rows_of("f1", [1.0] * 20 + [0.0] * 10))
    found = comparison.metrics["f1"]
    assert (found.first, found.second, found.difference, found.count) == (0, pytest.approx(2 / 3), pytest.approx(2 / 3), 30)
    assert 0 < found.low < 2 / 3 < found.high < 1
    assert found.more_than_noise


def test_ups_and_downs_are_noise():
    found = compare(rows_of("f1", [0.0, 1.0] * 20), rows_of("f1", [1.0, 0.0] * 19 + [1.0, 1.0])).metrics["f1"]
    assert found.difference == pytest.approx(1 / 40)
    assert not found.more_than_noise


@pytest.mark.parametrize(("better", "expected"), [(1, False), (5, False), (6, True)])
def test_a_few_questions_are_not_enough_even_where_all_agree(better, expected):
    found = compare(rows_of("f1", [0.0] * better), rows_of("f1", [1.0] * better)).metrics["f1"]
    assert (found.low, found.high) == (1, 1)
    assert found.more_than_noise is expected


def test_only_the_questions_of_both_are_compared():
    first, second = rows_of("f1", [0.0, 0.0, 1.0]), rows_of("f1", [0.5, 1.0])
    second[1] = replace(second[1], question="another with the same id")
    comparison = compare(first, second)
    assert (comparison.shared, comparison.only_first, comparison.only_second) == (1, 2, 1)
    assert comparison.metrics["f1"].difference == 0.5
    with pytest.raises(UsageError, match="no question in common"):
        compare(first, second[1:])


def test_metrics_of_one_run_are_not_compared():
    assert compare(rows_of("f1", [1.0]), rows_of("contains", [1.0])).metrics == {}


def test_an_answer_that_failed_does_not_count_in_the_other_run():
    first, second = rows_of("f1", [1.0, 0.0]), rows_of("f1", [0.5, 0.0])
    second[1] = replace(second[1], metrics={})
    found = compare(first, second).metrics["f1"]
    assert (found.first, found.second, found.count) == (1.0, 0.5, 1)


def test_what_counts_only_some_answers_counts_those_of_each_run():
    first, second = rows_of("cites_gold_file", [1.0, 0.0, 0.0]), rows_of("cites_gold_file", [1.0, 0.0, 0.0])
    second[2] = replace(second[2], metrics={})
    found = compare(first, second).metrics["cites_gold_file"]
    assert (found.first, found.second, found.count) == (pytest.approx(1 / 3), 0.5, 3)


def test_what_is_saved_is_read_back(tmp_path):
    rows = [Row("1", "何时?", "a", "zh", {"f1": 0.1 + 0.2}, "", "三月", True, False, ("四月",), ("a.md",)),
            Row("2", "?", "b", "en", {}, "too long")]
    save_evaluation(tmp_path / "a.json", summarise(rows, 2, {"library": "default"}))
    assert read_rows(tmp_path / "a.json") == tuple(rows)
    record = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert list(record) == ["about", "planned", "metrics", "kinds", "langs", "latencies", "reliability", "rows"]
    assert set(record["metrics"]["f1"]) == {"mean", "low", "high", "count"}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"rows": [1]}', '{"rows": [{"id": 1, "question": "?", "metrics": []}]}',
                                     '{"rows": [{"id": 1, "question": "?", "metrics": {"f1": "x"}}]}',
                                     '{"rows": [{"id": 1, "question": "?", "metrics": {"f1": NaN}}]}'])
def test_a_file_that_is_no_result(tmp_path, content):
    (tmp_path / "a.json").write_text(content, "utf-8")
    with pytest.raises(UsageError, match="is not a result"):
        read_rows(tmp_path / "a.json")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_rows(tmp_path / "a.json")
    with pytest.raises(UsageError, match="cannot be written"):
        save_evaluation(tmp_path / "none" / "a.json", summarise([Row("1", "?", "", "", {})], 1, {}))

"""Scores against numbers that were computed by hand."""

import pytest
from questions import Question, Span
from ranking import merge_ranges, score_ranking, score_spans, unique_in_order
from scoring import score_results
from wording import is_contained, is_exact, quote_stands, token_f1


def hit(path, start=None, end=None, **location):
    span = {} if start is None else {"char_start": start, "char_end": end}
    return {"path": path, "location": span | location}


def test_a_ranking_with_two_of_three_right_files():
    scores = score_ranking(["x", "b", "y", "z", "w", "a"], {"a": 1, "b": 1, "c": 1})
    assert scores.recall_at_1 == 0
    assert scores.recall_at_5 == pytest.approx(1 / 3)
    assert scores.recall_at_10 == pytest.approx(2 / 3)
    assert scores.mrr_at_10 == 0.5
    # (1/log2(3) + 1/log2(7)) / (1/log2(2) + 1/log2(3) + 1/log2(4)) = 0.98714 / 2.13093
    assert scores.ndcg_at_10 == pytest.approx(0.46324, abs=1e-5)


def test_gains_weigh_in_ndcg():
    # (2/1 + 4/log2(3)) / (4/1 + 2/log2(3)) = 4.52372 / 5.26186
    assert score_ranking(["b", "a"], {"a": 4, "b": 2}).ndcg_at_10 == pytest.approx(0.85972, abs=1e-5)


def test_what_stands_after_rank_ten_does_not_count():
    scores = score_ranking([f"x{number}" for number in range(10)] + ["a"], {"a": 1})
    assert (scores.recall_at_10, scores.ndcg_at_10, scores.mrr_at_10) == (0, 0, 0)


def test_an_empty_ranking_scores_nothing():
    assert score_ranking([], {"a": 1}).ndcg_at_10 == 0


def test_more_right_files_than_ten_still_reach_ndcg_one():
    names = [f"f{number}" for number in range(12)]
    scores = score_ranking(names, dict.fromkeys(names, 1))
    assert scores.ndcg_at_10 == pytest.approx(1.0)
    assert scores.recall_at_10 == pytest.approx(10 / 12)


def test_distinct_keeps_the_first():
    assert unique_in_order(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]


def test_ranges_merge():
    assert merge_ranges([(5, 8), (0, 3), (2, 5), (20, 21)]) == [(0, 8), (20, 21)]


def test_spans_are_counted_in_characters():
    spans = (Span("a.txt", 10, 20), Span("b.txt", 0, 10))
    scores = score_spans([hit("/d/a.txt", 0, 15), hit("/d/a.txt", 12, 18), hit("/d/c.txt", 0, 22)], spans)
    assert scores.recall == pytest.approx(8 / 20)
    assert scores.precision == pytest.approx(8 / 40)


def test_spans_that_overlap_count_once_as_gold():
    scores = score_spans([hit("a.txt", 0, 10)], (Span("a.txt", 0, 10), Span("a.txt", 4, 8)))
    assert (scores.recall, scores.precision) == (1, 1)


def test_only_the_first_five_hits_count_for_spans():
    hits = [hit("x.txt", 0, 10)] * 5 + [hit("a.txt", 0, 10)]
    assert score_spans(hits, (Span("a.txt", 0, 10),)).recall == 0


@pytest.mark.parametrize(
    ("gold", "answer", "expected"),
    [
        ("35 Nm", "Tighten to 35 Nm [1].", True),
        ("35 Nm", "Tighten to 135 Nm.", False),
        ("千分之三", "每日千分之三。", True),
        ("60", "It has 600 rooms.", False),
        ("...", "anything", False),
    ],
)
def test_is_contained(gold, answer, expected):
    assert is_contained(gold, answer) is expected


def test_is_exact_looks_past_articles_and_punctuation():
    assert is_exact("Eiffel Tower", "the Eiffel tower.")
    assert not is_exact("Eiffel Tower", "in the Eiffel tower")


def test_token_f1():
    # 2 shared of 2 wanted and 5 given: recall 1, precision 0.4
    assert token_f1("nine months", "At least nine months, written") == pytest.approx(4 / 7)
    # 3 shared of 4 wanted and 5 given
    assert token_f1("研磨器卡", "研磨盘卡住") == pytest.approx(6 / 9)
    assert token_f1("a", "b") == 0


def test_a_quote_stands_across_line_breaks():
    assert quote_stands("nine months' written\nnotice", "at least nine months'  written notice and")
    assert not quote_stands("ten months", "nine months")


def test_a_whole_run():
    gold = {"answerable": True, "gold_documents": frozenset({"a.txt"}), "gains": (("a.txt", 1),)}
    paged = gold | {"pages": frozenset({("a.txt", 2)})}
    questions = [Question("right", "?", **paged), Question("first", "?", **gold), Question("none", "?", **gold),
                 Question("nothing", "?", answerable=False), Question("lost", "?", **gold)]
    results = {
        "right": {"hits": [hit("/c/b.txt", page=2), hit("/c/a.txt", page=1), hit("/c/a.txt", page=2)]},
        "first": {"hits": [hit("/c/a.txt")]}, "none": {"hits": []}, "nothing": {"hits": []},
    }  # fmt: skip
    scores = score_results(questions, results)
    assert (scores.questions, scores.missing) == (5, 1)
    assert scores.files.recall_at_10 == pytest.approx(2 / 3)
    assert scores.files.mrr_at_10 == pytest.approx((0.5 + 1 + 0) / 3)
    assert scores.pages.mrr_at_10 == pytest.approx(1 / 3)
    assert scores.spans is None

"""Scores against numbers that were computed by hand."""

import pytest
from questions import Question, Span
from ranking import distinct, merge, score_ranking, score_spans
from scoring import score_abstention, score_answer, score_results
from wording import is_contained, is_exact, normalise, quote_stands, token_f1, tokenize


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
    assert distinct(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]


def test_ranges_merge():
    assert merge([(5, 8), (0, 3), (2, 5), (20, 21)]) == [(0, 8), (20, 21)]


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
    ("text", "expected"),
    [
        ("The  Cat, an Animal!", "cat animal"),
        ("ＡＢＣ９", "abc9"),
        ("U.S. 15,500", "u s 15 500"),
        ("《梁山伯与祝英台》", "梁山伯与祝英台"),
        ("theatre", "theatre"),
    ],
)
def test_normalise(text, expected):
    assert normalise(text) == expected


def test_cjk_characters_are_tokens():
    assert tokenize("第12条：违约金 30 Nm") == ["第", "12", "条", "违", "约", "金", "30", "nm"]


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


def test_the_best_right_answer_counts():
    question = Question("q", "?", answerable=True, answers=("30 days", "thirty"))
    scores = score_answer(question, "thirty")
    assert (scores.contains, scores.exact_match, scores.f1) == (1, 1, 1)


def test_every_answer_group_must_be_met():
    question = Question("q", "?", answerable=True, answers=("x", "y"), answer_groups=(("x", "ex"), ("y",)))
    assert score_answer(question, "ex and y").contains == 1
    assert score_answer(question, "ex and z").contains == 0


def test_abstention():
    outcomes = [(False, True)] * 3 + [(False, False)] * 1 + [(True, True)] * 2 + [(True, False)] * 6
    scores = score_abstention(outcomes)
    assert (scores.precision, scores.recall) == (0.6, 0.75)
    assert scores.f1 == pytest.approx(2 / 3)
    assert scores.answerable_refused == 0.25


def test_abstention_is_not_measured_where_all_can_be_answered():
    assert score_abstention([(True, True)]) is None


def test_abstention_scores_nothing_where_nothing_is_refused():
    scores = score_abstention([(False, False), (True, False)])
    assert (scores.precision, scores.recall, scores.f1) == (0, 0, 0)


def test_a_quote_stands_across_line_breaks():
    assert quote_stands("nine months' written\nnotice", "at least nine months'  written notice and")
    assert not quote_stands("ten months", "nine months")


def citation(path, quote, **location):
    return {"number": 1, "path": path, "quote": quote, "location": location}


def answered(text, *citations, hits=()):
    return {"answer": text, "abstained": False, "citations": list(citations), "hits": list(hits)}


REFUSED = {"answer": "The files do not say.", "abstained": True, "citations": [], "hits": []}


def test_a_whole_run(tmp_path):
    (tmp_path / "a.txt").write_text("The bolt takes\n35 Nm.", "utf-8")
    gold = {"answerable": True, "answers": ("35 Nm",), "gold_documents": frozenset({"a.txt"}), "gains": (("a.txt", 1),)}
    paged = gold | {"pages": frozenset({("a.txt", 2)})}
    questions = [
        Question("right", "?", **paged),
        Question("wrong", "?", **gold),
        Question("refused", "?", **gold),
        Question("uncited", "?", **gold),
        Question("nothing", "?", answerable=False),
        Question("lost", "?", **gold),
    ]
    right_hits = [hit("/c/b.txt", page=2), hit("/c/a.txt", page=1), hit("/c/a.txt", page=2)]
    results = {
        "right": answered("35 Nm [1]", citation("/c/a.txt", "takes 35 Nm", page=2), hits=right_hits),
        "wrong": answered("9 Nm", citation("/c/b.txt", "9 Nm"), citation("/c/a.txt", "9 Nm"), hits=[hit("/c/a.txt")]),
        "refused": REFUSED,
        "uncited": answered("35 Nm"),
        "nothing": REFUSED,
    }
    scores = score_results(questions, results, tmp_path)
    assert (scores.questions, scores.missing) == (6, 1)
    assert scores.files.recall_at_10 == 0.5
    assert scores.files.mrr_at_10 == pytest.approx((0.5 + 1 + 0 + 0) / 4)
    assert scores.pages.mrr_at_10 == pytest.approx(1 / 3)
    assert scores.spans is None
    assert scores.answers.contains == 0.5
    assert scores.answers.exact_match == 0.25
    assert scores.answers.f1 == pytest.approx((4 / 5 + 2 / 4 + 0 + 1) / 4)
    assert (scores.abstention.precision, scores.abstention.recall) == (0.5, 1)
    assert scores.abstention.answerable_refused == 0.25
    assert scores.citations.cited == pytest.approx(2 / 3)
    assert scores.citations.file_right == pytest.approx(2 / 3)
    assert scores.citations.cites_gold_file == 1
    assert scores.citations.cites_gold_page == 1
    assert scores.citations.quote_stands == 0.5

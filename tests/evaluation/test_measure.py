"""What a question counts for, in the search and in the answer."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from assistant.datatypes import Timings
from assistant.errors import ContextOverflow, ServerUnavailable, UsageError
from assistant.evaluation import Question, measure
from assistant.evaluation.dataset import Span
from assistant.evaluation.metrics import score_answer as score_all
from assistant.evaluation.metrics import score_hits, score_support
from tests.evaluation.made_up import make_answer, make_hit

LEASE = Question("1", "When?", True, ("2027",), (), frozenset({"lease.pdf"}), (("lease.pdf", 1.0),),
                 frozenset({("lease.pdf", 2)}))
TIMES = {"first_token_seconds", "total_seconds"}
OPEN = Question("2", "Why?", answerable=False)


def score_answer(question, answer):
    """Return the metrics of an answer but for its times."""
    return {name: value for name, value in score_all(question, answer).items() if name not in TIMES}


def test_files_and_pages_are_ranked_each_where_it_first_stands():
    hits = [make_hit("/d/a.txt"), make_hit("/d/a.txt"), make_hit("/d/lease.pdf", page=1), make_hit("/d/lease.pdf", page=2)]
    metrics = score_hits(LEASE, hits)
    assert (metrics["recall_at_1"], metrics["recall_at_5"], metrics["mrr_at_10"]) == (0, 1, 1 / 2)
    assert metrics["page_mrr_at_10"] == 1 / 3
    assert "span_recall" not in metrics


def test_only_the_first_five_hits_count_for_spans():
    question = Question("1", "?", gains=(("a.txt", 1.0),), spans=(Span("a.txt", 0, 10),))
    others = [make_hit("/d/x.txt")] * 5
    assert score_hits(question, [make_hit("/d/a.txt", 5, 15), *others])["span_recall"] == 0.5
    assert score_hits(question, [*others, make_hit("/d/a.txt", 5, 15)])["span_recall"] == 0


def test_a_search_is_not_measured_where_nothing_should_be_found():
    assert score_hits(OPEN, [make_hit("/d/a.txt")]) == {}
    assert score_hits(Question("1", "?", answerable=False, gains=(("a.txt", 1.0),)), [make_hit("/d/a.txt")]) == {}


def test_an_answer_that_is_right_and_cites_the_right_file():
    metrics = score_answer(LEASE, make_answer("In 2027.", ("/d/x.txt", None), ("/d/lease.pdf", 3)))
    assert metrics == {"answerable_refused": 0, "contains": 1, "exact_match": 0, "f1": pytest.approx(2 / 3), "cited": 1,
                       "cites_gold_file": 1, "citation_precision": 0.5, "cites_gold_page": 0, "page_citation_precision": 0}


def test_an_answer_without_citations():
    metrics = score_answer(LEASE, make_answer("In 2026."))
    assert metrics == {"answerable_refused": 0, "contains": 0, "exact_match": 0, "f1": 0, "cited": 0}


def test_a_refusal_is_an_empty_answer():
    metrics = score_answer(LEASE, make_answer("The files do not say 2027.", abstained=True))
    assert metrics == {"answerable_refused": 1, "abstention_precision": 0, "contains": 0, "exact_match": 0, "f1": 0}


def test_questions_without_an_answer_count_for_abstention_alone():
    refusal = make_answer("Your files do not say.", abstained=True)
    assert score_answer(OPEN, refusal) == {"abstention_recall": 1, "abstention_precision": 1}
    assert score_answer(OPEN, make_answer("Because.", ("/d/x.txt", None))) == {"abstention_recall": 0}


def test_every_group_of_answers_must_be_met():
    question = Question("1", "?", answer_groups=(("May", "5"), ("2027",)))
    assert score_answer(question, make_answer("In May 2027"))["contains"] == 1
    assert score_answer(question, make_answer("In May"))["contains"] == 0
    assert score_answer(question, make_answer("In May"))["f1"] == pytest.approx(2 / 3)


def test_citation_numbers_are_no_words_of_the_answer():
    question = Question("1", "How many?", answers=("1",))
    assert score_answer(question, make_answer("Two [1]."))["contains"] == 0
    assert score_answer(question, make_answer("1 [2]."))["exact_match"] == 1


def test_a_citation_is_right_where_it_meets_a_span():
    question = Question("1", "?", answers=("x",), spans=(Span("a.txt", 5, 10), Span("b.txt", 0, 4)))
    answer = make_answer("x", ("/d/a.txt", None), ("/d/b.txt", None))  # both cite the first character
    assert score_answer(question, answer)["span_citation_precision"] == 0.5


def test_the_share_of_sentences_that_are_borne_out_in_full():
    sentences = [SimpleNamespace(text="x", numbers=(1,), support=support) for support in ("full", "partial", "none", "full")]
    answer = SimpleNamespace(abstained=False, sentences=sentences)
    assert score_support(answer) == {"support_rate": 0.5}
    assert score_support(SimpleNamespace(abstained=True, sentences=sentences)) == {}
    assert score_support(SimpleNamespace(abstained=False, sentences=[])) == {}


def test_times_are_in_seconds():
    answer = replace(make_answer("x"), timings=Timings(1.0, 1500.0, 2500.0))
    assert {name: score_all(OPEN, answer)[name] for name in TIMES} == {"first_token_seconds": 1.5, "total_seconds": 2.5}
    assert "first_token_seconds" not in score_all(OPEN, make_answer())


def test_a_row_says_what_was_answered_and_what_should_have_been():
    (row,) = measure([LEASE], lambda _: [], lambda _: make_answer("In 2027", ("/d/lease.pdf", 2)))
    assert (row.answer, row.expected, row.sources, row.answerable) == ("In 2027", ("2027",), ("lease.pdf, p. 2",), True)
    groups = Question("1", "?", answers=("May", "5", "2027"), answer_groups=(("May", "5"), ("2027",)))
    assert groups.expected == ("May / 5", "2027")


def test_only_what_is_measured_is_asked():
    searched, asked = [], []

    def search(text):
        searched.append(text)
        return [make_hit("/d/lease.pdf", page=2)]

    def ask(text):
        asked.append(text)
        return make_answer("2027")

    rows = list(measure([LEASE, OPEN], search, None))
    assert (searched, asked) == (["When?"], [])
    assert rows[0].metrics["page_recall_at_1"] == 1
    assert rows[1].metrics == {}
    assert [row.metrics["contains"] for row in measure([LEASE], search, ask)] == [1]


@pytest.mark.parametrize("error", [ContextOverflow, UsageError, ServerUnavailable])
def test_a_question_that_cannot_be_answered_keeps_the_metrics_of_its_search_and_ends_nothing(error):
    def ask(question):
        if question == LEASE.text:
            raise error("too long")
        return make_answer("Because.")

    row, other = measure([LEASE, OPEN], lambda _: [], ask)
    assert (row.error, other.error) == ("too long", "")
    assert row.metrics["recall_at_10"] == 0
    assert "contains" not in row.metrics

"""Reranking with a model whose scores and pace the test decides."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from assistant.datatypes import Chunk, Explanation, Hit, Location, Vectors
from assistant.retrieval.rerank import FEWEST, MOST, batch_size, mix_scores, rerank, rerank_explanation

AMPLE = 1e7  # milliseconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Let time pass only where a Judge reads."""
    clock = SimpleNamespace(now=0.0, perf_counter=lambda: clock.now)
    monkeypatch.setattr(sys.modules[rerank.__module__], "time", clock)  # the package has a function of this name
    Judge.clock = clock
    return clock


def hit(number: int, score: float) -> Hit:
    text = f"passage {number}"
    return Hit(number, f"/{number}.txt", "", Chunk(text, Location(1, 1, 0, len(text)), "Title"), score)


def hits(count: int) -> list[Hit]:
    return [hit(number, float(count - number)) for number in range(count)]


@dataclass
class Judge:
    """Wants the passages with high numbers."""

    clock: ClassVar[SimpleNamespace]
    name: str = "judge"
    fingerprint: str = "1"
    pairs_per_second: float = 1e6
    read: list[str] = field(default_factory=list)

    def score(self, question: str, texts: Sequence[str]) -> Vectors:
        self.read += texts
        self.clock.now += len(texts) / self.pairs_per_second
        return np.array([float(text.split()[-1]) for text in texts], np.float32)


def ids(found: Sequence[Hit]) -> list[int]:
    return [each.chunk_id for each in found]


def test_all_are_read_where_there_is_time_and_the_reranker_counts_more_than_the_search():
    judge = Judge()
    found, done = rerank(judge, "q", hits(6), AMPLE)
    assert ids(found) == [5, 4, 3, 2, 1, 0]
    assert [each.score for each in found] == [6, 5, 4, 3, 2, 1]
    assert (found[0].rerank_score, found[0].rank_before_rerank) == (5, 6)
    assert (done.read, done.candidates, done.model) == (6, 6, "judge")
    assert judge.read[0] == "Title\npassage 0"  # what was searched is read, context included


def test_what_there_was_no_time_for_keeps_its_order_below():
    judge = Judge(pairs_per_second=1)
    found, done = rerank(judge, "q", hits(10), FEWEST * 1000)
    assert done.read == FEWEST
    assert ids(found) == [3, 2, 1, 0, 4, 5, 6, 7, 8, 9]
    assert [each.rerank_score is None for each in found] == [False] * FEWEST + [True] * 6
    assert [each.score for each in found] == [each.score for each in hits(10)]


def test_nothing_is_read_where_there_is_no_time_for_a_few():
    judge = Judge(pairs_per_second=1)
    found, done = rerank(judge, "q", hits(10), 300)
    assert (found, done.read, judge.read) == (hits(10), 0, [])


def test_where_there_is_time_for_one_it_is_read_for_the_pace_alone():
    judge = Judge(pairs_per_second=5)
    found, done = rerank(judge, "q", hits(10), 300)
    assert (found, done.read, judge.read) == (hits(10), 0, ["Title\npassage 0"])


def test_no_more_are_read_than_are_ever_shown():
    judge = Judge()
    found, done = rerank(judge, "q", hits(MOST + 5), AMPLE)
    assert (done.read, len(judge.read), len(found)) == (MOST, MOST, MOST + 5)
    assert ids(found[-5:]) == [MOST, MOST + 1, MOST + 2, MOST + 3, MOST + 4]


def test_what_the_time_allows_is_read_in_shrinking_portions(clock: SimpleNamespace):
    _, done = rerank(Judge(pairs_per_second=10), "q", hits(90), 4000)
    assert FEWEST < 40 - done.read + FEWEST <= 2 * FEWEST  # all but a last few, for which a call would not be worth it
    assert clock.now <= 4


def test_a_machine_that_turns_out_slower_ends_earlier():
    class Tiring(Judge):
        def score(self, question: str, texts: Sequence[str]) -> Vectors:
            self.pairs_per_second = 0.001
            return super().score(question, texts)

    _, done = rerank(Tiring(pairs_per_second=1), "q", hits(50), 40_000)
    assert done.read == 20  # half of what it was thought to manage


@pytest.mark.parametrize(("pace", "milliseconds", "left", "count"), [
    (100, 1000, 30, 30), (100, 1000, 80, 50), (100, 100, 80, 5), (100, 50, 80, 4), (100, 30, 80, 0), (100, -5, 80, 0),
    (100, 1000, 0, 0), (100, 30, 2, 0), (100, 50, 2, 2),
])  # fmt: skip
def test_how_many_are_read_in_one_go(pace, milliseconds, left, count):
    assert batch_size(pace, milliseconds, left) == count


def test_where_the_reranker_sees_no_difference_the_search_decides():
    assert ids(mix_scores(hits(4), np.zeros(4, np.float32))) == [0, 1, 2, 3]


def test_strong_evidence_of_the_search_outweighs_a_slight_preference():
    found = [hit(0, 90.0), hit(1, 10.0), hit(2, 9.0), hit(3, 8.0)]
    assert ids(mix_scores(found, np.array([3.0, 3.1, -4.0, -4.0], np.float32)))[0] == 0


def test_no_hits():
    assert rerank(Judge(), "q", [], AMPLE)[0] == []


def test_an_explanation_keeps_what_was_dropped_in_its_place():
    candidates = tuple(zip(hits(4), ("", "drop_duplicates", "", ""), strict=True))
    why = rerank_explanation(Explanation((), 1.0, candidates), Judge(), "q", AMPLE)
    assert [(each.chunk_id, fate) for each, fate in why.candidates] == [(3, ""), (1, "drop_duplicates"), (2, ""), (0, "")]
    assert why.reranking is not None
    assert why.reranking.read == 3

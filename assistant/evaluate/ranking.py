"""Distinct items in rank order and what each right one is worth in; how well the ranking found them out.

recall@k, nDCG@10 (Järvelin & Kekäläinen 2002, with linear gains) and MRR@10.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")

DEPTH = 10


@dataclass(frozen=True, slots=True)
class RankScores:
    """How well a ranking found what it should; each from 0 to 1."""

    recall_at_1: float
    recall_at_5: float
    recall_at_10: float
    ndcg_at_10: float
    mrr_at_10: float


def distinct(items: Iterable[Item]) -> list[Item]:
    """Return the items in order, each where it first stands."""
    return list(dict.fromkeys(items))


def discounted_gain(gains: Sequence[float]) -> float:
    """Return the sum of the first gains, each divided by the binary logarithm of its rank plus one."""
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains[:DEPTH], start=1))


def score_ranking(ranking: Sequence[Item], gains: Mapping[Item, float]) -> RankScores:
    """Return the scores of distinct items in rank order; `gains` has every right item and is not empty."""
    ideal = sorted(gains.values(), reverse=True)
    right_ranks = [rank for rank, item in enumerate(ranking, start=1) if item in gains]

    def recall(depth: int) -> float:
        return sum(rank <= depth for rank in right_ranks) / len(gains)

    return RankScores(
        recall_at_1=recall(1),
        recall_at_5=recall(5),
        recall_at_10=recall(10),
        ndcg_at_10=discounted_gain([gains.get(item, 0.0) for item in ranking]) / discounted_gain(ideal),
        mrr_at_10=1 / right_ranks[0] if right_ranks and right_ranks[0] <= DEPTH else 0.0,
    )

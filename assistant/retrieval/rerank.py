"""Rerank the best hits with a cross-encoder, as many as the time budget allows.

The reranker's log-odds and the fused scores are not added directly: both depend on the same words, and every model has a scale
of its own. Both are converted to z-scores over the reranked hits and mixed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from assistant.datatypes import Explanation, Hit, Reranker, Reranking, Vectors

SEARCH_SHARE = 0.3  # weight of the fused score in the mixture
FEWEST = 4  # hits per call of the model
MOST = 100  # hits that may be reranked
LEAST_DEVIATION = 1e-6


def rerank(reranker: Reranker, question: str, hits: Sequence[Hit], milliseconds: float) -> tuple[list[Hit], Reranking]:
    """Return the hits, the reranked ones first and in their new order, and statistics.

    Each batch takes half of the remaining time budget, since the speed is known better after every batch.
    """
    started, scores = time.perf_counter(), list[float]()
    texts = [hit.chunk.searchable for hit in hits[:MOST]]
    while count := batch_size(reranker.pairs_per_second, milliseconds - milliseconds_since(started), len(texts) - len(scores)):
        scores.extend(reranker.score(question, texts[len(scores):len(scores) + count]).tolist())
    if not scores and texts and reranker.pairs_per_second * milliseconds >= 1000:
        reranker.score(question, texts[:1])  # measures the speed again: one measured under load must not last
    read = mix_scores(hits[:len(scores)], np.array(scores, np.float32))
    return [*read, *hits[len(scores):]], Reranking(reranker.name, len(scores), len(hits), reranker.pairs_per_second,
                                                   milliseconds_since(started), int(milliseconds))


def batch_size(pairs_per_second: float, milliseconds: float, left: int) -> int:
    """Return the number of hits in the next batch; 0 if the time is too short or none are left."""
    possible = int(pairs_per_second * milliseconds / 1000)
    if possible >= 2 * left:
        return left
    return min(left, max(FEWEST, possible // 2)) if possible >= FEWEST else 0


def mix_scores(hits: Sequence[Hit], scores: Vectors) -> list[Hit]:
    """Return the hits ordered by both scores; the fused scores are reassigned so that they fall with the rank.

    Hits with an identifier of the question stay before those without.
    """
    if not hits:
        return []
    evidence = np.array([hit.score for hit in hits], np.float32)
    values = (1 - SEARCH_SHARE) * z_scores(scores) + SEARCH_SHARE * z_scores(evidence)
    order = np.lexsort((-values, np.array([-hit.exact_score for hit in hits]))).tolist()
    return [replace(hits[number], score=float(before.score), rerank_score=float(scores[number]), rank_before_rerank=number + 1)
            for number, before in zip(order, hits, strict=True)]


def z_scores(values: Vectors) -> Vectors:
    """Return each value's distance from the mean in standard deviations."""
    spread: Vectors = (values - values.mean()) / max(float(values.std()), LEAST_DEVIATION)
    return spread


def rerank_explanation(why: Explanation, reranker: Reranker, question: str, milliseconds: float) -> Explanation:
    """Return the explanation with the kept hits reranked; dropped hits keep their place."""
    kept, reranking = rerank(reranker, question, [hit for hit, fate in why.candidates if not fate], milliseconds)
    following = iter(kept)
    candidates = tuple((hit, fate) if fate else (next(following), "") for hit, fate in why.candidates)
    return replace(why, candidates=candidates, reranking=reranking)


def milliseconds_since(started: float) -> float:
    """Return the milliseconds since `started`."""
    return (time.perf_counter() - started) * 1000

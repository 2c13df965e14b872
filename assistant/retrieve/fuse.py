"""One ranking from two: a convex combination of normalised scores.

After Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (2023): BM25 divided by its best, the
cosine rescaled from its lower bound to its best, so that the size of a lead counts, which rank fusion throws away.
"""

from __future__ import annotations

from collections.abc import Mapping

DENSE_WEIGHT = 0.5
KNOWN_VOCABULARY = 0.8  # below this share of known tokens an embedding says nothing


def dense_weight(coverage: float) -> float:
    """Return the weight of the dense side for a question of which the model knows this share of tokens."""
    return DENSE_WEIGHT if coverage >= KNOWN_VOCABULARY else 0.0


def fuse(keyword: Mapping[int, float], cosines: Mapping[int, float], weight: float) -> list[tuple[int, float]]:
    """Return (chunk id, score between 0 and 1), best first. A chunk that one side did not find scores 0 there."""
    best_keyword = max(keyword.values(), default=0.0) or 1.0
    low, high = min(cosines.values(), default=0.0), max(cosines.values(), default=1.0)
    spread = (high - low) or 1.0

    def score(chunk: int) -> float:
        dense = (cosines[chunk] - low) / spread if chunk in cosines else 0.0
        return weight * dense + (1 - weight) * keyword.get(chunk, 0.0) / best_keyword

    scored = [(chunk, score(chunk)) for chunk in {**keyword, **cosines}]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))

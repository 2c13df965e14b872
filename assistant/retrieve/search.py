"""The two searches together: a question in, hits out. Knows no language model and no settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.datatypes import Embedder, Hit
from assistant.index.store import Store
from assistant.index.vectors import VectorView, open_view
from assistant.retrieve.fuse import dense_weight, fuse
from assistant.retrieve.keyword import keyword_search

CANDIDATES = 100

Step = Callable[[str, Sequence[Hit]], list[Hit]]


class Searcher:
    """Searches one library. The FAISS view is opened once, and caught up when the library has changed."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store, self._embedder = store, embedder
        self._view: VectorView | None = None

    def search(self, question: str, limit: int, steps: Sequence[Step] = ()) -> tuple[Hit, ...]:
        """Return at most `limit` hits, best first, after the steps."""
        hits = self._candidates(question)
        for step in steps:
            hits = step(question, hits)
        return tuple(hits[:limit])

    def _candidates(self, question: str) -> list[Hit]:
        keyword = dict(keyword_search(self._store, question, CANDIDATES))
        weight = dense_weight(self._embedder.coverage(question))
        dense = self._dense(question, list(keyword)) if weight else {}
        fused = fuse(keyword, dense, weight)
        stored = self._store.chunks([chunk for chunk, _ in fused])
        keyword_ranks = ranks(keyword)
        dense_ranks = ranks(dense)
        return [
            Hit(chunk, stored[chunk].path, stored[chunk].title, stored[chunk].chunk, score,
                keyword_ranks.get(chunk), keyword.get(chunk), dense_ranks.get(chunk), dense.get(chunk))
            for chunk, score in fused if chunk in stored
        ]

    def _dense(self, question: str, also: Sequence[int]) -> dict[int, float]:
        """Return cosines of the nearest chunks, and of those that the keyword search found."""
        self._view = view = open_view(self._store, self._embedder.dimension, self._view)
        vector = self._embedder.embed_question(question)
        near = dict(view.search(vector, CANDIDATES))
        return {**near, **view.cosines(vector, [chunk for chunk in also if chunk not in near])}


def ranks(scores: dict[int, float]) -> dict[int, int]:
    """Return each key's rank from 1 by falling score."""
    ordered = sorted(scores, key=lambda key: (-scores[key], key))
    return {key: rank for rank, key in enumerate(ordered, 1)}

"""Chunks that wait for a vector in, their vectors into the store: the newest and smallest files first."""

from __future__ import annotations

from assistant.datatypes import Embedder
from assistant.index import Store
from assistant.index.store import vector_key


class Backlog:
    """The chunks of a library that have no vector yet. What is embedded is kept step by step."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store, self._embedder = store, embedder
        self._queue: list[int] = []

    def embed(self, most: int) -> int:
        """Embed at most so many chunks and keep their vectors; return how many texts that were, 0 when none waits."""
        self._queue = self._queue or self._store.waiting()
        taken, self._queue = self._queue[:most], self._queue[most:]
        stored = self._store.chunks(taken)
        # the same text is embedded once; what left the library meanwhile, or has its vector from a twin, not at all
        texts = {vector_key(found.chunk.searchable): found.chunk.searchable for found in stored.values()}
        known = self._store.known_vectors(texts)
        missing = [key for key in texts if key not in known]
        if taken:
            vectors = self._embedder.embed_passages([texts[key] for key in missing])
            self._store.put_vectors(dict(zip(missing, vectors, strict=True)), taken)
        return len(missing)

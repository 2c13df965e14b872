"""Embed texts that another program sent."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.datatypes import Embedder, Embeddings


def embed(embedder: Embedder, texts: Sequence[str], *, as_questions: bool) -> Embeddings:
    """Return the vectors of texts, embedded as passages or as questions: some models prefix the two differently."""
    import numpy as np

    if not texts:
        return Embeddings(embedder.name, embedder.dimension, b"", 0)
    vectors = np.stack([embedder.embed_question(text) for text in texts]) if as_questions else embedder.embed_passages(texts)
    return Embeddings(embedder.name, embedder.dimension, vectors.astype("<f4").tobytes(), sum(embedder.count_tokens(texts)))

"""An embedding model in; the same with the vectors of the last questions kept, since several searches ask for each, out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from assistant.datatypes import Embedder, Vectors

QUESTIONS_KEPT = 32


class RecallingEmbedder:
    """An embedder that computes the vector of a question once: for every library, for kept facts, for a pause in the typing."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._question = lru_cache(QUESTIONS_KEPT)(embedder.embed_question)

    @property
    def name(self) -> str:
        """What a person calls the model."""
        return self._embedder.name

    @property
    def fingerprint(self) -> str:
        """Hash of everything that shapes a vector."""
        return self._embedder.fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, special tokens left out."""
        return self._embedder.count_tokens(texts)

    def coverage(self, text: str) -> float:
        """Return the share (0 to 1) of the text's tokens that the vocabulary knows."""
        return self._embedder.coverage(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (len(texts), dimension)."""
        return self._embedder.embed_passages(texts)

    def embed_question(self, text: str) -> Vectors:
        """Return one unit vector of shape (dimension,). Not to be written to."""
        return self._question(text)

"""What a search needs of a library, as two protocols: whatever has these methods can be searched, however it keeps things.

`Store` is the one that is used: SQLite's FTS5 for words, FAISS for vectors. A search asks nothing else, and no other way.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from assistant.datatypes import EVERY_FILE, Filter, Vectors
from assistant.index.chunks import StoredChunk

Ids = np.ndarray[Any, np.dtype[np.int64]]
Phrases = tuple[str, ...]  # each a word, or several in a row


class Nearest(Protocol):
    """The vectors of one state of a library, to be searched. It does not change."""

    @property
    def stamp(self) -> Hashable:
        """Which state of the library this shows."""

    @property
    def ids(self) -> Ids:
        """The ids of all passages that have a vector, shape (n,)."""

    def search(self, vector: Vectors, limit: int, among: Ids | None = None) -> list[tuple[int, float]]:
        """Return (passage id, cosine) of the nearest, best first; `among`: of these only."""

    def vectors(self, ids: Sequence[int] | Ids) -> tuple[Ids, Vectors]:
        """Return those of the ids that it shows, shape (n,), and their vectors, shape (n, dimension)."""

    def cosines(self, vector: Vectors, ids: Sequence[int] | Ids) -> dict[int, float]:
        """Return the cosine of each of these passages; ids that it does not show are left out."""


class Searchable(Protocol):
    """A library as a search sees it."""

    def reading(self) -> AbstractContextManager[None]:
        """Hold several reads together: they see one state."""

    def view(self, dimension: int, held: Nearest | None) -> Nearest:
        """Return the vectors of the library as it is now; `held` is the one of before, to go on from."""

    def spans(self) -> tuple[Ids, Ids]:
        """Return the first id and the number of passages of every file, by rising id; a file's ids lie between two first ones."""

    def chunks(self, ids: Sequence[int]) -> Mapping[int, StoredChunk]:
        """Return the passages with these ids; ids that are gone are left out."""

    def ids_of(self, wanted: Filter) -> Ids:
        """Return the ids of the passages of the files wanted, rising."""

    def holding_each(self, terms: Sequence[Phrases], limit: int) -> list[list[int]]:
        """Return, for each term, the ids of at most `limit` passages that hold all of its phrases."""

    def count_holding_each(self, terms: Sequence[Phrases], limit: int) -> list[int]:
        """Return, for each term, how many passages hold all of its phrases, counting no further than `limit`."""

    def match(self, terms: Sequence[Phrases], limit: int, wanted: Filter = EVERY_FILE) -> list[tuple[int, float]]:
        """Return (passage id, BM25) of the passages, in the files wanted, that hold all phrases of any term, best first."""

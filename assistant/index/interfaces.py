"""Protocols between search and index: anything with these methods can be searched.

`Store` implements them with SQLite FTS5 and FAISS; retrieval uses nothing else of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from assistant.datatypes import EVERY_FILE, Filter, Vectors
from assistant.index.change_log import Ids
from assistant.index.chunks import StoredChunk

Phrases = tuple[str, ...]  # each a word, or several consecutive words


class Nearest(Protocol):
    """An immutable, searchable snapshot of the vectors of one version of a library."""

    @property
    def stamp(self) -> Hashable:
        """The library version and embedding model of this snapshot."""

    @property
    def ids(self) -> Ids:
        """The ids of all chunks that have a vector, shape (n,)."""

    def search(self, vector: Vectors, limit: int, among: Ids | None = None) -> list[tuple[int, float]]:
        """Return (chunk id, cosine) of the nearest chunks, best first; with `among`, of these ids only."""

    def vectors(self, ids: Sequence[int] | Ids) -> tuple[Ids, Vectors]:
        """Return those of the ids that the snapshot holds, shape (n,), and their vectors, shape (n, dimension)."""

    def cosines(self, vector: Vectors, ids: Sequence[int] | Ids) -> dict[int, float]:
        """Return the cosine of each of these chunks by id; ids that are not in the snapshot are left out."""


class Searchable(Protocol):
    """A library as retrieval sees it."""

    def reading(self) -> AbstractContextManager[None]:
        """Group several reads into one snapshot."""

    def view(self, dimension: int, held: Nearest | None) -> Nearest:
        """Return the current vectors of the library; `held` is the previous snapshot, to update from."""

    def spans(self) -> tuple[Ids, Ids]:
        """Return the first chunk id and the number of chunks of every file, by rising id; a file's ids are consecutive."""

    def chunks(self, ids: Sequence[int]) -> Mapping[int, StoredChunk]:
        """Return the chunks with these ids by id; deleted ids are left out."""

    def ids_of(self, filter: Filter) -> Ids:
        """Return the ids of the chunks whose files pass the filter, sorted."""

    def holding_each(self, terms: Sequence[Phrases], limit: int) -> list[list[int]]:
        """Return, for each term, the ids of at most `limit` chunks that hold all of its phrases."""

    def count_holding_each(self, terms: Sequence[Phrases], limit: int) -> list[int]:
        """Return, for each term, how many chunks hold all of its phrases, counted up to `limit`."""

    def match(self, terms: Sequence[Phrases], limit: int, filter: Filter = EVERY_FILE) -> list[tuple[int, float]]:
        """Return (chunk id, BM25 score), best first, of the chunks that hold all phrases of any of the terms."""

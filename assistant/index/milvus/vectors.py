"""The vectors of one version of a shared library: nearest chunks by inner product, computed by Milvus."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from assistant.datatypes import Vectors
from assistant.index.change_log import Ids
from assistant.index.milvus.connection import MOST_RESULTS, MilvusConnection, listed
from assistant.index.milvus.schema import GRAPH, VECTORS, index_for
from assistant.index.milvus.snapshot import Snapshot

FILES_AT_ONCE = 2_000  # generations in one filter
SPARE = 20  # hits asked for beyond the limit: some may not be visible


class MilvusView:
    """A snapshot of the vectors; implements `Nearest`. `pending` are the visible chunks without a vector."""

    def __init__(self, connection: MilvusConnection, snapshot: Snapshot, dimension: int, pending: Ids) -> None:
        self._connection, self._snapshot, self._dimension, self._pending = connection, snapshot, dimension, pending
        self._has_vectors = bool(snapshot.total - len(pending)) and connection.has(VECTORS)
        self._breadth = index_for(snapshot.total, GRAPH.kind).breadth  # an exact index ignores it

    @property
    def stamp(self) -> Hashable:
        """The version of the library and the dimension."""
        return self._snapshot.version, self._dimension

    @property
    def ids(self) -> Ids:
        """The ids of all chunks that have a vector, sorted, shape (n,)."""
        return np.setdiff1d(self._snapshot.ids, self._pending, assume_unique=True)

    def search(self, vector: Vectors, limit: int, among: Ids | None = None) -> list[tuple[int, float]]:
        """Return (chunk id, cosine) of the nearest chunks, best first; with `among`, of these ids only."""
        if not self._has_vectors:
            return []
        if among is None:
            found = self._nearest(vector, limit, None, "")
            if len(found) == min(limit, self._snapshot.total - len(self._pending)):
                return found
            among = self.ids  # too many chunks that are not visible are nearer
        files = self._snapshot.first[np.unique(self._snapshot.places(among))]
        found = []
        for start in range(0, len(files), FILES_AT_ONCE):
            part = listed(files[start : start + FILES_AT_ONCE].tolist())
            found += self._nearest(vector, limit, among, f"file in {part}")
        if not found and limit:
            self._connection.require_all(0, len(np.intersect1d(among, self.ids)))
        return sorted(found, key=lambda each: (-each[1], each[0]))[:limit]

    def _nearest(self, vector: Vectors, limit: int, among: Ids | None, filter: str) -> list[tuple[int, float]]:
        """Ask for more and more hits until enough of them are visible, and among these."""
        wanted = limit + SPARE
        while True:
            [hits] = self._connection.search(VECTORS, "vector", [vector.tolist()], wanted, filter, self._breadth)
            ids = np.array([chunk for chunk, _ in hits], np.int64)
            kept = self._snapshot.visible(ids) if among is None else self._snapshot.visible(ids) & np.isin(ids, among)
            if np.count_nonzero(kept) >= limit or len(hits) < wanted or wanted >= MOST_RESULTS:
                return [hits[place] for place in np.flatnonzero(kept)[:limit].tolist()]
            wanted = min(4 * wanted, MOST_RESULTS)

    def vectors(self, ids: Sequence[int] | Ids) -> tuple[Ids, Vectors]:
        """Return those of the ids that the snapshot holds, shape (n,), and their vectors, shape (n, dimension)."""
        wanted = np.asarray(ids, np.int64).reshape(-1)
        wanted = wanted[self._snapshot.visible(wanted)] if self._has_vectors else wanted[:0]
        rows = self._connection.by_values(VECTORS, "id", wanted.tolist(), ("id", "vector")) if len(wanted) else []
        found = {int(row["id"]): row["vector"] for row in rows}
        kept = [chunk for chunk in wanted.tolist() if chunk in found]
        matrix = np.array([found[chunk] for chunk in kept], np.float32).reshape(len(kept), self._dimension)
        return np.array(kept, np.int64), matrix

    def cosines(self, vector: Vectors, ids: Sequence[int] | Ids) -> dict[int, float]:
        """Return the cosine of each of these chunks by id; ids that are not in the snapshot are left out."""
        found, vectors = self.vectors(ids)
        return dict(zip(found.tolist(), (vectors @ vector).tolist(), strict=True))

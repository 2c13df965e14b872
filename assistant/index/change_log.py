"""Log which chunks changed between two versions of a library, so that in-memory copies update incrementally."""

from __future__ import annotations

from typing import Any

import numpy as np

from assistant.index.database import Connection

CHANGES_KEPT = 100_000  # an in-memory copy that is further behind compares every chunk

Ids = np.ndarray[Any, np.dtype[np.int64]]


class ChangeLog(Connection):
    """The version of a library and the changes that led to it, as far back as they are kept."""

    _spans = (b"", np.empty(0, np.int64), np.empty(0, np.int64))  # for which version; see `spans`

    @property
    def version(self) -> bytes:
        """The library's version id; unique over all libraries and times, also after a restored backup."""
        return f"{self.generation} {self.meta('version')}".encode()

    def knows(self, version: bytes) -> bool:
        """Return True if the changes since a version are still in the log."""
        return bool(self._changes_seen_by(version))

    def changed_since(self, version: bytes) -> Ids:
        """Return the ids of the chunks that were added, removed or changed since a version in the log, sorted."""
        rows = self._rows("SELECT DISTINCT chunk FROM changes WHERE number > ?", self._changes_seen_by(version)[0])
        return np.sort(np.array([row[0] for row in rows], np.int64))

    def _changes_seen_by(self, version: bytes) -> list[tuple[Any, ...]]:
        generation, _, name = version.decode("ascii", "replace").partition(" ")
        return self._rows("SELECT changes FROM versions WHERE generation = ? AND version = ?",
                          (int(generation) if generation.isdecimal() else -1, name))

    def forget_changes(self) -> None:
        """Empty the log, so that every copy compares all chunks: something was changed without being logged."""
        with self.transaction():
            self._connection.execute("DELETE FROM versions")

    def _drop_old_changes(self) -> None:
        oldest, newest = self._rows("SELECT (SELECT min(number) FROM changes), (SELECT max(number) FROM changes)")[0]
        if newest is not None and newest - oldest > 2 * CHANGES_KEPT:
            self._connection.execute("DELETE FROM changes WHERE number <= ?", (newest - CHANGES_KEPT,))
            self._connection.execute("DELETE FROM versions WHERE changes < ?", (newest - CHANGES_KEPT,))

    def spans(self) -> tuple[Ids, Ids]:
        """Return the first chunk id and the number of chunks of every file, by rising id.

        A file's chunks are inserted in one transaction, so their ids are consecutive.
        """
        version = self.version
        known, first, sizes = self._spans
        if known != version:
            first, sizes = self._updated(known, first, sizes) if self.knows(known) else self._counted()
            self._spans = version, first, sizes
        return first, sizes

    def _counted(self) -> tuple[Ids, Ids]:
        # answered from an index, without reading the texts
        return file_spans(self._rows("SELECT min(id), count(*) FROM chunks GROUP BY path"))

    def _updated(self, known: bytes, first: Ids, sizes: Ids) -> tuple[Ids, Ids]:
        changed = self.changed_since(known)
        sql = "SELECT min(id), count(*) FROM chunks WHERE path IN (SELECT path FROM chunks WHERE id IN ({})) GROUP BY path"
        new_first, new_sizes = file_spans(self._rows_in(sql, changed.tolist()))
        stays = ~np.isin(first, np.concatenate([changed, new_first]))
        first, sizes = np.concatenate([first[stays], new_first]), np.concatenate([sizes[stays], new_sizes])
        order = np.argsort(first)
        return first[order], sizes[order]


def file_spans(rows: list[tuple[Any, ...]]) -> tuple[Ids, Ids]:
    """Return the spans in rows of (first id, number of chunks), without duplicates."""
    found = np.unique(np.array(rows, np.int64).reshape(-1, 2), axis=0)
    return np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1])

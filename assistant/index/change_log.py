"""Log which chunks changed between two versions of a library, so that in-memory copies update incrementally."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.index.database import Connection

CHANGES_KEPT = 100_000  # an in-memory copy that is further behind compares every chunk
SQL_VALUES = 500  # parameters of one IN (...)

Ids = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class FileSpans:
    """The first chunk id and the number of chunks of every file, by rising id, in one version of the library."""

    version: bytes
    first: Ids
    sizes: Ids


class ChangeLog(Connection):
    """The version of a library and the changes that led to it, as far back as they are kept."""

    _spans = FileSpans(b"", np.empty(0, np.int64), np.empty(0, np.int64))

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
        if self._spans.version != version:
            held = self._spans
            self._spans = self._updated(held, version) if self.knows(held.version) else self._counted(version)
        return self._spans.first, self._spans.sizes

    def _counted(self, version: bytes) -> FileSpans:
        # answered from an index, without reading the texts
        return file_spans(version, self._rows("SELECT min(id), count(*) FROM chunks GROUP BY path"))

    def _updated(self, held: FileSpans, version: bytes) -> FileSpans:
        changed = self.changed_since(held.version)
        rows: list[tuple[Any, ...]] = []
        for part in (changed[start : start + SQL_VALUES].tolist() for start in range(0, len(changed), SQL_VALUES)):
            among = f"SELECT path FROM chunks WHERE id IN ({','.join('?' * len(part))})"
            rows += self._rows(f"SELECT min(id), count(*) FROM chunks WHERE path IN ({among}) GROUP BY path", part)
        new = file_spans(version, rows)
        stays = ~np.isin(held.first, np.concatenate([changed, new.first]))
        return sorted_by_id(FileSpans(version, np.concatenate([held.first[stays], new.first]),
                              np.concatenate([held.sizes[stays], new.sizes])))


def file_spans(version: bytes, rows: list[tuple[Any, ...]]) -> FileSpans:
    """Return the spans in rows of (first id, number of chunks), without duplicates."""
    found = np.unique(np.array(rows, np.int64).reshape(-1, 2), axis=0)
    return FileSpans(version, np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1]))


def sorted_by_id(spans: FileSpans) -> FileSpans:
    """Return the spans sorted by first id."""
    order = np.argsort(spans.first)
    return FileSpans(spans.version, spans.first[order], spans.sizes[order])

"""The file ledger: added roots, excluded paths, and the status of every file that was seen."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

from assistant.datatypes import FileState, LedgerEntry
from assistant.index.database import Connection

FILE_COLUMNS = (
    "path, root, state, reason, size, mtime_ns, content_hash, chunks, pages, empty_pages, encoding, notes, ocr_pages, container"
)


class Ledger(Connection):
    """The files of a library, its added roots, and the paths that were excluded by hand."""

    def roots(self) -> tuple[str, ...]:
        """Return the paths that were added."""
        return tuple(str(row[0]) for row in self._rows("SELECT path FROM roots ORDER BY path"))

    def add_root(self, path: str) -> None:
        """Record an added path."""
        with self.transaction():
            self._connection.execute("INSERT OR IGNORE INTO roots VALUES (?)", (path,))

    def drop_root(self, path: str) -> None:
        """Remove an added path."""
        with self.transaction():
            self._connection.execute("DELETE FROM roots WHERE path = ?", (path,))

    def excluded(self) -> tuple[str, ...]:
        """Return the paths that were excluded by hand; they stay excluded until they are added again."""
        return tuple(str(row[0]) for row in self._rows("SELECT path FROM excluded ORDER BY path"))

    def exclude(self, path: str) -> None:
        """Exclude a path from its root."""
        with self.transaction():
            self._connection.execute("INSERT OR IGNORE INTO excluded VALUES (?)", (path,))

    def include(self, path: str) -> None:
        """Include a path again, with everything excluded below it."""
        below = path.rstrip(os.sep) + os.sep
        with self.transaction():
            self._connection.execute("DELETE FROM excluded WHERE path = ? OR substr(path, 1, ?) = ?", (path, len(below), below))

    def ledger(self) -> dict[str, LedgerEntry]:
        """Return the entry of every file by path."""
        rows = self._rows(f"SELECT {FILE_COLUMNS} FROM files ORDER BY path")
        return {str(row[0]): entry_from_row(row) for row in rows}

    def entry(self, path: str) -> LedgerEntry | None:
        """Return the entry of one file, or None if the library does not know it."""
        rows = self._rows(f"SELECT {FILE_COLUMNS} FROM files WHERE path = ?", (path,))
        return entry_from_row(rows[0]) if rows else None

    def entries_under(self, paths: Iterable[str]) -> dict[str, LedgerEntry]:
        """Return the entries of these files and of all files below these folders, by path."""
        found: dict[str, LedgerEntry] = {}
        for path in paths:
            below = path.rstrip(os.sep) + os.sep
            rows = self._rows(f"SELECT {FILE_COLUMNS} FROM files WHERE path = ? UNION ALL SELECT {FILE_COLUMNS} FROM files "
                              "WHERE path > ? AND path < ?", (path, below, below[:-1] + chr(ord(os.sep) + 1)))
            found.update((str(row[0]), entry_from_row(row)) for row in rows)
        return found

    def count(self, state: FileState) -> int:
        """Return the number of files with this status."""
        return self._number("SELECT count(*) FROM files WHERE state = ?", (state.value,))

    def touch(self, path: str, size: int, mtime_ns: int) -> None:
        """Record a new size and mtime of a file whose content is unchanged, and of the files inside it."""
        with self.transaction():
            self._connection.execute("UPDATE files SET size = ?, mtime_ns = ? WHERE path = ?", (size, mtime_ns, path))
            self._connection.execute("UPDATE files SET mtime_ns = ? WHERE container = ?", (mtime_ns, path))

    def _put_entry(self, entry: LedgerEntry, title: str) -> None:
        self._connection.execute(
            f"INSERT INTO files ({FILE_COLUMNS}, title) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(path) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in (*FILE_COLUMNS.split(", ")[1:], "title")),
            (entry.path, entry.root, entry.state.value, entry.reason, entry.size, entry.mtime_ns, entry.content_hash,
             entry.chunks, entry.pages, json.dumps(entry.empty_pages), entry.encoding, json.dumps(entry.notes),
             json.dumps(entry.ocr_pages), entry.container, title),
        )


def entry_from_row(row: Sequence[Any]) -> LedgerEntry:
    """Return the ledger entry in a row of FILE_COLUMNS."""
    path, root, state, reason, size, mtime_ns, content_hash, chunks, pages, empty, encoding, notes, by_ocr, container = row
    return LedgerEntry(
        path, root, FileState(state), reason, size, mtime_ns, content_hash, chunks, pages,
        tuple(json.loads(empty)), tuple(json.loads(by_ocr)), encoding, tuple(json.loads(notes)), container,
    )

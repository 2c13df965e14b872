"""Write access to a library: files, chunks, vectors and keyword index change together in one transaction.

SQLite is the truth; everything else can be rebuilt from it. A file's old chunks are removed in the transaction that adds its new
ones, so a reader sees one or the other, and a killed process loses nothing that was committed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

import numpy as np

from assistant.datatypes import Chunk, FileState, LedgerEntry, Vectors
from assistant.index.chunks import LOCATION_COLUMNS, ChunkReader
from assistant.index.files import Ledger
from assistant.index.fts_text import body_text
from assistant.index.interfaces import Nearest
from assistant.index.vector_index import VectorView, open_view


def vector_key(text: str) -> bytes:
    """Return the key of the vector of this searchable text: its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class Store(Ledger, ChunkReader):
    """An open library with write access. Each method is one transaction unless `transaction` groups several."""

    def clear(self, paths: Iterable[str], reason: str) -> None:
        """Remove the chunks and vectors of indexed files; the files are skipped, for this reason, until they are read."""
        sql = ("UPDATE files SET state = ?, reason = ?, mtime_ns = 0, content_hash = '', chunks = 0 "
               "WHERE path = ? AND state = ?")
        with self.transaction():
            for path in paths:
                self._drop_chunks(path)
                self._connection.execute(sql, (FileState.SKIPPED.value, reason, path, FileState.INDEXED.value))
            self.drop_unused_vectors()
            self._grow_generation()

    def put_document(self, entry: LedgerEntry, title: str, chunks: Sequence[Chunk]) -> None:
        """Replace a file's chunks and its ledger entry; chunks whose vector is not stored become pending."""
        with self.transaction():
            self._drop_chunks(entry.path)
            self._put_entry(entry, title)
            known = self.known_vectors({vector_key(chunk.searchable) for chunk in chunks})
            for ordinal, chunk in enumerate(chunks):
                self._put_chunk(entry.path, ordinal, chunk, known)
            self._grow_generation()

    def put_vectors(self, vectors: Mapping[bytes, Vectors], settled: Iterable[int] = ()) -> None:
        """Store vectors by the keys of their texts; chunks with these texts, and `settled` ones, are no longer pending."""
        with self.transaction():
            self._connection.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
                [(key, vector.astype(np.float16).tobytes()) for key, vector in vectors.items()],
            )
            self._connection.executemany(
                "DELETE FROM pending_embeddings WHERE chunk IN (SELECT id FROM chunks WHERE vector_key = ?)",
                [(key,) for key in vectors],
            )
            self._connection.executemany("DELETE FROM pending_embeddings WHERE chunk = ?", [(chunk,) for chunk in settled])
            self._grow_generation()

    def put_entry(self, entry: LedgerEntry) -> None:
        """Record a file without text (skipped or failed) and remove its old chunks."""
        with self.transaction():
            if self._drop_chunks(entry.path):
                self._grow_generation()
            self._put_entry(entry, "")

    def move_file(self, old: str, entry: LedgerEntry) -> None:
        """Move everything known of a file, and of the files inside it, to a new path with the same name and content.

        The chunks keep their ids: nothing is embedded, chunked or indexed again.
        """
        with self.transaction():
            self.drop_files(self.entries_under([entry.path]))
            for path, known in self.entries_under([old]).items():
                place = entry.path + path[len(old) :]
                moved = replace(known, path=place, root=entry.root, mtime_ns=entry.mtime_ns,
                                container=entry.path if known.container else "")
                self._put_entry(moved, str(self._rows("SELECT title FROM files WHERE path = ?", (path,))[0][0]))
                self._connection.execute("UPDATE chunks SET path = ? WHERE path = ?", (place, path))
                self._connection.execute("DELETE FROM files WHERE path = ?", (path,))
            self._grow_generation()

    def drop_files(self, paths: Iterable[str]) -> int:
        """Remove files with everything that came from them; return how many were removed."""
        dropped = 0
        with self.transaction():
            for path in paths:
                self._drop_chunks(path)
                dropped += self._connection.execute("DELETE FROM files WHERE path = ?", (path,)).rowcount
            if dropped:
                self._grow_generation()
        return dropped

    def drop_orphaned_vectors(self, kept_seconds: float) -> int:
        """Remove the vectors orphaned for longer than this; return how many. A clock that jumped back removes them too."""
        with self.transaction():
            old = "SELECT key FROM orphaned_vectors WHERE abs(? - since) >= ?"
            values = (time.time(), kept_seconds)
            self._connection.execute("DELETE FROM orphaned_vectors WHERE EXISTS (SELECT 1 FROM chunks WHERE vector_key = key)")
            dropped = self._connection.execute(f"DELETE FROM vectors WHERE key IN ({old})", values).rowcount
            self._connection.execute("DELETE FROM orphaned_vectors WHERE abs(? - since) >= ?", values)
            return dropped

    def drop_unused_vectors(self) -> int:
        """Remove all vectors without a chunk, also those kept for a while; return how many."""
        with self.transaction():
            self._connection.execute("DELETE FROM orphaned_vectors")
            sql = "DELETE FROM vectors WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE vector_key = vectors.key)"
            return self._connection.execute(sql).rowcount

    def _drop_chunks(self, path: str) -> int:
        self._connection.execute("INSERT OR REPLACE INTO orphaned_vectors SELECT vector_key, ? FROM chunks WHERE path = ?",
                                 (time.time(), path))
        for table, column in (("words", "rowid"), ("pending_embeddings", "chunk")):
            self._connection.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM chunks WHERE path = ?)", (path,))
        return self._connection.execute("DELETE FROM chunks WHERE path = ?", (path,)).rowcount

    def _put_chunk(self, path: str, ordinal: int, chunk: Chunk, known: Set[bytes]) -> None:
        places, key = [getattr(chunk.location, name) for name in LOCATION_COLUMNS], vector_key(chunk.searchable)
        row = self._connection.execute(
            f"INSERT INTO chunks (path, ordinal, text, context, vector_key, {', '.join(LOCATION_COLUMNS)}) "
            f"VALUES (?,?,?,?,?,{','.join('?' * len(LOCATION_COLUMNS))})",
            (path, ordinal, chunk.text, chunk.context, key, *places),
        )
        if key not in known:
            self._connection.execute("INSERT INTO pending_embeddings VALUES (?)", (row.lastrowid,))
        body = body_text(path, chunk.searchable)
        self._connection.execute("INSERT INTO words (rowid, body) VALUES (?, ?)", (row.lastrowid, body))

    def new_generation(self) -> None:
        """Start a new version without a change log: every view must compare all chunks."""
        with self.transaction():
            self._grow_generation()
            self.forget_changes()

    def _grow_generation(self) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('generation', ?)", (str(self.generation + 1),))
        self._drop_old_changes()

    def view(self, dimension: int, held: Nearest | None) -> VectorView:
        """Return the current vectors of the library; `held` is the previous view, to update from."""
        return open_view(self, dimension, held if isinstance(held, VectorView) else None)

    def rewrite_keyword_index(self) -> None:
        """Rewrite the keyword index: its page separators may still hold words of removed text."""
        with self.transaction():
            self._connection.execute("INSERT INTO words (words) VALUES ('optimize')")

    def truncate_wal(self) -> bool:
        """Checkpoint and truncate the WAL, outside a transaction. Return False if another reader still holds it."""
        return not self._number("PRAGMA wal_checkpoint(TRUNCATE)")

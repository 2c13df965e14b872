"""One library in one SQLite file: files, chunks, vectors and words, changed together in one transaction.

The truth: whatever else there is can be rebuilt from it. A file's old chunks leave in the same transaction in which
its new ones come, so a reader sees one or the other and a kill loses nothing that was committed.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.datatypes import EVERY_FILE, Chunk, FileState, Filter, LedgerEntry, Location, Vectors
from assistant.index.schema import connect, translated
from assistant.index.words import indexed

PLACES = tuple(field.name for field in fields(Location))
CHUNK_COLUMNS = f"id, path, text, context, {', '.join(PLACES)}"
FILE_COLUMNS = (
    "path, root, state, reason, size, mtime_ns, content_hash, chunks, pages, empty_pages, encoding, notes, ocr_pages, container"
)
MANY = 500  # values in one IN (...)
DAY = 86_400 * 10**9  # in nanoseconds
MARK = np.dtype([("id", np.int64), ("mark", "S8")])  # a chunk, and which vector it has

Marks = np.ndarray[Any, np.dtype[np.void]]


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with its id and the file that it comes from."""

    chunk_id: int
    path: str
    title: str
    chunk: Chunk


def vector_key(text: str) -> bytes:
    """Return the key of the vector of this searchable text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def no_marks() -> Marks:
    """Return the marks of no chunks."""
    return np.empty(0, MARK)


class Store:
    """An open library. Each method is one transaction unless `transaction` holds several together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect(path)
        self._depth = 0

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold several changes together: all of them are kept, or none."""
        if self._depth:
            yield
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise translated(error, self.path) from error
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._depth = 0

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise translated(error, self.path) from error

    def _number(self, sql: str, values: Sequence[object] = ()) -> int:
        return int(self._rows(sql, values)[0][0] or 0)

    # what the library is

    def meta(self, key: str) -> str:
        """Return a note that the library keeps about itself; empty where there is none."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def set_meta(self, key: str, value: str) -> None:
        """Keep a note about the library."""
        with self.transaction():
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def generation(self) -> int:
        """A number that grows with every change of the chunks: a view that carries the same number is current."""
        return int(self.meta("generation") or 0)

    def roots(self) -> tuple[str, ...]:
        """Return the paths that were added."""
        return tuple(str(row[0]) for row in self._rows("SELECT path FROM roots ORDER BY path"))

    def add_root(self, path: str) -> None:
        """Remember a path that was added."""
        with self.transaction():
            self._connection.execute("INSERT OR IGNORE INTO roots VALUES (?)", (path,))

    def drop_root(self, path: str) -> None:
        """Forget a path that was added."""
        with self.transaction():
            self._connection.execute("DELETE FROM roots WHERE path = ?", (path,))

    def excluded(self) -> tuple[str, ...]:
        """Return the paths that were taken out by hand and stay out until they are added again."""
        return tuple(str(row[0]) for row in self._rows("SELECT path FROM excluded ORDER BY path"))

    def exclude(self, path: str) -> None:
        """Keep a path out of what its root brings in."""
        with self.transaction():
            self._connection.execute("INSERT OR IGNORE INTO excluded VALUES (?)", (path,))

    def include(self, path: str) -> None:
        """Let a path in again, and whatever was taken out below it."""
        below = path.rstrip(os.sep) + os.sep
        with self.transaction():
            self._connection.execute("DELETE FROM excluded WHERE path = ? OR substr(path, 1, ?) = ?", (path, len(below), below))

    def clear(self, paths: Iterable[str], reason: str) -> None:
        """Drop the chunks and vectors of files with text; until they are read again they are skipped, for this reason."""
        sql = ("UPDATE files SET state = ?, reason = ?, mtime_ns = 0, content_hash = '', chunks = 0 "
               "WHERE path = ? AND state = ?")
        with self.transaction():
            for path in paths:
                self._drop_chunks(path)
                self._connection.execute(sql, (FileState.SKIPPED.value, reason, path, FileState.INDEXED.value))
            self.drop_unused_vectors()
            self._grow_generation()

    # the ledger

    def ledger(self) -> dict[str, LedgerEntry]:
        """Return every file's entry by its path."""
        rows = self._rows(f"SELECT {FILE_COLUMNS} FROM files ORDER BY path")
        return {str(row[0]): entry_from(row) for row in rows}

    def entries_under(self, paths: Iterable[str]) -> dict[str, LedgerEntry]:
        """Return the entries of these files, and of all that lie below these folders, by path."""
        found: dict[str, LedgerEntry] = {}
        for path in paths:
            below = path.rstrip(os.sep) + os.sep
            rows = self._rows(f"SELECT {FILE_COLUMNS} FROM files WHERE path = ? UNION ALL SELECT {FILE_COLUMNS} FROM files "
                              "WHERE path > ? AND path < ?", (path, below, below[:-1] + chr(ord(os.sep) + 1)))
            found.update((str(row[0]), entry_from(row)) for row in rows)
        return found

    def count(self, state: FileState) -> int:
        """Return how many files are in this state."""
        return self._number("SELECT count(*) FROM files WHERE state = ?", (state.value,))

    def count_chunks(self) -> int:
        """Return how many chunks there are."""
        return self._number("SELECT count(*) FROM chunks")

    # changes

    def put_document(self, entry: LedgerEntry, title: str, chunks: Sequence[Chunk]) -> None:
        """Replace a file's chunks and its ledger entry. Chunks whose vector is not in the store wait for it."""
        with self.transaction():
            self._drop_chunks(entry.path)
            self._put_entry(entry, title)
            known = self.known_vectors({vector_key(chunk.searchable) for chunk in chunks})
            for ordinal, chunk in enumerate(chunks):
                self._put_chunk(entry.path, ordinal, chunk, known)
            self._grow_generation()

    def put_vectors(self, vectors: Mapping[bytes, Vectors], settled: Iterable[int] = ()) -> None:
        """Keep vectors by the keys of their texts; the chunks with these texts, and those settled, wait no more."""
        with self.transaction():
            self._connection.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
                [(key, vector.astype(np.float16).tobytes()) for key, vector in vectors.items()],
            )
            self._connection.executemany(
                "DELETE FROM waiting WHERE chunk IN (SELECT id FROM chunks WHERE vector_key = ?)", [(key,) for key in vectors]
            )
            self._connection.executemany("DELETE FROM waiting WHERE chunk = ?", [(chunk,) for chunk in settled])
            self._grow_generation()

    def put_entry(self, entry: LedgerEntry) -> None:
        """Note a file without text: skipped or failed. Its old chunks, if it had any, leave."""
        with self.transaction():
            if self._drop_chunks(entry.path):
                self._grow_generation()
            self._put_entry(entry, "")

    def touch(self, path: str, size: int, mtime_ns: int) -> None:
        """Note a new time of a file whose content is the same, and of what is inside it."""
        with self.transaction():
            self._connection.execute("UPDATE files SET size = ?, mtime_ns = ? WHERE path = ?", (size, mtime_ns, path))
            self._connection.execute("UPDATE files SET mtime_ns = ? WHERE container = ?", (mtime_ns, path))

    def move_file(self, old: str, entry: LedgerEntry) -> None:
        """Give what is known of a file to one of the same name and content elsewhere, and of what is inside it.

        The chunks keep their ids: nothing is embedded, cut or indexed anew.
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
        """Remove files with everything that came from them; return how many there were."""
        dropped = 0
        with self.transaction():
            for path in paths:
                self._drop_chunks(path)
                dropped += self._connection.execute("DELETE FROM files WHERE path = ?", (path,)).rowcount
            if dropped:
                self._grow_generation()
        return dropped

    def drop_spare_vectors(self, kept_seconds: float) -> int:
        """Remove the vectors that no chunk has needed for so long; return how many. A clock that jumped back drops them too."""
        with self.transaction():
            old = "SELECT key FROM spare WHERE abs(? - since) >= ?"
            values = (time.time(), kept_seconds)
            self._connection.execute("DELETE FROM spare WHERE EXISTS (SELECT 1 FROM chunks WHERE vector_key = key)")
            dropped = self._connection.execute(f"DELETE FROM vectors WHERE key IN ({old})", values).rowcount
            self._connection.execute("DELETE FROM spare WHERE abs(? - since) >= ?", values)
            return dropped

    def drop_unused_vectors(self) -> int:
        """Remove the vectors that no chunk needs any more, those that are kept for a while too; return how many."""
        with self.transaction():
            self._connection.execute("DELETE FROM spare")
            sql = "DELETE FROM vectors WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE vector_key = vectors.key)"
            return self._connection.execute(sql).rowcount

    def _drop_chunks(self, path: str) -> int:
        self._connection.execute("INSERT OR REPLACE INTO spare SELECT vector_key, ? FROM chunks WHERE path = ?",
                                 (time.time(), path))
        for table, column in (("words", "rowid"), ("waiting", "chunk")):
            self._connection.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM chunks WHERE path = ?)", (path,))
        return self._connection.execute("DELETE FROM chunks WHERE path = ?", (path,)).rowcount

    def _put_entry(self, entry: LedgerEntry, title: str) -> None:
        self._connection.execute(
            f"INSERT INTO files ({FILE_COLUMNS}, title) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(path) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in (*FILE_COLUMNS.split(", ")[1:], "title")),
            (entry.path, entry.root, entry.state.value, entry.reason, entry.size, entry.mtime_ns, entry.content_hash,
             entry.chunks, entry.pages, json.dumps(entry.empty_pages), entry.encoding, json.dumps(entry.notes),
             json.dumps(entry.ocr_pages), entry.container, title),
        )

    def _put_chunk(self, path: str, ordinal: int, chunk: Chunk, known: Set[bytes]) -> None:
        places, key = [getattr(chunk.location, name) for name in PLACES], vector_key(chunk.searchable)
        row = self._connection.execute(
            f"INSERT INTO chunks (path, ordinal, text, context, vector_key, {', '.join(PLACES)}) "
            f"VALUES (?,?,?,?,?,{','.join('?' * len(PLACES))})",
            (path, ordinal, chunk.text, chunk.context, key, *places),
        )
        if key not in known:
            self._connection.execute("INSERT INTO waiting VALUES (?)", (row.lastrowid,))
        # the file's name is found by keyword, but is not embedded: a renamed file costs no embedding
        body = indexed(f"{Path(path).stem}\n{chunk.searchable}")
        self._connection.execute("INSERT INTO words (rowid, body) VALUES (?, ?)", (row.lastrowid, body))

    def _grow_generation(self) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('generation', ?)", (str(self.generation + 1),))

    # reading back

    def known_vectors(self, keys: Iterable[bytes]) -> set[bytes]:
        """Return those of the keys whose vector is here already."""
        wanted = list(keys)
        found: set[bytes] = set()
        for start in range(0, len(wanted), MANY):
            part = wanted[start : start + MANY]
            rows = self._rows(f"SELECT key FROM vectors WHERE key IN ({','.join('?' * len(part))})", part)
            found.update(bytes(row[0]) for row in rows)
        return found

    def waiting(self) -> list[int]:
        """Return the chunks that wait for a vector: those of the newest files first, of a day's files the smallest first."""
        rows = self._rows("SELECT chunk FROM waiting JOIN chunks ON chunks.id = chunk JOIN files ON files.path = chunks.path "
                          f"ORDER BY files.mtime_ns / {DAY} DESC, files.size, chunk")
        return [int(row[0]) for row in rows]

    def count_waiting(self) -> int:
        """Return how many chunks wait for a vector."""
        return self._number("SELECT count(*) FROM waiting")

    def embedded_share(self) -> float:
        """Return the share of the chunks that have a vector."""
        waiting = self.count_waiting()
        return 1 - waiting / max(1, self.count_chunks()) if waiting else 1.0

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        """Return the chunks with these ids; ids that are gone are left out."""
        found: dict[int, StoredChunk] = {}
        for start in range(0, len(ids), MANY):
            part = list(ids[start : start + MANY])
            sql = (f"SELECT {', '.join('chunks.' + name for name in CHUNK_COLUMNS.split(', '))}, files.title FROM chunks "
                   f"JOIN files ON files.path = chunks.path WHERE chunks.id IN ({','.join('?' * len(part))})")
            found.update((stored.chunk_id, stored) for stored in map(chunk_from, self._rows(sql, part)))
        return found

    def passage_at(self, path: str, character: int) -> dict[int, StoredChunk]:
        """Return the chunk of a file that holds this character of its text, by its id; nothing where there is none."""
        sql = "SELECT id FROM chunks WHERE path = ? AND char_start <= ? AND char_end > ? ORDER BY char_start DESC LIMIT 1"
        return self.chunks([row[0] for row in self._rows(sql, (path, character, character))])

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold several reads together: they see one state, whatever another program writes meanwhile."""
        if self._connection.in_transaction:
            yield
            return
        self._rows("BEGIN")
        try:
            yield
        finally:
            self._roll_back()

    def marks(self) -> Marks:
        """Return the ids of all chunks that have a vector, rising, each with the first bytes of its vector's key."""
        try:
            # not ordered by SQLite: in its own order an index answers this, without a look at the texts
            marks = np.fromiter(self._connection.execute("SELECT id, substr(vector_key, 1, 8) FROM chunks"), MARK)
        except sqlite3.Error as error:
            raise translated(error, self.path) from error
        waiting = [row[0] for row in self._rows("SELECT chunk FROM waiting")]
        marks = marks[np.argsort(marks["id"])]
        return marks[~np.isin(marks["id"], np.array(waiting, np.int64))] if waiting else marks

    def vectors_of(self, ids: Sequence[int], dimension: int) -> Iterator[tuple[np.ndarray[Any, np.dtype[np.int64]], Vectors]]:
        """Yield (ids of shape (n,), vectors of shape (n, dimension)) of these chunks, block by block."""
        for start in range(0, len(ids), MANY):
            part = ids[start : start + MANY]
            rows = self._rows("SELECT chunks.id, vectors.vector FROM chunks JOIN vectors ON vectors.key = chunks.vector_key "
                              f"WHERE chunks.id IN ({','.join('?' * len(part))})", part)
            halves = np.frombuffer(b"".join(row[1] for row in rows), np.float16)
            yield np.array([row[0] for row in rows], np.int64), halves.reshape(len(rows), dimension).astype(np.float32)

    def match(self, expression: str, limit: int, wanted: Filter = EVERY_FILE) -> list[tuple[int, float]]:
        """Return (chunk id, BM25 score, higher is better) for an FTS5 expression in the files wanted, best first."""
        among, values = chunks_wanted(wanted)
        sql = f"SELECT rowid, -bm25(words) FROM words WHERE words MATCH ?{among and ' AND rowid IN (' + among + ')'}"
        rows = self._rows(f"{sql} ORDER BY rank LIMIT ?", (expression, *values, limit))
        return [(int(row[0]), float(row[1])) for row in rows]

    def ids_of(self, wanted: Filter) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the ids of the chunks of the files wanted, rising, of shape (n,)."""
        among, values = chunks_wanted(wanted)
        rows = self._rows(among or "SELECT id FROM chunks", values)
        return np.sort(np.fromiter((row[0] for row in rows), np.int64, len(rows)))

    def holding(self, expression: str, limit: int) -> list[int]:
        """Return the ids of at most `limit` chunks that match an FTS5 expression."""
        return [int(row[0]) for row in self._rows("SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", (expression, limit))]

    def paths_of_chunks(self) -> list[tuple[int, str]]:
        """Return (chunk id, path) of every chunk, by rising id."""
        return [(int(row[0]), str(row[1])) for row in self._rows("SELECT id, path FROM chunks ORDER BY id")]

    def count_matches(self, expression: str, limit: int) -> int:
        """Return how many chunks match an FTS5 expression, counting no further than `limit`."""
        return self._number("SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)", (expression, limit))

    def forget_words(self) -> bool:
        """Write the keyword index and the log anew, without what was removed; call it in no transaction.

        Returns whether nothing is left of it in the files: another program that reads can hold on to the log.
        """
        with self.transaction():
            self._connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        return not self._number("PRAGMA wal_checkpoint(TRUNCATE)")

    def integrity(self) -> str:
        """Return "ok", or what SQLite finds wrong with the file."""
        return str(self._rows("PRAGMA quick_check(1)")[0][0])


def chunks_wanted(wanted: Filter) -> tuple[str, list[object]]:
    """Return the SELECT for the ids of the chunks of the files wanted, and its values; nothing where all are."""
    tests: list[str] = []
    values: list[object] = []
    if wanted.paths:
        each = [path_test(path) for path in wanted.paths]
        tests.append(" OR ".join(test for test, _ in each))
        values += [value for _, those in each for value in those]
    if wanted.types:
        tests.append(" OR ".join("lower(files.path) GLOB ?" for _ in wanted.types))
        values += [f"*.{kind.lower().lstrip('.')}" for kind in wanted.types]
    if wanted.since_ns is not None:
        tests.append("files.mtime_ns >= ?")
        values.append(wanted.since_ns)
    if not tests:
        return "", []
    joined = " AND ".join(f"({test})" for test in tests)
    return f"SELECT chunks.id FROM chunks JOIN files ON files.path = chunks.path WHERE {joined}", values


def path_test(path: str) -> tuple[str, list[object]]:
    """Return the SQL that says whether a file is this path, is below it, or fits it as a pattern, and its values."""
    if "*" in path or "?" in path:
        return "files.path GLOB ?", [path if path.startswith((os.sep, "*")) else f"*{os.sep}{path}"]
    below = path.rstrip(os.sep) + os.sep
    return "files.path = ? OR substr(files.path, 1, ?) = ?", [path, len(below), below]


def entry_from(row: Sequence[Any]) -> LedgerEntry:
    """Return the ledger entry in a row of FILE_COLUMNS."""
    path, root, state, reason, size, mtime_ns, content_hash, chunks, pages, empty, encoding, notes, by_ocr, container = row
    return LedgerEntry(
        path, root, FileState(state), reason, size, mtime_ns, content_hash, chunks, pages,
        tuple(json.loads(empty)), tuple(json.loads(by_ocr)), encoding, tuple(json.loads(notes)), container,
    )


def chunk_from(row: Sequence[Any]) -> StoredChunk:
    """Return the chunk in a row of CHUNK_COLUMNS and the file's title."""
    chunk_id, path, text, context, *places, title = row
    location = Location(**dict(zip(PLACES, places, strict=True)))
    return StoredChunk(chunk_id, path, title, Chunk(text, location, context))

"""Ids, words and filters in; the passages of a library out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from assistant.datatypes import EVERY_FILE, Chunk, FileState, Filter, Location, Vectors
from assistant.index.change_log import MANY, Changes
from assistant.index.filters import chunks_wanted
from assistant.index.fts_text import RUN, TERM, all_of, normal
from assistant.index.schema import translated

PLACES = tuple(field.name for field in fields(Location))
CHUNK_COLUMNS = f"id, path, text, context, {', '.join(PLACES)}"
SAID = 12  # words in a row that tell a quote from others
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


def no_marks() -> Marks:
    """Return the marks of no chunks."""
    return np.empty(0, MARK)


class Passages(Changes):
    """The passages of a library, their vectors and their words, to be read."""

    def count_chunks(self) -> int:
        """Return how many chunks there are."""
        return self._number("SELECT count(*) FROM chunks")

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

    def beside(self, path: str, start: int, end: int) -> list[Chunk]:
        """Return the chunks of a file right after and right before a span of its text, as far as there are any."""
        after = "SELECT id FROM chunks WHERE path = ? AND char_start >= ? ORDER BY ordinal LIMIT 1"
        before = "SELECT id FROM chunks WHERE path = ? AND char_end <= ? ORDER BY ordinal DESC LIMIT 1"
        ids = [row[0] for row in (*self._rows(after, (path, end)), *self._rows(before, (path, start)))]
        found = self.chunks(ids)
        return [found[each].chunk for each in ids if each in found]

    def beside_each(self, spans: Sequence[tuple[str, int, int]]) -> list[list[Chunk]]:
        """Return, for each span (path, first character, last + 1), the chunks right after and right before it."""
        return [self.beside(*span) for span in spans]

    def files_wanted(self, wanted: Filter) -> list[tuple[str, str, str, int]]:
        """Return (path, title, content hash, time of change in nanoseconds) of the files with text that pass, by path."""
        among, values = chunks_wanted(wanted)
        sql = "SELECT path, title, content_hash, mtime_ns FROM files WHERE chunks > 0 AND state = ?"
        if among:
            sql += f" AND path IN (SELECT path FROM chunks WHERE id IN ({among}))"
        return [(str(path), str(title), str(content), int(changed)) for path, title, content, changed
                in self._rows(f"{sql} ORDER BY path", [FileState.INDEXED.value, *values])]

    def modified_ns(self, paths: Sequence[str]) -> dict[str, int]:
        """Return when these files were changed, by path, in nanoseconds since 1970; files without text are left out."""
        found: dict[str, int] = {}
        for start in range(0, len(paths), MANY):
            part = paths[start : start + MANY]
            rows = self._rows("SELECT path, mtime_ns FROM files WHERE chunks > 0 AND state = ? "
                              f"AND path IN ({','.join('?' * len(part))})", [FileState.INDEXED.value, *part])
            found.update((str(path), int(changed)) for path, changed in rows)
        return found

    def passages_of(self, path: str) -> list[StoredChunk]:
        """Return all chunks of a file, in the order in which they stand there."""
        sql = (f"SELECT {', '.join('chunks.' + name for name in CHUNK_COLUMNS.split(', '))}, files.title FROM chunks "
               "JOIN files ON files.path = chunks.path WHERE chunks.path = ? ORDER BY ordinal")
        return [chunk_from(row) for row in self._rows(sql, [path])]

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

    def marks_of(self, ids: Sequence[int]) -> Marks:
        """Return the marks of those of these chunks that are here and have a vector, by rising id."""
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(ids), MANY):
            part = ids[start : start + MANY]
            found += self._rows(f"SELECT id, substr(vector_key, 1, 8) FROM chunks WHERE id IN ({','.join('?' * len(part))}) "
                                "AND NOT EXISTS (SELECT 1 FROM waiting WHERE chunk = id)", part)
        return np.array(sorted(found), MARK)

    def dimension(self) -> int:
        """Return the length that most vectors have; 0 where there is none."""
        rows = self._rows("SELECT length(vector) / 2 FROM vectors GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
        return int(rows[0][0]) if rows else 0

    def vectors_of(self, ids: Sequence[int], dimension: int) -> Iterator[tuple[np.ndarray[Any, np.dtype[np.int64]], Vectors]]:
        """Yield (ids of shape (n,), vectors of shape (n, dimension)) of these chunks, block by block."""
        for start in range(0, len(ids), MANY):
            part = ids[start : start + MANY]
            rows = self._rows("SELECT chunks.id, vectors.vector FROM chunks JOIN vectors ON vectors.key = chunks.vector_key "
                              f"WHERE chunks.id IN ({','.join('?' * len(part))})", part)
            halves = np.frombuffer(b"".join(row[1] for row in rows), np.float16)
            yield np.array([row[0] for row in rows], np.int64), halves.reshape(len(rows), dimension).astype(np.float32)

    def match(self, terms: Sequence[Sequence[str]], limit: int, wanted: Filter = EVERY_FILE) -> list[tuple[int, float]]:
        """Return (chunk id, BM25 score) of those in the files wanted that hold all phrases of any of the terms, best first."""
        among, values = chunks_wanted(wanted)
        sql = f"SELECT rowid, -bm25(words) FROM words WHERE words MATCH ?{among and ' AND rowid IN (' + among + ')'}"
        rows = self._rows(f"{sql} ORDER BY rank LIMIT ?", (" OR ".join(map(all_of, terms)), *values, limit))
        return [(int(row[0]), float(row[1])) for row in rows]

    def ids_of(self, wanted: Filter) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the ids of the chunks of the files wanted, rising, of shape (n,)."""
        among, values = chunks_wanted(wanted)
        rows = self._rows(among or "SELECT id FROM chunks", values)
        return np.sort(np.fromiter((row[0] for row in rows), np.int64, len(rows)))

    def holding(self, phrases: Sequence[str], limit: int) -> list[int]:
        """Return the ids of at most `limit` chunks that hold all of these phrases."""
        return [row[0] for row in self._rows("SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", (all_of(phrases), limit))]

    def paths_of_chunks(self) -> list[tuple[int, str]]:
        """Return (chunk id, path) of every chunk, by rising id."""
        return [(int(row[0]), str(row[1])) for row in self._rows("SELECT id, path FROM chunks ORDER BY id")]

    def says(self, quote: str) -> bool:
        """Return whether any chunk holds these words, judged by those at the beginning, of Chinese by the longest run."""
        words = TERM.findall(normal(quote).lower())
        runs = [word for word in words if RUN.match(word)]
        row = [*max(runs, key=len)] if runs else words[:SAID]
        return bool(row) and bool(self.holding((" ".join(row),), 1))

    def holding_each(self, terms: Sequence[Sequence[str]], limit: int) -> list[list[int]]:
        """Return, for each term, the ids of at most `limit` chunks that hold all of its phrases."""
        return [self.holding(phrases, limit) for phrases in terms]

    def count_holding_each(self, terms: Sequence[Sequence[str]], limit: int) -> list[int]:
        """Return, for each term, how many chunks hold all of its phrases, counting no further than `limit`."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
        return [self._number(sql, (all_of(phrases), limit)) for phrases in terms]


def chunk_from(row: Sequence[Any]) -> StoredChunk:
    """Return the chunk in a row of CHUNK_COLUMNS and the file's title."""
    chunk_id, path, text, context, *places, title = row
    location = Location(**dict(zip(PLACES, places, strict=True)))
    return StoredChunk(chunk_id, path, title, Chunk(text, location, context))

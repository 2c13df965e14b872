"""Ids, words and filters in; the passages of a library out."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from assistant.datatypes import EVERY_FILE, Chunk, FileState, Filter, Location, Vectors
from assistant.index.change_log import SQL_VALUES, ChangeLog
from assistant.index.database import translated
from assistant.index.fts_text import RUN, TERM, fts_and, nfkc
from assistant.system.paths import is_pattern, verbatim

LOCATION_COLUMNS = tuple(field.name for field in fields(Location))
CHUNK_COLUMNS = f"id, path, text, context, {', '.join(LOCATION_COLUMNS)}"
QUOTE_WORDS = 12  # words in a row that tell a quote from others
DAY = 86_400 * 10**9  # in nanoseconds
CHUNK_KEY = np.dtype([("id", np.int64), ("key_prefix", "S8")])  # a chunk, and which vector it has

ChunkKeys = np.ndarray[Any, np.dtype[np.void]]
BRACKET = re.compile(r"\[(?![*?[]\])")  # that does not begin one of the three ways to write a character that is meant as it is


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with its id and the file that it comes from."""

    chunk_id: int
    path: str
    title: str
    chunk: Chunk


def no_chunk_keys() -> ChunkKeys:
    """Return the chunk_keys of no chunks."""
    return np.empty(0, CHUNK_KEY)


class ChunkReader(ChangeLog):
    """The passages of a library, their vectors and their words, to be read."""

    def count_chunks(self) -> int:
        """Return how many chunks there are."""
        return self._number("SELECT count(*) FROM chunks")

    def known_vectors(self, keys: Iterable[bytes]) -> set[bytes]:
        """Return those of the keys whose vector is here already."""
        wanted = list(keys)
        found: set[bytes] = set()
        for start in range(0, len(wanted), SQL_VALUES):
            part = wanted[start : start + SQL_VALUES]
            rows = self._rows(f"SELECT key FROM vectors WHERE key IN ({','.join('?' * len(part))})", part)
            found.update(bytes(row[0]) for row in rows)
        return found

    def pending_embeddings(self) -> list[int]:
        """Return the chunks that wait for a vector: those of the newest files first, of a day's files the smallest first."""
        rows = self._rows("SELECT chunk FROM pending_embeddings JOIN chunks ON chunks.id = chunk JOIN files ON files.path = chunks.path "
                          f"ORDER BY files.mtime_ns / {DAY} DESC, files.size, chunk")
        return [int(row[0]) for row in rows]

    def count_waiting(self) -> int:
        """Return how many chunks wait for a vector."""
        return self._number("SELECT count(*) FROM pending_embeddings")

    def embedded_share(self) -> float:
        """Return the share of the chunks that have a vector."""
        pending_embeddings = self.count_waiting()
        return 1 - pending_embeddings / max(1, self.count_chunks()) if pending_embeddings else 1.0

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        """Return the chunks with these ids; ids that are gone are left out."""
        found: dict[int, StoredChunk] = {}
        for start in range(0, len(ids), SQL_VALUES):
            part = list(ids[start : start + SQL_VALUES])
            sql = (f"SELECT {', '.join('chunks.' + name for name in CHUNK_COLUMNS.split(', '))}, files.title FROM chunks "
                   f"JOIN files ON files.path = chunks.path WHERE chunks.id IN ({','.join('?' * len(part))})")
            found.update((stored.chunk_id, stored) for stored in map(chunk_from_row, self._rows(sql, part)))
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

    def files_wanted(self, filter: Filter) -> list[tuple[str, str, str, int]]:
        """Return (path, title, content hash, time of change in nanoseconds) of the files with text that pass, by path."""
        among, values = chunk_ids_query(filter)
        sql = "SELECT path, title, content_hash, mtime_ns FROM files WHERE chunks > 0 AND state = ?"
        if among:
            sql += f" AND path IN (SELECT path FROM chunks WHERE id IN ({among}))"
        return [(str(path), str(title), str(content), int(changed)) for path, title, content, changed
                in self._rows(f"{sql} ORDER BY path", [FileState.INDEXED.value, *values])]

    def passages_of(self, path: str) -> list[StoredChunk]:
        """Return all chunks of a file, in the order in which they stand there."""
        sql = (f"SELECT {', '.join('chunks.' + name for name in CHUNK_COLUMNS.split(', '))}, files.title FROM chunks "
               "JOIN files ON files.path = chunks.path WHERE chunks.path = ? ORDER BY ordinal")
        return [chunk_from_row(row) for row in self._rows(sql, [path])]

    def chunk_keys(self) -> ChunkKeys:
        """Return the ids of all chunks that have a vector, rising, each with the first bytes of its vector's key."""
        try:
            # not ordered by SQLite: in its own order an index answers this, without a look at the texts
            chunk_keys = np.fromiter(self._connection.execute("SELECT id, substr(vector_key, 1, 8) FROM chunks"), CHUNK_KEY)
        except sqlite3.Error as error:
            raise translated(error, self.path) from error
        pending_embeddings = [row[0] for row in self._rows("SELECT chunk FROM pending_embeddings")]
        chunk_keys = chunk_keys[np.argsort(chunk_keys["id"])]
        return chunk_keys[~np.isin(chunk_keys["id"], np.array(pending_embeddings, np.int64))] if pending_embeddings else chunk_keys

    def chunk_keys_of(self, ids: Sequence[int]) -> ChunkKeys:
        """Return the chunk_keys of those of these chunks that are here and have a vector, by rising id."""
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(ids), SQL_VALUES):
            part = ids[start : start + SQL_VALUES]
            found += self._rows(f"SELECT id, substr(vector_key, 1, 8) FROM chunks WHERE id IN ({','.join('?' * len(part))}) "
                                "AND NOT EXISTS (SELECT 1 FROM pending_embeddings WHERE chunk = id)", part)
        return np.array(sorted(found), CHUNK_KEY)

    def dimension(self) -> int:
        """Return the length that most vectors have; 0 where there is none."""
        rows = self._rows("SELECT length(vector) / 2 FROM vectors GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
        return int(rows[0][0]) if rows else 0

    def vectors_of(self, ids: Sequence[int], dimension: int) -> Iterator[tuple[np.ndarray[Any, np.dtype[np.int64]], Vectors]]:
        """Yield (ids of shape (n,), vectors of shape (n, dimension)) of these chunks, block by block."""
        for start in range(0, len(ids), SQL_VALUES):
            part = ids[start : start + SQL_VALUES]
            rows = self._rows("SELECT chunks.id, vectors.vector FROM chunks JOIN vectors ON vectors.key = chunks.vector_key "
                              f"WHERE chunks.id IN ({','.join('?' * len(part))})", part)
            halves = np.frombuffer(b"".join(row[1] for row in rows), np.float16)
            yield np.array([row[0] for row in rows], np.int64), halves.reshape(len(rows), dimension).astype(np.float32)

    def match(self, terms: Sequence[Sequence[str]], limit: int, filter: Filter = EVERY_FILE) -> list[tuple[int, float]]:
        """Return (chunk id, BM25 score) of those in the files that pass the filter that hold all phrases of any of the terms, best first."""
        among, values = chunk_ids_query(filter)
        sql = f"SELECT rowid, -bm25(words) FROM words WHERE words MATCH ?{among and ' AND rowid IN (' + among + ')'}"
        rows = self._rows(f"{sql} ORDER BY rank LIMIT ?", (" OR ".join(map(fts_and, terms)), *values, limit))
        return [(int(row[0]), float(row[1])) for row in rows]

    def ids_of(self, filter: Filter) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the ids of the chunks of the files that pass the filter, rising, of shape (n,)."""
        among, values = chunk_ids_query(filter)
        rows = self._rows(among or "SELECT id FROM chunks", values)
        return np.sort(np.fromiter((row[0] for row in rows), np.int64, len(rows)))

    def holding(self, phrases: Sequence[str], limit: int) -> list[int]:
        """Return the ids of at most `limit` chunks that hold all of these phrases."""
        return [row[0] for row in self._rows("SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", (fts_and(phrases), limit))]

    def paths_of_chunks(self) -> list[tuple[int, str]]:
        """Return (chunk id, path) of every chunk, by rising id."""
        return [(int(row[0]), str(row[1])) for row in self._rows("SELECT id, path FROM chunks ORDER BY id")]

    def says(self, quote: str) -> bool:
        """Return whether any chunk holds these words, judged by those at the beginning, of Chinese by the longest run."""
        words = TERM.findall(nfkc(quote).lower())
        runs = [word for word in words if RUN.match(word)]
        row = [*max(runs, key=len)] if runs else words[:QUOTE_WORDS]
        return bool(row) and bool(self.holding((" ".join(row),), 1))

    def count_holding(self, phrases: Sequence[str], limit: int) -> int:
        """Return how many chunks hold all of these phrases, counting no further than `limit`."""
        return self._number("SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)", (fts_and(phrases), limit))


def chunk_from_row(row: Sequence[Any]) -> StoredChunk:
    """Return the chunk in a row of CHUNK_COLUMNS and the file's title."""
    chunk_id, path, text, context, *places, title = row
    location = Location(**dict(zip(LOCATION_COLUMNS, places, strict=True)))
    return StoredChunk(chunk_id, path, title, Chunk(text, location, context))


def chunk_ids_query(filter: Filter) -> tuple[str, list[object]]:
    """Return the SELECT for the ids of the chunks of the files that pass the filter, and its values; nothing where all are."""
    tests: list[str] = []
    values: list[object] = []
    if filter.paths:
        each = [path_condition(path) for path in filter.paths]
        tests.append(" OR ".join(test for test, _ in each))
        values += [value for _, those in each for value in those]
    if filter.types:
        tests.append(" OR ".join("lower(files.path) GLOB ?" for _ in filter.types))
        values += [f"*.{verbatim(escape_bytes(kind).lower().lstrip('.'))}" for kind in filter.types]
    if filter.since_ns is not None:
        tests.append("files.mtime_ns >= ?")
        values.append(filter.since_ns)
    if not tests:
        return "", []
    joined = " AND ".join(f"({test})" for test in tests)
    return f"SELECT chunks.id FROM chunks JOIN files ON files.path = chunks.path WHERE {joined}", values


def path_condition(path: str) -> tuple[str, list[object]]:
    """Return the SQL that says whether a file is this path, is below it, or fits it as a pattern, and its values.

    A file fits a pattern where its path does, or that of a folder it is in.
    """
    path = escape_bytes(path)
    if is_pattern(path):
        return "files.path GLOB ? OR files.path GLOB ?", [sqlite_glob(path), f"{sqlite_glob(path)}{os.sep}*"]
    below = path.rstrip(os.sep) + os.sep
    return "files.path = ? OR substr(files.path, 1, ?) = ?", [path, len(below), below]


def escape_bytes(name: str) -> str:
    """Return a name with the bytes that are no UTF-8 written out, as the ledger has it."""
    return name.encode("utf-8", "backslashreplace").decode()


def sqlite_glob(pattern: str) -> str:
    """Return a pattern as SQLite's GLOB wants it: there "[" begins a set of characters, here only in "[*]", "[?]" and "[[]".

    A pattern that begins with neither the root nor "*" may begin in any folder.
    """
    escaped = BRACKET.sub("[[]", pattern)
    return escaped if escaped.startswith((os.sep, "*")) else f"*{os.sep}{escaped}"

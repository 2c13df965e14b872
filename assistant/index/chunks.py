"""Read the chunks of a library: by id, by keyword, by file filter, and their vectors."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from assistant.datatypes import EVERY_FILE, Chunk, FileState, Filter, Location, Vectors
from assistant.index.change_log import ChangeLog, Ids
from assistant.index.database import SQL_VALUES, translate_error
from assistant.index.fts_text import RUN, TERM, fts_and
from assistant.system.paths import escape_pattern, is_pattern
from assistant.text.folding import fold_characters

LOCATION_COLUMNS = tuple(field.name for field in fields(Location))
CHUNK_COLUMNS = ", ".join(f"chunks.{name}" for name in ("id", "path", "text", "context", *LOCATION_COLUMNS))
SELECT_CHUNKS = f"SELECT {CHUNK_COLUMNS}, files.title FROM chunks JOIN files ON files.path = chunks.path"
QUOTE_WORDS = 12  # consecutive words that identify a quote
DAY = 86_400 * 10**9  # nanoseconds
CHUNK_KEY = np.dtype([("id", np.int64), ("key_prefix", "S8")])  # a chunk id and the first bytes of its vector's key

ChunkKeys = np.ndarray[Any, np.dtype[np.void]]
BRACKET = re.compile(r"\[(?:([*?[])\])?")  # with the character that it escapes: "[*]", "[?]" or "[[]"


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with its id, its file's path and its file's title."""

    chunk_id: int
    path: str
    title: str
    chunk: Chunk


def no_chunk_keys() -> ChunkKeys:
    """Return an empty array of chunk keys."""
    return np.empty(0, CHUNK_KEY)


class ChunkReader(ChangeLog):
    """Read access to the chunks, vectors and keyword index of a library."""

    def count_chunks(self) -> int:
        """Return the number of chunks."""
        return self._number("SELECT count(*) FROM chunks")

    def known_vectors(self, keys: Iterable[bytes]) -> set[bytes]:
        """Return those of the keys whose vector is stored."""
        return {bytes(row[0]) for row in self._rows_in("SELECT key FROM vectors WHERE key IN ({})", list(keys))}

    def pending_embeddings(self) -> list[int]:
        """Return the ids of the chunks without a vector: newest day first, within a day the smallest file first."""
        rows = self._rows("SELECT chunk FROM pending_embeddings JOIN chunks ON chunks.id = chunk "
                          f"JOIN files ON files.path = chunks.path ORDER BY files.mtime_ns / {DAY} DESC, files.size, chunk")
        return [int(row[0]) for row in rows]

    def count_pending_embeddings(self) -> int:
        """Return the number of chunks without a vector."""
        return self._number("SELECT count(*) FROM pending_embeddings")

    def embedded_share(self) -> float:
        """Return the share (0 to 1) of the chunks that have a vector."""
        pending = self.count_pending_embeddings()
        return 1 - pending / max(1, self.count_chunks()) if pending else 1.0

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        """Return the chunks with these ids by id; deleted ids are left out."""
        rows = self._rows_in(f"{SELECT_CHUNKS} WHERE chunks.id IN ({{}})", ids)
        return {stored.chunk_id: stored for stored in map(chunk_from_row, rows)}

    def chunk_at(self, path: str, character: int) -> dict[int, StoredChunk]:
        """Return the chunk that holds this character of a file's text, by its id; an empty dict if there is none."""
        sql = "SELECT id FROM chunks WHERE path = ? AND char_start <= ? AND char_end > ? ORDER BY char_start DESC LIMIT 1"
        return self.chunks([row[0] for row in self._rows(sql, (path, character, character))])

    def adjacent_chunks(self, path: str, start: int, end: int) -> list[Chunk]:
        """Return the chunks directly after and directly before a span of a file's text, as far as they exist."""
        after = "SELECT id FROM chunks WHERE path = ? AND char_start >= ? ORDER BY ordinal LIMIT 1"
        before = "SELECT id FROM chunks WHERE path = ? AND char_end <= ? ORDER BY ordinal DESC LIMIT 1"
        ids = [row[0] for row in (*self._rows(after, (path, end)), *self._rows(before, (path, start)))]
        found = self.chunks(ids)
        return [found[each].chunk for each in ids if each in found]

    def beside_each(self, spans: Sequence[tuple[str, int, int]]) -> list[list[Chunk]]:
        """Return, for each span (path, first character, last + 1), the chunks right after and right before it."""
        return [self.adjacent_chunks(*span) for span in spans]

    def filtered_files(self, filter: Filter) -> list[tuple[str, str, str, int]]:
        """Return (path, title, content hash, mtime in ns) of the indexed files that pass the filter, by path."""
        among, values = chunk_ids_query(filter)
        sql = "SELECT path, title, content_hash, mtime_ns FROM files WHERE chunks > 0 AND state = ?"
        if among:
            sql += f" AND path IN (SELECT path FROM chunks WHERE id IN ({among}))"
        return [(str(path), str(title), str(content), int(changed)) for path, title, content, changed
                in self._rows(f"{sql} ORDER BY path", [FileState.INDEXED.value, *values])]

    def modified_ns(self, paths: Sequence[str]) -> dict[str, int]:
        """Return when these files were changed, by path, in nanoseconds since 1970; files without text are left out."""
        sql = "SELECT path, mtime_ns FROM files WHERE chunks > 0 AND state = ? AND path IN ({})"
        return {str(path): int(changed) for path, changed in self._rows_in(sql, paths, [FileState.INDEXED.value])}

    def chunks_of_file(self, path: str) -> list[StoredChunk]:
        """Return all chunks of a file in document order."""
        return [chunk_from_row(row) for row in self._rows(f"{SELECT_CHUNKS} WHERE chunks.path = ? ORDER BY ordinal", [path])]

    def chunk_keys(self) -> ChunkKeys:
        """Return the key (id and first bytes of the vector's key) of every chunk with a vector, by rising id."""
        try:
            # sorted here, not by SQLite: in index order the query is answered without reading the texts
            keys = np.fromiter(self._connection.execute("SELECT id, substr(vector_key, 1, 8) FROM chunks"), CHUNK_KEY)
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error
        pending = [row[0] for row in self._rows("SELECT chunk FROM pending_embeddings")]
        keys = keys[np.argsort(keys["id"])]
        return keys[~np.isin(keys["id"], np.array(pending, np.int64))] if pending else keys

    def chunk_keys_of(self, ids: Sequence[int]) -> ChunkKeys:
        """Return the keys of those of these chunks that exist and have a vector, by rising id."""
        sql = ("SELECT id, substr(vector_key, 1, 8) FROM chunks WHERE id IN ({}) "
               "AND NOT EXISTS (SELECT 1 FROM pending_embeddings WHERE chunk = id)")
        return np.array(sorted(self._rows_in(sql, ids)), CHUNK_KEY)

    def dimension(self) -> int:
        """Return the dimension of most vectors; 0 if there are none."""
        rows = self._rows("SELECT length(vector) / 2 FROM vectors GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
        return int(rows[0][0]) if rows else 0

    def vectors_of(self, ids: Sequence[int], dimension: int) -> Iterator[tuple[Ids, Vectors]]:
        """Yield (ids of shape (n,), vectors of shape (n, dimension)) of these chunks in blocks."""
        for start in range(0, len(ids), SQL_VALUES):
            part = ids[start : start + SQL_VALUES]
            rows = self._rows("SELECT chunks.id, vectors.vector FROM chunks JOIN vectors ON vectors.key = chunks.vector_key "
                              f"WHERE chunks.id IN ({','.join('?' * len(part))})", part)
            halves = np.frombuffer(b"".join(row[1] for row in rows), np.float16)
            yield np.array([row[0] for row in rows], np.int64), halves.reshape(len(rows), dimension).astype(np.float32)

    def match(self, terms: Sequence[Sequence[str]], limit: int, filter: Filter = EVERY_FILE) -> list[tuple[int, float]]:
        """Return (chunk id, BM25 score), best first, of the chunks that hold all phrases of any of the terms."""
        among, values = chunk_ids_query(filter)
        within = f" AND rowid IN ({among})" if among else ""
        rows = self._rows(f"SELECT rowid, -bm25(words) FROM words WHERE words MATCH ?{within} ORDER BY rank LIMIT ?",
                          (" OR ".join(map(fts_and, terms)), *values, limit))
        return [(int(row[0]), float(row[1])) for row in rows]

    def ids_of(self, filter: Filter) -> Ids:
        """Return the ids of the chunks whose files pass the filter, sorted, shape (n,)."""
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
        """Return True if a chunk holds the quote's first words (for Chinese: its longest run of characters)."""
        words = quoted_words(quote)
        return bool(words) and bool(self.holding((words,), 1))

    def holding_each(self, terms: Sequence[Sequence[str]], limit: int) -> list[list[int]]:
        """Return, for each term, the ids of at most `limit` chunks that hold all of its phrases."""
        return [self.holding(phrases, limit) for phrases in terms]

    def count_holding_each(self, terms: Sequence[Sequence[str]], limit: int) -> list[int]:
        """Return, for each term, how many chunks hold all of its phrases, counting no further than `limit`."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
        return [self._number(sql, (fts_and(phrases), limit)) for phrases in terms]


def quoted_words(quote: str) -> str:
    """Return the phrase by which a quote is looked up: its first words, or for Chinese its longest run of characters."""
    words = TERM.findall(fold_characters(quote).lower())
    runs = [word for word in words if RUN.match(word)]
    return " ".join([*max(runs, key=len)] if runs else words[:QUOTE_WORDS])


def chunk_from_row(row: Sequence[Any]) -> StoredChunk:
    """Return the chunk in a row of SELECT_CHUNKS."""
    chunk_id, path, text, context, *places, title = row
    location = Location(**dict(zip(LOCATION_COLUMNS, places, strict=True)))
    return StoredChunk(chunk_id, path, title, Chunk(text, location, context))


def chunk_ids_query(filter: Filter) -> tuple[str, list[object]]:
    """Return the SELECT for the ids of the chunks that pass a filter, and its parameters; ("", []) for no filter."""
    condition, values = file_condition(filter)
    if not condition:
        return "", []
    return f"SELECT chunks.id FROM chunks JOIN files ON files.path = chunks.path WHERE {condition}", values


def file_condition(filter: Filter) -> tuple[str, list[object]]:
    """Return the SQL condition that a row of `files` passes a filter, and its parameters; ("", []) for no filter."""
    tests: list[str] = []
    values: list[object] = []
    for among in (filter.paths, filter.within):
        if among:
            each = [path_condition(path) for path in among]
            tests.append(" OR ".join(test for test, _ in each))
            values += [value for _, those in each for value in those]
    if filter.types:
        tests.append(" OR ".join("lower(files.path) GLOB ?" for _ in filter.types))
        values += [f"*.{escape_pattern(escape_bytes(kind).lower().lstrip('.'))}" for kind in filter.types]
    if filter.since_ns is not None:
        tests.append("files.mtime_ns >= ?")
        values.append(filter.since_ns)
    return " AND ".join(f"({test})" for test in tests), values


def path_condition(path: str) -> tuple[str, list[object]]:
    """Return the SQL condition that a file is this path, lies below it, or matches it as a pattern; and its parameters.

    A file matches a pattern if its path or the path of one of its folders does.
    """
    path = escape_bytes(path)
    if is_pattern(path):
        return "files.path GLOB ? OR files.path GLOB ?", [sqlite_glob(path), f"{sqlite_glob(path)}{os.sep}*"]
    below = path.rstrip(os.sep) + os.sep
    return "files.path = ? OR substr(files.path, 1, ?) = ?", [path, len(below), below]


def escape_bytes(name: str) -> str:
    """Return a name with its bytes that are not UTF-8 escaped, as the ledger stores it."""
    return name.encode("utf-8", "backslashreplace").decode()


def sqlite_glob(pattern: str) -> str:
    """Return a pattern in SQLite's GLOB syntax: a literal "[" is escaped, except in "[*]", "[?]" and "[[]".

    A pattern that starts with neither the root nor "*" may start in any folder.
    """
    escaped = BRACKET.sub(lambda found: f"[{found[1] or '['}]", pattern)
    return escaped if escaped.startswith((os.sep, "*")) else f"*{os.sep}{escaped}"

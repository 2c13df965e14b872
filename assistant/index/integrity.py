"""Check a library for inconsistencies, report them in plain words, and repair them on request.

Rows are read in blocks or by cursor, so memory use does not grow with the library.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.datatypes import Finding, Severity
from assistant.errors import LibraryDamaged
from assistant.index.database import WORDS, enable_secure_delete
from assistant.index.fts_text import body_text
from assistant.index.store import Store, vector_key

BLOCK = 2_000  # rows read at once
UNIT = (0.97, 1.03)  # norm of a unit vector stored in half precision
BEFORE_ALL = -(2**63)  # SQLite orders numbers before text and bytes
# FTS5's own tables of texts and of lengths must hold the same rows
FTS_CONTRADICTIONS = """SELECT count(*) FROM (
    SELECT id FROM words_content WHERE NOT EXISTS (SELECT 1 FROM words_docsize WHERE words_docsize.id = words_content.id)
    UNION ALL
    SELECT id FROM words_docsize WHERE NOT EXISTS (SELECT 1 FROM words_content WHERE words_content.id = words_docsize.id))"""
FTS_TEXTS = """SELECT path, text, context, c0 FROM chunks LEFT JOIN words_content ON words_content.id = chunks.id
    ORDER BY chunks.id"""
FTS_ORPHANS = """SELECT count(*) FROM words_content WHERE NOT EXISTS
    (SELECT 1 FROM chunks WHERE chunks.id = words_content.id)"""
RESTORE = "Move the file away and add your files again; the files themselves are untouched."
REPAIR = "Run: assistant doctor --check --repair"
SYNC = "Run: assistant sync"
READ_AGAIN = "UPDATE files SET content_hash = '', mtime_ns = 0 WHERE path IN ({paths}) OR path IN " \
             "(SELECT container FROM files WHERE path IN ({paths}))"


class Inspection:
    """One integrity check of a library. With `repair`, everything wrong is repaired in one transaction."""

    def __init__(self, store: Store, *, repair: bool) -> None:
        self._store, self._repair = store, repair
        self._sql = store.statements
        self._found: list[Finding] = []

    def run(self) -> tuple[Finding, ...]:
        """Return what is or was wrong; an empty tuple if nothing is. Raises LibraryDamaged if the file cannot be repaired."""
        self._examine_pages()
        with self._store.transaction():  # also without repair: no writer interferes, and FTS5's self-check is an INSERT
            self._examine_text()
            self._examine_tables()
            self._examine_vectors()
            self._examine_words()
            self._examine_generation()
            if self._repair and self._found:
                self._store.new_generation()
        return tuple(self._found)

    def _say(self, detail: str, remedy: str = "") -> None:
        if self._repair:
            self._found.append(Finding("repaired", Severity.WARNING, f"{detail}: mended.", remedy))
        else:
            self._found.append(Finding("library", Severity.ERROR, f"{detail}.", REPAIR))

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        return self._sql.execute(sql, values).fetchall()

    def _count(self, sql: str) -> int:
        return int(self._sql.execute(sql).fetchone()[0])

    def _blocks(self, columns: str, table: str, key: str) -> Iterator[list[tuple[Any, ...]]]:
        """Yield a table's rows in blocks ordered by their first column, `key`; a block may be changed before the next is read."""
        sql = f"SELECT {columns} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT {BLOCK}"
        last: object = BEFORE_ALL
        while block := self._rows(sql, (last,)):
            yield block
            last = block[-1][0]

    def _examine_pages(self) -> None:
        """Run SQLite's integrity check on pages and indexes; repair damaged indexes by rebuilding them."""
        try:
            said = [str(row[0]) for row in self._rows("PRAGMA integrity_check(10)")]
            said = [line for line in said if line != "ok" and "fts5" not in line.lower() and "words" not in line]
            if said and self._repair:
                self._sql.execute("REINDEX")
                left = [str(row[0]) for row in self._rows("PRAGMA integrity_check(10)")]
                if left != ["ok"] and not all("words" in line for line in left):
                    raise LibraryDamaged(f"{self._store.path} is damaged: {left[0]}.", RESTORE)
        except sqlite3.DatabaseError as error:
            raise LibraryDamaged(f"{self._store.path} is damaged: {error}.", RESTORE) from error
        if said:
            self._say(f"the database's own indexes are damaged ({said[0]})")

    def _examine_tables(self) -> None:
        dimension = self._store.dimension()
        for check in CHECKS:
            find = check.find.format(dimension=dimension)
            count = self._count(f"SELECT count(*) FROM ({find})")
            for sql in check.mending if count and self._repair else ():
                self._sql.execute(sql.format(find=find))
            if count:
                self._say(check.detail.format(count=count), SYNC if "read again" in check.detail else "")

    def _examine_text(self) -> None:
        """Compare each chunk's vector key with the hash of its text; files of chunks that differ are read again."""
        count = 0
        for block in self._blocks("id, text, context, vector_key", "chunks", "id"):
            wrong = {chunk: key for chunk, text, context, stored in block
                     if (key := vector_key(searchable(text, context))) != bytes(stored)}
            count += len(wrong)
            if self._repair:
                self._read_again(wrong)
        if count:
            self._say(f"{count:,} passages have another text than was embedded; their files will be read again", SYNC)

    def _read_again(self, keys: Mapping[int, bytes]) -> None:
        """Schedule the files of these chunks to be read again; set each chunk's key to that of its text."""
        for chunk, key in keys.items():
            self._sql.execute(READ_AGAIN.format(paths="SELECT path FROM chunks WHERE id = ?1"), (chunk,))
            self._sql.execute("UPDATE chunks SET vector_key = ? WHERE id = ?", (key, chunk))
            self._sql.execute("INSERT OR IGNORE INTO pending_embeddings SELECT ?1 WHERE NOT EXISTS "
                              "(SELECT 1 FROM vectors WHERE key = ?2)", (chunk, key))

    def _examine_vectors(self) -> None:
        """Find vectors whose norm is not 1: their bits have changed."""
        size, count = 2 * self._store.dimension(), 0
        for block in self._blocks("key, vector", "vectors", "key"):
            wrong = non_unit_vectors([(bytes(key), vector) for key, vector in block if len(vector) == size])
            count += len(wrong)
            if self._repair:
                self._embed_again(wrong)
        if count:
            self._say(f"{count:,} vectors are damaged; their passages will be embedded again", SYNC)

    def _embed_again(self, keys: Sequence[bytes]) -> None:
        """Remove these vectors and mark their chunks as pending."""
        for key in keys:
            self._sql.execute("INSERT OR IGNORE INTO pending_embeddings SELECT id FROM chunks WHERE vector_key = ?", (key,))
            self._sql.execute("DELETE FROM vectors WHERE key = ?", (key,))
            self._sql.execute("DELETE FROM orphaned_vectors WHERE key = ?", (key,))

    def _examine_words(self) -> None:
        """Compare the keyword index with itself and with the chunks; rebuild it if they differ."""
        wrong = self._words_wrong()
        if wrong:
            if self._repair:
                rebuild_fts(self._sql)
            self._say(wrong)

    def _words_wrong(self) -> str:
        try:
            self._sql.execute("INSERT INTO words (words) VALUES ('integrity-check')")
            contradicted = self._count(FTS_CONTRADICTIONS)
            differing = self._count(FTS_ORPHANS)
            differing += sum(stored != body_text(path, searchable(text, context))
                             for path, text, context, stored in self._sql.execute(FTS_TEXTS))
        except sqlite3.DatabaseError as error:
            return f"the keyword index is damaged ({error})"
        if contradicted:
            return "the keyword index contradicts itself"
        return f"the keyword index has {differing:,} passages wrong" if differing else ""

    def _examine_generation(self) -> None:
        """Check that the library has a generation and a version id."""
        generation, version = self._store.meta("generation"), self._store.meta("version")
        if (generation and not (generation.isdecimal() and version)) or (not generation and self._store.count_chunks()):
            if self._repair and not generation.isdecimal():
                self._sql.execute("DELETE FROM meta WHERE key = 'generation'")
            self._say("the library has lost count of its changes")


def searchable(text: str, context: str) -> str:
    """Return the text of a chunk that is embedded and indexed."""
    return f"{context}\n{text}" if context else text


def non_unit_vectors(vectors: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Return the keys of the vectors (key, float16 bytes), all of one length, whose norm is not 1."""
    if not vectors:
        return []
    halves = np.frombuffer(b"".join(vector for _, vector in vectors), np.float16)
    lengths = np.linalg.norm(halves.reshape(len(vectors), -1).astype(np.float32), axis=1)
    return [key for (key, _), length in zip(vectors, lengths, strict=True) if not UNIT[0] < length < UNIT[1]]


def rebuild_fts(connection: sqlite3.Connection) -> None:
    """Rebuild the keyword index from the chunks."""
    connection.execute("DROP TABLE IF EXISTS words")
    connection.execute(WORDS)
    enable_secure_delete(connection)
    rows = ((chunk, body_text(path, searchable(text, context))) for chunk, path, text, context
            in connection.execute("SELECT id, path, text, context FROM chunks"))
    connection.executemany("INSERT INTO words (rowid, body) VALUES (?, ?)", rows)


@dataclass(frozen=True, slots=True)
class IntegrityCheck:
    """One invariant: `find` selects the violating rows, `detail` describes them with their number, `mending` repairs them."""

    detail: str
    find: str
    mending: tuple[str, ...]


# in this order, since repairing one can cause the next
CHECKS = (
    IntegrityCheck("{count:,} files inside others have no container any more",
                   """SELECT path FROM files WHERE container <> '' AND NOT EXISTS
                   (SELECT 1 FROM files AS outer_file WHERE outer_file.path = files.container)""",
                   ("DELETE FROM chunks WHERE path IN ({find})", "DELETE FROM files WHERE path IN ({find})")),
    IntegrityCheck("{count:,} passages belong to no file with text",
                   """SELECT id FROM chunks WHERE NOT EXISTS
                   (SELECT 1 FROM files WHERE files.path = chunks.path AND files.state = 'indexed')""",
                   ("DELETE FROM chunks WHERE id IN ({find})",)),
    IntegrityCheck("{count:,} files have lost passages, or have too many; they will be read again",
                   """SELECT files.path FROM files LEFT JOIN chunks ON chunks.path = files.path WHERE files.state = 'indexed'
                   AND files.content_hash <> '' GROUP BY files.path
                   HAVING count(chunks.id) <> files.chunks OR coalesce(max(chunks.ordinal) + 1, 0) <> count(chunks.id)""",
                   (READ_AGAIN.format(paths="{find}"),)),
    IntegrityCheck("{count:,} vectors are not as long as the others",
                   "SELECT key FROM vectors WHERE length(vector) <> 2 * {dimension}",
                   ("DELETE FROM vectors WHERE key IN ({find})",)),
    IntegrityCheck("{count:,} passages that wait for a vector are gone",
                   "SELECT chunk FROM pending_embeddings WHERE chunk NOT IN (SELECT id FROM chunks)",
                   ("DELETE FROM pending_embeddings WHERE chunk IN ({find})",)),
    IntegrityCheck("{count:,} passages wait for a vector that is here",
                   """SELECT chunk FROM pending_embeddings JOIN chunks ON id = chunk
                   WHERE EXISTS (SELECT 1 FROM vectors WHERE key = vector_key)""",
                   ("DELETE FROM pending_embeddings WHERE chunk IN ({find})",)),
    IntegrityCheck("{count:,} passages have no vector and wait for none",
                   """SELECT id FROM chunks WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE key = vector_key)
                   AND NOT EXISTS (SELECT 1 FROM pending_embeddings WHERE chunk = id)""",
                   ("INSERT OR IGNORE INTO pending_embeddings {find}",)),
    IntegrityCheck("{count:,} notes of vectors to be kept for a while have no vector",
                   """SELECT key FROM orphaned_vectors
                   WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.key = orphaned_vectors.key)""",
                   ("DELETE FROM orphaned_vectors WHERE key IN ({find})",)),
    IntegrityCheck("{count:,} vectors belong to no passage",
                   """SELECT key FROM vectors WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE vector_key = key)
                   AND NOT EXISTS (SELECT 1 FROM orphaned_vectors WHERE orphaned_vectors.key = vectors.key)""",
                   ("DELETE FROM vectors WHERE key IN ({find})",)),
)

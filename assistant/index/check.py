"""A library in; everything that does not fit together out, in plain words, and mended where that is wanted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from assistant.datatypes import Finding, Severity
from assistant.errors import LibraryDamaged
from assistant.index.faults import CHECKS, READ_AGAIN, Check
from assistant.index.schema import WORDS, secure_words
from assistant.index.store import Store, vector_key
from assistant.index.words import body_of

BLOCK = 5_000  # passages that are looked at together
UNIT = (0.97, 1.03)  # the length of a vector that was kept in half precision
HOPELESS = "Move the file away and add your files again; the files themselves are untouched."
REPAIR = "Run: assistant doctor --check --repair"
SYNC = "Run: assistant sync"


class Inspection:
    """One look through a library. With `repair`, what is wrong is mended at once, all of it in one transaction."""

    def __init__(self, store: Store, *, repair: bool) -> None:
        self._store, self._repair = store, repair
        self._sql = store.statements
        self._found: list[Finding] = []

    def run(self) -> tuple[Finding, ...]:
        """Return what is wrong, or was; nothing where all is well. Raises LibraryDamaged where the file cannot be mended."""
        self._examine_pages()
        with self._store.transaction():  # to look as well: nobody writes meanwhile, and FTS5 checks itself by a command
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

    def _examine_pages(self) -> None:
        """Ask SQLite whether the file's pages and its indexes are whole. Damage to an index is mended by making it anew."""
        try:
            said = [str(row[0]) for row in self._rows("PRAGMA integrity_check(10)")]
            said = [line for line in said if line != "ok" and "fts5" not in line.lower() and "words" not in line]
            if said and self._repair:
                self._sql.execute("REINDEX")
                left = [str(row[0]) for row in self._rows("PRAGMA integrity_check(10)")]
                if left != ["ok"] and not all("words" in line for line in left):
                    raise LibraryDamaged(f"{self._store.path} is damaged: {left[0]}.", HOPELESS)
        except sqlite3.DatabaseError as error:
            raise LibraryDamaged(f"{self._store.path} is damaged: {error}.", HOPELESS) from error
        if said:
            self._say(f"the database's own indexes are damaged ({said[0]})")

    def _examine_tables(self) -> None:
        dimension = self._store.dimension()
        for check in CHECKS:
            filled = Check(check.detail, check.find.format(dimension=dimension),
                           tuple(sql.format(dimension=dimension) for sql in check.mending))
            count = len(self._rows(filled.find))
            if count:
                if self._repair:
                    for sql in filled.mending:
                        self._sql.execute(sql)
                self._say(filled.detail.format(count=count), SYNC if "read again" in filled.detail else "")

    def _examine_text(self) -> None:
        """Compare each passage's key with the hash of its text; where they differ, the file is read again."""
        wrong = {chunk: key for chunk, key, stored in self._keys() if key != stored}
        if not wrong:
            return
        if self._repair:
            for chunk, key in wrong.items():
                self._sql.execute(READ_AGAIN.format(paths="SELECT path FROM chunks WHERE id = ?1"), (chunk,))
                self._sql.execute("UPDATE chunks SET vector_key = ? WHERE id = ?", (key, chunk))
                self._sql.execute("INSERT OR IGNORE INTO waiting SELECT ?1 WHERE NOT EXISTS "
                                  "(SELECT 1 FROM vectors WHERE key = ?2)", (chunk, key))
        self._say(f"{len(wrong):,} passages have another text than was embedded; their files will be read again", SYNC)

    def _keys(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield (chunk id, the key of its text, the key that is stored)."""
        for chunk, text, context, key in self._sql.execute("SELECT id, text, context, vector_key FROM chunks"):
            yield chunk, vector_key(f"{context}\n{text}" if context else text), bytes(key)

    def _examine_vectors(self) -> None:
        """Look for vectors that are no unit vectors: bits of them have changed."""
        wrong: list[bytes] = []
        rows = self._sql.execute("SELECT key, vector FROM vectors WHERE length(vector) = 2 * ?", (self._store.dimension(),))
        while block := rows.fetchmany(BLOCK):
            halves = np.frombuffer(b"".join(row[1] for row in block), np.float16)
            lengths = np.linalg.norm(halves.reshape(len(block), -1).astype(np.float32), axis=1)
            bad = ~((lengths > UNIT[0]) & (lengths < UNIT[1]))
            wrong += [bytes(block[place][0]) for place in np.flatnonzero(bad)]
        if not wrong:
            return
        if self._repair:
            for key in wrong:
                self._sql.execute("INSERT OR IGNORE INTO waiting SELECT id FROM chunks WHERE vector_key = ?", (key,))
                self._sql.execute("DELETE FROM vectors WHERE key = ?", (key,))
                self._sql.execute("DELETE FROM spare WHERE key = ?", (key,))
        self._say(f"{len(wrong):,} vectors are damaged; their passages will be embedded again", SYNC)

    def _examine_words(self) -> None:
        """Compare the keyword index with itself and with the passages; it is made anew where it differs."""
        wrong = self._words_wrong()
        if wrong:
            if self._repair:
                make_words(self._sql)
            self._say(wrong)

    def _words_wrong(self) -> str:
        try:
            self._sql.execute("INSERT INTO words (words) VALUES ('integrity-check')")
            stored = {int(row[0]): row[1] for row in self._sql.execute("SELECT id, c0 FROM words_content")}
            sizes = {int(str(row[0])) for row in self._rows("SELECT id FROM words_docsize")}
        except sqlite3.DatabaseError as error:
            return f"the keyword index is damaged ({error})"
        if sizes != stored.keys():
            return "the keyword index contradicts itself"
        differing = sum(stored.pop(chunk, None) != body for chunk, body in bodies(self._sql)) + len(stored)
        return f"the keyword index has {differing:,} passages wrong" if differing else ""

    def _examine_generation(self) -> None:
        """See that the library can tell one state from the next."""
        generation, state = self._store.meta("generation"), self._store.meta("state")
        if (generation and not (generation.isdecimal() and state)) or (not generation and self._store.count_chunks()):
            if self._repair and not generation.isdecimal():
                self._sql.execute("DELETE FROM meta WHERE key = 'generation'")
            self._say("the library has lost count of its changes")


def bodies(connection: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    """Yield (chunk id, what the keyword index must hold of it)."""
    for chunk, path, text, context in connection.execute("SELECT id, path, text, context FROM chunks"):
        yield chunk, body_of(path, f"{context}\n{text}" if context else text)


def make_words(connection: sqlite3.Connection) -> None:
    """Make the keyword index anew from the passages."""
    connection.execute("DROP TABLE IF EXISTS words")
    connection.execute(WORDS)
    secure_words(connection)
    rows = bodies(connection)
    while block := list(islice(rows, BLOCK)):
        connection.executemany("INSERT INTO words (rowid, body) VALUES (?, ?)", block)

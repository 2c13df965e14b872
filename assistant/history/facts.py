"""Facts that the user asked to remember: a private SQLite file, and their retrieval for a question.

A fact is relevant if it holds most of the question's words, or some of them and is as near in meaning as the best passages, or
is nearer than any of them. Deleted facts leave no bytes in the file.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np

from assistant.datatypes import Chunk, Embedder, Fact, Hit, Location, Vectors
from assistant.errors import OWN_FOLDER, MemoryUnusable, UsageError
from assistant.index.fts_text import query_terms

MAX_CHARACTERS, MAX_FACTS = 1000, 1000
PRIVATE = 0o600
TABLES = """
CREATE TABLE IF NOT EXISTS facts (number INTEGER PRIMARY KEY AUTOINCREMENT, said TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS vectors (number INTEGER NOT NULL, embedder TEXT NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (number, embedder)) WITHOUT ROWID;
"""
RECALLED = 2  # facts per question at most
ENOUGH = 0.5  # share of the question's words that suffices alone
SOME = 0.2
NEAR = 0.35  # minimum cosine of a fact that shares no word with the question
ALONE = 0.5  # the same if there is no passage to compare with
AMONG = 3  # best passages that a fact is compared with


class Facts:
    """The facts that the user asked to remember. The file is created with the first fact and opened for each call."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(self, words: str) -> Fact:
        """Store a fact; return it with its number. Raises UsageError if it is empty, too long or one too many."""
        text = " ".join(words.split()).encode("utf-8", "replace").decode()
        if not text or len(text) > MAX_CHARACTERS:
            raise UsageError("There is nothing to remember." if not text else f"That is longer than {MAX_CHARACTERS} characters.",
                             'Say one fact: assistant memory add "The office closes at 18:00."')
        said = datetime.now().astimezone().isoformat(timespec="seconds")
        with self._open(make=True) as database:
            if database.execute("SELECT count(*) FROM facts").fetchone()[0] >= MAX_FACTS:
                raise UsageError(f"{MAX_FACTS} facts are kept already.", "Forget some: assistant memory list")
            number = database.execute("INSERT INTO facts (said, text) VALUES (?, ?)", (said, text)).lastrowid
        return Fact(number or 0, said, text)

    def all(self) -> tuple[Fact, ...]:
        """Return all facts in the order they were added. Raises MemoryUnusable."""
        if not self.file.exists():
            return ()
        with self._open() as database:
            return tuple(Fact(*row) for row in database.execute("SELECT number, said, text FROM facts ORDER BY number"))

    def forget(self, numbers: Sequence[int]) -> int:
        """Delete facts by number; return how many. Raises UsageError for an unknown number, before any is deleted."""
        known = {fact.number for fact in self.all()}
        if unknown := [number for number in numbers if number not in known]:
            raise UsageError(f"There is no memory {unknown[0]}.", "See what is kept: assistant memory list")
        with self._open() as database:
            for number in set(numbers):
                database.execute("DELETE FROM facts WHERE number = ?", (number,))
                database.execute("DELETE FROM vectors WHERE number = ?", (number,))
        return len(set(numbers))

    def vectors(self, facts: Sequence[Fact], embedder: Embedder) -> Vectors:
        """Return the facts' unit vectors, shape (facts, dimension); each is embedded once and stored. Raises MemoryUnusable."""
        with self._open() as database:
            rows = database.execute("SELECT number, vector FROM vectors WHERE embedder = ?", (embedder.fingerprint,))
            known = {number: np.frombuffer(vector, np.float32) for number, vector in rows}
            new = [fact for fact in facts if fact.number not in known]
            if new:
                made = embedder.embed_passages([fact.text for fact in new])
                known |= {fact.number: vector for fact, vector in zip(new, made, strict=True)}
                database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", [
                    (fact.number, embedder.fingerprint, known[fact.number].astype(np.float32).tobytes()) for fact in new
                ])
        return np.stack([known[fact.number] for fact in facts])

    @contextmanager
    def _open(self, *, make: bool = False) -> Iterator[sqlite3.Connection]:
        """Yield the database within one transaction. Raises MemoryUnusable."""
        try:
            if make:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self.file, os.O_CREAT | os.O_WRONLY, PRIVATE))
            database = sqlite3.connect(self.file)
        except OSError as error:
            what = self.file if self.file.exists() else f"The folder {self.file.parent}"
            raise MemoryUnusable(f"{what} cannot be written: {error.strerror or error}.", OWN_FOLDER) from error
        except sqlite3.Error as error:
            raise memory_unusable(self.file, error) from error
        try:
            database.execute("PRAGMA secure_delete = ON")
            database.executescript(TABLES)
            with database:
                yield database
        except sqlite3.Error as error:
            raise memory_unusable(self.file, error) from error
        finally:
            database.close()


def memory_unusable(file: Path, error: Exception) -> MemoryUnusable:
    """Return the program's error, with a hint, for a database error."""
    return MemoryUnusable(f"{file} cannot be used: {error}.",
                          "Check its permissions and the disk; where it is damaged, move it away: facts are kept anew.")


def relevant_facts(question: str, facts: Sequence[Fact], cosines: Sequence[float], hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the facts relevant to a question, best first; `cosines` has one value per fact, or is empty."""
    asked = set(query_terms(question))
    near = sorted((hit.cosine for hit in hits if hit.cosine is not None), reverse=True)[:AMONG] or [ALONE]
    scored = []
    for place, fact in enumerate(facts):
        shared = len(asked & set(query_terms(fact.text))) / max(1, len(asked))
        cosine = cosines[place] if len(cosines) else 0.0
        if shared >= ENOUGH or (shared >= SOME and cosine >= near[-1]) or cosine >= max(near[0], NEAR):
            scored.append((shared + cosine, fact, cosine))
    best = sorted(scored, key=lambda each: -each[0])[:RECALLED]
    return tuple(fact_hit(fact, cosine) for _, fact, cosine in best)


def fact_hit(fact: Fact, cosine: float) -> Hit:
    """Return a fact as a hit with a path and id that no file or chunk has."""
    text = Chunk(fact.text, Location(1, 1, 0, len(fact.text)), f"The user asked on {fact.said[:10]} to remember this:")
    return Hit(-fact.number, f"memory:{fact.number}", f"Memory {fact.number}, which you asked to keep on {fact.said[:10]}", text,
               cosine=cosine, kind="memory")


def merge_facts(hits: Sequence[Hit], facts: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits with each fact inserted before the first passage with a lower cosine."""
    result = list(hits)
    for fact in reversed(facts):
        nearer = [place for place, hit in enumerate(result) if (hit.cosine or 0.0) <= (fact.cosine or 0.0)]
        result.insert(min([AMONG, *nearer]), fact)
    return tuple(result)

"""Facts in, a small SQLite file out, readable by its owner alone; what is forgotten leaves no bytes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np

from assistant.datatypes import Chunk, Embedder, Fact, Hit, Location, Vectors
from assistant.errors import MemoryUnusable, UsageError
from assistant.index.fts_text import query_terms

LONGEST, MOST = 1000, 1000  # characters of a fact, facts
PRIVATE = 0o600
TABLES = """
CREATE TABLE IF NOT EXISTS facts (number INTEGER PRIMARY KEY AUTOINCREMENT, said TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS vectors (number INTEGER NOT NULL, embedder TEXT NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (number, embedder)) WITHOUT ROWID;
"""
MOST = 2  # facts beside the passages
ENOUGH = 0.5  # share of the question's words
SOME = 0.2
NEAR = 0.35  # the least cosine of a fact that shares no word with the question
ALONE = 0.5  # the same where there is no passage to compare with
AMONG = 3  # the passages that a fact must be as near as


class Facts:
    """What the person asked to remember. The file is made with the first fact, and opened for each call."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(self, words: str) -> Fact:
        """Keep a fact; return it with its number. Raises UsageError for one that is empty, too long or one too many."""
        text = " ".join(words.split()).encode("utf-8", "replace").decode()
        if not text or len(text) > LONGEST:
            raise UsageError("There is nothing to remember." if not text else f"That is longer than {LONGEST} characters.",
                             'Say one fact: assistant memory add "The office closes at 18:00."')
        said = datetime.now().astimezone().isoformat(timespec="seconds")
        with self._open(make=True) as database:
            if database.execute("SELECT count(*) FROM facts").fetchone()[0] >= MOST:
                raise UsageError(f"{MOST} facts are kept already.", "Forget some: assistant memory list")
            number = database.execute("INSERT INTO facts (said, text) VALUES (?, ?)", (said, text)).lastrowid
        return Fact(number or 0, said, text)

    def all(self) -> tuple[Fact, ...]:
        """Return every fact in the order in which they were said. Raises MemoryUnusable."""
        if not self.file.exists():
            return ()
        with self._open() as database:
            return tuple(Fact(*row) for row in database.execute("SELECT number, said, text FROM facts ORDER BY number"))

    def forget(self, numbers: Sequence[int]) -> int:
        """Remove facts by number; return how many. Raises UsageError for a number that no fact has, before any is removed."""
        known = {fact.number for fact in self.all()}
        if unknown := [number for number in numbers if number not in known]:
            raise UsageError(f"There is no memory {unknown[0]}.", "See what is kept: assistant memory list")
        with self._open() as database:
            for number in set(numbers):
                database.execute("DELETE FROM facts WHERE number = ?", (number,))
                database.execute("DELETE FROM vectors WHERE number = ?", (number,))
        return len(set(numbers))

    def vectors(self, facts: Sequence[Fact], embedder: Embedder) -> Vectors:
        """Return the facts' unit vectors, of shape (facts, dimension); each is made once and kept. Raises MemoryUnusable."""
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
        except (OSError, sqlite3.Error) as error:
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
    """Return the error that a person can act on."""
    return MemoryUnusable(f"{file} cannot be used: {error}.",
                          "Check its permissions and the disk; where it is damaged, move it away: facts are kept anew.")


def found(question: str, facts: Sequence[Fact], cosines: Sequence[float], hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the facts that bear on a question, the best first; `cosines` has one for each fact, or is empty."""
    asked = set(query_terms(question))
    near = sorted((hit.cosine for hit in hits if hit.cosine is not None), reverse=True)[:AMONG] or [ALONE]
    scored = []
    for place, fact in enumerate(facts):
        shared = len(asked & set(query_terms(fact.text))) / max(1, len(asked))
        cosine = cosines[place] if len(cosines) else 0.0
        if shared >= ENOUGH or (shared >= SOME and cosine >= near[-1]) or cosine >= max(near[0], NEAR):
            scored.append((shared + cosine, fact, cosine))
    best = sorted(scored, key=lambda each: -each[0])[:MOST]
    return tuple(fact_hit(fact, cosine) for _, fact, cosine in best)


def fact_hit(fact: Fact, cosine: float) -> Hit:
    """Return a fact as a hit; no file and no passage has its path or its id."""
    text = Chunk(fact.text, Location(1, 1, 0, len(fact.text)), f"The user asked on {fact.said[:10]} to remember this:")
    return Hit(-fact.number, f"memory:{fact.number}", f"Memory {fact.number}, which you asked to keep on {fact.said[:10]}", text,
               cosine=cosine, kind="memory")


def placed(hits: Sequence[Hit], facts: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits with each fact before the first passage that is less near to the question than it is."""
    result = list(hits)
    for fact in reversed(facts):
        nearer = [place for place, hit in enumerate(result) if (hit.cosine or 0.0) <= (fact.cosine or 0.0)]
        result.insert(min([AMONG, *nearer]), fact)
    return tuple(result)

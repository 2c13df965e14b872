"""Generations of chunks: their ids, the notes of those being written or replaced, and sweeping what nobody sees.

An id holds the second in which its generation began and a random number, so machines choose ids without asking each other.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from assistant.index.milvus.connection import MilvusConnection, Row
from assistant.index.milvus.rows import FILE, GENERATION, ledger_row, row_id, unpacked_text
from assistant.index.milvus.schema import LEDGER, PASSAGES, VECTORS

EPOCH = 1_577_836_800  # seconds from 1970 to 2020
RANDOM_BITS = 33  # of an id; the other 30 are seconds, which last until 2054
CHECKED = 2**20  # ids that must be free when a number is drawn
DRAWN_SECONDS = 60  # how long the ids behind a drawn number are used
READER_SECONDS = 60.0  # how long a search may use a generation that was replaced
ABANDONED_SECONDS = 3_600.0  # a machine that began a generation so long ago has given it up


class NewIds:
    """Draws the ids of new generations: a free range once a minute, whose ids are then given one after another."""

    def __init__(self, connection: MilvusConnection) -> None:
        self._connection = connection
        self._drawn = self._next = 0
        self._second = -DRAWN_SECONDS

    def start(self) -> int:
        """Return the first id of a new generation."""
        second = int(time.time()) - EPOCH
        while abs(second - self._second) >= DRAWN_SECONDS or self._next - self._drawn > CHECKED // 2:
            self._second, self._drawn, self._next = -DRAWN_SECONDS, 0, 0
            self._connection.move_on()
            drawn = (second << RANDOM_BITS) | secrets.randbits(RANDOM_BITS - 1)
            if not self._connection.count(PASSAGES, f"id >= {drawn} and id < {drawn + CHECKED}"):
                self._second, self._drawn, self._next = second, drawn, drawn
        return self._next

    def advance(self, number: int) -> None:
        """Continue with this id: those before are used."""
        self._next = max(self._next, number)


@dataclass(frozen=True, slots=True)
class GenerationNote:
    """A generation that a machine is writing in place of another, or an old one that no file has any more."""

    first: int
    replaces: int
    writer: str
    time: float
    is_old: bool = False
    size: int = 0  # ids of the generation, if they are known

    @property
    def id(self) -> str:
        """The primary key of the note."""
        return row_id(GENERATION, str(self.first))

    def row(self) -> Row:
        """Return the note as a row of the ledger."""
        return ledger_row(GENERATION, str(self.first), asdict(self))

    def is_due(self, writer: str, now: float, *, everything: bool) -> bool:
        """Return whether it may be swept by a machine on which no other process writes."""
        age = now - self.time
        if self.is_old:
            return everything or age > READER_SECONDS
        return self.writer == writer or age > ABANDONED_SECONDS


def read_notes(connection: MilvusConnection) -> list[GenerationNote]:
    """Return the notes in the ledger."""
    rows = connection.query(LEDGER, f'kind == "{GENERATION}"', ("value",))
    return [GenerationNote(**json.loads(unpacked_text(row["value"]))) for row in rows]


def visible_generations(connection: MilvusConnection) -> set[int]:
    """Return the generations that files have now."""
    rows = connection.query(LEDGER, f'kind == "{FILE}"', ("value",))
    return {int(json.loads(unpacked_text(row["value"]))["first"]) for row in rows}


def sweep(connection: MilvusConnection, writer: str, *, everything: bool) -> int:
    """Erase the noted generations that no file has; return their number.

    The notes are read before the ledger: a generation whose note is gone is visible by then, or was replaced.
    """
    notes = [note for note in read_notes(connection) if note.is_due(writer, time.time(), everything=everything)]
    seen = visible_generations(connection) if notes else set()
    sizes = {note.replaces: 0 for note in notes} | {note.first: note.size for note in notes}
    dead = {first: size for first, size in sizes.items() if first and first not in seen}
    erase_generations(connection, dead)
    connection.delete(LEDGER, "id", [note.id for note in notes])
    return len(dead)


def erase_generations(connection: MilvusConnection, sizes: Mapping[int, int]) -> None:
    """Delete the chunks and vectors of generations, given with the number of their ids, 0 if that is not known."""
    ids = [number for first, size in sizes.items() for number in range(first, first + size)]
    unknown = [first for first, size in sizes.items() if not size]
    for collection in (PASSAGES, VECTORS) if sizes else ():
        if collection == PASSAGES or connection.has(collection):
            connection.delete(collection, "id", ids)  # by primary key: no search for them
            connection.delete(collection, "file", unknown)

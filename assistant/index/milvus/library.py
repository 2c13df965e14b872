"""A shared library in Milvus: reading, writing, and keeping it consistent."""

from __future__ import annotations

import json
import platform
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from assistant.datatypes import FileState, Finding, LibraryMetrics, MachineSync, Severity
from assistant.errors import ServerUnavailable
from assistant.index.integrity import REPAIR, SYNC
from assistant.index.milvus.generations import erase_generations, read_notes, sweep
from assistant.index.milvus.roots import MilvusRoots
from assistant.index.milvus.rows import MACHINE, FileRow, ledger_row, unpacked_text
from assistant.index.milvus.schema import LEDGER, PASSAGES, VECTORS, index_for
from assistant.index.sqlite_library import size_of


class MilvusLibrary(MilvusRoots):
    """A library in Milvus; implements `LibraryStore`."""

    def close(self) -> None:
        """Release the leases that this process holds, and close the connection."""
        with suppress(ServerUnavailable):
            self.release()
        super().close()

    def size(self) -> int:
        """Return the size of the file of milvus-lite, or of this machine's folder for a library on a server, in bytes."""
        path = self._connection.address.path
        if not path or not self.access.is_whole:  # the size of the file tells how much is hidden
            return size_of(self.folder)
        return sum(size_of(folder) for folder in (Path(path), *Path(path).rglob("*")) if folder.is_dir())

    def record_sync(self) -> None:
        """Record that this machine has just brought its folders up to date; no other machine reads the ledger again for that."""
        self._require_writable()
        value = {"writer": self._shared.writer, "name": platform.node(), "synced": time.time()}
        self._connection.upsert(LEDGER, [ledger_row(MACHINE, self._shared.writer, value)])

    def metrics(self) -> LibraryMetrics:
        """Count the rows of the files that the reader may see, and measure one request."""
        started = time.perf_counter()
        self._connection.has(LEDGER)
        round_trip = 1000 * (time.perf_counter() - started)
        with self.reading():
            passages = self.count_chunks()
            known = {*self._mirror.writers(), self._shared.writer}
            return LibraryMetrics(
                self._shared.is_read_only, self.count(FileState.INDEXED), passages, passages - self.count_pending_embeddings(),
                sum(note.writer == self._shared.writer for note in read_notes(self._connection)),
                tuple(each for writer, each in self._machines() if writer in known), round(round_trip, 2))

    def _machines(self) -> list[tuple[str, MachineSync]]:
        """Return the id and the last sync of every machine that has written to the library, by name."""
        rows = self._connection.query(LEDGER, f'kind == "{MACHINE}"', ("value",))
        values = [json.loads(unpacked_text(row["value"])) for row in rows]
        found = [(str(value["writer"]), MachineSync(str(value["name"]), float(value["synced"]))) for value in values]
        return sorted(found, key=lambda each: (each[1].machine, each[0]))

    def integrity(self) -> str:
        """Return "ok" if the server answers. Raises ServerUnavailable if it does not."""
        self._connection.count(LEDGER, "")
        return "ok"

    def prepare(self, dimension: int) -> None:
        """Have milvus-lite put what was written into files, and fit the index of the vectors to their number.

        A server puts rows into files by itself, larger ones than if it were asked each time, which takes it seconds.
        """
        for collection in (LEDGER, PASSAGES, VECTORS) if self._connection.is_lite else ():
            with suppress(ServerUnavailable):
                self._connection.flush(collection)
        with suppress(ServerUnavailable):
            self._fit_index()

    def _fit_index(self) -> None:
        """Replace the index of the vectors if there are many more or fewer of them than it is made for."""
        if not self._connection.has(VECTORS):
            return
        present = self._connection.index_kind(VECTORS, "vector")
        wanted = index_for(self._connection.count(VECTORS, ""), present)
        if present and present != wanted.kind:
            self._connection.replace_index(VECTORS, "vector", wanted)

    def erase_removed(self, *, thorough: bool) -> bool:
        """Erase the old generations of changed files that no search uses any more; return True.

        The chunks of removed files went with them.
        """
        self._require_writable()
        sweep(self._connection, self._shared.writer, everything=False)
        return True

    def inspect(self, *, repair: bool) -> tuple[Finding, ...]:
        """Compare the ledger with the chunks and vectors, and erase chunks that no file has; return what is wrong."""
        self._require_writable()
        self._connection.move_on()
        passages, vectors = self._count_generations(PASSAGES), self._count_generations(VECTORS)
        sweep(self._connection, self._shared.writer, everything=True)
        self._leases.sweep()
        written = {note.first for note in read_notes(self._connection)}
        self._refresh()  # after the notes: a generation whose note is gone is visible by then
        rows = [row for path in self.ledger() if (row := self._mirror.row(path)) and row.first]
        visible = {row.first for row in rows}
        erase_generations(self._connection, dict.fromkeys(sorted((passages.keys() | vectors.keys()) - visible - written), 0))
        seen = [row for row in rows if row.first in passages or row.entry.chunks]  # files that another machine adds meanwhile
        broken = [row for row in seen if self._lacks(row, PASSAGES, passages)]
        unembedded = [row for row in seen if not row.waiting and row not in broken and self._lacks(row, VECTORS, vectors)]
        if repair:
            self._repair(broken, unembedded)
        return tuple(finding for finding in (
            found("{count:,} files have lost passages, or have too many; they will be read again", self._count_shown(broken),
                  repair=repair),
            found("{count:,} files have passages without a vector that wait for none", self._count_shown(unembedded),
                  repair=repair),
        ) if finding)

    def _count_shown(self, rows: list[FileRow]) -> int:
        """Return how many of these files the reader may see, or this machine keeps up to date: no other is mentioned."""
        return sum(self._is_shown(row.entry.path, row.entry.root) for row in rows)

    def _count_generations(self, collection: str) -> Counter[int]:
        """Return the number of rows of each generation."""
        if not self._connection.has(collection):
            return Counter()
        return Counter(int(row["file"]) for row in self._connection.iterate(collection, "", ("file",)))

    def _lacks(self, row: FileRow, collection: str, counted: Counter[int]) -> bool:
        """Return whether rows of a file are missing; one that was written after the count is counted again."""
        if counted[row.first] == row.entry.chunks:
            return False
        return not self._connection.has(collection) or (
            self._connection.count(collection, f"file == {row.first}") != row.entry.chunks)

    def _repair(self, broken: list[FileRow], unembedded: list[FileRow]) -> None:
        """Have files read again, or their chunks embedded, by the next `sync`.

        Raises LibraryBusy if another machine keeps one of them up to date at the moment.
        """
        self.hold({row.entry.root for row in (*broken, *unembedded)})
        with self._changing() as changes:
            for row in broken:
                self._put_row(changes, replace(row, entry=replace(row.entry, content_hash="", mtime_ns=0)))
            for row in unembedded:
                self._put_row(changes, replace(row, waiting=True))
        self._pending = None


def found(detail: str, count: int, *, repair: bool) -> Finding | None:
    """Return the finding about so many files, or None if there are none."""
    if not count:
        return None
    said = detail.format(count=count)
    if repair:
        return Finding("repaired", Severity.WARNING, f"{said}: mended.", SYNC)
    return Finding("library", Severity.ERROR, f"{said}.", REPAIR)

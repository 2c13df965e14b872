"""Write a shared library in Milvus, which has no transactions: a file becomes visible whole, or not at all.

1. The ledger notes that a generation of chunks is being written.
2. Its chunks are written under new ids. Nobody sees them yet.
3. One request replaces the rows of the ledger: files, named values, and the version. It makes all of a transaction visible.
4. The chunks of removed files are deleted. Those of replaced files stay for a while, since a search may still be using them.

What a killed process leaves behind is named by the notes of the first step, and swept by the next run of the same machine, or by
`doctor --check`. Machines write at the same time without waiting for each other, each the files of the roots whose leases it
holds: see `leases`. Of files below no root the last writer counts.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from assistant.datatypes import Chunk, FileState, LedgerEntry, Vectors
from assistant.errors import LibraryBusy
from assistant.index.fts_text import body_text
from assistant.index.milvus.connection import ROWS_AT_ONCE, MilvusConnection, Row
from assistant.index.milvus.generations import ABANDONED_SECONDS, GenerationNote, NewIds, erase_generations, sweep
from assistant.index.milvus.journal import MOST_ENTRIES, JournalEntry, base_row, entry_row, read_journal, sweep_journal
from assistant.index.milvus.leases import LEASE_SECONDS, Lease, LeaseTable
from assistant.index.milvus.names import name_of
from assistant.index.milvus.reader import DIMENSION_KEY, SCHEMA_KEY, VERSION_KEY, MilvusReader
from assistant.index.milvus.rows import (
    FILE,
    GENERATION,
    META,
    FileRow,
    chunk_row,
    file_key,
    file_row,
    gone_row,
    ledger_row,
    row_id,
    translated,
)
from assistant.index.milvus.schema import LEDGER, PASSAGES, SCHEMA_VERSION, VECTORS, vectors_collection
from assistant.index.milvus.tokens import sparse_vector
from assistant.index.places import SharedPlace, require_writable
from assistant.index.rights import WHOLE, Access
from assistant.index.store import vector_key

CHUNKS_AT_ONCE = 512
TOO_LONG = "one of its passages is too long for a shared library"


@dataclass(slots=True)
class Changes:
    """What a transaction has changed so far. `notes` are of generations in the making, `erased` and `replaced` of old ones."""

    rows: dict[str, Row] = field(default_factory=dict)  # of the ledger, by id
    of_root: dict[str, list[str]] = field(default_factory=dict)  # ids of the rows of files by the name of their root
    files: set[str] = field(default_factory=set)  # paths in the library of the files that changed
    keys: set[str] = field(default_factory=set)  # of the named values that changed
    has_others: bool = False  # whether rows of other kinds have changed
    renames: bool = False  # whether paths are translated otherwise from now on
    notes: dict[int, GenerationNote] = field(default_factory=dict)
    noted: set[int] = field(default_factory=set)  # generations whose note is written
    passages: list[Row] = field(default_factory=list)  # not written yet
    vectors: list[Row] = field(default_factory=list)
    unsought: set[str] = field(default_factory=set)  # keys of new chunks' texts, of which a vector may be stored
    has_new_vectors: bool = False
    erased: dict[int, int] = field(default_factory=dict)  # number of ids by first id
    replaced: dict[int, int] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def put(self, kind: str, key: str, value: Mapping[str, Any]) -> None:
        """Add a row of the ledger."""
        row = ledger_row(kind, key, value)
        self.rows[row["id"]] = row
        self._note(kind, key)

    def drop(self, kind: str, key: str) -> None:
        """Remove a row of the ledger."""
        row = gone_row(kind, key)
        self.rows[row["id"]] = row
        self._note(kind, key)

    def _note(self, kind: str, key: str) -> None:
        if kind == META:
            self.keys.add(key)
        else:
            self.has_others = True

    def put_file(self, path: str, row: Row) -> None:
        """Add the row of a file, given by its path in the library, or of its removal."""
        self.rows[row["id"]] = row
        self.files.add(path)
        if name := name_of(path):
            self.of_root.setdefault(name, []).append(row["id"])

    def journal_entry(self, previous: str) -> JournalEntry:
        """Return what the journal says of the commit, given with the version before it."""
        return JournalEntry(frozenset(self.files), frozenset(self.keys), previous, self.has_others)


class MilvusWriter(MilvusReader):
    """Write access to a shared library."""

    _changes: Changes | None = None
    _new_ids: NewIds | None = None
    _commits = 0

    def __init__(self, connection: MilvusConnection, place: SharedPlace, folder: Path, access: Access = WHOLE) -> None:
        super().__init__(connection, place, folder, access)
        self._leases = LeaseTable(connection, place.writer, version_rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Group several changes into one; if the block raises, none of them is visible."""
        if self._changes is not None:
            yield
            return
        self._require_writable()
        with self.reading():
            self._changes = Changes()
            try:
                with self._mirror.unsaved():
                    yield
                    self._commit(self._changes)
            except BaseException:
                self._read_again()
                self._new_ids = None  # chunks may be written under the ids that were given
                self._forget()
                raise
            finally:
                self._changes = None

    def _require_writable(self) -> None:
        """Raise UsageError if the library is linked read-only. A store that hides files from its reader must not write either."""
        require_writable(self._shared)
        if not self.access.is_whole:
            raise RuntimeError("a library was opened to be read, and written to")

    @contextmanager
    def _changing(self) -> Iterator[Changes]:
        with self.transaction():
            assert self._changes is not None
            yield self._changes

    def _commit(self, changes: Changes) -> None:
        self._reuse_vectors(changes)
        self._write_staged(changes)
        if not (changes.rows or changes.notes or changes.erased or changes.replaced or changes.has_new_vectors):
            return
        if time.monotonic() - changes.started > ABANDONED_SECONDS / 2:
            raise LibraryBusy("Writing took so long that another machine may have swept it.", "Run the command again.")
        known = self._journal or read_journal(self._connection)  # what it says of the version in memory, if that is stored still
        with self._connection.at_one_moment():
            self._require_leases(self._leases.lost(changes.of_root))
            previous, now = self._stored_version(), time.time()
        version = secrets.token_hex(16)
        for key, value in version_values(version):
            self._mirror.set_meta(key, value)
            changes.put(META, key, {"key": key, "value": value})
        entry = changes.journal_entry(previous)
        journal = entry_row(version, entry)
        old = {first: GenerationNote(first, 0, self._shared.writer, now, is_old=True, size=size)
               for first, size in (changes.erased | changes.replaced).items()}
        rows = {**changes.rows, journal["id"]: journal, **{note.id: note.row() for note in old.values()}}
        finished = changes.notes.keys() - old.keys()  # one that was replaced or removed at once keeps its note as an old one
        for first in finished:
            rows[row_id(GENERATION, str(first))] = gone_row(GENERATION, str(first))
        self._connection.upsert(LEDGER, list(rows.values()))
        lost = self._leases.lost(changes.of_root)
        self._connection.delete(LEDGER, "id", [row for lease in lost for row in changes.of_root[lease.name]])
        self._require_leases(lost)  # before anything is erased: the other machine shows the old generations
        self._leases.renew()
        self._snapshot, self._keywords = None, None
        if previous == self._version and not (self._has_committed and self._journal is None):
            self._journal = known.with_entry(version, entry)
        self._version, self._has_committed = version, True
        if changes.renames:
            self._read_again()
        self.generation += 1
        erase_generations(self._connection, changes.erased)
        done = [row_id(GENERATION, str(first)) for first in (*finished, *changes.erased)]
        self._connection.delete(LEDGER, "id", done)
        self._commits += 1
        if self._commits % MOST_ENTRIES == 0:  # a watch may run for months without a run that sweeps
            sweep_journal(self._connection)

    def _require_leases(self, lost: Sequence[Lease]) -> None:
        """Raise LibraryBusy if another machine has taken over a root whose files were to be changed."""
        self._leases.forget(lease.name for lease in lost)
        if lost:
            raise self._kept_elsewhere(lost[0])

    def _kept_elsewhere(self, lease: Lease) -> LibraryBusy:
        """Return the error for a change of files that another machine keeps up to date. It names no root that is hidden."""
        roots = [self._mirror.names.to_local(root) for root in self._mirror.root_values if name_of(root) == lease.name]
        return kept_elsewhere(lease) if any(map(self._is_shown, roots)) else kept_elsewhere(Lease(""))

    # chunks

    def put_document(self, entry: LedgerEntry, title: str, chunks: Iterable[Chunk]) -> int:
        """Replace a file's chunks and its ledger entry; chunks whose vector is not stored become pending.

        Return their number, which the entry gets. A file with a passage that is too long for Milvus is recorded as failed.
        """
        with self._changing() as changes:
            known = self._mirror.row(entry.path)
            new_ids = self._new_ids = self._new_ids or NewIds(self._connection)
            first = new_ids.start()
            changes.notes[first] = GenerationNote(first, known.first if known else 0, self._shared.writer, time.time())
            left, count, words = iter(chunks), 0, 0
            try:
                while batch := list(islice(left, CHUNKS_AT_ONCE)):
                    split = self._tokenizer.split([body_text(entry.path, chunk.searchable) for chunk in batch])
                    self._stage(changes, first, count, batch, split)
                    count += len(batch)
                    words += sum(map(len, split))
            except ValueError:
                new_ids.advance(first + count + CHUNKS_AT_ONCE)  # these ids are erased, so no other file may get them
                changes.erased[first] = count + CHUNKS_AT_ONCE
                self._pending_chunks().forget(first)
                self.put_entry(replace(entry, state=FileState.FAILED, reason=TOO_LONG, chunks=0))
                return 0
            new_ids.advance(first + count)
            self._put_row(changes, FileRow(replace(entry, chunks=count), title, first if count else 0, words, waiting=count > 0))
            if known and known.first:
                changes.replaced[known.first] = known.entry.chunks
                self._pending_chunks().forget(known.first)
            return count

    def _stage(self, changes: Changes, first: int, count: int, batch: Sequence[Chunk], split: Sequence[Sequence[str]]) -> None:
        """Add the rows of some chunks to those to be written. Whether their vectors are stored is asked once, with the commit."""
        pending = self._pending_chunks()
        for ordinal, (chunk, words) in enumerate(zip(batch, split, strict=True), count):
            number, key = first + ordinal, vector_key(chunk.searchable)
            changes.passages.append(chunk_row(number, first, ordinal, chunk, key, sparse_vector(words)))
            changes.unsought.add(key.hex())
            pending.add(number, first, key.hex())
        if len(changes.passages) >= CHUNKS_AT_ONCE:
            self._write_staged(changes)

    def _reuse_vectors(self, changes: Changes) -> None:
        """Give new chunks the vectors that are stored for their texts."""
        sought, changes.unsought = changes.unsought, set()
        if sought and self._mirror.meta(DIMENSION_KEY):
            known = {key.hex(): vector for key, vector in self._vectors_by_key(map(bytes.fromhex, sorted(sought))).items()}
            self._attach(changes, self._pending_chunks().with_keys(known), known)

    def _write_staged(self, changes: Changes) -> None:
        """Note which generations are being written, then write the rows that are ready."""
        unnoted = [note for first, note in changes.notes.items() if first not in changes.noted]
        self._connection.upsert(LEDGER, [note.row() for note in unnoted])
        changes.noted.update(note.first for note in unnoted)
        for collection, rows in ((PASSAGES, changes.passages), (VECTORS, changes.vectors)):
            for start in range(0, len(rows), ROWS_AT_ONCE):
                self._connection.upsert(collection, rows[start : start + ROWS_AT_ONCE])
        changes.has_new_vectors |= bool(changes.vectors)
        changes.passages, changes.vectors = [], []

    def _put_row(self, changes: Changes, row: FileRow) -> None:
        _, epoch = self._writable(changes, row.entry.path)
        self._mirror.put(row)
        shared = replace(row, entry=translated(row.entry, self._mirror.names.to_shared))
        changes.put_file(shared.entry.path, file_row(shared, epoch))

    def _drop_row(self, changes: Changes, path: str) -> None:
        _, epoch = self._writable(changes, path)
        shared = self._mirror.names.to_shared(path)
        changes.put_file(shared, gone_row(FILE, file_key(shared, epoch)))

    def _name(self, path: str) -> str:
        return name_of(self._mirror.names.to_shared(path))

    def _may_write(self, path: str) -> bool:
        name = self._name(path)
        return not name or bool(self._leases.held(name).fence)

    def _writable(self, changes: Changes, path: str) -> tuple[str, str]:
        """Return the name of a file's root and its epoch. Raises LibraryBusy unless this machine keeps the root up to date.

        The lease of a root that no other machine has ever kept up to date is taken.
        """
        name = self._name(path)
        if not name or (lease := self._leases.held(name)).fence:
            return name, lease.epoch if name else ""
        lease = self._mirror.leases.get(name, lease)
        if lease.holder in {"", self._shared.writer}:
            lease, is_taken_over = self._leases.take(name)
            changes.renames |= is_taken_over
            self._mirror.leases[name] = lease
        if lease.holder != self._shared.writer:
            raise self._kept_elsewhere(lease)
        return name, lease.epoch

    def _erase(self, changes: Changes, row: FileRow | None) -> None:
        """Erase the chunks of a file with the commit."""
        if row is not None and row.first:
            changes.erased[row.first] = row.entry.chunks
            self._pending_chunks().forget(row.first)

    def put_entry(self, entry: LedgerEntry) -> None:
        """Record a file without text (skipped or failed) and remove its old chunks."""
        with self._changing() as changes:
            self._erase(changes, self._mirror.row(entry.path))
            self._put_row(changes, FileRow(entry, ""))

    def drop_files(self, paths: Iterable[str]) -> int:
        """Remove files with everything that came from them; return how many were removed."""
        with self._changing() as changes:
            known = [row for path in paths if (row := self._mirror.row(path))]
            for row in known:
                self._erase(changes, row)
                self._drop_row(changes, row.entry.path)
                self._mirror.drop(row.entry.path)
        return len(known)

    def clear(self, paths: Iterable[str], reason: str) -> None:
        """Remove the chunks and vectors of indexed files; the files are skipped, for this reason, until they are read."""
        with self._changing() as changes:
            for row in filter(None, map(self._mirror.row, paths)):
                if row.entry.state is FileState.INDEXED:
                    self._erase(changes, row)
                    cleared = replace(row.entry, state=FileState.SKIPPED, reason=reason, mtime_ns=0, content_hash="", chunks=0)
                    self._put_row(changes, FileRow(cleared, row.title))

    def move_file(self, old: str, entry: LedgerEntry) -> None:
        """Move everything known of a file, and of the files inside it, to a new path with the same name and content."""
        with self._changing() as changes:
            self.drop_files(self._mirror.entries_under([entry.path]))
            for path, known in self._mirror.entries_under([old]).items():
                row = self._mirror.row(path)
                assert row is not None
                moved = replace(known, path=entry.path + path[len(old) :], root=entry.root, mtime_ns=entry.mtime_ns,
                                container=entry.path if known.container else "")
                self._drop_row(changes, path)
                self._mirror.drop(path)
                self._put_row(changes, replace(row, entry=moved))

    def touch(self, path: str, size: int, mtime_ns: int) -> None:
        """Record a new size and mtime of a file whose content is unchanged, and of the files inside it."""
        with self._changing() as changes:
            for row in self._mirror.put_touched(path, size, mtime_ns):
                self._put_row(changes, row)

    # vectors

    def put_vectors(self, vectors: Mapping[bytes, Vectors], settled: Iterable[int] = ()) -> None:
        """Store vectors by the keys of their texts; chunks with these texts, and `settled` ones, are no longer pending."""
        with self._changing() as changes:
            pending = self._pending_chunks()
            given: dict[str, Sequence[float]] = {key.hex(): halved(vector) for key, vector in vectors.items()}
            changes.unsought -= given.keys()
            self._absent -= given.keys()
            chosen = pending.with_keys(given) | {chunk for chunk in settled if chunk in pending}
            missing = {pending.key_of(chunk) for chunk in chosen} - given.keys()
            known = self._vectors_by_key(bytes.fromhex(key) for key in missing)
            self._attach(changes, chosen, given | {key.hex(): vector for key, vector in known.items()})

    def _attach(self, changes: Changes, chunks: set[int], vectors: Mapping[str, Sequence[float]]) -> None:
        """Write the vectors of these pending chunks, as far as they are among those given by the keys of their texts."""
        pending = self._pending_chunks()
        attached = [chunk for chunk in sorted(chunks) if pending.key_of(chunk) in vectors]
        if vectors:
            self._require_vectors(changes, len(next(iter(vectors.values()))))
        files = {pending.file_of(chunk) for chunk in attached}
        for chunk in attached:
            key = pending.key_of(chunk)
            changes.vectors.append(vector_row(chunk, pending.file_of(chunk), key, vectors[key]))
            pending.remove(chunk)
        self._write_staged(changes)
        self._settle_files(changes, files - pending.files)

    def _settle_files(self, changes: Changes, files: set[int]) -> None:
        """Record that all chunks of these generations have a vector, as far as this machine writes their files."""
        for row in self._mirror.rows_of(files):
            if row.waiting and self._may_write(row.entry.path):
                self._put_row(changes, replace(row, waiting=False))

    def _require_vectors(self, changes: Changes, dimension: int) -> None:
        """Create the collection of the vectors, anew if those of another model are in it."""
        has_any = self._connection.has(VECTORS)
        if has_any and self._mirror.meta(DIMENSION_KEY) == str(dimension):
            return
        if has_any and self._connection.dimension_of(VECTORS, "vector") != dimension:
            self._connection.drop(VECTORS)
        self._connection.open(vectors_collection(dimension))
        self._mirror.set_meta(DIMENSION_KEY, str(dimension))
        changes.put(META, DIMENSION_KEY, {"key": DIMENSION_KEY, "value": str(dimension)})

    def drop_orphaned_vectors(self, kept_seconds: float) -> int:
        """Sweep what interrupted writes and replaced files left behind; return the number of generations erased.

        The vectors of removed chunks went with them. Replaced generations that a search may still be using stay for now.
        """
        with self._changing() as changes:  # a writer may have been killed before it recorded that no chunk waits
            waiting = {row.first for row in self._mirror.rows_waiting()}
            self._settle_files(changes, waiting - self._pending_chunks().files)
        sweep_journal(self._connection)
        return sweep(self._connection, self._shared.writer, everything=False)

    # values

    def set_meta(self, key: str, value: str) -> None:
        """Store a value."""
        with self._changing() as changes:
            if self._mirror.meta(key) != value:
                self._mirror.set_meta(key, value)
                changes.put(META, key, {"key": key, "value": value})

    def drop_meta(self, keys: Iterable[str]) -> None:
        """Remove keys."""
        with self._changing() as changes:
            for key in keys:
                if key in self._mirror.meta_with_prefix(key):
                    self._mirror.drop_meta([key])
                    changes.drop(META, key)


def version_values(version: str) -> tuple[tuple[str, str], ...]:
    """Return the named values that every change of the library replaces."""
    return (VERSION_KEY, version), (SCHEMA_KEY, str(SCHEMA_VERSION))


def version_rows() -> list[Row]:
    """Return the rows with which a change that is none of files becomes visible to the others."""
    values = version_values(secrets.token_hex(16))
    return [base_row(), *(ledger_row(META, key, {"key": key, "value": value}) for key, value in values)]


def kept_elsewhere(lease: Lease) -> LibraryBusy:
    """Return the error for a change of files that another machine keeps up to date; without a name, of any root."""
    root, machine = f"'{lease.name}'" if lease.name else "A folder of the library", lease.machine or "another machine"
    return LibraryBusy(f"{root} is kept up to date by {machine} now.",
                       f"Change it there, or stop the watch there (assistant watch --stop) and try again in "
                       f"{LEASE_SECONDS / 60:.0f} minutes.")


def halved(vector: Vectors) -> list[float]:
    """Return a vector in the half precision of the default store, so that both stores score alike."""
    rounded: list[float] = np.asarray(vector).astype(np.float16).astype(np.float32).tolist()
    return rounded


def vector_row(number: int, file: int, key: str, vector: Sequence[float]) -> Row:
    """Return the row of a chunk's vector."""
    return {"id": number, "file": file, "key": key, "vector": list(vector)}

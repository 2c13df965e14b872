"""Read a shared library in Milvus: its ledger, the chunks of files, keyword search and the view of its vectors.

The ledger is kept in memory; when its version has changed, what has changed is read (see `journal`). Chunks and vectors stay on
the server. Within `reading` and `transaction` one version is used throughout.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from assistant.datatypes import EVERY_FILE, Chunk, FileState, Filter, LedgerEntry
from assistant.errors import LibraryBusy, LibraryDamaged
from assistant.index.change_log import Ids
from assistant.index.chunks import StoredChunk, quoted_words
from assistant.index.file_text import FileCount
from assistant.index.fts_text import body_text
from assistant.index.interfaces import Nearest, Phrases
from assistant.index.milvus.connection import MOST_RESULTS, MilvusConnection, Row, no_library
from assistant.index.milvus.journal import Journal, read_journal
from assistant.index.milvus.keywords import KeywordIndex
from assistant.index.milvus.leases import Lease
from assistant.index.milvus.mirror import LedgerMirror
from assistant.index.milvus.names import name_of
from assistant.index.milvus.pending import PendingChunks
from assistant.index.milvus.positions import FilePositions
from assistant.index.milvus.rows import (
    CHUNK_FIELDS,
    EXCLUDED,
    FILE,
    LEASE,
    META,
    MOUNT,
    ROOT,
    FileRow,
    file_key,
    parsed_chunk,
    parsed_file,
    row_id,
    translated,
    unpacked_text,
)
from assistant.index.milvus.schema import (
    LEDGER,
    LEDGER_COLLECTION,
    PASSAGES,
    PASSAGES_COLLECTION,
    VECTORS,
    Collection,
    require_current,
    vectors_collection,
)
from assistant.index.milvus.snapshot import Snapshot, expand
from assistant.index.milvus.tokens import Tokenizer
from assistant.index.milvus.vectors import MilvusView
from assistant.index.places import SharedPlace
from assistant.index.rights import WHOLE, Access

VERSION_KEY, SCHEMA_KEY, DIMENSION_KEY = "version", "schema", "dimension"
FRESH_SECONDS = 0.1  # single reads outside `reading` use a version at most this old,
FRESH_LOOKS = 5  # or so many times as old as looking for a new one takes
VISIBLE = ", ".join(f'"{kind}"' for kind in (FILE, META, ROOT, EXCLUDED, MOUNT, LEASE))
COUNT_TRIES = 5  # of a ledger from which another machine removes files while it is read
READ_TRIES = 3  # a file that is replaced while it is read is read again


class MilvusReader:
    """Read access to a shared library."""

    is_shared = True

    def __init__(self, connection: MilvusConnection, place: SharedPlace, folder: Path, access: Access = WHOLE) -> None:
        self.folder, self.access = folder, access
        self.generation = 0
        self._connection, self._shared = connection, place
        self._mirror, self._tokenizer = LedgerMirror(place.writer), Tokenizer()
        self._depth, self._checked, self._look_seconds = 0, 0.0, 0.0
        self._version: str | None = None
        self._journal: Journal | None = None
        self._has_committed = False  # since the last look: another machine may have committed just before
        self._forget()
        if place.is_read_only and not connection.has(LEDGER):
            raise no_library(place.address)
        for collection in (PASSAGES_COLLECTION, LEDGER_COLLECTION):  # a library exists once it has a ledger
            self._open(collection)
        if connection.has(VECTORS):
            self._open(vectors_collection(connection.dimension_of(VECTORS, "vector")))
        self._refresh()
        require_current(self._mirror.meta(SCHEMA_KEY))

    def _open(self, collection: Collection) -> None:
        if self._shared.is_read_only:
            self._connection.load(collection.name)
        else:
            self._connection.open(collection)

    @property
    def place(self) -> str:
        """The address of the library."""
        return self._shared.address

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        self._mirror.close()
        self._tokenizer.close()

    # versions

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Group several reads into one version of the ledger."""
        if not self._depth:
            self._refresh()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def _refresh(self) -> None:
        """Read what has changed in the ledger, or all of it; again if it changes meanwhile and that takes several requests."""
        for tries_left in reversed(range(READ_TRIES)):
            begun = time.monotonic()
            with self._connection.at_one_moment():
                stored = self._stored_version()
                is_known = self._is_known(stored)
            self._look_seconds = time.monotonic() - begun
            if is_known:
                break
            is_settled = not (tries_left and self._read_changes(stored)) and self._read_all(stored)
            self._has_committed = False
            self._forget()
            if is_settled:
                break
        self._checked = time.monotonic()

    def _is_known(self, version: str) -> bool:
        """Return whether a version of the ledger is the one in memory.

        After a commit of this machine its version does not tell: it replaces that of a commit which came just before, which only
        the journal shows.
        """
        if version != self._version or (self._has_committed and self._journal is None):
            return False
        if self._has_committed and self._journal is not None:
            self._has_committed = read_journal(self._connection, self._journal) != self._journal
        return not self._has_committed

    def _read_all(self, version: str) -> bool:
        """Read the whole ledger, which has this version or a later one; return whether that was a single request.

        What the journal says before is in it. Of several requests the first may have come before a commit and the last after it.
        """
        self._journal = read_journal(self._connection) if self._version is not None else None
        rows = self._ledger_rows()
        self._mirror.load(rows, self.access)
        is_single = len(rows) < MOST_RESULTS
        self._version = self._mirror.meta(VERSION_KEY) if is_single else version
        return is_single

    def _read_changes(self, version: str) -> bool:
        """Read the rows that have changed up to a version; return False if it cannot be told which those are."""
        if self._journal is None:  # most programs end before anything changes
            return False
        journal = read_journal(self._connection, self._journal)
        changed = journal.since(self._journal, self._version or "", version)
        if changed is None:
            return False
        epochs = {name: self._mirror.epoch_of(name) for name in map(name_of, changed.files)}
        ids = [row_id(FILE, file_key(path, epochs[name_of(path)])) for path in changed.files]
        ids += [row_id(META, key) for key in changed.keys]
        rows = self._connection.by_values(LEDGER, "id", ids, ("kind", "value"))
        if len(rows) < len(ids):  # removed files have a row too
            return False
        self._mirror.update(changed.files, changed.keys, rows, self.access)
        self._journal, self._version = journal, version
        return True

    def _read_again(self) -> None:
        """Have the whole ledger read at the next look: the memory may differ from the server."""
        self._version, self._journal = None, None

    def _ledger_rows(self) -> list[Row]:
        """Return the visible rows of the ledger, which are counted: a file that is left out would never be found."""
        for _ in range(COUNT_TRIES):
            with self._connection.at_one_moment():
                count = self._connection.count(LEDGER, f"kind in [{VISIBLE}]")
                rows = self._connection.query(LEDGER, f"kind in [{VISIBLE}]", ("kind", "value"))
            if len(rows) >= count:
                return rows
        self._connection.require_all(len(rows), count)  # files that were removed meanwhile are not missing for long
        return rows

    def _stored_version(self) -> str:
        rows = self._connection.by_values(LEDGER, "id", [row_id(META, VERSION_KEY)], ("value",))
        return str(json.loads(unpacked_text(rows[0]["value"]))["value"]) if rows else ""

    def _forget(self) -> None:
        """Drop what was derived from the last version."""
        self._connection.move_on()
        self.generation += 1
        self._snapshot: Snapshot | None = None
        self._keywords: KeywordIndex | None = None
        self._pending: PendingChunks | None = None
        self._absent: set[str] = set()  # keys of texts of which no vector is stored
        self._positions: dict[int, FilePositions] = {}

    @property
    def _ledger(self) -> LedgerMirror:
        if not self._depth and time.monotonic() - self._checked > max(FRESH_SECONDS, FRESH_LOOKS * self._look_seconds):
            self._refresh()
        return self._mirror

    def _current(self) -> Snapshot:
        ledger = self._ledger
        if self._snapshot is None:
            self._snapshot = Snapshot(f"{self._version}/{self.generation}", *ledger.generations(), ledger.count_words())
        return self._snapshot

    # ledger

    def roots(self) -> tuple[str, ...]:
        """Return the paths that were added, on any machine."""
        return self._ledger.roots()

    def own_roots(self) -> tuple[str, ...]:
        """Return the added paths that this machine has."""
        return self._ledger.own_roots()

    def root_groups(self) -> dict[str, tuple[str, ...]]:
        """Return the groups of every added path; none if all may read it."""
        return self._ledger.root_groups()

    def excluded(self) -> tuple[str, ...]:
        """Return the paths that were excluded by hand."""
        return self._ledger.excluded()

    def ledger(self) -> dict[str, LedgerEntry]:
        """Return the entry of every file by path."""
        return self._ledger.ledger()

    def entry(self, path: str) -> LedgerEntry | None:
        """Return the entry of one file, or None if the library does not know it.

        A path that was noted before this machine had the root is known too.
        """
        return self._ledger.entry(path) or self._mirror.entry(self._mirror.names.to_local(path))

    def entries_under(self, paths: Iterable[str]) -> dict[str, LedgerEntry]:
        """Return the entries of these files and of all files below these folders, by path."""
        return self._ledger.entries_under(paths)

    def count(self, state: FileState) -> int:
        """Return the number of files with this status."""
        return self._ledger.count(state)

    def count_files(self, state: FileState, filter: Filter) -> FileCount:
        """Count the files of a status that pass a filter."""
        return self._ledger.count_files(state, filter)

    def indexed_files(self, filter: Filter, after: str, limit: int) -> list[LedgerEntry]:
        """Return at most `limit` entries of files with text that pass a filter, by path, from the path behind `after`."""
        return self._ledger.indexed_files(filter, after, limit)

    def filtered_files(self, filter: Filter) -> list[tuple[str, str, str, int]]:
        """Return (path, title, content hash, mtime in ns) of the files with text that pass a filter, by path."""
        return self._ledger.filtered_files(filter)

    def passes(self, path: str, filter: Filter) -> bool:
        """Return whether the library holds this file and it passes a filter."""
        return self._ledger.passes(path, filter)

    def modified_ns(self, paths: Sequence[str]) -> dict[str, int]:
        """Return when these files were changed, by path, in nanoseconds since 1970; files without text are left out."""
        return self._ledger.modified_ns(paths)

    def meta(self, key: str) -> str:
        """Return a value; an empty string if the key is absent."""
        return self._ledger.meta(key)

    def meta_with_prefix(self, prefix: str) -> dict[str, str]:
        """Return the values whose keys start with a prefix, by key."""
        return self._ledger.meta_with_prefix(prefix)

    def _is_shown(self, path: str, root: str = "") -> bool:
        """Return whether a file or added path may be named to the reader: he may see it, or this machine has its root.

        `root`: the added path that a file was read from.
        """
        to_shared = self._mirror.names.to_shared
        return bool({path, root}.intersection(self._mirror.own_roots())) or self._mirror.rights().allows(
            to_shared(path), to_shared(root), self.access.groups)

    # chunks

    def spans(self) -> tuple[Ids, Ids]:
        """Return the first chunk id and the number of chunks of every file, by rising id."""
        current = self._current()
        return current.first, current.sizes

    def count_chunks(self) -> int:
        """Return the number of chunks."""
        return self._current().total

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        """Return the chunks with these ids by id; those that are not visible are left out."""
        wanted = np.array(ids, np.int64)
        wanted = wanted[self._current().visible(wanted)]
        rows = self._connection.by_values(PASSAGES, "id", wanted.tolist(), CHUNK_FIELDS) if len(wanted) else []
        if len(rows) < len(set(wanted.tolist())):
            self._explain_missing(sorted(set(wanted.tolist()) - {int(row["id"]) for row in rows}))
        owners = self._mirror.owner_of(row["file"] for row in rows)
        found = {int(row["id"]): parsed_chunk(row, *owners[row["file"]]) for row in rows if row["file"] in owners}
        return {chunk: found[chunk] for chunk in wanted.tolist() if chunk in found}

    def chunks_of_file(self, path: str) -> list[StoredChunk]:
        """Return all chunks of a file in document order; none if the file is removed while it is read.

        Raises LibraryBusy if it is replaced each time it is read.
        """
        row = self._ledger.row(path)
        for _ in range(READ_TRIES):
            if row is None or not row.first:
                return []
            rows = self._connection.by_values(PASSAGES, "id", row.ids, CHUNK_FIELDS)
            if len(rows) == row.entry.chunks:
                return [parsed_chunk(each, path, row.title) for each in sorted(rows, key=lambda each: int(each["id"]))]
            row = self._stored_row(path)
        raise LibraryBusy(f"{path} is being written by another machine.", "Try again.")

    def _explain_missing(self, ids: Sequence[int]) -> None:
        """Raise LibraryDamaged if chunks are missing of a file that was not removed or replaced meanwhile."""
        current = self._current()
        firsts = current.first[np.unique(current.places(np.array(ids, np.int64)))].tolist()
        for path, _ in self._mirror.owner_of(firsts).values():
            stored = self._stored_row(path)
            if stored is not None and stored.first in firsts:
                said = path if self._is_shown(path, stored.entry.root) else "a file"
                raise LibraryDamaged(f"The shared library does not return all passages of {said}.",
                                     "Try again. If that does not help: assistant doctor --check --repair, then assistant sync")

    def _stored_row(self, path: str) -> FileRow | None:
        """Return the row of a file as it is on the server now, whatever version is being read."""
        self._connection.move_on()
        shared = self._mirror.names.to_shared(path)
        leases = self._connection.by_values(LEDGER, "id", [row_id(LEASE, name_of(shared))], ("value",))
        epoch = Lease(**json.loads(unpacked_text(leases[0]["value"]))).epoch if leases else ""
        rows = self._connection.by_values(LEDGER, "id", [row_id(FILE, file_key(shared, epoch))], ("kind", "value"))
        if not rows or rows[0]["kind"] != FILE:
            return None
        row = parsed_file(json.loads(unpacked_text(rows[0]["value"])))
        return replace(row, entry=translated(row.entry, self._mirror.names.to_local))

    def _file(self, path: str) -> FilePositions:
        """Return where the chunks of a file are; without any for a file that the library does not hold."""
        row = self._ledger.row(path)
        if row is None or not row.first:
            return FilePositions.of_rows([])
        if row.first not in self._positions:
            rows = self._connection.by_values(PASSAGES, "id", row.ids, ("id", "char_start", "char_end"))
            if len(rows) < row.entry.chunks:
                self._explain_missing([row.first])
            self._positions[row.first] = FilePositions.of_rows(rows)
        return self._positions[row.first]

    def _in_order(self, ids: Sequence[int]) -> list[StoredChunk]:
        found = self.chunks(ids)
        return [found[chunk] for chunk in ids if chunk in found]

    def chunk_at(self, path: str, character: int) -> dict[int, StoredChunk]:
        """Return the chunk that holds this character of a file's text, by its id; an empty dict if there is none."""
        return self.chunks(self._file(path).around(character, 0))

    def adjacent_chunks(self, path: str, start: int, end: int) -> list[Chunk]:
        """Return the chunks directly after and directly before a span of a file's text, as far as they exist."""
        return [stored.chunk for stored in self._in_order(self._file(path).beside(start, end))]

    def beside_each(self, spans: Sequence[tuple[str, int, int]]) -> list[list[Chunk]]:
        """Return, for each span (path, first character, last + 1), the chunks right after and right before it."""
        return [self.adjacent_chunks(*span) for span in spans]

    def chunks_around(self, path: str, character: int, neighbours: int) -> list[StoredChunk]:
        """Return the chunk at a character offset of a file with so many chunks before and after it, in document order."""
        return self._in_order(self._file(path).around(character, neighbours))

    def chunks_from(self, path: str, character: int, limit: int) -> list[StoredChunk]:
        """Return at most `limit` chunks of a file that end behind a character offset, in document order."""
        return self._in_order(self._file(path).ending_behind(character)[:limit])

    def paths_of_chunks(self) -> list[tuple[int, str]]:
        """Return (chunk id, path) of every chunk, by rising id."""
        first, sizes = self.spans()
        owners = self._mirror.owner_of(first.tolist())
        return [(chunk, owners[start][0]) for start, size in zip(first.tolist(), sizes.tolist(), strict=True)
                for chunk in range(start, start + size)]

    def ids_of(self, filter: Filter) -> Ids:
        """Return the ids of the chunks whose files pass the filter, sorted."""
        return expand(*self._ledger.generations(filter))

    # keyword search

    def _index(self) -> KeywordIndex:
        current = self._current()
        if self._keywords is None:
            self._keywords = KeywordIndex(self._connection, current, self._tokenizer, self._bodies)
        return self._keywords

    def _bodies(self, ids: Sequence[int]) -> dict[int, str]:
        return {chunk: body_text(stored.path, stored.chunk.searchable) for chunk, stored in self.chunks(ids).items()}

    def holding_each(self, terms: Sequence[Phrases], limit: int) -> list[list[int]]:
        """Return, for each term, the ids of at most `limit` chunks that hold all of its phrases."""
        return self._index().holding(terms, limit)

    def count_holding_each(self, terms: Sequence[Phrases], limit: int) -> list[int]:
        """Return, for each term, how many chunks hold all of its phrases, counted up to `limit`."""
        return [len(rows) for rows in self.holding_each(terms, limit)]

    def match(self, terms: Sequence[Phrases], limit: int, filter: Filter = EVERY_FILE) -> list[tuple[int, float]]:
        """Return (chunk id, BM25 score), best first, of the chunks that hold all phrases of any of the terms."""
        scores = self._index().match(terms)
        if filter:
            passing = set(self.ids_of(filter).tolist())
            scores = {chunk: score for chunk, score in scores.items() if chunk in passing}
        return sorted(scores.items(), key=lambda each: (-each[1], each[0]))[:limit]

    def says(self, quote: str) -> bool:
        """Return True if a chunk holds the quote's first words (for Chinese: its longest run of characters)."""
        words = quoted_words(quote)
        return bool(words) and bool(self.holding_each([(words,)], 1)[0])

    # vectors

    def view(self, dimension: int, held: Nearest | None) -> MilvusView:
        """Return the current vectors of the library; `held` is kept if nothing has changed."""
        current = self._current()
        if isinstance(held, MilvusView) and held.stamp == (current.version, dimension):
            return held
        return MilvusView(self._connection, current, dimension, self._pending_chunks().ids)

    def dimension(self) -> int:
        """Return the dimension of the vectors; 0 if there are none."""
        return int(self._ledger.meta(DIMENSION_KEY) or 0)

    def known_vectors(self, keys: Iterable[bytes]) -> set[bytes]:
        """Return those of the keys whose vector is stored."""
        return set(self._vectors_by_key(keys))

    def _vectors_by_key(self, keys: Iterable[bytes]) -> Mapping[bytes, Sequence[float]]:
        names = [name for key in keys if (name := key.hex()) not in self._absent]
        if not names or not self._connection.has(VECTORS):
            return {}
        rows = self._connection.by_values(VECTORS, "key", names, ("key", "vector"))
        found = {bytes.fromhex(row["key"]): row["vector"] for row in rows}
        self._absent.update(name for name in names if bytes.fromhex(name) not in found)
        return found

    def pending_embeddings(self) -> list[int]:
        """Return the ids of the chunks without a vector: newest day first, within a day the smallest file first."""
        places = {row.first: place for place, row in enumerate(self._ledger.rows_waiting())}
        pending = self._pending_chunks()
        return sorted(pending.ids.tolist(), key=lambda chunk: (places.get(pending.file_of(chunk), len(places)), chunk))

    def count_pending_embeddings(self) -> int:
        """Return the number of chunks without a vector."""
        return len(self._pending_chunks())

    def embedded_share(self) -> float:
        """Return the share (0 to 1) of the chunks that have a vector."""
        pending = self.count_pending_embeddings()
        return 1 - pending / max(1, self.count_chunks()) if pending else 1.0

    def _pending_chunks(self) -> PendingChunks:
        """Return the chunks without a vector."""
        ledger = self._ledger
        if self._pending is None:
            waiting = ledger.rows_waiting()
            ids = [number for row in waiting for number in row.ids]
            rows = self._connection.by_values(PASSAGES, "id", ids, ("id", "file", "key"))
            has_any = bool(ids) and self._connection.has(VECTORS)
            have = {row["id"] for row in self._connection.by_values(VECTORS, "id", ids, ("id",))} if has_any else set()
            self._pending = PendingChunks((int(row["id"]), row["file"], row["key"]) for row in rows if row["id"] not in have)
        return self._pending

"""Protocols of a library's store: what retrieval searches, and what the commands read and write besides.

`SqliteLibrary` (SQLite FTS5 and FAISS) is the default and the reference; `assistant.index.milvus` implements the same protocols
for a library that several machines share. The contract tests run against every implementation.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from assistant.datatypes import EVERY_FILE, Chunk, FileState, Filter, Finding, LedgerEntry, LibraryMetrics, Vectors
from assistant.index.change_log import Ids
from assistant.index.chunks import StoredChunk
from assistant.index.file_text import FileCount

Phrases = tuple[str, ...]  # each a word, or several consecutive words


class Nearest(Protocol):
    """An immutable, searchable snapshot of the vectors of one version of a library."""

    @property
    def stamp(self) -> Hashable:
        """The library version and embedding model of this snapshot."""

    @property
    def ids(self) -> Ids:
        """The ids of all chunks that have a vector, shape (n,)."""

    def search(self, vector: Vectors, limit: int, among: Ids | None = None) -> list[tuple[int, float]]:
        """Return (chunk id, cosine) of the nearest chunks, best first; with `among`, of these ids only."""

    def vectors(self, ids: Sequence[int] | Ids) -> tuple[Ids, Vectors]:
        """Return those of the ids that the snapshot holds, shape (n,), and their vectors, shape (n, dimension)."""

    def cosines(self, vector: Vectors, ids: Sequence[int] | Ids) -> dict[int, float]:
        """Return the cosine of each of these chunks by id; ids that are not in the snapshot are left out."""


class Searchable(Protocol):
    """A library as retrieval sees it."""

    def reading(self) -> AbstractContextManager[None]:
        """Group several reads into one snapshot."""

    def view(self, dimension: int, held: Nearest | None) -> Nearest:
        """Return the current vectors of the library; `held` is the previous snapshot, to update from."""

    def spans(self) -> tuple[Ids, Ids]:
        """Return the first chunk id and the number of chunks of every file, by rising id; a file's ids are consecutive."""

    def chunks(self, ids: Sequence[int]) -> Mapping[int, StoredChunk]:
        """Return the chunks with these ids by id; deleted ids are left out."""

    def ids_of(self, filter: Filter) -> Ids:
        """Return the ids of the chunks whose files pass the filter, sorted."""

    def holding_each(self, terms: Sequence[Phrases], limit: int) -> list[list[int]]:
        """Return, for each term, the ids of at most `limit` chunks that hold all of its phrases."""

    def count_holding_each(self, terms: Sequence[Phrases], limit: int) -> list[int]:
        """Return, for each term, how many chunks hold all of its phrases, counted up to `limit`."""

    def match(self, terms: Sequence[Phrases], limit: int, filter: Filter = EVERY_FILE) -> list[tuple[int, float]]:
        """Return (chunk id, BM25 score), best first, of the chunks that hold all phrases of any of the terms."""


class Metadata(Protocol):
    """Named values of a library, and the transactions that group its changes."""

    @property
    def generation(self) -> int:
        """A number that is different after every change of the chunks."""

    def transaction(self) -> AbstractContextManager[None]:
        """Group several changes; if the block raises, none of them is visible."""

    def meta(self, key: str) -> str:
        """Return a value; an empty string if the key is absent."""

    def set_meta(self, key: str, value: str) -> None:
        """Store a value."""

    def meta_with_prefix(self, prefix: str) -> dict[str, str]:
        """Return the values whose keys start with a prefix, by key."""

    def drop_meta(self, keys: Iterable[str]) -> None:
        """Remove keys."""


class FileLedger(Protocol):
    """The added paths, the excluded paths, and the status of every file that was seen."""

    def roots(self) -> tuple[str, ...]:
        """Return the paths that were added."""

    def own_roots(self) -> tuple[str, ...]:
        """Return the added paths that this machine has; a shared library also has those of other machines."""

    def name_root(self, path: str, name: str) -> None:
        """Choose the name under which a shared library knows a path that is about to be added. Raises UsageError."""

    def root_names(self) -> dict[str, str]:
        """Return the names that a shared library has for the added paths of this machine, by path."""

    def add_root(self, path: str) -> None:
        """Record an added path; its groups stay as they are."""

    def root_groups(self) -> dict[str, tuple[str, ...]]:
        """Return the groups that may read each added path; none if all may."""

    def set_groups(self, path: str, groups: Iterable[str]) -> None:
        """Let only these groups read an added path; all, without any. Raises UsageError unless the library is shared."""

    def drop_root(self, path: str) -> None:
        """Remove an added path."""

    def excluded(self) -> tuple[str, ...]:
        """Return the paths that were excluded by hand."""

    def exclude(self, path: str) -> None:
        """Exclude a path from its root."""

    def include(self, path: str) -> None:
        """Include a path again, with everything excluded below it."""

    def ledger(self) -> dict[str, LedgerEntry]:
        """Return the entry of every file by path."""

    def entry(self, path: str) -> LedgerEntry | None:
        """Return the entry of one file, or None if the library does not know it."""

    def entries_under(self, paths: Iterable[str]) -> dict[str, LedgerEntry]:
        """Return the entries of these files and of all files below these folders, by path."""

    def count(self, state: FileState) -> int:
        """Return the number of files with this status."""

    def count_files(self, state: FileState, filter: Filter) -> FileCount:
        """Count the files of a status that pass a filter."""

    def indexed_files(self, filter: Filter, after: str, limit: int) -> list[LedgerEntry]:
        """Return at most `limit` entries of files with text that pass a filter, by path, from the path behind `after`."""

    def filtered_files(self, filter: Filter) -> list[tuple[str, str, str, int]]:
        """Return (path, title, content hash, mtime in ns) of the files with text that pass a filter, by path."""

    def passes(self, path: str, filter: Filter) -> bool:
        """Return whether the library holds this file and it passes a filter."""

    def modified_ns(self, paths: Sequence[str]) -> dict[str, int]:
        """Return when these files were changed, by path, in nanoseconds since 1970; files without text are left out."""

    def touch(self, path: str, size: int, mtime_ns: int) -> None:
        """Record a new size and mtime of a file whose content is unchanged, and of the files inside it."""


class Leases(Protocol):
    """Which machine keeps which added path up to date. The files of a path are changed by the machine with its lease only."""

    def hold(self, roots: Iterable[str]) -> dict[str, str]:
        """Take or renew the leases of added paths; return the machine that keeps each of the others up to date, by path."""

    def renew(self) -> None:
        """Renew the leases that this process holds, if they are due."""

    def release(self) -> None:
        """Let other machines take over the added paths that this process holds."""


class DocumentReader(Protocol):
    """The chunks of single files."""

    def count_chunks(self) -> int:
        """Return the number of chunks."""

    def chunk_at(self, path: str, character: int) -> dict[int, StoredChunk]:
        """Return the chunk that holds this character of a file's text, by its id; an empty dict if there is none."""

    def adjacent_chunks(self, path: str, start: int, end: int) -> list[Chunk]:
        """Return the chunks directly after and directly before a span of a file's text, as far as they exist."""

    def beside_each(self, spans: Sequence[tuple[str, int, int]]) -> list[list[Chunk]]:
        """Return, for each span (path, first character, last + 1), the chunks right after and right before it."""

    def chunks_around(self, path: str, character: int, neighbours: int) -> list[StoredChunk]:
        """Return the chunk at a character offset of a file with so many chunks before and after it, in document order."""

    def chunks_from(self, path: str, character: int, limit: int) -> list[StoredChunk]:
        """Return at most `limit` chunks of a file that end behind a character offset, in document order."""

    def chunks_of_file(self, path: str) -> list[StoredChunk]:
        """Return all chunks of a file in document order."""

    def paths_of_chunks(self) -> list[tuple[int, str]]:
        """Return (chunk id, path) of every chunk, by rising id."""

    def says(self, quote: str) -> bool:
        """Return True if a chunk holds the quote's first words (for Chinese: its longest run of characters)."""


class DocumentWriter(Protocol):
    """Changes of whole files. A file's chunks are visible all or not at all."""

    def put_document(self, entry: LedgerEntry, title: str, chunks: Iterable[Chunk]) -> int:
        """Replace a file's chunks and its ledger entry; return the number of chunks, which the entry gets."""

    def put_entry(self, entry: LedgerEntry) -> None:
        """Record a file without text (skipped or failed) and remove its old chunks."""

    def move_file(self, old: str, entry: LedgerEntry) -> None:
        """Move everything known of a file, and of the files inside it, to a new path with the same name and content."""

    def drop_files(self, paths: Iterable[str]) -> int:
        """Remove files with everything that came from them; return how many were removed."""

    def clear(self, paths: Iterable[str], reason: str) -> None:
        """Remove the chunks and vectors of indexed files; the files are skipped, for this reason, until they are read."""


class VectorStore(Protocol):
    """The vectors of the chunks, by the hash of their text (see `vector_key`)."""

    def dimension(self) -> int:
        """Return the dimension of the vectors; 0 if there are none."""

    def known_vectors(self, keys: Iterable[bytes]) -> set[bytes]:
        """Return those of the keys whose vector is stored."""

    def pending_embeddings(self) -> list[int]:
        """Return the ids of the chunks without a vector: newest day first, within a day the smallest file first."""

    def count_pending_embeddings(self) -> int:
        """Return the number of chunks without a vector."""

    def embedded_share(self) -> float:
        """Return the share (0 to 1) of the chunks that have a vector."""

    def put_vectors(self, vectors: Mapping[bytes, Vectors], settled: Iterable[int] = ()) -> None:
        """Store vectors by the keys of their texts; chunks with these texts, and `settled` ones, are no longer pending."""

    def drop_orphaned_vectors(self, kept_seconds: float) -> int:
        """Remove what no chunk needs any more: vectors orphaned for longer than this, and traces of interrupted writes."""


class Upkeep(Protocol):
    """Consistency and removed text."""

    def integrity(self) -> str:
        """Return "ok", or what a quick check finds wrong."""

    def inspect(self, *, repair: bool) -> tuple[Finding, ...]:
        """Check everything; return what is wrong, which `repair` repairs. Raises LibraryDamaged if it cannot be repaired."""

    def record_sync(self) -> None:
        """Record that this machine has just brought its folders up to date, if other machines use the library too."""

    def metrics(self) -> LibraryMetrics | None:
        """Measure a shared library; return None for one of this machine only."""

    def prepare(self, dimension: int) -> None:
        """Do after writing what a search would otherwise have to wait for."""

    def erase_removed(self, *, thorough: bool) -> bool:
        """Erase the text of removed files from all files of the store, without `thorough` only what is quick.

        Return False if some is left because another program reads the library.
        """


class LibraryStore(Searchable, Metadata, FileLedger, Leases, DocumentReader, DocumentWriter, VectorStore, Upkeep, Protocol):
    """Everything that the commands need of a library."""

    @property
    def folder(self) -> Path:
        """The folder on this machine for what is derived from the library."""

    @property
    def place(self) -> str:
        """Where the library lives, as it is shown to the user."""

    @property
    def is_shared(self) -> bool:
        """Whether other machines use the library too."""

    def size(self) -> int:
        """Return the number of bytes that the library takes on this machine's disk."""

    def close(self) -> None:
        """Close the library."""

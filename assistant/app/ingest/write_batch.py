"""Collect read files into a batch, write it in one transaction, and report its changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from assistant.app.library.tables import record_tables
from assistant.datatypes import Change, Chunk, Document, FileState, IngestReport, LedgerEntry
from assistant.index import LibraryStore
from assistant.ingest import Candidate, ExcludedEntry

BATCH_CHUNKS = 2048  # in one transaction
BATCH_FILES = 512  # in one transaction, including files without text

OnChange = Callable[[Change], None]


def ignore_change(_change: Change) -> None:
    """Ignore a change."""


@dataclass(slots=True)
class WriteBatch:
    """Files that are read but not written yet: `documents` with text, `notes` on skipped and failed files.

    `touched` files have only a new modification time; `moved` files have a new path, given with their old one.
    """

    documents: list[tuple[LedgerEntry, Document, tuple[Chunk, ...]]] = field(default_factory=list)
    tables: dict[str, str] = field(default_factory=dict)  # description of a document's tables, by its content hash
    notes: list[LedgerEntry] = field(default_factory=list)
    touched: list[LedgerEntry] = field(default_factory=list)
    moved: list[tuple[str, LedgerEntry]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # files no longer in their container
    chunks: int = 0

    @property
    def files(self) -> int:
        """Number of files in the batch."""
        return len(self.documents) + len(self.notes) + len(self.touched) + len(self.moved) + len(self.gone)

    @property
    def is_full(self) -> bool:
        """Whether the batch should be written."""
        return self.chunks >= BATCH_CHUNKS or self.files >= BATCH_FILES

    def write(self, store: LibraryStore) -> None:
        """Write the batch in one transaction."""
        with store.transaction():
            for entry, document, chunks in self.documents:
                store.put_document(entry, document.title, chunks)
            for content_hash, description in self.tables.items():
                record_tables(store, content_hash, description)
            for entry in self.notes:
                store.put_entry(entry)
            store.drop_files(self.gone)
            for entry in self.touched:
                store.touch(entry.path, entry.size, entry.mtime_ns)
            for old, entry in self.moved:
                store.move_file(old, entry)

    def changes(self) -> Iterator[Change]:
        """Yield the changes of the library, once the batch is written."""
        yield from (Change("indexed", entry.path, chunks=len(chunks)) for entry, _, chunks in self.documents)
        yield from (Change("moved", entry.path, old_path=old) for old, entry in self.moved)
        yield from (Change("failed" if entry.state is FileState.FAILED else "skipped", entry.path, entry.reason)
                    for entry in self.notes)


def add_to_report(report: IngestReport, batch: WriteBatch) -> IngestReport:
    """Return the report with a batch added. A moved file counts as one removed and one indexed."""
    return replace(
        report, indexed=report.indexed + len(batch.documents) + len(batch.moved),
        unchanged=report.unchanged + len(batch.touched), removed=report.removed + len(batch.moved),
        skipped=(*report.skipped, *(entry for entry in batch.notes if entry.state is FileState.SKIPPED)),
        failed=(*report.failed, *(entry for entry in batch.notes if entry.state is FileState.FAILED)),
        chunks=report.chunks + batch.chunks,
    )


def detect_moves(changed: Iterable[Candidate | ExcludedEntry], gone: Iterable[str], ledger: Mapping[str, LedgerEntry]
          ) -> dict[str, LedgerEntry]:
    """Map the path of each new file to the gone file that it may have been: same name and same size.

    A renamed file does not match, since the file name is part of its chunks. The content hash is compared when it is read.
    """
    left: dict[tuple[str, int], list[LedgerEntry]] = {}
    for path in sorted(gone):
        entry = ledger[path]
        if entry.state is FileState.INDEXED and entry.content_hash and not entry.container:
            left.setdefault((PurePath(path).name, entry.size), []).append(entry)
    found: dict[str, LedgerEntry] = {}
    for new in changed:
        same = left.get((new.path.name, new.size)) if isinstance(new, Candidate) and str(new.path) not in ledger else None
        if same:
            found[str(new.path)] = same.pop(next((at for at, old in enumerate(same) if old.mtime_ns == new.mtime_ns), 0))
    return found

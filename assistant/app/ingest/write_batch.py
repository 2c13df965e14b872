"""Files that were read in; what is kept of them in one transaction, and told after it, out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from assistant.datatypes import Change, Chunk, Document, FileState, IngestReport, LedgerEntry
from assistant.index import Store
from assistant.ingest import Candidate, Refusal

BATCH_CHUNKS = 2048  # kept in one transaction
BATCH_FILES = 512  # the same, those without text among them

OnChange = Callable[[Change], None]


def ignore_change(_change: Change) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class WriteBatch:
    """Files that were read and are not kept yet: with text, without (skipped or failed), with nothing new but their time.

    `moved` are known files that lie somewhere else now, each with the path that they had.
    """

    documents: list[tuple[LedgerEntry, Document, tuple[Chunk, ...]]] = field(default_factory=list)
    notes: list[LedgerEntry] = field(default_factory=list)
    touched: list[LedgerEntry] = field(default_factory=list)
    moved: list[tuple[str, LedgerEntry]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # files inside others that are there no more
    chunks: int = 0

    @property
    def files(self) -> int:
        """How many there are."""
        return len(self.documents) + len(self.notes) + len(self.touched) + len(self.moved) + len(self.gone)

    @property
    def is_enough(self) -> bool:
        """Whether it is time to keep them."""
        return self.chunks >= BATCH_CHUNKS or self.files >= BATCH_FILES

    def keep(self, store: Store) -> None:
        """Keep all of them in one transaction."""
        with store.transaction():
            for entry, document, chunks in self.documents:
                store.put_document(entry, document.title, chunks)
            for entry in self.notes:
                store.put_entry(entry)
            store.drop_files(self.gone)
            for entry in self.touched:
                store.touch(entry.path, entry.size, entry.mtime_ns)
            for old, entry in self.moved:
                store.move_file(old, entry)

    def changes(self) -> Iterator[Change]:
        """Yield what has changed in the library, once it is kept."""
        yield from (Change("indexed", entry.path, chunks=len(chunks)) for entry, _, chunks in self.documents)
        yield from (Change("moved", entry.path, was=old) for old, entry in self.moved)
        yield from (Change("failed" if entry.state is FileState.FAILED else "skipped", entry.path, entry.reason)
                    for entry in self.notes)


def add_to_report(report: IngestReport, kept: WriteBatch) -> IngestReport:
    """Return the report with a batch added to it; a file that was moved is one that went and one that came."""
    return replace(
        report, indexed=report.indexed + len(kept.documents) + len(kept.moved),
        unchanged=report.unchanged + len(kept.touched), removed=report.removed + len(kept.moved),
        skipped=(*report.skipped, *(entry for entry in kept.notes if entry.state is FileState.SKIPPED)),
        failed=(*report.failed, *(entry for entry in kept.notes if entry.state is FileState.FAILED)),
        chunks=report.chunks + kept.chunks,
    )


def detect_moves(changed: Iterable[Candidate | Refusal], gone: Iterable[str], ledger: Mapping[str, LedgerEntry]
          ) -> dict[str, LedgerEntry]:
    """Return, by path, the file that a new one may have been before: one that is gone, of the same name and size.

    Of the same name only, since a file's name is part of what is kept of it. Whether the content is the same too is
    seen when the file is read.
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

"""Files in: what was added is looked through, read, cut, embedded and kept, one transaction a document.

A file that has not changed costs one stat. Whatever stops this half-way loses at most the batch in hand.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.datatypes import Chunk, Document, Embedder, FileState, IngestReport, LedgerEntry, Progress, Vectors
from assistant.errors import SkippedFile, UnreadableFile
from assistant.index import Store
from assistant.index.store import vector_key
from assistant.ingest import CHUNKER_VERSION, EXTRACTOR_VERSION, Candidate, Refusal, chunk, discover, read_document

BATCH_CHUNKS = 256  # embedded in one call: enough to sort by length, little enough to lose

OnProgress = Callable[[Progress], None]


def ignore_progress(_progress: Progress) -> None:
    """Show nothing."""


def shape(chunk_tokens: int) -> str:
    """Return what decides how a file becomes chunks: where it differs, files are read again."""
    return f"extractor {EXTRACTOR_VERSION}, chunker {CHUNKER_VERSION}, {chunk_tokens} tokens"


@dataclass(slots=True)
class Pending:
    """Documents that are cut but not yet kept."""

    documents: list[tuple[LedgerEntry, Document, tuple[Chunk, ...]]] = field(default_factory=list)
    chunks: int = 0


class Intake:
    """One run over some roots of a library."""

    def __init__(self, store: Store, embedder: Embedder, chunk_tokens: int, max_file_bytes: int, on_progress: OnProgress) -> None:
        self._store, self._embedder = store, embedder
        self._chunk_tokens, self._max_file_bytes = chunk_tokens, max_file_bytes
        self._on_progress = on_progress
        self._report = IngestReport()
        self._pending = Pending()
        self._done = self._total = 0

    def run(self, roots: Iterable[Path]) -> IngestReport:
        """Bring the library up to date with these roots. Ctrl-C ends it early; what is done is kept."""
        started = time.perf_counter()
        try:
            self._run(list(roots))
        except KeyboardInterrupt:
            self._report = replace(self._report, interrupted=True)
        return replace(self._report, seconds=time.perf_counter() - started)

    def _run(self, roots: list[Path]) -> None:
        ledger = self._store.ledger()
        if not ledger:
            self._store.set_meta("shape", shape(self._chunk_tokens))
        reread = self._store.meta("shape") != shape(self._chunk_tokens)
        seen: set[str] = set()
        changed = []
        for found in self._look_through(roots):
            seen.add(str(found.path))
            known = ledger.get(str(found.path))
            if known and not reread and (known.size, known.mtime_ns) == (found.size, found.mtime_ns):
                self._report = replace(self._report, unchanged=self._report.unchanged + 1)
            else:
                changed.append(found)
        self._forget_vanished(ledger, seen, roots)
        self._total = len(changed)
        for found in changed:
            self._take(found, None if reread else ledger.get(str(found.path)))
        self._flush()
        self._store.drop_unused_vectors()
        if {str(root) for root in roots} >= set(self._store.roots()):
            # only now is there no file left that was cut in an older shape
            self._store.set_meta("shape", shape(self._chunk_tokens))

    def _look_through(self, roots: list[Path]) -> Iterator[Candidate | Refusal]:
        excluded = self._store.excluded()
        count = 0
        for root in roots:
            for found in discover(root, self._max_file_bytes):
                count += 1
                if count % 256 == 0:
                    self._on_progress(Progress("looking", count, 0, current=str(found.path)))
                if not is_under(str(found.path), excluded):
                    yield found

    def _forget_vanished(self, ledger: dict[str, LedgerEntry], seen: set[str], roots: list[Path]) -> None:
        scanned = {str(root) for root in roots}
        gone = [path for path, entry in ledger.items() if entry.root in scanned and path not in seen]
        self._report = replace(self._report, removed=self._store.drop_files(gone) if gone else 0)

    def _take(self, found: Candidate | Refusal, known: LedgerEntry | None) -> None:
        self._on_progress(Progress("reading", self._done, self._total, self._report.chunks, str(found.path)))
        entry = LedgerEntry(str(found.path), str(found.root), FileState.INDEXED, "", found.size, found.mtime_ns)
        try:
            if isinstance(found, Refusal):
                raise SkippedFile(found.reason)
            self._read(found, entry, known)
        except UnreadableFile as error:
            self._note(entry, error)
        self._done += 1
        if self._pending.chunks >= BATCH_CHUNKS:
            self._flush()

    def _read(self, found: Candidate, entry: LedgerEntry, known: LedgerEntry | None) -> None:
        document = read_document(found.path, self._max_file_bytes)
        if known and known.state is FileState.INDEXED and known.content_hash == document.content_hash:
            self._store.touch(entry.path, entry.size, entry.mtime_ns)
            self._report = replace(self._report, unchanged=self._report.unchanged + 1)
            return
        chunks = chunk(document, self._embedder.count_tokens, self._chunk_tokens)
        if not chunks:
            raise SkippedFile("there is no text in it")
        extraction = document.extraction
        entry = replace(
            entry, content_hash=document.content_hash, chunks=len(chunks), encoding=extraction.encoding,
            pages=sum(part.page is not None for part in extraction.parts) + len(extraction.empty_pages),
            empty_pages=extraction.empty_pages, notes=extraction.notes,
        )
        self._pending.documents.append((entry, document, chunks))
        self._pending.chunks += len(chunks)

    def _note(self, entry: LedgerEntry, error: UnreadableFile) -> None:
        state = FileState.SKIPPED if isinstance(error, SkippedFile) else FileState.FAILED
        entry = replace(entry, state=state, reason=str(error))
        self._store.put_entry(entry)
        if state is FileState.SKIPPED:
            self._report = replace(self._report, skipped=(*self._report.skipped, entry))
        else:
            self._report = replace(self._report, failed=(*self._report.failed, entry))

    def _flush(self) -> None:
        """Embed what is pending and keep it, a transaction a document, in order."""
        pending, self._pending = self._pending, Pending()
        vectors = self._embed([part for _, _, chunks in pending.documents for part in chunks])
        for entry, document, chunks in pending.documents:
            keys = {vector_key(part.searchable) for part in chunks}
            self._store.put_document(entry, document.title, chunks, {key: vectors[key] for key in keys & vectors.keys()})
            self._report = replace(self._report, indexed=self._report.indexed + 1, chunks=self._report.chunks + len(chunks))
            self._on_progress(Progress("keeping", self._done, self._total, self._report.chunks, entry.path))

    def _embed(self, chunks: list[Chunk]) -> dict[bytes, Vectors]:
        """Return the vectors of those texts that the store has none for; the same text is embedded once."""
        texts = {vector_key(part.searchable): part.searchable for part in chunks}
        known = self._store.known_vectors(texts)
        missing = [key for key in texts if key not in known]
        self._on_progress(Progress("embedding", self._done, self._total, self._report.chunks))
        vectors = self._embedder.embed_passages([texts[key] for key in missing])
        self._report = replace(self._report, embedded=self._report.embedded + len(missing))
        return dict(zip(missing, vectors, strict=True))


def is_under(path: str, folders: Iterable[str]) -> bool:
    """Return whether the path is one of the folders or inside one."""
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)

"""Files in: what was added is looked through, read, cut, embedded and kept, one transaction a batch.

A file that has not changed costs one stat. Every document is in the library whole or not at all, and whatever stops a run
half-way loses at most the batch in hand.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.datatypes import Chunk, Document, Embedder, FileState, IngestReport, LedgerEntry, Progress, Vectors
from assistant.errors import SkippedFile, UnreadableFile
from assistant.index import Store
from assistant.index.store import vector_key
from assistant.ingest import CHUNKER_VERSION, EXTRACTOR_VERSION, Candidate, Refusal, chunk, read_document
from assistant.survey import OnProgress, Survey, Surveyor

BATCH_CHUNKS = 256  # embedded in one call: enough to sort by length, little enough to lose
BATCH_FILES = 512  # kept in one transaction, those without text among them

REBUILDING = "the library was being rebuilt, and it was not read again yet"
AWAY = "its folder was away when the library was rebuilt"


def ignore_progress(_progress: Progress) -> None:
    """Show nothing."""


def shape(chunk_tokens: int) -> str:
    """Return what decides how a file becomes chunks: where it differs, files are read again."""
    return f"extractor {EXTRACTOR_VERSION}, chunker {CHUNKER_VERSION}, {chunk_tokens} tokens"


def sign(store: Store, embedder: Embedder) -> None:
    """Note in the library which model its vectors come from."""
    store.set_meta("embedder", embedder.fingerprint)
    store.set_meta("embedder_name", embedder.name)


@dataclass(slots=True)
class Pending:
    """Files that were read and are not kept yet: with text, without (skipped or failed), with nothing new but their time."""

    documents: list[tuple[LedgerEntry, Document, tuple[Chunk, ...]]] = field(default_factory=list)
    notes: list[LedgerEntry] = field(default_factory=list)
    touched: list[LedgerEntry] = field(default_factory=list)
    chunks: int = 0

    @property
    def files(self) -> int:
        """How many there are."""
        return len(self.documents) + len(self.notes) + len(self.touched)

    @property
    def is_enough(self) -> bool:
        """Whether it is time to keep them."""
        return self.chunks >= BATCH_CHUNKS or self.files >= BATCH_FILES


class Intake:
    """One run over some roots of a library."""

    def __init__(self, store: Store, embedder: Embedder, chunk_tokens: int, max_file_bytes: int, on_progress: OnProgress) -> None:
        self._store, self._embedder = store, embedder
        self._chunk_tokens, self._max_file_bytes = chunk_tokens, max_file_bytes
        self._on_progress = on_progress
        self._report = IngestReport()
        self._pending = Pending()
        self._done = self._total = 0

    def run(self, roots: Iterable[Path], *, rebuild: bool = False) -> IngestReport:
        """Bring the library up to date with these roots. Ctrl-C ends it early; what is done is kept."""
        started = time.perf_counter()
        try:
            self._run(list(roots), rebuild=rebuild)
        except KeyboardInterrupt:
            self._report = replace(self._report, interrupted=True)
        return replace(self._report, seconds=time.perf_counter() - started)

    def _run(self, roots: list[Path], *, rebuild: bool) -> None:
        ledger = self._store.ledger()
        if not ledger:
            self._store.set_meta("shape", shape(self._chunk_tokens))
        reread = rebuild or self._store.meta("shape") != shape(self._chunk_tokens)
        surveyor = Surveyor(ledger, self._store.excluded(), self._max_file_bytes, self._on_progress, reread)
        survey = surveyor.survey(roots)
        self._report = replace(self._report, unchanged=survey.unchanged, away=survey.away)
        self._leave_out(survey, ledger, rebuild=rebuild)
        self._total = len(survey.changed)
        for found in survey.changed:
            self._take(found, None if reread else ledger.get(str(found.path)))
        self._flush()
        self._store.drop_unused_vectors()
        if reread:
            self._note_shape(survey.kept)

    def _leave_out(self, survey: Survey, ledger: dict[str, LedgerEntry], *, rebuild: bool) -> None:
        """Drop the files that are gone; to rebuild, drop the chunks of the others as well."""
        with self._store.transaction():
            removed = self._store.drop_files(survey.gone) if survey.gone else 0
            if rebuild:
                self._start_over(ledger.keys() - set(survey.gone) - set(survey.kept), survey.kept)
        self._report = replace(self._report, removed=removed)

    def _start_over(self, present: set[str], kept: Iterable[str]) -> None:
        """Drop the chunks of files that can be read again; of those that cannot, where another model embedded them."""
        self._store.clear(present, REBUILDING)
        if self._store.meta("embedder") != self._embedder.fingerprint:
            self._store.clear(kept, AWAY)
        sign(self._store, self._embedder)

    def _note_shape(self, kept: Iterable[str]) -> None:
        """Note the shape, unless there are files that were read in an older one."""
        ledger = self._store.ledger()
        if not any(ledger[path].content_hash for path in kept):
            self._store.set_meta("shape", shape(self._chunk_tokens))

    def _take(self, found: Candidate | Refusal, known: LedgerEntry | None) -> None:
        self._on_progress(Progress("reading", self._done, self._total, self._report.chunks, str(found.path)))
        entry = LedgerEntry(str(found.path), str(found.root), FileState.INDEXED, "", found.size, found.mtime_ns)
        try:
            if isinstance(found, Refusal):
                raise SkippedFile(found.reason)
            self._read(found, entry, known)
        except UnreadableFile as error:
            state = FileState.SKIPPED if isinstance(error, SkippedFile) else FileState.FAILED
            self._pending.notes.append(replace(entry, state=state, reason=str(error), content_hash=error.content_hash))
        self._done += 1
        if self._pending.is_enough:
            self._flush()

    def _read(self, found: Candidate, entry: LedgerEntry, known: LedgerEntry | None) -> None:
        document = read_document(found.path, self._max_file_bytes)
        if known and known.state is FileState.INDEXED and known.content_hash == document.content_hash:
            self._pending.touched.append(entry)
            return
        chunks = chunk(document, self._embedder.count_tokens, self._chunk_tokens)
        if not chunks:
            raise SkippedFile("there is no text in it", document.content_hash)
        extraction = document.extraction
        entry = replace(
            entry, content_hash=document.content_hash, chunks=len(chunks), encoding=extraction.encoding,
            pages=sum(part.page is not None for part in extraction.parts) + len(extraction.empty_pages),
            empty_pages=extraction.empty_pages, notes=extraction.notes,
        )
        self._pending.documents.append((entry, document, chunks))
        self._pending.chunks += len(chunks)

    def _flush(self) -> None:
        """Embed what is pending, keep it in one transaction, and only then count it."""
        pending, self._pending = self._pending, Pending()
        if not pending.files:
            return
        vectors = self._embed([part for _, _, chunks in pending.documents for part in chunks])
        report = counted(self._report, pending, len(vectors))
        with self._store.transaction():
            for entry, document, chunks in pending.documents:
                keys = {vector_key(part.searchable) for part in chunks}
                self._store.put_document(entry, document.title, chunks, {key: vectors[key] for key in keys & vectors.keys()})
            for entry in pending.notes:
                self._store.put_entry(entry)
            for entry in pending.touched:
                self._store.touch(entry.path, entry.size, entry.mtime_ns)
        self._report = report
        self._on_progress(Progress("keeping", self._done, self._total, self._report.chunks))

    def _embed(self, chunks: list[Chunk]) -> dict[bytes, Vectors]:
        """Return the vectors of those texts that the store has none for; the same text is embedded once."""
        texts = {vector_key(part.searchable): part.searchable for part in chunks}
        known = self._store.known_vectors(texts)
        missing = [key for key in texts if key not in known]
        self._on_progress(Progress("embedding", self._done, self._total, self._report.chunks))
        vectors = self._embedder.embed_passages([texts[key] for key in missing])
        return dict(zip(missing, vectors, strict=True))


def counted(report: IngestReport, kept: Pending, embedded: int) -> IngestReport:
    """Return the report with a batch added to it."""
    return replace(
        report, indexed=report.indexed + len(kept.documents), unchanged=report.unchanged + len(kept.touched),
        skipped=(*report.skipped, *(entry for entry in kept.notes if entry.state is FileState.SKIPPED)),
        failed=(*report.failed, *(entry for entry in kept.notes if entry.state is FileState.FAILED)),
        chunks=report.chunks + kept.chunks, embedded=report.embedded + embedded,
    )

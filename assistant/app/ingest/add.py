"""Ingest files: scan the roots, read files in reader processes, chunk them, write them in batches, and embed the chunks.

While the readers work, this process embeds the chunks of earlier batches. A file can be found by keyword once its batch is
written, and by meaning once its chunks are embedded. An unchanged file costs one stat call; a moved file is hashed, not parsed.
A document is in the library completely or not at all; an interrupted run loses at most the current batch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.app.ingest.scan import Ledger, Scanner, ScanResult
from assistant.app.ingest.write_batch import OnChange, WriteBatch, add_to_report, detect_moves, ignore_change
from assistant.app.library.tables import TABLES_VERSION, documents_without_files, record_tables, store_tables
from assistant.datatypes import (
    Change,
    Chunk,
    Document,
    Embedder,
    FileState,
    IngestReport,
    LedgerEntry,
    OnProgress,
    Progress,
)
from assistant.errors import BEING_WRITTEN, ENCRYPTED, GONE, UNREAD, DiskFull, ServerUnavailable, SkippedFile, UnreadableFile
from assistant.index import LibraryStore
from assistant.index.fts_text import INDEX_VERSION
from assistant.index.store import vector_key
from assistant.ingest import (
    CHUNKER_VERSION,
    EXTRACTOR_VERSION,
    Candidate,
    ExcludedEntry,
    ReaderPool,
    ReadOptions,
    ReadRequest,
    ReadResult,
    Unchanged,
    WorkerLimits,
    chunk,
    is_ocr_available,
    iterate_chunks,
)
from assistant.system.paths import is_under

EMBEDDED_AT_ONCE = 512  # chunks: enough to batch by length, and little work to lose
ORPHANED_VECTOR_SECONDS = 7 * 86_400  # how long vectors of removed texts are kept, in case the text comes back
EMBEDDED_MEANWHILE = 64  # chunks embedded between two readings: few, so that no finished reading waits long

LONG_TEXT = 4_000_000  # characters; a longer document is written while it is split
STEP_CHUNKS = 5000  # between two progress messages

NO_TEXT = "there is no text in it"
REBUILDING = "the library was being rebuilt, and the file was not read again yet"
AWAY = "its folder was missing when the library was rebuilt"
TEMPORARY_REASONS = (GONE, BEING_WRITTEN, UNREAD)  # these may not hold at the next scan
FOR_OCR = "for OCR"  # end of the reasons that OCR software would resolve


def files_kept(count: int) -> str:
    """Return how many files a run had indexed before it ended early, as a sentence."""
    if not count:
        return "No file was indexed in this run."
    return f"{count:,} file{'s' if count > 1 else ''} indexed in this run {'are' if count > 1 else 'is'} in the library."


class IngestRun:
    """One ingestion run over roots of a library. A root above the folder `own` of the program's own files leaves that out."""

    def __init__(self, store: LibraryStore, embedder: Embedder, pool: LazyReaderPool, on_progress: OnProgress,
                 on_change: OnChange = ignore_change, own: Path | None = None) -> None:
        self._store, self._embedder, self._pool, self._options = store, embedder, pool, pool.options
        self._on_progress, self._on_change = on_progress, on_change
        self._report = IngestReport()
        self._batch = WriteBatch()
        self._queue = EmbeddingQueue(store, embedder)
        own_places = {str(own.absolute()), os.path.realpath(own)} if own else set()
        self._excluded = (*store.excluded(), *sorted(own_places))
        self._members: dict[str, set[str]] = {}  # known files inside each container
        self._moved_from: dict[str, LedgerEntry] = {}  # new path -> entry of the file that may have moved there
        self._known: Ledger = {}
        self._embeds, self._quiet_ns, self._named = True, 0, False
        self._done = self._total = 0

    def run(self, roots: Iterable[Path], *, rebuild: bool = False, named: bool = False) -> IngestReport:
        """Update the library from these roots and embed the chunks. Ctrl-C stops early and keeps what is done.

        `named`: the user names the roots. Of files among them that could not be read before, the reason is reported again.
        """
        self._named = named
        try:
            self._run(list(roots), rebuild=rebuild)
            self._embed_rest()
            self._store.drop_orphaned_vectors(ORPHANED_VECTOR_SECONDS)
        except KeyboardInterrupt:
            self._report = replace(self._report, interrupted=True)
        except (DiskFull, ServerUnavailable) as error:
            raise type(error)(str(error), f"{error.hint} {files_kept(self._report.indexed)}") from error
        return self._report

    def refresh(self, roots: Iterable[Path], within: Sequence[Path] | None, quiet_seconds: float = 0.0
                ) -> tuple[IngestReport, frozenset[str]]:
        """Update the library from these paths of its roots, or from whole roots (`within` None), without embedding.

        Files modified less than `quiet_seconds` ago are left for the next run. Returns the report, and the roots with links
        that lead to other places inside them, which can only be scanned as a whole.
        """
        self._embeds, self._quiet_ns = False, int(quiet_seconds * 1e9)
        entangled = self._run(list(roots), within)
        if within is None:
            self._store.drop_orphaned_vectors(ORPHANED_VECTOR_SECONDS)
        return self._report, entangled

    def _run(self, roots: list[Path], within: Sequence[Path] | None = None, *, rebuild: bool = False) -> frozenset[str]:
        ocr_available, ocr_at_last_run = "yes" if is_ocr_available() else "no", self._store.meta("ocr")
        reread = rebuild or self._store.meta("shape") != self._chunking_version
        has_new_ocr = ocr_available == "yes" and ocr_at_last_run == "no"
        if reread or has_new_ocr:
            within = None
        ledger = self._store.ledger() if within is None else self._store.entries_under(map(str, within))
        on_disk = self._known = {path: entry for path, entry in ledger.items() if not entry.container}
        if within is None and not ledger:
            self._store.set_meta("shape", self._chunking_version)
            reread = rebuild
        is_stale = staleness_check(ledger.values(), has_passwords=bool(self._options.read.passwords),
                                   has_new_ocr=has_new_ocr, everything=reread,
                                   without_tables=documents_without_files(self._store))
        scanner = Scanner(on_disk, self._excluded, self._options.read.max_bytes, self._on_progress, is_stale, self._quiet_ns)
        scan = scanner.scan(roots, within)
        if within is not None and scan.entangled - {str(path) for path in within}:
            return self._run(roots, [*within, *map(Path, scan.entangled)])
        for entry in ledger.values():
            if entry.container:
                self._members.setdefault(entry.container, set()).add(entry.path)
        self._moved_from = {} if reread or has_new_ocr else detect_moves(scan.changed, scan.gone, ledger)
        self._report = replace(self._report, unchanged=scan.unchanged, away=scan.away)
        self._report_known_failures(roots if self._named else (), scan)
        self._drop_missing(scan, ledger, rebuild=rebuild)
        self._total = len(scan.changed)
        self._ingest_all(scan.changed, is_stale)
        if ocr_at_last_run != ocr_available:
            self._store.set_meta("ocr", ocr_available)
        if reread:
            self._record_chunking_version(scan.kept)
        return scan.entangled

    def _report_known_failures(self, roots: Iterable[Path], scan: ScanResult) -> None:
        """Report the files among the roots that could not be read at an earlier run and have not changed since."""
        other = {*(str(found.path) for found in scan.changed), *scan.gone, *scan.kept}
        known = [self._known[path] for path in dict.fromkeys(map(str, roots)) if path in self._known and path not in other]
        failed = tuple(entry for entry in known if entry.state is FileState.FAILED)
        skipped = tuple(entry for entry in known if entry.state is FileState.SKIPPED)
        self._report = replace(self._report, unchanged=self._report.unchanged - len(failed) - len(skipped),
                               failed=(*self._report.failed, *failed), skipped=(*self._report.skipped, *skipped))

    @property
    def _chunking_version(self) -> str:
        """The versions of extraction, chunking, keyword index and tables: if they differ, files are read again."""
        return (f"extractor {EXTRACTOR_VERSION}, chunker {CHUNKER_VERSION}, index {INDEX_VERSION}, tables {TABLES_VERSION}, "
                f"{self._options.chunk_tokens} tokens")

    def _with_members(self, paths: Iterable[str]) -> set[str]:
        """Return files on the disk together with the files inside them."""
        return {each for path in paths for each in (path, *self._members.get(path, ()))}

    def _drop_missing(self, scan: ScanResult, ledger: dict[str, LedgerEntry], *, rebuild: bool) -> None:
        """Drop deleted files that were not moved; for a rebuild, also drop the chunks of all other files."""
        moving = {entry.path for entry in self._moved_from.values()}
        gone, kept = self._with_members(set(scan.gone) - moving), self._with_members(scan.kept)
        self._drop(gone)
        if rebuild:
            with self._store.transaction():
                self._clear_chunks(ledger.keys() - gone - kept, kept)

    def _drop(self, paths: set[str]) -> None:
        if paths:
            self._report = replace(self._report, removed=self._report.removed + self._store.drop_files(sorted(paths)))
            for path in sorted(paths):
                self._on_change(Change("removed", path))

    def _clear_chunks(self, present: set[str], kept: Iterable[str]) -> None:
        """Drop the chunks of files that can be read again, and of missing files if another model embedded them."""
        self._store.clear(present, REBUILDING)
        if self._store.meta("embedder") != self._embedder.fingerprint:
            self._store.clear(kept, AWAY)
        record_embedder(self._store, self._embedder)

    def _record_chunking_version(self, kept: Iterable[str]) -> None:
        """Record the chunking version, unless the library keeps files that were read with an older one."""
        ledger = self._store.ledger()
        if not any(ledger[path].content_hash for path in kept):
            self._store.set_meta("shape", self._chunking_version)

    def _ingest_all(self, changed: Sequence[Candidate | ExcludedEntry], is_stale: IsStale) -> None:
        """Read the files in parallel, and write them in the order of the scan."""
        known = {**self._known, **self._moved_from}
        jobs = [ReadRequest(found.path, hash_if_current(known.get(str(found.path)), is_stale))
                for found in changed if isinstance(found, Candidate)]
        with ExitStack() as stack:
            pool = stack.enter_context(self._pool.opened(len(jobs))) if jobs else None
            results = pool.read(jobs, self._show_step, self._embed_meanwhile) if pool else iter(())
            for found in changed:
                refused = SkippedFile(found.reason) if isinstance(found, ExcludedEntry) else None
                self._ingest(found, [ReadResult(str(found.path), refused)] if refused else next(results)[1])
            self._flush()
        self._drop(self._with_members(entry.path for entry in self._moved_from.values()))

    def _show_step(self, words: str) -> None:
        self._on_progress(Progress("reading", self._done, self._total, self._report.chunks, words))

    def _ingest(self, found: Candidate | ExcludedEntry, readings: Sequence[ReadResult]) -> None:
        """Add the readings of one file to the batch: its own, and those of the files inside it that are not excluded."""
        self._show_step(str(found.path))
        kept = [reading for reading in readings if not (reading.container and is_under(reading.path, self._excluded))]
        for reading in kept:
            size = reading.size if reading.container else found.size
            self._ingest_one(LedgerEntry(reading.path, str(found.root), FileState.INDEXED, "", size, found.mtime_ns,
                                         reading.content_hash, container=reading.container), reading)
        if not any(isinstance(reading.outcome, Unchanged) for reading in kept):
            stale = self._members.get(str(found.path), set()) - {reading.path for reading in kept}
            self._batch.gone.extend(sorted(stale))
        self._done += 1
        if self._batch.is_full:
            self._flush()

    def _ingest_one(self, entry: LedgerEntry, reading: ReadResult) -> None:
        outcome = reading.outcome
        if isinstance(outcome, Unchanged) and entry.path in self._moved_from:
            self._batch.moved.append((self._moved_from.pop(entry.path).path, entry))
        elif isinstance(outcome, Unchanged):
            self._batch.touched.append(entry)
        elif isinstance(outcome, Document):
            self._add_document(entry, outcome)
        else:
            self._add_failure(entry, outcome)

    def _add_failure(self, entry: LedgerEntry, outcome: UnreadableFile) -> None:
        """Record why a file has no text. An indexed file that is temporarily unreadable stays as it is."""
        reason = str(outcome)
        state = FileState.SKIPPED if isinstance(outcome, SkippedFile) else FileState.FAILED
        failed = replace(entry, state=state, reason=reason, content_hash=outcome.content_hash)
        known = self._known.get(entry.path)
        if not reason.startswith(TEMPORARY_REASONS) or (reason != GONE and not is_indexed(known)):
            self._batch.notes.append(failed)
        elif reason != GONE:
            self._report = replace(self._report, failed=(*self._report.failed, failed))
            self._on_change(Change("failed", entry.path, reason))

    def _add_document(self, entry: LedgerEntry, document: Document) -> None:
        extraction = document.extraction
        entry = replace(
            entry, encoding=extraction.encoding, pages=max((part.page or 0 for part in extraction.parts), default=0),
            empty_pages=extraction.empty_pages, ocr_pages=extraction.ocr_pages,
            notes=extraction.notes,
        )
        if len(extraction.text) > LONG_TEXT:
            self._write_long_document(entry, document)
            return
        chunks = chunk(document, self._embedder.count_tokens, self._options.chunk_tokens)
        if extraction.text and not chunks:
            self._batch.notes.append(without_text(entry))
            return
        self._batch.documents.append((replace(entry, chunks=len(chunks)), document, chunks))
        self._batch.tables[document.content_hash] = store_tables(self._store, document)
        self._batch.chunks += len(chunks)

    def _write_long_document(self, entry: LedgerEntry, document: Document) -> None:
        """Write a document in a transaction of its own while it is split, so that its chunks are never all in memory."""
        self._flush()
        chunks = iterate_chunks(document, self._embedder.count_tokens, self._options.chunk_tokens)
        tables = store_tables(self._store, document)
        with self._store.transaction():
            count = self._store.put_document(entry, document.title, self._showing_steps(entry.path, chunks))
            record_tables(self._store, document.content_hash, tables if count else "")
            if not count:
                self._store.put_entry(without_text(entry))
        if not count:
            self._report = replace(self._report, skipped=(*self._report.skipped, without_text(entry)))
            self._on_change(Change("skipped", entry.path, NO_TEXT))
            return
        self._report = replace(self._report, indexed=self._report.indexed + 1, chunks=self._report.chunks + count)
        self._on_change(Change("indexed", entry.path, chunks=count))

    def _showing_steps(self, path: str, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Yield the chunks and show now and then how many there are."""
        for number, each in enumerate(chunks, 1):
            if number % STEP_CHUNKS == 0:
                self._show_step(f"{path}: {number:,} passages")
            yield each

    def _flush(self) -> None:
        """Write the batch in one transaction, then report it: from now on its files are found by keyword."""
        batch, self._batch = self._batch, WriteBatch()
        if not batch.files:
            return
        batch.write(self._store)
        self._report = add_to_report(self._report, batch)
        for change in batch.changes():
            self._on_change(change)
        self._on_progress(Progress("keeping", self._done, self._total, self._report.chunks))

    def _embed_meanwhile(self) -> bool:
        """Embed a few chunks while files are being read; return whether any were pending."""
        self._flush()
        return self._embeds and self._embed_some(EMBEDDED_MEANWHILE) > 0

    def _embed_rest(self) -> None:
        """Embed all pending chunks."""
        total = self._report.embedded + self._store.count_pending_embeddings()
        while self._store.count_pending_embeddings():
            self._on_progress(Progress("embedding", self._report.embedded, total, self._report.embedded))
            self._embed_some(EMBEDDED_AT_ONCE)

    def _embed_some(self, most: int) -> int:
        embedded = self._queue.embed(most)
        self._report = replace(self._report, embedded=self._report.embedded + embedded)
        return embedded


def without_text(entry: LedgerEntry) -> LedgerEntry:
    """Return the entry of a file in which there is no text."""
    return replace(entry, state=FileState.SKIPPED, reason=NO_TEXT)


IsStale = Callable[[LedgerEntry], bool]


def staleness_check(entries: Iterable[LedgerEntry], *, has_passwords: bool, has_new_ocr: bool, everything: bool,
                    without_tables: Container[str] = ()) -> IsStale:
    """Return a predicate for known files that must be read again even if they have not changed.

    These are, if passwords are given, files that are encrypted or contain encrypted files; if OCR was installed since the
    last run, files with pages that are images; and files whose content hash is in `without_tables`.
    """
    stale = {path for entry in entries for path in (entry.path, entry.container)
             if (has_passwords and entry.state is FileState.FAILED and ENCRYPTED in entry.reason)
             or (has_new_ocr and (entry.empty_pages or FOR_OCR in entry.reason)) or entry.content_hash in without_tables}
    return lambda entry: everything or entry.path in stale


def hash_if_current(known: LedgerEntry | None, is_stale: IsStale) -> str:
    """Return the content hash with which a file need not be parsed again; an empty string if it must be."""
    return known.content_hash if known and is_indexed(known) and not is_stale(known) else ""


def is_indexed(known: LedgerEntry | None) -> bool:
    """Return whether the library has text of a file."""
    return known is not None and known.state is FileState.INDEXED


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """How files are read: number of processes, size limit and passwords, time and memory limits, tokens per chunk."""

    processes: int
    read: ReadOptions
    limits: WorkerLimits
    chunk_tokens: int


class LazyReaderPool:
    """The reader processes, started when files are read: for each run, or kept for many small runs."""

    def __init__(self, options: ReaderOptions, *, keep_open: bool = False) -> None:
        self.options, self._keep_open = options, keep_open
        self._pool: ReaderPool | None = None

    def close(self) -> None:
        """Stop the processes."""
        if self._pool is not None:
            self._pool.close()
        self._pool = None

    @contextmanager
    def opened(self, files: int) -> Iterator[ReaderPool]:
        """Yield the processes, at most one per file."""
        if self._pool is None:
            count = self.options.processes if self._keep_open else min(self.options.processes, files)
            self._pool = ReaderPool(count, self.options.read, self.options.limits)
        try:
            yield self._pool
        except BaseException:
            self.close()
            raise
        if not self._keep_open:
            self.close()


class EmbeddingQueue:
    """Queue of the chunks of a library that have no vector yet."""

    def __init__(self, store: LibraryStore, embedder: Embedder) -> None:
        self._store, self._embedder = store, embedder
        self._queue: list[int] = []

    def embed(self, most: int) -> int:
        """Embed at most `most` chunks and store their vectors; return the number of texts embedded, 0 if none is pending."""
        self._queue = self._queue or self._store.pending_embeddings()
        taken, self._queue = self._queue[:most], self._queue[most:]
        stored = self._store.chunks(taken)
        # the same text is embedded once; removed chunks, and chunks whose text has a vector already, are not embedded
        texts = {vector_key(found.chunk.searchable): found.chunk.searchable for found in stored.values()}
        known = self._store.known_vectors(texts)
        missing = [key for key in texts if key not in known]
        if taken:
            vectors = self._embedder.embed_passages([texts[key] for key in missing])
            self._store.put_vectors(dict(zip(missing, vectors, strict=True)), taken)
        return len(missing)


def record_embedder(store: LibraryStore, embedder: Embedder) -> None:
    """Record in the library which model its vectors come from."""
    store.set_meta("embedder", embedder.fingerprint)
    store.set_meta("embedder_name", embedder.name)

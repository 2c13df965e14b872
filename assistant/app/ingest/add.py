"""Files in: what was added is looked through, read, cut and kept, one transaction a batch, and embedded after that.

Several processes read; while they are at it, this one embeds what was kept before. A file is found by keyword as soon as
it is kept, by meaning when its vectors follow.
A file that has not changed costs one stat; one that lies somewhere else now costs a look at its bytes. Every document is
in the library whole or not at all, and whatever stops a run half-way loses at most the batch in hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.app.ingest.scan import Ledger, Scanner, ScanResult
from assistant.app.ingest.write_batch import OnChange, WriteBatch, add_to_report, detect_moves, ignore_change
from assistant.datatypes import Change, Document, Embedder, FileState, IngestReport, LedgerEntry, OnProgress, Progress
from assistant.errors import BEING_WRITTEN, ENCRYPTED, GONE, UNREAD, SkippedFile, UnreadableFile
from assistant.index import Store
from assistant.index.store import vector_key
from assistant.ingest import (
    CHUNKER_VERSION,
    EXTRACTOR_VERSION,
    Bounds,
    Candidate,
    Job,
    Pool,
    Reading,
    Refusal,
    Terms,
    Unchanged,
    can_read_pictures,
    chunk,
)
from assistant.system.paths import is_under

EMBEDDED_AT_ONCE = 512  # chunks: enough to sort by length, little enough to lose
ORPHANED_VECTOR_SECONDS = 7 * 86_400  # that a vector is kept for a text that left: it may come back
EMBEDDED_MEANWHILE = 64  # chunks: little enough not to keep a file waiting that has been read

REBUILDING = "the library was being rebuilt, and it was not read again yet"
TEMPORARY_REASONS = (GONE, BEING_WRITTEN, UNREAD)  # reasons that may be no more at the next look
AWAY = "its folder was away when the library was rebuilt"


def sign(store: Store, embedder: Embedder) -> None:
    """Note in the library which model its vectors come from."""
    store.set_meta("embedder", embedder.fingerprint)
    store.set_meta("embedder_name", embedder.name)


class Intake:
    """One run over some roots of a library."""

    def __init__(self, store: Store, embedder: Embedder, readers: Readers, on_progress: OnProgress,
                 on_change: OnChange = ignore_change) -> None:
        self._store, self._embedder, self._readers = store, embedder, readers
        self._means = readers.means
        self._on_progress, self._on_change = on_progress, on_change
        self._report = IngestReport()
        self._pending = WriteBatch()
        self._backlog = Backlog(store, embedder)
        self._excluded = store.excluded()
        self._inside: dict[str, set[str]] = {}  # by container, the files known in it
        self._moving: dict[str, LedgerEntry] = {}  # by new path, what the file may have been before
        self._known: Ledger = {}
        self._embeds, self._quiet_ns = True, 0
        self._done = self._total = 0

    def run(self, roots: Iterable[Path], *, rebuild: bool = False) -> IngestReport:
        """Bring the library up to date with these roots. Ctrl-C ends it early; what is done is kept."""
        started = time.perf_counter()
        try:
            self._run(list(roots), rebuild=rebuild)
            self._embed_rest()
            self._store.drop_spare_vectors(ORPHANED_VECTOR_SECONDS)
        except KeyboardInterrupt:
            self._report = replace(self._report, interrupted=True)
        return replace(self._report, seconds=time.perf_counter() - started)

    def refresh(self, roots: Iterable[Path], within: Sequence[Path] | None, quiet_seconds: float = 0.0
                ) -> tuple[IngestReport, frozenset[str]]:
        """Bring the library up to date with these paths of its roots, or all there is, and embed nothing.

        Files that were written to less than `quiet_seconds` ago are left for the next time.
        Returns what was done, and the roots in which links lead to other places inside: those are looked at as a whole.
        """
        started = time.perf_counter()
        self._embeds, self._quiet_ns = False, int(quiet_seconds * 1e9)
        entangled = self._run(list(roots), within)
        if within is None:
            self._store.drop_spare_vectors(ORPHANED_VECTOR_SECONDS)
        return replace(self._report, seconds=time.perf_counter() - started), entangled

    def _run(self, roots: list[Path], within: Sequence[Path] | None = None, *, rebuild: bool = False) -> frozenset[str]:
        eyes, known_eyes = "yes" if can_read_pictures() else "no", self._store.meta("ocr")
        reread = rebuild or self._store.meta("shape") != self._shape
        has_new_eyes = eyes == "yes" and known_eyes == "no"
        if reread or has_new_eyes:
            within = None
        ledger = self._store.ledger() if within is None else self._store.entries_under(map(str, within))
        on_disk = self._known = {path: entry for path, entry in ledger.items() if not entry.container}
        if within is None and not ledger:
            self._store.set_meta("shape", self._shape)
            reread = rebuild
        due = staleness_check(ledger.values(), has_passwords=bool(self._means.terms.passwords), has_new_eyes=has_new_eyes,
                        everything=reread)
        surveyor = Scanner(on_disk, self._excluded, self._means.terms.max_bytes, self._on_progress, due, self._quiet_ns)
        survey = surveyor.survey(roots, within)
        if within is not None and survey.entangled - {str(path) for path in within}:
            return self._run(roots, [*within, *map(Path, survey.entangled)])
        for entry in ledger.values():
            if entry.container:
                self._inside.setdefault(entry.container, set()).add(entry.path)
        self._moving = {} if reread or has_new_eyes else detect_moves(survey.changed, survey.gone, ledger)
        self._report = replace(self._report, unchanged=survey.unchanged, away=survey.away)
        self._leave_out(survey, ledger, rebuild=rebuild)
        self._total = len(survey.changed)
        self._take_all(survey.changed, due)
        if known_eyes != eyes:
            self._store.set_meta("ocr", eyes)
        if reread:
            self._note_shape(survey.kept)
        return survey.entangled

    @property
    def _shape(self) -> str:
        return chunking_version(self._means.chunk_tokens)

    def _with_inside(self, paths: Iterable[str]) -> set[str]:
        """Return files on the disk together with those inside them."""
        return {each for path in paths for each in (path, *self._inside.get(path, ()))}

    def _leave_out(self, survey: ScanResult, ledger: dict[str, LedgerEntry], *, rebuild: bool) -> None:
        """Drop the files that are gone and come back nowhere; to rebuild, drop the chunks of the others as well."""
        moving = {entry.path for entry in self._moving.values()}
        gone, kept = self._with_inside(set(survey.gone) - moving), self._with_inside(survey.kept)
        self._drop(gone)
        if rebuild:
            with self._store.transaction():
                self._start_over(ledger.keys() - gone - kept, kept)

    def _drop(self, paths: set[str]) -> None:
        if paths:
            self._report = replace(self._report, removed=self._report.removed + self._store.drop_files(sorted(paths)))
            for path in sorted(paths):
                self._on_change(Change("removed", path))

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
            self._store.set_meta("shape", self._shape)

    def _take_all(self, changed: Sequence[Candidate | Refusal], is_due: IsStale) -> None:
        """Read the files, by several processes at once, and keep them in the order in which they were found."""
        jobs = [Job(found.path, hash_if_current(self._moving.get(str(found.path)) or self._known.get(str(found.path)), is_due))
                for found in changed if isinstance(found, Candidate)]
        if jobs:
            with self._readers.opened(len(jobs)) as pool:
                results = pool.read(jobs, self._show_step, self._embed_meanwhile)
                for found in changed:
                    self._take(found, refused_reading(found) if isinstance(found, Refusal) else next(results)[1])
                self._flush()
        else:
            for found in changed:
                self._take(found, refused_reading(found))
            self._flush()
        self._drop(self._with_inside(entry.path for entry in self._moving.values()))

    def _show_step(self, words: str) -> None:
        self._on_progress(Progress("reading", self._done, self._total, self._report.chunks, words))

    def _take(self, found: Candidate | Refusal, readings: Sequence[Reading]) -> None:
        """Take what came of one file: of itself, and of the files inside it that were not taken out by hand."""
        self._show_step(str(found.path))
        kept = [reading for reading in readings if not (reading.container and is_under(reading.path, self._excluded))]
        for reading in kept:
            size = reading.size if reading.container else found.size
            self._take_one(LedgerEntry(reading.path, str(found.root), FileState.INDEXED, "", size, found.mtime_ns,
                                       reading.content_hash, container=reading.container), reading)
        if not any(isinstance(reading.outcome, Unchanged) for reading in kept):
            stale = self._inside.get(str(found.path), set()) - {reading.path for reading in kept}
            self._pending.gone.extend(sorted(stale))
        self._done += 1
        if self._pending.is_enough:
            self._flush()

    def _take_one(self, entry: LedgerEntry, reading: Reading) -> None:
        outcome = reading.outcome
        if isinstance(outcome, Unchanged) and entry.path in self._moving:
            self._pending.moved.append((self._moving.pop(entry.path).path, entry))
        elif isinstance(outcome, Unchanged):
            self._pending.touched.append(entry)
        elif isinstance(outcome, Document):
            self._take_document(entry, outcome)
        else:
            self._take_failure(entry, outcome)

    def _take_failure(self, entry: LedgerEntry, outcome: UnreadableFile) -> None:
        """Note why a file has no text. One that was read before and is out of reach for a moment stays what it was."""
        reason = str(outcome)
        state = FileState.SKIPPED if isinstance(outcome, SkippedFile) else FileState.FAILED
        failed = replace(entry, state=state, reason=reason, content_hash=outcome.content_hash)
        known = self._known.get(entry.path)
        if not reason.startswith(TEMPORARY_REASONS) or (reason != GONE and not is_indexed(known)):
            self._pending.notes.append(failed)
        elif reason != GONE:
            self._report = replace(self._report, failed=(*self._report.failed, failed))
            self._on_change(Change("failed", entry.path, reason))

    def _take_document(self, entry: LedgerEntry, document: Document) -> None:
        chunks = chunk(document, self._embedder.count_tokens, self._means.chunk_tokens)
        extraction = document.extraction
        if extraction.text and not chunks:
            reason = "there is no text in it"
            self._pending.notes.append(replace(entry, state=FileState.SKIPPED, reason=reason, notes=extraction.notes))
            return
        entry = replace(
            entry, chunks=len(chunks), encoding=extraction.encoding,
            pages=max((part.page or 0 for part in extraction.parts), default=0), empty_pages=extraction.empty_pages,
            ocr_pages=extraction.ocr_pages, notes=extraction.notes,
        )
        self._pending.documents.append((entry, document, chunks))
        self._pending.chunks += len(chunks)

    def _flush(self) -> None:
        """Keep what is pending in one transaction, and only then count it: from now on it is found by keyword."""
        pending, self._pending = self._pending, WriteBatch()
        if not pending.files:
            return
        pending.keep(self._store)
        self._report = add_to_report(self._report, pending)
        for change in pending.changes():
            self._on_change(change)
        self._on_progress(Progress("keeping", self._done, self._total, self._report.chunks))

    def _embed_meanwhile(self) -> bool:
        """Embed a little while files are being read; return whether there was anything to embed."""
        self._flush()
        return self._embeds and self._embed_some(EMBEDDED_MEANWHILE) > 0

    def _embed_rest(self) -> None:
        """Embed all that waits."""
        total = self._report.embedded + self._store.count_waiting()
        while self._store.count_waiting():
            self._on_progress(Progress("embedding", self._report.embedded, total, self._report.embedded))
            self._embed_some(EMBEDDED_AT_ONCE)

    def _embed_some(self, most: int) -> int:
        embedded = self._backlog.embed(most)
        self._report = replace(self._report, embedded=self._report.embedded + embedded)
        return embedded


def refused_reading(found: Candidate | Refusal) -> list[Reading]:
    """Return the reading of a file that is not read."""
    reason = found.reason if isinstance(found, Refusal) else ""
    return [Reading(str(found.path), SkippedFile(reason))]


FOR_OCR = "for OCR"  # how a reason ends that says what to install


def chunking_version(chunk_tokens: int) -> str:
    """Return what decides how a file becomes chunks: where it differs, files are read again."""
    return f"extractor {EXTRACTOR_VERSION}, chunker {CHUNKER_VERSION}, {chunk_tokens} tokens"


IsStale = Callable[[LedgerEntry], bool]


def staleness_check(entries: Iterable[LedgerEntry], *, has_passwords: bool, has_new_eyes: bool, everything: bool) -> IsStale:
    """Return what says of a known file that it should be read even if it has not changed.

    With passwords, those that are encrypted, or hold something that is, are due; where OCR was installed since the last
    run, those with pages that are pictures.
    """
    due = {path for entry in entries for path in (entry.path, entry.container)
           if (has_passwords and entry.state is FileState.FAILED and ENCRYPTED in entry.reason)
           or (has_new_eyes and (entry.empty_pages or FOR_OCR in entry.reason))}
    return lambda entry: everything or entry.path in due


def hash_if_current(known: LedgerEntry | None, is_due: IsStale) -> str:
    """Return the hash that makes reading a file again needless; nothing where it must be read."""
    return known.content_hash if known and is_indexed(known) and not is_due(known) else ""


def is_indexed(known: LedgerEntry | None) -> bool:
    """Return whether there is text of a file in the library."""
    return known is not None and known.state is FileState.INDEXED


@dataclass(frozen=True, slots=True)
class Means:
    """What files are read with: how many processes, on what terms, within which bounds; tokens of a chunk."""

    readers: int
    terms: Terms
    bounds: Bounds
    chunk_tokens: int


class Readers:
    """The processes that read files: opened for each run, or kept for the next where there will be many small ones."""

    def __init__(self, means: Means, *, lasting: bool = False) -> None:
        self.means = means
        self._is_lasting = lasting
        self._pool: Pool | None = None

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.close()
        self._pool = None

    @contextmanager
    def opened(self, files: int) -> Iterator[Pool]:
        """Give the processes to read so many files."""
        if self._pool is None:
            count = self.means.readers if self._is_lasting else min(self.means.readers, files)
            self._pool = Pool(count, self.means.terms, self.means.bounds)
        try:
            yield self._pool
        except BaseException:
            self.close()
            raise
        if not self._is_lasting:
            self.close()


class Backlog:
    """The chunks of a library that have no vector yet. What is embedded is kept step by step."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store, self._embedder = store, embedder
        self._queue: list[int] = []

    def embed(self, most: int) -> int:
        """Embed at most so many chunks and keep their vectors; return how many texts that were, 0 when none waits."""
        self._queue = self._queue or self._store.waiting()
        taken, self._queue = self._queue[:most], self._queue[most:]
        stored = self._store.chunks(taken)
        # the same text is embedded once; what left the library meanwhile, or has its vector from a twin, not at all
        texts = {vector_key(found.chunk.searchable): found.chunk.searchable for found in stored.values()}
        known = self._store.known_vectors(texts)
        missing = [key for key in texts if key not in known]
        if taken:
            vectors = self._embedder.embed_passages([texts[key] for key in missing])
            self._store.put_vectors(dict(zip(missing, vectors, strict=True)), taken)
        return len(missing)

"""Files in: what was added is looked through, read, cut and kept, one transaction a batch, and embedded after that.

Several processes read; while they are at it, this one embeds what was kept before. A file is found by keyword as soon as
it is kept, by meaning when its vectors follow.
A file that has not changed costs one stat. Every document is in the library whole or not at all, and whatever stops a run
half-way loses at most the batch in hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.datatypes import Chunk, Document, Embedder, FileState, IngestReport, LedgerEntry, Progress
from assistant.embedding import Backlog
from assistant.errors import ENCRYPTED, SkippedFile
from assistant.index import Store
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
from assistant.survey import Ledger, OnProgress, Survey, Surveyor, is_under

BATCH_CHUNKS = 2048  # kept in one transaction
BATCH_FILES = 512  # the same, those without text among them
EMBEDDED_AT_ONCE = 512  # chunks: enough to sort by length, little enough to lose
EMBEDDED_MEANWHILE = 64  # chunks: little enough not to keep a file waiting that has been read

REBUILDING = "the library was being rebuilt, and it was not read again yet"
FOR_OCR = "for OCR"  # how a reason ends that says what to install
AWAY = "its folder was away when the library was rebuilt"


def ignore_progress(_progress: Progress) -> None:
    """Show nothing."""


def shape(chunk_tokens: int) -> str:
    """Return what decides how a file becomes chunks: where it differs, files are read again."""
    return f"extractor {EXTRACTOR_VERSION}, chunker {CHUNKER_VERSION}, {chunk_tokens} tokens"


IsDue = Callable[[LedgerEntry], bool]


def due_again(entries: Iterable[LedgerEntry], *, has_passwords: bool, has_new_eyes: bool, everything: bool) -> IsDue:
    """Return what says of a known file that it should be read even if it has not changed.

    With passwords, those that are encrypted, or hold something that is, are due; where OCR was installed since the last
    run, those with pages that are pictures.
    """
    due = {path for entry in entries for path in (entry.path, entry.container)
           if (has_passwords and entry.state is FileState.FAILED and ENCRYPTED in entry.reason)
           or (has_new_eyes and (entry.empty_pages or FOR_OCR in entry.reason))}
    return lambda entry: everything or entry.path in due


def known_hash(known: LedgerEntry | None, is_due: IsDue) -> str:
    """Return the hash that makes reading a file again needless; nothing where it must be read."""
    return known.content_hash if known and known.state is FileState.INDEXED and not is_due(known) else ""


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
    gone: list[str] = field(default_factory=list)  # files inside others that are there no more
    chunks: int = 0

    @property
    def files(self) -> int:
        """How many there are."""
        return len(self.documents) + len(self.notes) + len(self.touched) + len(self.gone)

    @property
    def is_enough(self) -> bool:
        """Whether it is time to keep them."""
        return self.chunks >= BATCH_CHUNKS or self.files >= BATCH_FILES


@dataclass(frozen=True, slots=True)
class Means:
    """What files are read with: how many processes, on what terms, within which bounds; tokens of a chunk."""

    readers: int
    terms: Terms
    bounds: Bounds
    chunk_tokens: int


class Intake:
    """One run over some roots of a library."""

    def __init__(self, store: Store, embedder: Embedder, means: Means, on_progress: OnProgress) -> None:
        self._store, self._embedder, self._means = store, embedder, means
        self._on_progress = on_progress
        self._report = IngestReport()
        self._pending = Pending()
        self._backlog = Backlog(store, embedder)
        self._excluded = store.excluded()
        self._inside: dict[str, set[str]] = {}  # by container, the files known in it
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
        on_disk = {path: entry for path, entry in ledger.items() if not entry.container}
        for entry in ledger.values():
            if entry.container:
                self._inside.setdefault(entry.container, set()).add(entry.path)
        if not ledger:
            self._store.set_meta("shape", self._shape)
        reread = rebuild or self._store.meta("shape") != self._shape
        eyes = "yes" if can_read_pictures() else "no"
        has_new_eyes = eyes == "yes" and self._store.meta("ocr") == "no"
        due = due_again(ledger.values(), has_passwords=bool(self._means.terms.passwords), has_new_eyes=has_new_eyes,
                        everything=reread)
        survey = Surveyor(on_disk, self._excluded, self._means.terms.max_bytes, self._on_progress, due).survey(roots)
        self._report = replace(self._report, unchanged=survey.unchanged, away=survey.away)
        self._leave_out(survey, ledger, rebuild=rebuild)
        self._total = len(survey.changed)
        self._take_all(survey.changed, on_disk, due)
        self._flush()
        self._store.set_meta("ocr", eyes)
        if reread:
            self._note_shape(survey.kept)
        self._embed_rest()
        self._store.drop_unused_vectors()

    @property
    def _shape(self) -> str:
        return shape(self._means.chunk_tokens)

    def _with_inside(self, paths: Iterable[str]) -> set[str]:
        """Return files on the disk together with those inside them."""
        return {each for path in paths for each in (path, *self._inside.get(path, ()))}

    def _leave_out(self, survey: Survey, ledger: dict[str, LedgerEntry], *, rebuild: bool) -> None:
        """Drop the files that are gone; to rebuild, drop the chunks of the others as well."""
        gone, kept = self._with_inside(survey.gone), self._with_inside(survey.kept)
        with self._store.transaction():
            removed = self._store.drop_files(gone) if gone else 0
            if rebuild:
                self._start_over(ledger.keys() - gone - kept, kept)
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
            self._store.set_meta("shape", self._shape)

    def _take_all(self, changed: Sequence[Candidate | Refusal], on_disk: Ledger, is_due: IsDue) -> None:
        """Read the files, by several processes at once, and keep them in the order in which they were found."""
        jobs = [Job(found.path, known_hash(on_disk.get(str(found.path)), is_due))
                for found in changed if isinstance(found, Candidate)]
        if not jobs:
            self._take_refusals(changed)
            return
        with Pool(min(self._means.readers, len(jobs)), self._means.terms, self._means.bounds) as pool:
            results = pool.read(jobs, self._show_step, self._embed_meanwhile)
            for found in changed:
                if isinstance(found, Refusal):
                    self._take_refusals([found])
                else:
                    self._take(found, next(results)[1])

    def _show_step(self, words: str) -> None:
        self._on_progress(Progress("reading", self._done, self._total, self._report.chunks, words))

    def _take_refusals(self, refusals: Iterable[Candidate | Refusal]) -> None:
        for found in refusals:
            if isinstance(found, Refusal):
                self._take(found, [Reading(str(found.path), SkippedFile(found.reason))])

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
        if isinstance(outcome, Unchanged):
            self._pending.touched.append(entry)
        elif isinstance(outcome, Document):
            self._take_document(entry, outcome)
        else:
            state = FileState.SKIPPED if isinstance(outcome, SkippedFile) else FileState.FAILED
            self._pending.notes.append(replace(entry, state=state, reason=str(outcome), content_hash=outcome.content_hash))

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
        pending, self._pending = self._pending, Pending()
        if not pending.files:
            return
        with self._store.transaction():
            for entry, document, chunks in pending.documents:
                self._store.put_document(entry, document.title, chunks)
            for entry in pending.notes:
                self._store.put_entry(entry)
            self._store.drop_files(pending.gone)
            for entry in pending.touched:
                self._store.touch(entry.path, entry.size, entry.mtime_ns)
        self._report = counted(self._report, pending)
        self._on_progress(Progress("keeping", self._done, self._total, self._report.chunks))

    def _embed_meanwhile(self) -> bool:
        """Embed a little while files are being read; return whether there was anything to embed."""
        self._flush()
        return self._embed_some(EMBEDDED_MEANWHILE) > 0

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


def counted(report: IngestReport, kept: Pending) -> IngestReport:
    """Return the report with a batch added to it."""
    return replace(
        report, indexed=report.indexed + len(kept.documents), unchanged=report.unchanged + len(kept.touched),
        skipped=(*report.skipped, *(entry for entry in kept.notes if entry.state is FileState.SKIPPED)),
        failed=(*report.failed, *(entry for entry in kept.notes if entry.state is FileState.FAILED)),
        chunks=report.chunks + kept.chunks,
    )

"""The facade of the program: one object for the command line, the resident engine and scripts to add files and ask questions.

Its methods delegate to the use cases below `app`; the order of a question's steps stands in `app/ask/ask.py`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from assistant.app.ask.ask import QuestionAnswering
from assistant.app.ask.calibrate import calibrate
from assistant.app.ask.delegation import count_sent
from assistant.app.ask.outdated import CheckedAnswerStream, outdated_of_search
from assistant.app.embed import embed
from assistant.app.ingest.add import EmbeddingQueue, IngestRun, LazyReaderPool, ReaderOptions, record_embedder
from assistant.app.ingest.write_batch import OnChange, ignore_change
from assistant.app.library.browse import list_files, read_passage, read_text
from assistant.app.library.calibrations import forget_calibrations
from assistant.app.library.holdings import filtered_status, status_of
from assistant.app.library.library import Library, require_same_embedder
from assistant.app.library.maintenance import check_consistency, purge, purge_removed, write_lock
from assistant.app.library.tables import LibraryTables, holds_tables
from assistant.app.models import ModelProvider
from assistant.config import Settings
from assistant.datatypes import (
    EVERY_FILE,
    AnswerStreaming,
    Calibration,
    Citation,
    Embeddings,
    Explanation,
    Fact,
    Filter,
    Finding,
    Hit,
    IngestReport,
    LedgerEntry,
    LibraryMetrics,
    LibraryStatus,
    OnProgress,
    OutgoingRequest,
    ProbeCalibration,
    Progress,
    SearchResult,
    SentCount,
    TextPage,
    Turn,
    ignore_progress,
)
from assistant.errors import UsageError
from assistant.generation import Rewriting, draft_question
from assistant.history import Sessions
from assistant.history.facts import Facts
from assistant.index import REMOVED_TEXT_KEY, LibraryStore
from assistant.ingest import ReadOptions, RescanTarget, WorkerLimits, is_utf8, printable, rescan_target
from assistant.system.paths import absolute, is_under

MOST_READERS = 8


class Assistant:
    """One library, or several to ask together, and the models to use them with. Everything is opened on first use.

    `models`: share the loaded models of another assistant; by default each loads its own.
    """

    def __init__(self, settings: Settings, models: ModelProvider | None = None) -> None:
        self.settings = settings
        self._models = models or ModelProvider(settings)
        self._libraries = tuple(Library(name, settings.libraries_folder, self._models, settings.reader_groups)
                                for name in settings.libraries)
        self._answering = QuestionAnswering(settings, self._models, self._libraries)
        self._retrieval = self._answering.retrieval
        self._sessions = Sessions(settings.sessions_folder)
        self._readers: LazyReaderPool | None = None
        self._backlog: EmbeddingQueue | None = None
        self._elsewhere: dict[str, str] = {}
        self._entangled: frozenset[str] = frozenset()  # roots that can be looked at as a whole only

    def close(self) -> None:
        """Close the libraries."""
        self.rest()
        for library in self._libraries:
            library.close()

    def __enter__(self) -> Assistant:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the library."""
        self.close()

    @property
    def library_file(self) -> Path:
        """The path of the library's SQLite file, or of the file that says where a shared library lives."""
        return self._library.file

    @property
    def _library(self) -> Library:
        """The only library. Raises UsageError if several are named: they can be searched and asked together, nothing else."""
        if len(self._libraries) > 1:
            raise UsageError("Several libraries can be asked a question, and nothing else.", "Name one: -L NAME")
        return self._libraries[0]

    # files in

    def add(self, paths: Sequence[Path], on_progress: OnProgress = ignore_progress,
            passwords: Sequence[str] = (), name: str = "", groups: Iterable[str] | None = None) -> IngestReport:
        """Add files and folders. The passwords are tried on encrypted files and are not stored.

        Of a shared library, `name` is what it calls the one folder that is added; the name of a folder of another machine if it
        is the same folder. `groups` may read these paths; those that they have, or all, if it is None. Raises UsageError for a
        path that does not exist, or for a name or groups in another library, before anything is written or read.
        """
        if (name or groups is not None) and not self._library.is_shared:  # before the library is created
            raise UsageError("Only the folders of a shared library have names and groups.",
                             "Leave --root and --groups out, or share the library: assistant library create NAME --at PLACE")
        started = time.perf_counter()
        roots = [addable(path) for path in paths]
        with self._writing(on_progress) as store:
            include_roots(store, roots, name, groups)
            with self._holding(store, roots) as held:
                report = self._intake(store, on_progress, passwords).run(held, named=True)
                purge(self._library)
                store.prepare(self._models.embedder.dimension)
                if held:
                    store.record_sync()
        return timed(report, started)

    def sync(self, on_progress: OnProgress = ignore_progress, *, rebuild: bool = False,
             passwords: Sequence[str] = ()) -> IngestReport:
        """Rescan everything that was added; with `rebuild`, read and embed all of it again.

        A root that is missing or empty (an unplugged drive) keeps its files in the library. One that another machine keeps up
        to date at the moment is left to that: see `kept_elsewhere`.
        """
        started = time.perf_counter()
        self._library.require()
        with self._writing(on_progress, rebuild=rebuild) as store:
            if rebuild and store.meta("embedder") != self._models.embedder.fingerprint:  # the others' files are cleared too
                store.hold(store.roots())
            with self._holding(store, map(Path, store.own_roots())) as held:
                report = self._intake(store, on_progress, passwords).run(held, rebuild=rebuild)
                purge(self._library)
                store.prepare(self._models.embedder.dimension)
                if held:
                    store.record_sync()
        return timed(report, started)

    @contextmanager
    def _holding(self, store: LibraryStore, roots: Iterable[Path]) -> Iterator[list[Path]]:
        """Hold the leases of roots; yield those that no other machine keeps up to date."""
        wanted = list(roots)
        self._elsewhere = store.hold(map(str, wanted))
        try:
            yield [root for root in wanted if str(root) not in self._elsewhere]
        finally:
            store.release()

    @property
    def kept_elsewhere(self) -> dict[str, str]:
        """The roots of this machine that the last command left to another machine, with the name of that machine."""
        return self._elsewhere

    def root_names(self) -> dict[str, str]:
        """Return the names that a shared library has for the roots of this machine, by path; an empty dict for other ones."""
        return self._writable().root_names()

    def remove(self, path: Path) -> int:
        """Remove a file or folder and exclude it from now on; return the number of files. Raises UsageError if unknown."""
        self._library.require()
        with self._only_writer(ignore_progress):
            store = self._writable()
            gone, files, roots = self._removable(path)
            store.hold({*roots, *files.values()})
            with store.transaction():
                store.drop_files(files)
                for root in roots:
                    store.drop_root(root)
                store.include(gone)  # what was taken out below it is out with it, and comes back with it
                if is_under(gone, store.roots()):
                    store.exclude(gone)
                store.drop_orphaned_vectors(0)
                store.set_meta(REMOVED_TEXT_KEY, "yes")
            store.release()
            purge_removed(self._library, self._sessions)
        return len(files)

    def _removable(self, path: Path) -> tuple[str, dict[str, str], list[str]]:
        """Return a path as the library knows it, the files there with their roots, and the added paths there.

        What the reader may not see is not removed either, unless it is in a folder of this machine. Raises UsageError if nothing
        is left.
        """
        store, seen = self._writable(), self._store()
        own = store.own_roots()
        for known in known_paths(path):
            entries = store.entries_under([known]).items()
            files = {each: entry.root for each, entry in entries if entry.root in own or seen.entry(each)}
            roots = [root for root in sorted({*seen.roots(), *own}) if is_under(root, [known])]
            if files or roots:
                return known, files, roots
        raise UsageError(f"{printable(str(absolute(path)))} is not in the library.", "See what is: assistant status --files")

    # files followed

    def roots(self) -> tuple[Path, ...]:
        """Return the files and folders that this machine keeps up to date."""
        return tuple(map(Path, self._writable().own_roots())) if self._library.exists() else ()

    def include(self, paths: Sequence[Path]) -> None:
        """Add files and folders without reading them yet. Raises UsageError for a path that does not exist."""
        roots = [addable(path) for path in paths]
        with self._writing(ignore_progress) as store:
            include_roots(store, roots)

    def hold(self, roots: Sequence[Path]) -> dict[Path, str]:
        """Take or renew the leases of roots; return the machine that keeps each of the others up to date, by root."""
        if not self._library.is_shared:
            return {}
        with self._only_writer(ignore_progress):
            elsewhere = self._writable().hold(map(str, roots))
        return {Path(root): machine for root, machine in elsewhere.items()}

    def release(self) -> None:
        """Let other machines take over the roots that this one keeps up to date."""
        if self._library.is_shared:
            self._writable().release()

    def refresh(self, paths: Sequence[Path] | None = None, on_progress: OnProgress = ignore_progress,
                on_change: OnChange = ignore_change, quiet_seconds: float = 0.0) -> IngestReport:
        """Rescan these paths, or everything that was added, without embedding: changes are found by keyword at once.

        Skips files that were written to less than `quiet_seconds` ago. Keeps the reader processes for the next call.
        """
        started = time.perf_counter()
        self._library.require()
        with self._writing(on_progress) as store:
            within = None if paths is None else [*paths, *(Path(root) for root in self._entangled)]
            self._readers = self._readers or LazyReaderPool(self._reader_options(), keep_open=True)
            intake = IngestRun(store, self._models.embedder, self._readers, renewing(store, on_progress), on_change,
                               self.settings.home)
            elsewhere = store.hold(store.own_roots())
            roots = [Path(root) for root in store.own_roots() if root not in elsewhere]
            report, entangled = intake.refresh(roots, within, quiet_seconds)
            self._entangled |= entangled
            if report.indexed or report.removed:
                purge(self._library)
                store.record_sync()
        if report.chunks:
            self._backlog = None  # the newest first
        return timed(report, started)

    def embed_waiting(self, most: int) -> int:
        """Embed at most `most` pending chunks; return the number still pending."""
        store = self._writable()
        if most and store.count_pending_embeddings():
            with self._writing(ignore_progress):
                self._backlog = self._backlog or EmbeddingQueue(store, self._models.embedder)
                self._backlog.embed(most)
        return store.count_pending_embeddings()

    def to_look_at(self, roots: Iterable[Path]) -> RescanTarget:
        """Return a function that maps a changed path to the path to rescan, or to None if no root is concerned."""
        return rescan_target(map(str, roots), str(self.settings.home))

    def rest(self) -> None:
        """Stop the reader processes that are kept between two calls of `refresh`."""
        if self._readers is not None:
            self._readers.close()

    def _reader_options(self, passwords: Sequence[str] = ()) -> ReaderOptions:
        settings = self.settings
        readers = settings.reader_processes or min(MOST_READERS, os.cpu_count() or 1)
        return ReaderOptions(readers, ReadOptions(settings.max_file_bytes, tuple(passwords)),
                     WorkerLimits(settings.file_timeout, settings.file_memory_bytes), settings.chunk_tokens)

    def _intake(self, store: LibraryStore, on_progress: OnProgress, passwords: Sequence[str]) -> IngestRun:
        return IngestRun(store, self._models.embedder, LazyReaderPool(self._reader_options(passwords)),
                         renewing(store, on_progress), own=self.settings.home)

    @contextmanager
    def _writing(self, on_progress: OnProgress, *, rebuild: bool = False) -> Iterator[LibraryStore]:
        embedder = self._models.embedder
        with self._only_writer(on_progress):
            store = self._writable()
            if not store.meta("embedder"):
                with store.transaction():
                    record_embedder(store, embedder)
            if not rebuild:
                require_same_embedder(store, embedder)
            yield store

    def _only_writer(self, on_progress: OnProgress) -> AbstractContextManager[None]:
        return write_lock(self.library_file.parent, on_progress)

    # questions

    def search(self, question: str, limit: int = 0, wanted: Filter = EVERY_FILE) -> SearchResult:
        """Return the hits for a question, best first. Raises NothingIndexed or EmbedderMismatch."""
        return outdated_of_search(self._libraries, self._retrieval.search(question, limit, wanted))

    def explain(self, question: str, wanted: Filter = EVERY_FILE) -> Explanation:
        """Return every candidate of a search in one library with its scores. Raises NothingIndexed or EmbedderMismatch."""
        return self._retrieval.explain(question, self._library, wanted)

    def ask(self, question: str, turns: Sequence[Turn] = (), wanted: Filter = EVERY_FILE,
            strict: bool = False) -> AnswerStreaming:
        """Return an answer stream; its passages are available before its text.

        A follow-up question is rewritten to stand alone; one about the conversation itself is answered from the turns. With
        `strict`, sentences without support are left out. A question about whole files ("summarise this file") reads all of
        their text: see `AnswerStreaming.prepare`.

        Raises ModelMissing before the search, NothingIndexed or EmbedderMismatch; UsageError if it is unclear which files are
        meant.
        """
        return CheckedAnswerStream(self._answering.ask(question, turns, wanted, strict), self._libraries)

    def preview(self, question: str, wanted: Filter = EVERY_FILE) -> tuple[OutgoingRequest, ...]:
        """Return the requests that a question sends to a chat model on another machine, and send nothing.

        Later requests, such as the check of the answer, contain the same passages and what that model has replied. Raises what
        `ask` raises, and UsageError if the settings name no such model.
        """
        return self._answering.preview(question, wanted)

    def sent(self) -> SentCount:
        """Return what went to chat models on other machines so far."""
        return count_sent(self.settings.sent_file)

    def anticipate(self, question: str, turns: Sequence[Turn] = (), should_stop: Callable[[], bool] = lambda: False) -> None:
        """Prefetch for a question that is being typed: retrieve its passages and let the model read them.

        `should_stop` is called between steps. Raises what `ask` raises, and KeyboardInterrupt if the model is interrupted.
        """
        self._answering.anticipate(question, turns, should_stop)

    def tune(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Measure the fastest thread counts for the chat model on this machine (about two seconds), and store them.

        Raises ModelMissing or ModelUnusable, and KeyboardInterrupt if the model is interrupted.
        """
        self._models.tune(should_stop)

    def prefill(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Let the chat model read passages that earlier questions found, for the questions to come; see ReadingAhead.

        Raises ModelMissing or ModelUnusable, and KeyboardInterrupt if the model is interrupted.
        """
        self._answering.reading_ahead.run(should_stop)

    def rewritten(self, question: str, turns: Sequence[Turn]) -> Rewriting:
        """Return the standalone question: rewritten by rules, and by the chat model if the rules are not confident."""
        return self._retrieval.rewrite_question(question, turns)

    def follow_up(self, question: str, turns: Sequence[Turn], wanted: Filter = EVERY_FILE) -> tuple[Rewriting, tuple[Hit, ...]]:
        """Return the rewritten follow-up question and its hits. Raises NothingIndexed or EmbedderMismatch."""
        return self._retrieval.follow_up(question, turns, wanted)

    @property
    def memory(self) -> Facts:
        """The facts that the user asked to keep."""
        return self._retrieval.memory

    def remember(self, words: str) -> Fact:
        """LibraryStore a fact and return it. Raises UsageError or MemoryUnusable."""
        return self.memory.add(words)

    # tables

    def tables(self, wanted: Filter = EVERY_FILE) -> LibraryTables:
        """Return the tables of the files that pass a filter, to list and to query. Raises NothingIndexed.

        Raises UsageError for a shared library, which stores no tables.
        """
        if any(library.is_shared for library in self._libraries):
            raise UsageError("The tables of a shared library cannot be queried yet.",
                             "Their rows are found as text: assistant search, assistant ask.")
        return LibraryTables(self._libraries, wanted)

    def holds_tables(self, wanted: Filter = EVERY_FILE) -> bool:
        """Return whether a file that passes a filter has a table. Raises NothingIndexed."""
        return holds_tables(self._libraries, wanted)

    # answerability

    def calibrate(self, count: int, on_progress: OnProgress = ignore_progress) -> Calibration | ProbeCalibration:
        """Calibrate the refusals of the chat model to this library with questions about its own chunks, and store the result.

        An offset for a model with shipped constants, a probe for another one. Resumes a stopped calibration. Raises ModelMissing,
        NothingIndexed, or UsageError if the library is too small or the model cannot be calibrated.
        """
        self._library.searcher()  # an empty library says so before a model is loaded
        self._writable()  # and one that is only read before anything is measured
        return calibrate(self._library, self._models.chat, self.settings, count, on_progress)

    def forget_calibration(self) -> None:
        """Delete the calibrations of all chat models for this library."""
        self._library.require()
        forget_calibrations(self._writable())

    # questions about the files, to measure answers with

    def passage_places(self) -> list[tuple[int, str]]:
        """Return (chunk id, path) of every chunk. Raises NothingIndexed if there is no library."""
        self._library.require()
        return self._store().paths_of_chunks()

    def passages(self, numbers: Sequence[int]) -> tuple[Hit, ...]:
        """Return the chunks with these ids, in this order, as hits; deleted ones are left out."""
        found = self._store().chunks(numbers)
        kept = [found[number] for number in numbers if number in found]
        return tuple(Hit(stored.chunk_id, stored.path, stored.title, stored.chunk) for stored in kept)

    def draft_question(self, hit: Hit, sentence: str, fact: str) -> str:
        """Let the chat model write a question that a fact in a sentence of a chunk answers; return "" if it writes none."""
        return draft_question(self._models.chat, hit, sentence, fact)

    # what there is

    def status(self, wanted: Filter = EVERY_FILE) -> LibraryStatus:
        """Return the status of the library, or of its files that pass a filter. Raises NothingIndexed if there is no library."""
        self._library.require()
        return filtered_status(self._library, wanted) if wanted else status_of(self._library)

    def metrics(self) -> LibraryMetrics | None:
        """Measure a shared library; return None for one of this machine only. Raises NothingIndexed if there is no library."""
        self._library.require()
        return self._store().metrics()

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Return the ledger entry of every file, by path. Raises NothingIndexed if there is no library."""
        self._library.require()
        return tuple(self._store().ledger().values())

    def files(self, wanted: Filter = EVERY_FILE, after: str = "", limit: int = 100) -> tuple[LedgerEntry, ...]:
        """Return at most `limit` files with text that pass the filter, by path, from the path behind `after`.

        Raises NothingIndexed if there is no library.
        """
        return list_files(self._libraries, wanted, after, limit)

    def passage(self, path: str, character: int, neighbours: int = 0, wanted: Filter = EVERY_FILE) -> TextPage:
        """Return the chunk of a file at a character offset, with its neighbours. Raises NotFound."""
        return read_passage(self._libraries, path, character, neighbours, wanted)

    def text(self, path: str, character: int = 0, most: int = 100_000, wanted: Filter = EVERY_FILE) -> TextPage:
        """Return the text of a file from a character offset, about `most` characters of it. Raises NotFound."""
        return read_text(self._libraries, path, character, most, wanted)

    def embed(self, texts: Sequence[str], *, as_questions: bool = False) -> Embeddings:
        """Return the vectors of texts, as passages or as questions. Raises ModelMissing or ModelUnusable."""
        return embed(self._models.embedder, texts, as_questions=as_questions)

    def integrity(self) -> str:
        """Return "ok", or what a quick check finds wrong with the library. Raises NothingIndexed if there is no library."""
        self._library.require()
        return self._store().integrity()

    def embedded_share(self) -> float:
        """Return the share (0 to 1) of chunks that are embedded; the others are found by keyword only."""
        return self._retrieval.embedded_share()

    def check(self, *, repair: bool = False) -> tuple[Finding, ...]:
        """Check the consistency of the library and finish an interrupted removal; with `repair`, fix what is wrong.

        Raises NothingIndexed if there is no library, LibraryDamaged if its database cannot be repaired.
        """
        self._library.require()
        self._writable()  # a library that is only read is not changed by a check
        with self._only_writer(ignore_progress):
            return check_consistency(self._library, self._sessions, repair=repair)

    def _store(self) -> LibraryStore:
        return self._library.store

    def _writable(self) -> LibraryStore:
        return self._library.writable

    # rights

    def root_groups(self) -> dict[str, tuple[str, ...]]:
        """Return the groups that may read each added path, as far as the reader may see it. Raises NothingIndexed."""
        self._library.require()
        return self._store().root_groups()

    def set_groups(self, path: Path, groups: Iterable[str]) -> None:
        """Let only these groups read an added path of a shared library; without any, all may.

        Raises UsageError if the path was not added, or is neither readable nor this machine's.
        """
        self._library.require()
        with self._only_writer(ignore_progress):
            store = self._writable()
            known = {*self._store().roots(), *store.own_roots()}
            root = next((root for root in known_paths(path) if root in known), "")
            if not root:
                raise UsageError(f"{printable(str(absolute(path)))} is no added folder of the library.",
                                 "See what is: assistant library groups NAME")
            store.set_groups(root, groups)

    def hides(self, cited: Citation) -> bool:
        """Return whether a shared library is among these, and the reader may not see a cited file in any of them."""
        return cited.kind == "file" and any(library.is_shared for library in self._libraries) and not any(
            library.exists() and library.store.entry(cited.path) for library in self._libraries)


def known_paths(path: Path) -> tuple[str, str]:
    """Return how the library may know a path: where it is on this machine, or as given, below a root of other machines only."""
    return str(absolute(path)), path.as_posix()


def include_roots(store: LibraryStore, roots: Sequence[Path], name: str = "", groups: Iterable[str] | None = None) -> None:
    """Record added paths; `name` is what a shared library calls the only one. Raises UsageError if it cannot.

    Only the groups may read them from now on, in the same transaction; None leaves the groups as they are.
    """
    chosen = None if groups is None else tuple(groups)
    with store.transaction():
        for root in roots:
            if name:
                store.name_root(str(root), name)
            store.include(str(root))
            store.add_root(str(root))
            if chosen is not None:
                store.set_groups(str(root), chosen)


def renewing(store: LibraryStore, on_progress: OnProgress) -> OnProgress:
    """Return a function that renews the leases of the roots that are being read, and reports progress."""
    def report(progress: Progress) -> None:
        store.renew()
        on_progress(progress)

    return report


def timed(report: IngestReport, started: float) -> IngestReport:
    """Return a report with the seconds since a reading of `time.perf_counter`, the loading of the model among them."""
    return replace(report, seconds=time.perf_counter() - started)


def addable(path: Path) -> Path:
    """Return the absolute path. Raises UsageError if nothing is there or its name is not valid UTF-8."""
    root = absolute(path)
    if not is_utf8(root):
        raise UsageError(f"The name {printable(root)} is not valid UTF-8.", "Rename it, then try again.")
    if not os.path.exists(root):  # noqa: PTH110 - Path.exists raises where a folder above is closed
        raise UsageError(f"There is no file or folder at {root}.", "Check the spelling; quote paths with spaces.")
    return root

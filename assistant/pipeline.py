"""Assistant: files in, passages found, answers out. The one module that knows the order of the stages.

Every front end (the command line, a script) goes through this class and gets frozen nouns back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.answer import (
    AnswerStream,
    DisputedStream,
    Leaning,
    Limits,
    Prompt,
    RetellingStream,
    Rewriting,
    Trial,
    about,
    calibration,
    compose,
    draft_question,
    reworded,
    rewrite,
    topical,
)
from assistant.calibration import Notebook, trials
from assistant.config import Settings
from assistant.datatypes import (
    EVERY_FILE,
    Answering,
    Calibration,
    ChatModel,
    Chunk,
    Explanation,
    FileState,
    Filter,
    Finding,
    Hit,
    IngestReport,
    LedgerEntry,
    LibraryStatus,
    Message,
    Progress,
    SearchResult,
    Severity,
    Timings,
    Turn,
)
from assistant.embedding import Backlog
from assistant.errors import LibraryUnwritable, UsageError
from assistant.index import PRIVATE_FOLDER, Inspection, Store, settle_view, sweep, view_fault
from assistant.ingest import Bounds, Terms, ToLookAt, is_utf8, printable, to_look_at
from assistant.intake import Intake, Means, Readers, ignore_progress, sign
from assistant.library import Library, check_fingerprint
from assistant.loading import Models
from assistant.memory import Facts, placed
from assistant.memory import found as recalled
from assistant.overview import forget_notes, overview
from assistant.pending import OnChange, ignore_change
from assistant.retrieve import MOST, Searcher, carried, dealt, drop_duplicates, drop_unrelated, explained, rerank, widen
from assistant.survey import OnProgress, is_under

FEWEST_TRIALS = 6
DOUBT_OFFSET = "doubt_offset"  # of a library's notes about itself
STEPS = (drop_duplicates, drop_unrelated)
MOST_READERS = 8
KNOWS_LANGUAGE = 0.8  # share of a question's tokens that the embedding model must know for its cosine to mean something
REMOVED = "removed"  # a note of the library: what was removed may still stand in files that are yet to be written anew
SWEPT_AT_ONCE = 20_000  # passages: in a larger library that is left to `doctor --check`
LOG_IS_HELD = Finding("library", Severity.WARNING, "Another program reads this library: what was removed is still in its log.",
                      "Close that program, or: assistant engine stop; then check again")


class Assistant:
    """One library and the models to use it with. Opens each only when it is needed.

    `models`, where given, are those of another assistant with the same models: several libraries, loaded once.
    """

    def __init__(self, settings: Settings, models: Models | None = None) -> None:
        self.settings = settings
        self._models = models or Models(settings)
        self._libraries = tuple(Library(name, settings.libraries_folder, self._models) for name in settings.libraries)
        self._readers: Readers | None = None
        self._backlog: Backlog | None = None
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
        """Where the library's truth stands."""
        return self._library.file

    @property
    def _library(self) -> Library:
        """The one library. Raises UsageError where several are named: only questions are asked of more than one."""
        if len(self._libraries) > 1:
            raise UsageError("Several libraries can be asked a question, and nothing else.", "Name one: -L NAME")
        return self._libraries[0]

    # files in

    def add(self, paths: Sequence[Path], on_progress: OnProgress = ignore_progress,
            passwords: Sequence[str] = ()) -> IngestReport:
        """Bring files and folders in; the passwords are tried on what is encrypted, and kept nowhere.

        Raises UsageError for a path that is not there, before anything is read.
        """
        roots = [addable(path) for path in paths]
        with self._writing(on_progress) as store:
            with store.transaction():
                for root in roots:
                    store.include(str(root))
                    store.add_root(str(root))
            report = self._intake(store, on_progress, passwords).run(roots)
            self._forget(store)
            settle_view(store, self._models.embedder.dimension)
        return report

    def sync(self, on_progress: OnProgress = ignore_progress, *, rebuild: bool = False,
             passwords: Sequence[str] = ()) -> IngestReport:
        """Look through everything that was added again; with `rebuild` read and embed all of it anew.

        A root that is not there now, or empty (an unplugged drive), keeps its files.
        """
        self._require_library()
        with self._writing(on_progress, rebuild=rebuild) as store:
            roots = [Path(root) for root in store.roots()]
            report = self._intake(store, on_progress, passwords).run(roots, rebuild=rebuild)
            self._forget(store)
            settle_view(store, self._models.embedder.dimension)
        return report

    def remove(self, path: Path) -> int:
        """Take a file or folder out and keep it out; return how many files left. Raises UsageError for an unknown one."""
        self._require_library()
        gone = str(absolute(path))
        with self._locked(ignore_progress):
            store = self._store()
            files = [known for known in store.ledger() if is_under(known, [gone])]
            roots = [root for root in store.roots() if is_under(root, [gone])]
            if not files and not roots:
                raise UsageError(f"{printable(gone)} is not in the library.", "See what is: assistant status --files")
            with store.transaction():
                for root in roots:
                    store.drop_root(root)
                store.include(gone)  # what was taken out below it is out with it, and comes back with it
                if is_under(gone, store.roots()):
                    store.exclude(gone)
                store.drop_files(files)
                store.drop_spare_vectors(0)
                store.set_meta(REMOVED, "yes")
            self._forget(store)
            if store.count_chunks() <= SWEPT_AT_ONCE:
                self._sweep(store)
            else:
                store.empty_log()
        return len(files)

    # files followed

    def roots(self) -> tuple[Path, ...]:
        """Return the files and folders that were added."""
        return tuple(map(Path, self._store().roots())) if self.library_file.exists() else ()

    def include(self, paths: Sequence[Path]) -> None:
        """Note files and folders as added, and read nothing yet. Raises UsageError for a path that is not there."""
        roots = [addable(path) for path in paths]
        with self._writing(ignore_progress) as store, store.transaction():
            for root in roots:
                store.include(str(root))
                store.add_root(str(root))

    def refresh(self, paths: Sequence[Path] | None = None, on_progress: OnProgress = ignore_progress,
                on_change: OnChange = ignore_change, quiet_seconds: float = 0.0) -> IngestReport:
        """Look again at these paths of what was added, or at all of it, and embed nothing: it is found by keyword.

        Files that were written to less than `quiet_seconds` ago are left for the next time.
        The processes that read files are kept for the next time.
        """
        self._require_library()
        with self._writing(on_progress) as store:
            within = None if paths is None else [*paths, *(Path(root) for root in self._entangled)]
            self._readers = self._readers or Readers(self._means(), lasting=True)
            intake = Intake(store, self._models.embedder, self._readers, on_progress, on_change)
            report, entangled = intake.refresh(map(Path, store.roots()), within, quiet_seconds)
            self._entangled |= entangled
            if report.indexed or report.removed:
                self._forget(store)
        if report.chunks:
            self._backlog = None  # the newest first
        return report

    def embed_waiting(self, most: int) -> int:
        """Embed at most so many of the passages that wait for it; return how many still do."""
        store = self._store()
        if most and store.count_waiting():
            with self._writing(ignore_progress):
                self._backlog = self._backlog or Backlog(store, self._models.embedder)
                self._backlog.embed(most)
        return store.count_waiting()

    def to_look_at(self, roots: Iterable[Path]) -> ToLookAt:
        """Return a function from a path at which something happened to the one to look at; nothing where none is concerned."""
        return to_look_at(map(str, roots), str(self.settings.home))

    def rest(self) -> None:
        """Give back what is kept between two calls of `refresh`."""
        if self._readers is not None:
            self._readers.close()

    def _means(self, passwords: Sequence[str] = ()) -> Means:
        settings = self.settings
        readers = settings.readers or min(MOST_READERS, os.cpu_count() or 1)
        return Means(readers, Terms(settings.max_file_bytes, tuple(passwords)),
                     Bounds(settings.file_seconds, settings.file_memory_bytes), settings.chunk_tokens)

    def _intake(self, store: Store, on_progress: OnProgress, passwords: Sequence[str]) -> Intake:
        return Intake(store, self._models.embedder, Readers(self._means(passwords)), on_progress)

    @contextmanager
    def _writing(self, on_progress: OnProgress, *, rebuild: bool = False) -> Iterator[Store]:
        embedder = self._models.embedder
        with self._locked(on_progress):
            store = self._store()
            if not store.meta("embedder"):
                with store.transaction():
                    sign(store, embedder)
            if not rebuild:
                check_fingerprint(store, embedder)
            yield store

    @contextmanager
    def _locked(self, on_progress: OnProgress) -> Iterator[None]:
        """Be the only writer; where another program is, say so and wait."""
        folder = self.library_file.parent
        # who waits holds the turn: a program that writes again and again cannot keep it out
        turn, lock = FileLock(folder / "writer.turn"), FileLock(folder / "writer.lock")
        try:
            folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            turn.acquire(timeout=0)
            lock.acquire(timeout=0)
        except Timeout:
            on_progress(Progress("waiting", 0, 0, current="another program is writing to this library"))
            turn.acquire()
            lock.acquire()
        except OSError as error:
            raise LibraryUnwritable(f"{folder} cannot be written: {error.strerror or error}.",
                                    "Check its permissions and the disk, or set ASSISTANT_HOME.") from error
        finally:
            turn.release(force=True)
        try:
            yield
        finally:
            lock.release()

    # passages

    def search(self, question: str, limit: int = 0, wanted: Filter = EVERY_FILE) -> SearchResult:
        """Return the passages for a question, best first. Raises NothingIndexed or EmbedderMismatch."""
        question = checked(question)
        searchers = self._searchers()
        started = time.perf_counter()
        hits = self._passages(searchers, question, limit or self.settings.results, wanted)
        taken = since(started)
        return SearchResult(question, hits, Timings(taken, total_ms=taken), self.embedded_share())

    def explain(self, question: str, wanted: Filter = EVERY_FILE) -> Explanation:
        """Return how a search of one library came about. Raises NothingIndexed or EmbedderMismatch."""
        question = checked(question)
        why = self._library.searcher().explain(question, STEPS, wanted)
        if not self.settings.rerank:
            return why
        return explained(why, self._models.reranker, question, self.settings.rerank_milliseconds)

    def _passages(self, searchers: Sequence[Searcher], question: str, limit: int, wanted: Filter,
                  readings: int = 1) -> tuple[Hit, ...]:
        """Return the best hits for one of so many readings of a question; they share the time for reranking."""
        if not self.settings.rerank:
            return found_in(searchers, question, limit, wanted)
        found = found_in(searchers, question, max(limit, MOST), wanted)
        hits, _ = rerank(self._models.reranker, question, found, self.settings.rerank_milliseconds / readings)
        return tuple(hits[:limit])

    def embedded_share(self) -> float:
        """Return the share (0 to 1) of the passages that have a vector; the others are found by keyword only."""
        return min((library.store.embedded_share() for library in self._libraries if library.file.exists()), default=1.0)

    # answers

    def ask(self, question: str, turns: Sequence[Turn] = (), wanted: Filter = EVERY_FILE, strict: bool = False) -> Answering:
        """Return an answer that is written while it is iterated; its passages are there at once.

        A question that leans on the turns before is searched for as it would stand alone; one about the conversation itself is
        answered from the turns. A `strict` answer leaves out the sentences that nothing bears out.
        A question about whole files ("summarise this file") goes through all of their text: see `Answering.prepare`.

        Raises ModelMissing before anything is searched, NothingIndexed or EmbedderMismatch; UsageError where it is
        unclear which files are meant.
        """
        question = checked(question)
        remembered = not wanted and bool(self._facts(question, ()))
        for library in () if remembered else self._libraries:
            library.require()
        if turns and (wish := about(question)).wish:
            self._models.start_chat()
            return RetellingStream(question, wish, turns, lambda: self._models.chat, self.settings.answer_tokens)
        if whole := overview(question, self._libraries, wanted, lambda: self._models.chat, self.settings.embed):
            return whole
        self._models.start_chat()
        started = time.perf_counter()
        searchers = self._searchers(some=not remembered)
        searching = time.perf_counter()  # loading a model counts for the wait, not for the search
        rewriting = self.rewritten(question, turns)
        hits = self._found(searchers, rewriting, turns, wanted)
        if not wanted:
            hits = placed(hits, self._facts(rewriting.queries[0], hits))
        limits = Limits(self.settings.answer_tokens, self.settings.doubt_percent / 100, strict, self.doubt_offset())
        stream = AnswerStream(question, hits, self._models.embedder.name, started, since(searching),
                            self._opener(question, hits, turns), limits,
                            rewriting.shown if rewriting.leaning != Leaning.NONE else "")
        return DisputedStream(stream, hits[: self.settings.passages], lambda: self._with_others(hits), self._changed)

    @property
    def memory(self) -> Facts:
        """The facts that the person asked to keep."""
        return Facts(self.settings.memory_file)

    def _facts(self, question: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return the kept facts that bear on a question, beside these passages."""
        facts = self.memory.all() if self.settings.use_memory else ()
        if not facts:
            return ()
        embedder = self._models.embedder
        if embedder.coverage(question) < KNOWS_LANGUAGE:
            return recalled(question, facts, (), hits)
        cosines = self.memory.vectors(facts, embedder) @ embedder.embed_question(question)
        return recalled(question, facts, [float(cosine) for cosine in cosines], hits)

    def calibrate(self, count: int, on_progress: OnProgress = ignore_progress) -> Calibration:
        """Fit the doubt to this library with questions about its own passages, and keep the offset with it.

        Goes on where one was stopped. Raises ModelMissing, NothingIndexed, or UsageError where the library is too small.
        """
        searcher, store = self._library.searcher(), self._store()
        chat, settings = self._models.chat, self.settings
        limit = settings.results + settings.passages
        done: list[Trial] = []
        notebook = self._notebook(chat.name)
        for trial in trials(chat, store, notebook, lambda question: searcher.search(question, limit, STEPS),
                            lambda question, hits: compose(chat, question, hits[: settings.passages], (),
                                                           settings.passage_tokens, settings.answer_tokens)):
            done.append(trial)
            on_progress(Progress("asking", len(done), count, current=trial.question))
            if len(done) >= count:
                break
        if len(done) < FEWEST_TRIALS:
            raise UsageError(f"Only {len(done)} questions could be made from this library, too few to calibrate by.",
                             "Add more files; without a calibration the shipped values hold.")
        found = calibration(done, settings.doubt_percent / 100)
        store.set_meta(DOUBT_OFFSET, str(found.offset))
        return found

    def forget_calibration(self) -> None:
        """Return to the shipped values."""
        self._require_library()
        self._store().set_meta(DOUBT_OFFSET, "")

    def doubt_offset(self) -> float:
        """Return what calibration found that is to be added to the logarithm of the odds of the doubt; 0 without it."""
        kept = [float(library.store.meta(DOUBT_OFFSET) or 0.0) for library in self._libraries if library.file.exists()]
        return sum(kept) / max(1, len(kept))

    def rewritten(self, question: str, turns: Sequence[Turn]) -> Rewriting:
        """Return what is searched for: by rule, and by the chat model where rules are not sure and it may take the time."""
        by_rule = rewrite(question, turns)
        if by_rule.sure or not self.settings.rewrite_seconds:
            return by_rule
        return reworded(self._models.chat, question, topical(turns)[-1], by_rule, self.settings.rewrite_seconds)

    def follow_up(self, question: str, turns: Sequence[Turn], wanted: Filter = EVERY_FILE) -> tuple[Rewriting, tuple[Hit, ...]]:
        """Return what a follow-up question is searched for as, and the passages. Raises NothingIndexed or EmbedderMismatch."""
        rewriting = self.rewritten(checked(question), turns)
        return rewriting, self._found(self._searchers(), rewriting, turns, wanted)

    def _found(self, searchers: Sequence[Searcher], rewriting: Rewriting, turns: Sequence[Turn],
               wanted: Filter) -> tuple[Hit, ...]:
        """Return the hits of all readings; where the question leans on the last turn, that one's sources are among them."""
        results = self.settings.results
        queries = rewriting.queries
        hits = dealt([self._passages(searchers, query, results, wanted, len(queries)) for query in queries], results)
        if rewriting.leaning == Leaning.NONE or wanted:
            return hits
        earlier = [hit for cited in topical(turns)[-1].citations for library in self._libraries for hit in library.passage(cited)]
        if rewriting.leaning == Leaning.BARE:
            return carried(hits, earlier, 0)[:results]
        return carried(hits, earlier[:1], max(1, min(self.settings.passages, results) - 1))[:results]

    def _with_others(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return the hits and, beside each, the passages of nearly the same text that it stands for."""
        others = (found for hit in hits for path, place in hit.also for library in self._libraries
                  for found in library.passage_at(path, place.char_start))
        return (*hits, *others)

    def _changed(self, path: str) -> int:
        """Return when a file was changed, in nanoseconds since 1970; 0 where that is not known."""
        known = (row[3] for library in self._libraries if library.file.exists()
                 for row in library.store.files_wanted(Filter((path,))))
        return next(known, 0)

    def _opener(self, question: str, hits: Sequence[Hit], turns: Sequence[Turn]) -> Callable[[], tuple[ChatModel, Prompt]]:
        history: list[Message] = [message for turn in turns for message in turn.messages]
        settings = self.settings
        narrow = hits[: settings.passages]
        wide = widen(narrow, self._beside, settings.passage_tokens)

        def open_model() -> tuple[ChatModel, Prompt]:
            chat = self._models.chat
            prompt = compose(chat, question, wide, history, settings.passage_tokens, settings.answer_tokens)
            if len(prompt.passages) < len(wide):  # their tokens were guessed: no passage gives way to the width of another
                prompt = compose(chat, question, narrow, history, settings.passage_tokens, settings.answer_tokens)
            return chat, prompt

        return open_model

    def _beside(self, hit: Hit) -> list[Chunk]:
        return next(filter(None, (library.beside(hit) for library in self._libraries)), [])

    # questions about the files, to measure answers with

    def passage_places(self) -> list[tuple[int, str]]:
        """Return the number and the file of each passage. Raises NothingIndexed where there is no library."""
        self._require_library()
        return self._store().paths_of_chunks()

    def passages(self, numbers: Sequence[int]) -> tuple[Hit, ...]:
        """Return the passages with these numbers, in this order; those that are gone are left out."""
        found = self._store().chunks(numbers)
        kept = [found[number] for number in numbers if number in found]
        return tuple(Hit(stored.chunk_id, stored.path, stored.title, stored.chunk) for stored in kept)

    def draft_question(self, hit: Hit, sentence: str, fact: str) -> str:
        """Return a question by the chat model that a fact in a sentence of a passage answers; empty where it wrote none."""
        return draft_question(self._models.chat, hit, sentence, fact)

    # what there is

    def status(self) -> LibraryStatus:
        """Return what the library holds. Raises NothingIndexed where there is no library."""
        self._require_library()
        store = self._store()
        return LibraryStatus(
            self.settings.library, str(self.library_file), store.meta("embedder_name"), store.count(FileState.INDEXED),
            store.count_chunks(), store.roots(), store.count(FileState.SKIPPED), store.count(FileState.FAILED),
            sum(file.stat().st_size for file in self.library_file.parent.iterdir() if file.is_file()), store.count_waiting(),
        )

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Return every file's entry, by path. Raises NothingIndexed where there is no library."""
        self._require_library()
        return tuple(self._store().ledger().values())

    def integrity(self) -> str:
        """Return "ok", or what is wrong with the library's file. Raises NothingIndexed where there is no library."""
        self._require_library()
        return self._store().integrity()

    def check(self, *, repair: bool = False) -> tuple[Finding, ...]:
        """Verify everything against everything, finish what removing began; return what is wrong, or was, with `repair`.

        Raises NothingIndexed where there is no library, LibraryDamaged where its file cannot be mended.
        """
        self._require_library()
        with self._locked(ignore_progress):
            store = self._store()
            self._forget(store)
            found = Inspection(store, repair=repair).run()
            view = view_fault(store)
            if found or view:
                store.set_meta(REMOVED, "yes")
            swept = self._sweep(store)
        return (*found, *view, *(() if swept else (LOG_IS_HELD,)))

    def _sweep(self, store: Store) -> bool:
        """Write anew what may still hold what was removed; return whether nothing is left of it in any file."""
        is_swept = sweep(self.library_file, everything=bool(store.meta(REMOVED)))
        store.forget_words()
        if is_swept:
            store.set_meta(REMOVED, "")
        return store.empty_log() and is_swept

    def _forget(self, store: Store) -> None:
        """Remove what a model has written about files that are no longer in the library as they were."""
        forget_notes(self._library)
        notebook = self._notebook("")
        if notebook.file.exists():
            notebook.keep_only(store.ledger())

    def _notebook(self, model: str) -> Notebook:
        return Notebook(self.library_file.parent / "calibration.jsonl", model)

    # parts, opened once

    def _require_library(self) -> None:
        self._library.require()

    def _store(self) -> Store:
        return self._library.store

    def _searchers(self, *, some: bool = True) -> list[Searcher]:
        """Return the search of each library; where there need not be `some`, of those that hold anything."""
        self._models.load_reranker()  # before the clock of a search runs
        return [library.searcher() for library in self._libraries if some or library.holds_text()]


def found_in(searchers: Sequence[Searcher], question: str, limit: int, wanted: Filter) -> tuple[Hit, ...]:
    """Return the best hits of one library or several; scores are sums of evidence, and can be compared."""
    found = [hit for searcher in searchers for hit in searcher.search(question, limit, STEPS, wanted)]
    return tuple(sorted(found, key=lambda hit: -hit.score)[:limit]) if len(searchers) > 1 else tuple(found)


def absolute(path: Path) -> Path:
    """Return the path from the root of the disk, `~` and `..` resolved, symbolic links not."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow the links


def addable(path: Path) -> Path:
    """Return the path from the root of the disk. Raises UsageError where nothing is there or its name cannot be kept."""
    root = absolute(path)
    if not is_utf8(root):
        raise UsageError(f"The name {printable(root)} is not valid UTF-8.", "Rename it, then try again.")
    if not os.path.exists(root):  # noqa: PTH110 - Path.exists raises where a folder above is closed
        raise UsageError(f"There is no file or folder at {root}.", "Check the spelling; quote paths with spaces.")
    return root


def checked(question: str) -> str:
    """Return the question in characters that can be written. Raises UsageError where it is empty."""
    if not question.strip():
        raise UsageError("The question is empty.", 'Ask like this: assistant ask "When does the lease end?"')
    return question.encode("utf-8", "replace").decode()  # a terminal or a script can hand over half a character


def since(started: float) -> float:
    """Return the milliseconds since `started`."""
    return (time.perf_counter() - started) * 1000

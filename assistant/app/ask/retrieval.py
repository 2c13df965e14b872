"""Retrieve the evidence for a question: rewrite it, search the libraries, merge remembered facts, choose what the model reads."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from assistant.app.library.calibrations import mean_gate, stored_gate, stored_offset
from assistant.app.library.library import Library
from assistant.app.models import ModelProvider
from assistant.config import Settings
from assistant.datatypes import (
    EVERY_FILE,
    ChatModel,
    Chunk,
    Explanation,
    Filter,
    Gate,
    Hit,
    LedgerEntry,
    Probing,
    SearchResult,
    Timings,
    Turn,
)
from assistant.errors import UsageError
from assistant.generation import FileDate, FollowUpKind, Rewriting, rewrite, rewrite_with_model, turns_about_files
from assistant.history.facts import Facts, merge_facts
from assistant.history.facts import relevant_facts as recalled
from assistant.retrieval import (
    MOST,
    STEPS,
    Searcher,
    insert_at,
    interleave,
    merge_overlapping,
    merge_touching,
    rerank,
    rerank_explanation,
    widen,
)
from assistant.system.paths import is_pattern

KNOWS_LANGUAGE = 0.8  # share of a question's tokens that the embedding model must know for its cosine to mean something


class EvidenceRetrieval:
    """The steps from a question to the hits and to the passages that the model reads, in one library or several."""

    def __init__(self, settings: Settings, models: ModelProvider, libraries: Sequence[Library]) -> None:
        self._settings, self._models, self._libraries = settings, models, libraries

    # searches without an answer

    def search(self, question: str, limit: int = 0, wanted: Filter = EVERY_FILE) -> SearchResult:
        """Return the hits for a question, best first.

        Raises NothingIndexed, EmbedderMismatch, or UsageError for a path or type that no file has.
        """
        question = validate_question(question)
        searchers = self.open(self._libraries)
        require_files(self._libraries, wanted)
        started = time.perf_counter()
        hits = self._ranked(searchers, question, limit or self._settings.top_k, wanted)
        taken = milliseconds_since(started)
        return SearchResult(question, hits, Timings(taken, total_ms=taken), self.embedded_share())

    def explain(self, question: str, library: Library, wanted: Filter = EVERY_FILE) -> Explanation:
        """Return how the ranking of one library came about. Raises NothingIndexed or EmbedderMismatch."""
        question = validate_question(question)
        why = library.searcher().explain(question, STEPS, wanted)
        if not self._settings.rerank:
            return why
        return rerank_explanation(why, self._models.reranker, question, self._settings.rerank_budget_ms)

    def follow_up(self, question: str, turns: Sequence[Turn], wanted: Filter = EVERY_FILE) -> tuple[Rewriting, tuple[Hit, ...]]:
        """Return the search queries of a follow-up question and their hits. Raises NothingIndexed or EmbedderMismatch."""
        rewriting = self.rewrite_question(validate_question(question), turns)
        return rewriting, self._hits_of_queries(self.open(self._libraries), rewriting, turns, wanted)

    def embedded_share(self) -> float:
        """Return the share (0 to 1) of the chunks that have a vector; the others are found by keyword only."""
        return min((library.store.embedded_share() for library in self._libraries if library.exists()), default=1.0)

    def calibration_offset(self, chat: ChatModel) -> float:
        """Return the calibrated offset of the log-odds of the answerability, the mean of the libraries; 0 without calibration."""
        kept = [stored_offset(library.store, chat.fingerprint) for library in self._libraries if library.exists()]
        return sum(kept) / max(1, len(kept))

    def gate(self, chat: ChatModel) -> Gate | None:
        """Return the constants that estimate answerability for a chat model: the shipped ones, or those of all the libraries.

        Return None if nothing was fitted to this model, or not with each of the libraries.
        """
        if chat.gate is not None or not isinstance(chat, Probing) or not chat.layers:
            return chat.gate
        kept = [stored_gate(library.store, chat.fingerprint) for library in self._libraries if library.exists()]
        gates = [gate for gate in kept if gate is not None]
        if not gates or len(gates) < len(kept):
            return None
        gate = mean_gate(gates) if len(gates) > 1 else gates[0]
        chat.watch(gate.probe.layer)
        return gate

    # the steps of a question, in their order

    def searchable_libraries(self, question: str, wanted: Filter) -> tuple[Library, ...]:
        """Return the libraries to search: those with text if remembered facts can answer instead of the others, else all.

        Raises NothingIndexed if a library is missing and no remembered fact bears on the question, UsageError if no file lies at
        a path of the filter or has its type.
        """
        holding = tuple(library for library in self._libraries if library.holds_text())
        require_files(holding, wanted)
        if len(holding) == len(self._libraries) or (not wanted and self._remembered(question, ())):
            return holding
        for library in self._libraries:
            library.require()
        return tuple(self._libraries)

    def open(self, libraries: Iterable[Library]) -> list[Searcher]:
        """Return the searcher of each library, the reranker loaded. Raises NothingIndexed or EmbedderMismatch."""
        self._models.load_reranker()  # before the clock of a search runs
        return [library.searcher() for library in libraries]

    def rewrite_question(self, question: str, turns: Sequence[Turn]) -> Rewriting:
        """Return the search queries of a question: by rule, or by the chat model if the rules are not sure and time allows.

        A model on another machine is not asked: retrieval stays on this one.
        """
        by_rule = rewrite(question, turns)
        if by_rule.confident or not self._settings.rewrite_timeout or self._models.asks_remote_first:
            return by_rule
        previous = turns_about_files(turns)[-1]
        return rewrite_with_model(self._models.chat, question, previous, by_rule, self._settings.rewrite_timeout)

    def find(self, searchers: Sequence[Searcher], rewriting: Rewriting, turns: Sequence[Turn],
             wanted: Filter) -> tuple[Hit, ...]:
        """Return the hits of all queries, merged into disjoint spans of each file."""
        return merge_overlapping(self._hits_of_queries(searchers, rewriting, turns, wanted))

    def merge_facts(self, rewriting: Rewriting, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """Return the hits with the remembered facts that bear on the question, each at its rank."""
        return merge_facts(hits, self._remembered(rewriting.queries[0], hits))

    def passages_to_read(self, hits: Sequence[Hit], turns: Sequence[Turn]) -> tuple[Hit, ...]:
        """Return what the model reads: the best hits, widened by the text around them, within the budget for passages.

        In a conversation, passages that the model has read keep their order, so that the prompt begins as the last one did.
        """
        narrow = self.narrow_passages(hits, turns)
        return widen(narrow, self._neighbours(narrow), self._settings.context_chunk_tokens)

    def narrow_passages(self, hits: Sequence[Hit], turns: Sequence[Turn]) -> tuple[Hit, ...]:
        """Return the best hits as they were found, joined where they touch: what is read if the widened ones do not fit."""
        best = self._models.orders.arrange(questions_of(turns), hits[: self._settings.context_chunks])
        return merge_touching(best)

    # what the comparison with other files needs

    def with_duplicates(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return the hits and behind them the near-duplicates that each of them stands for."""
        others = (found for hit in hits for path, place in hit.also for library in self._libraries
                  for found in library.chunk_at(path, place.char_start))
        return (*hits, *others)

    def file_dates(self, hits: Sequence[Hit]) -> dict[str, FileDate]:
        """Return what dates the files of hits, by path; unknown files are left out."""
        paths = list(dict.fromkeys(hit.path for hit in hits))
        found: dict[str, FileDate] = {}
        for library in self._libraries:
            if library.exists():
                modified = library.store.modified_ns(paths)
                found = {path: FileDate(changed, opening_of(library, path)) for path, changed in modified.items()} | found
        return found

    # searching

    def _hits_of_queries(self, searchers: Sequence[Searcher], rewriting: Rewriting, turns: Sequence[Turn],
                         wanted: Filter) -> tuple[Hit, ...]:
        """Return the hits of all queries; those of a follow-up question have the last turn's citations among them."""
        results = self._settings.top_k
        queries = rewriting.queries
        hits = interleave([self._ranked(searchers, query, results, wanted, len(queries)) for query in queries], results)
        if rewriting.kind == FollowUpKind.NONE or wanted:
            return hits
        earlier = [hit for cited in turns_about_files(turns)[-1].citations for library in self._libraries
                   for hit in library.passage(cited)]
        if rewriting.kind == FollowUpKind.CONTINUATION:
            return insert_at(hits, earlier, 0)[:results]
        return insert_at(hits, earlier[:1], max(1, min(self._settings.context_chunks, results) - 1))[:results]

    def _ranked(self, searchers: Sequence[Searcher], query: str, limit: int, wanted: Filter,
                queries: int = 1) -> tuple[Hit, ...]:
        """Return the best hits of one query, reranked if a reranker is set; `queries` of a question share its time."""
        if not self._settings.rerank:
            return search_all(searchers, query, limit, wanted)
        found = search_all(searchers, query, max(limit, MOST), wanted)
        hits, _ = rerank(self._models.reranker, query, found, self._settings.rerank_budget_ms / queries)
        return tuple(hits[:limit])

    def _neighbours(self, hits: Sequence[Hit]) -> list[list[Chunk]]:
        """Return, for each hit, the chunks right beside it, from the first library that holds it."""
        found: list[list[Chunk]] = [[] for _ in hits]
        for library in self._libraries:
            found = [known or more for known, more in zip(found, library.neighbours(hits), strict=True)]
        return found

    # remembered facts

    @property
    def memory(self) -> Facts:
        """The facts that the user asked to keep."""
        return Facts(self._settings.memory_file)

    def _remembered(self, question: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return the remembered facts that bear on a question, as hits, compared with the hits of the search."""
        facts = self.memory.all() if self._settings.use_facts else ()
        if not facts:
            return ()
        embedder = self._models.embedder
        if embedder.coverage(question) < KNOWS_LANGUAGE:
            return recalled(question, facts, (), hits)
        cosines = self.memory.vectors(facts, embedder) @ embedder.embed_question(question)
        return recalled(question, facts, [float(cosine) for cosine in cosines], hits)


def search_all(searchers: Sequence[Searcher], query: str, limit: int, wanted: Filter) -> tuple[Hit, ...]:
    """Return the best hits of one library or several; scores are sums of evidence and comparable between libraries."""
    found = [hit for searcher in searchers for hit in searcher.search(query, limit, STEPS, wanted)]
    return tuple(sorted(found, key=lambda hit: (-hit.exact_score, -hit.score))[:limit]) if len(searchers) > 1 else tuple(found)


def opening_of(library: Library, path: str) -> str:
    """Return the beginning of a file's text, as far as its first chunk reaches; an empty string if it is not found."""
    first = [hit.chunk for hit in library.chunk_at(path, 0)] or library.store.adjacent_chunks(path, 0, 0)
    return first[0].text if first else ""


def questions_of(turns: Sequence[Turn]) -> tuple[str, ...]:
    """Return the questions of a conversation."""
    return tuple(turn.question for turn in turns)


def validate_question(question: str) -> str:
    """Return the question without lone surrogates. Raises UsageError if it is empty."""
    if not question.strip():
        raise UsageError("The question is empty.", 'Ask like this: assistant ask "When does the lease end?"')
    return question.encode("utf-8", "replace").decode()  # a terminal or a script can hand over half a character


def require_files(libraries: Sequence[Library], wanted: Filter) -> None:
    """Raise UsageError if the libraries have files, but none at the paths or of the types of a filter: they may be mistyped.

    A pattern may well match nothing.
    """
    places = Filter(paths=wanted.paths, within=wanted.within)
    is_literal = bool(wanted.paths) and not any(is_pattern(path) for path in wanted.paths)
    if libraries and is_literal and not any(library.store.filtered_files(places) for library in libraries):
        unread = [] if wanted.within else unread_files(libraries, wanted.paths)
        if unread:
            raise UsageError(f"{unread[0].path} has no text to search: {unread[0].reason}.", "See: assistant status --files")
        raise UsageError(f"No file in the library is at {' or '.join(wanted.paths)}.",
                         "See what it holds: assistant status --files")
    kinds = Filter(types=wanted.types, within=wanted.within)
    if libraries and wanted.types and not any(library.store.filtered_files(kinds) for library in libraries):
        raise UsageError(f"No file in the library has the type {' or '.join(wanted.types)}.", types_hint(libraries, wanted))


def unread_files(libraries: Sequence[Library], paths: Sequence[str]) -> list[LedgerEntry]:
    """Return the files at these paths that were left out of the libraries or could not be read."""
    return [entry for library in libraries for entry in library.store.entries_under(paths).values() if entry.reason]


def types_hint(libraries: Sequence[Library], wanted: Filter) -> str:
    """Return which types the files of the libraries have that a client may see."""
    visible = Filter(within=wanted.within)
    paths = (PurePath(path) for library in libraries for path, *_ in library.store.filtered_files(visible))
    found = sorted({path.suffix.lower().removeprefix(".") for path in paths} - {""})
    return f"Its files have the types {', '.join(found)}." if found else "See what it holds: assistant status --files"


def milliseconds_since(started: float) -> float:
    """Return the milliseconds since `started`."""
    return (time.perf_counter() - started) * 1000

"""A question and the libraries in; the passages for it, and an answer that is written while it is iterated, out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from assistant.app.ask.whole_document import is_about_files, overview
from assistant.app.library.library import DOUBT_OFFSET, Library
from assistant.app.models.cache import Models
from assistant.config import Settings
from assistant.datatypes import EVERY_FILE, Answering, ChatModel, Chunk, Explanation, Filter, Hit, SearchResult, Timings, Turn
from assistant.errors import UsageError
from assistant.generation import (
    AnswerStream,
    DisputedStream,
    Leaning,
    Limits,
    Prompt,
    RetellingStream,
    Rewriting,
    about,
    compose,
    reworded,
    rewrite,
    said_before,
    topical,
)
from assistant.history.facts import Facts, placed
from assistant.history.facts import found as recalled
from assistant.retrieval import (
    MOST,
    STEPS,
    Searcher,
    carried,
    dealt,
    explained,
    overlapping_joined,
    rerank,
    touching_joined,
    widen,
    without_held,
)
from assistant.system.paths import verbatim

KNOWS_LANGUAGE = 0.8  # share of a question's tokens that the embedding model must know for its cosine to mean something


class Asking:
    """The way of a question through one library or several."""

    def __init__(self, settings: Settings, models: Models, libraries: Sequence[Library]) -> None:
        self._settings, self._models, self._libraries = settings, models, libraries

    # passages

    def search(self, question: str, limit: int = 0, wanted: Filter = EVERY_FILE) -> SearchResult:
        """Return the passages for a question, best first. Raises NothingIndexed or EmbedderMismatch."""
        question = checked(question)
        searchers = self._searchers(self._libraries)
        started = time.perf_counter()
        hits = self._passages(searchers, question, limit or self._settings.top_k, wanted)
        taken = since(started)
        return SearchResult(question, hits, Timings(taken, total_ms=taken), self.embedded_share())

    def explain(self, question: str, library: Library, wanted: Filter = EVERY_FILE) -> Explanation:
        """Return how a search of one library came about. Raises NothingIndexed or EmbedderMismatch."""
        question = checked(question)
        why = library.searcher().explain(question, STEPS, wanted)
        if not self._settings.rerank:
            return why
        return explained(why, self._models.reranker, question, self._settings.rerank_budget_ms)

    def embedded_share(self) -> float:
        """Return the share (0 to 1) of the passages that have a vector; the others are found by keyword only."""
        return min((library.store.embedded_share() for library in self._libraries if library.file.exists()), default=1.0)

    def _passages(self, searchers: Sequence[Searcher], question: str, limit: int, wanted: Filter,
                  readings: int = 1) -> tuple[Hit, ...]:
        """Return the best hits for one of so many readings of a question; they share the time for reranking."""
        if not self._settings.rerank:
            return found_in(searchers, question, limit, wanted)
        found = found_in(searchers, question, max(limit, MOST), wanted)
        hits, _ = rerank(self._models.reranker, question, found, self._settings.rerank_budget_ms / readings)
        return tuple(hits[:limit])

    def _searchers(self, libraries: Iterable[Library]) -> list[Searcher]:
        """Return the search of each of the libraries. Raises NothingIndexed or EmbedderMismatch."""
        self._models.load_reranker()  # before the clock of a search runs
        return [library.searcher() for library in libraries]

    # answers

    def ask(self, question: str, turns: Sequence[Turn] = (), wanted: Filter = EVERY_FILE, strict: bool = False) -> Answering:
        """Return an answer to come; see Assistant.ask."""
        question = checked(question)
        libraries = self._holding(question, wanted)
        if turns and (wish := about(question)).wish:
            self._models.start_chat()
            return RetellingStream(question, wish, turns, lambda: self._models.chat, self._settings.answer_tokens)
        if whole := overview(question, self._libraries, wanted, lambda: self._models.chat, self._settings.embed):
            return whole
        self._models.start_chat()
        return self._answer(question, turns, wanted, strict, libraries)

    def anticipate(self, question: str, turns: Sequence[Turn], should_stop: Callable[[], bool]) -> None:
        """Find the passages for a question that is still being typed, and let the model read them; see Assistant.anticipate."""
        question = checked(question)
        if should_stop() or is_about_files(question) or (turns and about(question).wish):
            return
        self._models.start_chat()
        hits = self._evidence(self._searchers(self._holding(question, EVERY_FILE)), rewrite(question, turns), turns, EVERY_FILE)
        if should_stop() or not hits:
            return
        chat, prompt = self._opener(question, hits, self._read(hits, turns), turns)()
        reply = chat.reply(prompt.messages, 1)
        if not should_stop():  # from here on the model itself is told to stop
            reply.likelihood("A")

    def _answer(self, question: str, turns: Sequence[Turn], wanted: Filter, strict: bool,
                libraries: Sequence[Library]) -> Answering:
        settings, started = self._settings, time.perf_counter()
        searchers = self._searchers(libraries)
        searching = time.perf_counter()  # loading a model counts for the wait, not for the search
        rewriting = self.rewritten(question, turns)
        hits = self._evidence(searchers, rewriting, turns, wanted)
        limits = Limits(settings.answer_tokens, settings.refusal_threshold / 100, strict, self.doubt_offset())
        read = self._read(hits, turns)
        self._models.orders.keep((*asked_in(turns), question), read)
        shown = (*read, *without_held(hits, read))
        stream = AnswerStream(question, shown, self._models.embedder.name, started, since(searching),
                              self._opener(question, hits, read, turns), limits,
                              rewriting.shown if rewriting.leaning != Leaning.NONE else "")
        return DisputedStream(stream, hits[: settings.context_chunks], lambda: self._with_others(hits), self._changed)

    def _evidence(self, searchers: Sequence[Searcher], rewriting: Rewriting, turns: Sequence[Turn],
                  wanted: Filter) -> tuple[Hit, ...]:
        """Return what an answer is made from: disjoint passages, and kept facts where no files are named."""
        hits = overlapping_joined(self._found(searchers, rewriting, turns, wanted))
        return hits if wanted else placed(hits, self._remembered(rewriting.queries[0], hits))

    def _holding(self, question: str, wanted: Filter) -> tuple[Library, ...]:
        """Return the libraries to search: all, or those with text in them where what the person asked to keep may do instead.

        Raises NothingIndexed where a library is not there and nothing that is kept bears on the question.
        """
        holding = tuple(library for library in self._libraries if library.holds_text())
        if len(holding) == len(self._libraries) or (not wanted and self._remembered(question, ())):
            return holding
        for library in self._libraries:
            library.require()
        return tuple(self._libraries)

    @property
    def memory(self) -> Facts:
        """The facts that the person asked to keep."""
        return Facts(self._settings.memory_file)

    def _remembered(self, question: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return the kept facts that bear on a question, beside these passages."""
        facts = self.memory.all() if self._settings.use_facts else ()
        if not facts:
            return ()
        embedder = self._models.embedder
        if embedder.coverage(question) < KNOWS_LANGUAGE:
            return recalled(question, facts, (), hits)
        cosines = self.memory.vectors(facts, embedder) @ embedder.embed_question(question)
        return recalled(question, facts, [float(cosine) for cosine in cosines], hits)

    def doubt_offset(self) -> float:
        """Return what calibration found that is to be added to the logarithm of the odds of the doubt; 0 without it."""
        kept = [float(library.store.meta(DOUBT_OFFSET) or 0.0) for library in self._libraries if library.file.exists()]
        return sum(kept) / max(1, len(kept))

    # questions that lean on those before

    def rewritten(self, question: str, turns: Sequence[Turn]) -> Rewriting:
        """Return what is searched for: by rule, and by the chat model where rules are not sure and it may take the time."""
        by_rule = rewrite(question, turns)
        if by_rule.sure or not self._settings.rewrite_timeout:
            return by_rule
        return reworded(self._models.chat, question, topical(turns)[-1], by_rule, self._settings.rewrite_timeout)

    def follow_up(self, question: str, turns: Sequence[Turn], wanted: Filter = EVERY_FILE) -> tuple[Rewriting, tuple[Hit, ...]]:
        """Return what a follow-up question is searched for as, and the passages. Raises NothingIndexed or EmbedderMismatch."""
        rewriting = self.rewritten(checked(question), turns)
        return rewriting, self._found(self._searchers(self._libraries), rewriting, turns, wanted)

    def _found(self, searchers: Sequence[Searcher], rewriting: Rewriting, turns: Sequence[Turn],
               wanted: Filter) -> tuple[Hit, ...]:
        """Return the hits of all readings; where the question leans on the last turn, that one's sources are among them."""
        results = self._settings.top_k
        queries = rewriting.queries
        hits = dealt([self._passages(searchers, query, results, wanted, len(queries)) for query in queries], results)
        if rewriting.leaning == Leaning.NONE or wanted:
            return hits
        earlier = [hit for cited in topical(turns)[-1].citations for library in self._libraries for hit in library.passage(cited)]
        if rewriting.leaning == Leaning.BARE:
            return carried(hits, earlier, 0)[:results]
        return carried(hits, earlier[:1], max(1, min(self._settings.context_chunks, results) - 1))[:results]

    # what the model reads

    def _read(self, hits: Sequence[Hit], turns: Sequence[Turn]) -> tuple[Hit, ...]:
        """Return what the model reads: the best hits, with what stands around them, numbered as the person sees them.

        In a conversation, those that it has read stay in their order.
        """
        return widen(self._narrow(hits, turns), self._beside, self._settings.context_chunk_tokens)

    def _narrow(self, hits: Sequence[Hit], turns: Sequence[Turn]) -> tuple[Hit, ...]:
        return self._models.orders.arranged(asked_in(turns), hits[: self._settings.context_chunks])

    def _opener(self, question: str, hits: Sequence[Hit], read: Sequence[Hit],
                turns: Sequence[Turn]) -> Callable[[], tuple[ChatModel, Prompt]]:
        history = said_before(turns)
        settings = self._settings

        def open_model() -> tuple[ChatModel, Prompt]:
            chat = self._models.chat
            prompt = compose(chat, question, read, history, settings.context_chunk_tokens, settings.answer_tokens)
            if len(prompt.passages) < len(read):  # their tokens were guessed: no passage gives way to the width of another
                plain = touching_joined(self._narrow(hits, turns))
                prompt = compose(chat, question, plain, history, settings.context_chunk_tokens, settings.answer_tokens)
            return chat, prompt

        return open_model

    def _beside(self, hit: Hit) -> list[Chunk]:
        return next(filter(None, (library.beside(hit) for library in self._libraries)), [])

    def _with_others(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return the hits and, beside each, the passages of nearly the same text that it stands for."""
        others = (found for hit in hits for path, place in hit.also for library in self._libraries
                  for found in library.passage_at(path, place.char_start))
        return (*hits, *others)

    def _changed(self, path: str) -> int:
        """Return when a file was changed, in nanoseconds since 1970; 0 where that is not known."""
        known = (row[3] for library in self._libraries if library.file.exists()
                 for row in library.store.files_wanted(Filter((verbatim(path),))))
        return next(known, 0)


def found_in(searchers: Sequence[Searcher], question: str, limit: int, wanted: Filter) -> tuple[Hit, ...]:
    """Return the best hits of one library or several; scores are sums of evidence, and can be compared."""
    found = [hit for searcher in searchers for hit in searcher.search(question, limit, STEPS, wanted)]
    return tuple(sorted(found, key=lambda hit: -hit.score)[:limit]) if len(searchers) > 1 else tuple(found)


def asked_in(turns: Sequence[Turn]) -> tuple[str, ...]:
    """Return the questions of a conversation."""
    return tuple(turn.question for turn in turns)


def checked(question: str) -> str:
    """Return the question in characters that can be written. Raises UsageError where it is empty."""
    if not question.strip():
        raise UsageError("The question is empty.", 'Ask like this: assistant ask "When does the lease end?"')
    return question.encode("utf-8", "replace").decode()  # a terminal or a script can hand over half a character


def since(started: float) -> float:
    """Return the milliseconds since `started`."""
    return (time.perf_counter() - started) * 1000

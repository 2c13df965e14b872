"""The two searches together: a question in, hits out. Knows no language model and no settings."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from assistant.datatypes import EVERY_FILE, Embedder, Explanation, Filter, Hit, Vectors
from assistant.index.chunks import StoredChunk
from assistant.index.interfaces import Ids, Nearest, Searchable
from assistant.retrieval.bm25 import Files, Term, find_terms, keyword_search, most_possible, with_files
from assistant.retrieval.cross_script import above_own_script, in_order_of, standing_out, word_bonus
from assistant.retrieval.fusion import dense_weight, fuse, ordered, usual
from assistant.retrieval.query_expansion import WEIGHT, WEIGHT_ALONE, echoes
from assistant.retrieval.score_background import Background, deviations, draw, is_near
from assistant.retrieval.title_links import linked
from assistant.text.languages import script_of

CANDIDATES = 100  # of each search
KEYWORD_DEPTH = 400  # what the vectors find may stand this deep in the keyword search and keep its score there

Step = Callable[[str, Sequence[Hit]], list[Hit]]


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one state of the library besides its view."""

    stamp: Hashable
    files: Files
    background: Background


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each search says of a question's candidates: BM25 of the passage, that mixed with its file's, and cosines."""

    asked: list[Term]
    bm25: dict[int, float]
    keyword: dict[int, float]
    cosines: dict[int, float]
    question: Vectors
    weight: float


class Searcher:
    """Searches one library. The FAISS view is opened once, and caught up when the library has changed."""

    def __init__(self, store: Searchable, embedder: Embedder) -> None:
        self._store, self._embedder = store, embedder
        self._view: Nearest | None = None
        self._known: State | None = None

    def search(self, question: str, limit: int, steps: Sequence[Step] = (), wanted: Filter = EVERY_FILE) -> tuple[Hit, ...]:
        """Return at most `limit` hits in the files wanted, best first, after the steps."""
        hits, _ = self._candidates(question, wanted)
        for step in steps:
            hits = step(question, hits)
        return tuple(hits[:limit])

    def explain(self, question: str, steps: Sequence[Step] = (), wanted: Filter = EVERY_FILE) -> Explanation:
        """Return how the candidates came about, and what became of them."""
        hits, evidence = self._candidates(question, wanted)
        candidates, fates = {hit.chunk_id: hit for hit in hits}, dict[int, str]()
        for step in steps:
            kept = step(question, hits)
            ids = {hit.chunk_id for hit in kept}
            fates |= {hit.chunk_id: step.__name__ for hit in hits if hit.chunk_id not in ids}
            hits = kept
        candidates |= {hit.chunk_id: hit for hit in hits}
        return Explanation(
            tuple((" ".join(term.phrases), len(term.rows)) for term in evidence.asked), evidence.weight,
            tuple((hit, fates.get(chunk, "")) for chunk, hit in candidates.items()),
        )

    def _candidates(self, question: str, wanted: Filter) -> tuple[list[Hit], Evidence]:
        with self._store.reading():  # all of a search sees one state, whatever another program brings in meanwhile
            return self._candidates_now(question, wanted)

    def _candidates_now(self, question: str, wanted: Filter) -> tuple[list[Hit], Evidence]:
        self._view = view = self._store.view(self._embedder.dimension, self._view)
        state = self._state(view)
        evidence = self._evidence(question, view, state, wanted)
        stored = self._store.chunks(list({**evidence.bm25, **evidence.cosines}))
        scores = self._scores(question, view, state, evidence, stored)
        keyword_ranks, dense_ranks = ranks(evidence.bm25), ranks(evidence.cosines)
        hits = [
            Hit(chunk, stored[chunk].path, stored[chunk].title, stored[chunk].chunk, scores[chunk],
                keyword_ranks.get(chunk), evidence.bm25.get(chunk), dense_ranks.get(chunk), evidence.cosines.get(chunk))
            for chunk in ordered(scores) if chunk in stored
        ]
        return hits, evidence

    def _state(self, view: Nearest) -> State:
        known = self._known
        if known is None or known.stamp != view.stamp:
            fits = known is not None and known.background.drawn_from and is_near(len(view.ids), known.background.drawn_from)
            background = known.background if known and fits else draw(self._store, self._embedder, view)
            self._known = known = State(view.stamp, Files(self._store), background)
        return known

    def _evidence(self, question: str, view: Nearest, state: State, wanted: Filter) -> Evidence:
        among = self._store.ids_of(wanted) if wanted else None
        weight = dense_weight(self._embedder.coverage(question))
        vector = self._embedder.embed_question(question) if weight else np.zeros(self._embedder.dimension, np.float32)
        with ThreadPoolExecutor(1) as aside:  # words and vectors are looked through at once, by libraries that leave Python alone
            nearing = aside.submit(near_passages, question, vector, view, state, among) if weight else None
            asked = find_terms(self._store, question, state.files.total)
            found = dict(keyword_search(self._store, asked, state.files.total, KEYWORD_DEPTH, wanted))
            near = nearing.result() if nearing else {}
        bm25 = {chunk: score for place, (chunk, score) in enumerate(found.items()) if place < CANDIDATES or chunk in near}
        cosines = {**near, **view.cosines(vector, [chunk for chunk in bm25 if chunk not in near])} if weight else {}
        return Evidence(asked, bm25, with_files(bm25, state.files, asked), cosines, vector, weight)

    def _scores(
        self, question: str, view: Nearest, state: State, evidence: Evidence, stored: Mapping[int, StoredChunk]
    ) -> dict[int, float]:
        def echoed(scores: dict[int, float]) -> dict[int, float]:
            weight = WEIGHT if evidence.weight else WEIGHT_ALONE
            return linked(echoes(scores, stored, evidence.asked, self._store, state.files.total, weight), stored)

        if evidence.cosines and state.background.is_mixed:
            return across_scripts(question, view, state, evidence, stored, echoed)
        above = deviations(state.background.everything.vectors, evidence.question, evidence.cosines)
        return echoed(fuse(evidence.keyword, above, evidence.weight))


def near_passages(question: str, vector: Vectors, view: Nearest, state: State, among: Ids | None) -> dict[int, float]:
    """Return the cosines of the nearest passages, and of the nearest of every other script."""
    near = dict(view.search(vector, CANDIDATES, among))
    if not state.background.is_mixed:
        return near
    own = script_of(question)
    found = [
        chunk for other in state.background.scripts if other != own
        for chunk, _ in view.search(state.background.moved(vector, own, other), CANDIDATES, among)
    ]
    return {**near, **view.cosines(vector, [chunk for chunk in dict.fromkeys(found) if chunk not in near])}


def across_scripts(
    question: str, view: Nearest, state: State, evidence: Evidence, stored: Mapping[int, StoredChunk],
    echoed: Callable[[dict[int, float]], dict[int, float]],
) -> dict[int, float]:
    """Return the scores where passages are of several scripts, in standard deviations; `echoed` is feedback within one."""
    background, own = state.background, script_of(question)
    groups: dict[str, list[int]] = {}
    for chunk in {**evidence.cosines, **evidence.bm25}:
        if chunk in stored:
            groups.setdefault(script_of(stored[chunk].chunk.text), []).append(chunk)
    bonus = word_bonus(evidence.bm25, most_possible(evidence.asked, state.files.total))
    scores: dict[int, float] = {}
    for script, members in groups.items():
        found, rows = view.vectors([chunk for chunk in members if chunk in evidence.cosines])
        vectors = dict(zip(found.tolist(), rows, strict=True))
        above = above_own_script(background, evidence.question, own, script, vectors)
        keyword = {chunk: evidence.keyword.get(chunk, 0.0) for chunk in members}
        alone = standing_out(above)
        alone |= dict.fromkeys([chunk for chunk in members if chunk not in alone], usual(keyword, alone))
        dealt = in_order_of(alone, echoed(fuse(keyword, above, evidence.weight)))
        scores |= {chunk: score + bonus.get(chunk, 0.0) for chunk, score in dealt.items()}
    return scores


def ranks(scores: Mapping[int, float]) -> dict[int, int]:
    """Return each key's rank from 1 by falling score."""
    return {key: rank for rank, key in enumerate(ordered(scores), 1)}

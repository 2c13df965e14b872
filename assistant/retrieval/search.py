"""Hybrid search over one library: BM25 and dense candidates, fused scores, postprocessing steps.

Independent of language models and settings.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from assistant.datatypes import EVERY_FILE, Embedder, Explanation, Filter, Hit, Vectors
from assistant.index.change_log import Ids
from assistant.index.chunks import StoredChunk
from assistant.index.interfaces import Nearest, Searchable
from assistant.retrieval.bm25 import FileNumbers, Term, find_terms, keyword_search, max_bm25, mix_file_scores
from assistant.retrieval.feedback import EXPANSION_WEIGHT, EXPANSION_WEIGHT_ALONE, boost_named_files, expand_query
from assistant.retrieval.fusion import (
    Background,
    contrast_with_topic,
    cosine_z_scores,
    dense_weight,
    fuse,
    mean_of_found,
    rank_by_score,
    reassign_scores,
    sample_background,
    script_z_scores,
    word_bonus,
)
from assistant.text.languages import script_of

CANDIDATES = 100  # per search
KEYWORD_DEPTH = 400  # dense candidates get their BM25 score down to this rank

Step = Callable[[str, Sequence[Hit]], list[Hit]]


@dataclass(frozen=True, slots=True)
class LibrarySnapshot:
    """What is computed once per version of the library, besides the view."""

    stamp: Hashable
    files: FileNumbers
    background: Background


@dataclass(frozen=True, slots=True)
class SearchEvidence:
    """The candidates' scores: BM25 by chunk, BM25 mixed with that of the file, cosines; and the question's terms and vector."""

    asked: list[Term]
    bm25: dict[int, float]
    keyword: dict[int, float]
    cosines: dict[int, float]
    question: Vectors
    weight: float


class Searcher:
    """Search one library. The FAISS view is opened once and updated when the library has changed."""

    def __init__(self, store: Searchable, embedder: Embedder) -> None:
        self._store, self._embedder = store, embedder
        self._view: Nearest | None = None
        self._known: LibrarySnapshot | None = None

    def search(self, question: str, limit: int, steps: Sequence[Step] = (), filter: Filter = EVERY_FILE) -> tuple[Hit, ...]:
        """Return at most `limit` hits that pass the filter, best first, after the steps."""
        hits, _ = self._candidates(question, filter)
        for step in steps:
            hits = step(question, hits)
        return tuple(hits[:limit])

    def explain(self, question: str, steps: Sequence[Step] = (), filter: Filter = EVERY_FILE) -> Explanation:
        """Return all candidates with their scores and the step that dropped each."""
        hits, evidence = self._candidates(question, filter)
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

    def _candidates(self, question: str, filter: Filter) -> tuple[list[Hit], SearchEvidence]:
        with self._store.reading():  # the whole search sees one version of the library
            self._view = view = self._store.view(self._embedder.dimension, self._view)
            state = self._state(view)
            evidence = self._evidence(question, view, state, filter)
            stored = self._store.chunks(list({**evidence.bm25, **evidence.cosines}))
            scores = self._scores(question, view, state, evidence, stored)
        keyword_ranks, dense_ranks = ranks_by_score(evidence.bm25), ranks_by_score(evidence.cosines)
        hits = [
            Hit(chunk, stored[chunk].path, stored[chunk].title, stored[chunk].chunk, scores[chunk],
                keyword_ranks.get(chunk), evidence.bm25.get(chunk), dense_ranks.get(chunk), evidence.cosines.get(chunk))
            for chunk in rank_by_score(scores) if chunk in stored
        ]
        return hits, evidence

    def _state(self, view: Nearest) -> LibrarySnapshot:
        known = self._known
        if known is None or known.stamp != view.stamp:
            background = known.background if known else None
            size = background.drawn_from if background else 0
            if background is None or not size or abs(len(view.ids) - size) * 10 > size:  # a tenth more or less than it was
                background = sample_background(self._store, self._embedder, view)
            self._known = known = LibrarySnapshot(view.stamp, FileNumbers(self._store), background)
        return known

    def _evidence(self, question: str, view: Nearest, state: LibrarySnapshot, filter: Filter) -> SearchEvidence:
        among = self._store.ids_of(filter) if filter else None
        weight = dense_weight(self._embedder.coverage(question))
        vector = self._embedder.embed_question(question) if weight else np.zeros(self._embedder.dimension, np.float32)
        with ThreadPoolExecutor(1) as aside:  # FAISS and SQLite release the GIL: both searches run in parallel
            nearing = aside.submit(nearest_chunks, question, vector, view, state, among) if weight else None
            asked = find_terms(self._store, question, state.files.total)
            found = dict(keyword_search(self._store, asked, state.files.total, KEYWORD_DEPTH, filter))
            near = nearing.result() if nearing else {}
        bm25 = {chunk: score for place, (chunk, score) in enumerate(found.items()) if place < CANDIDATES or chunk in near}
        cosines = {**near, **view.cosines(vector, [chunk for chunk in bm25 if chunk not in near])} if weight else {}
        return SearchEvidence(asked, bm25, mix_file_scores(bm25, state.files, asked), cosines, vector, weight)

    def _scores(
        self, question: str, view: Nearest, state: LibrarySnapshot, evidence: SearchEvidence, stored: Mapping[int, StoredChunk]
    ) -> dict[int, float]:
        def echoed(scores: dict[int, float]) -> dict[int, float]:
            weight = EXPANSION_WEIGHT if evidence.weight else EXPANSION_WEIGHT_ALONE
            return boost_named_files(expand_query(scores, stored, evidence.asked, self._store, state.files.total, weight), stored)

        if evidence.cosines and state.background.is_mixed:
            return cross_script_scores(question, view, state, evidence, stored, echoed)
        above = cosine_z_scores(state.background.everything.vectors, evidence.question, evidence.cosines)
        return echoed(fuse(evidence.keyword, above, evidence.weight))


def nearest_chunks(question: str, vector: Vectors, view: Nearest, state: LibrarySnapshot, among: Ids | None) -> dict[int, float]:
    """Return the cosines of the nearest chunks, and of the nearest of every other script."""
    near = dict(view.search(vector, CANDIDATES, among))
    if not state.background.is_mixed:
        return near
    own = script_of(question)
    found = [
        chunk for other in state.background.scripts if other != own
        for chunk, _ in view.search(state.background.moved(vector, own, other), CANDIDATES, among)
    ]
    return {**near, **view.cosines(vector, [chunk for chunk in dict.fromkeys(found) if chunk not in near])}


def cross_script_scores(
    question: str, view: Nearest, state: LibrarySnapshot, evidence: SearchEvidence, stored: Mapping[int, StoredChunk],
    echoed: Callable[[dict[int, float]], dict[int, float]],
) -> dict[int, float]:
    """Return the scores in a library of several scripts, in standard deviations; `echoed` expands the query per script."""
    background, own = state.background, script_of(question)
    groups: dict[str, list[int]] = {}
    for chunk in {**evidence.cosines, **evidence.bm25}:
        if chunk in stored:
            groups.setdefault(script_of(stored[chunk].chunk.text), []).append(chunk)
    bonus = word_bonus(evidence.bm25, max_bm25(evidence.asked, state.files.total))
    scores: dict[int, float] = {}
    for script, members in groups.items():
        found, rows = view.vectors([chunk for chunk in members if chunk in evidence.cosines])
        vectors = dict(zip(found.tolist(), rows, strict=True))
        above = script_z_scores(background, evidence.question, own, script, vectors)
        keyword = {chunk: evidence.keyword.get(chunk, 0.0) for chunk in members}
        alone = contrast_with_topic(above)
        alone |= dict.fromkeys([chunk for chunk in members if chunk not in alone], mean_of_found(keyword, alone))
        dealt = reassign_scores(alone, echoed(fuse(keyword, above, evidence.weight)))
        scores |= {chunk: score + bonus.get(chunk, 0.0) for chunk, score in dealt.items()}
    return scores


def ranks_by_score(scores: Mapping[int, float]) -> dict[int, int]:
    """Return each key's rank, from 1, by falling score."""
    return {key: rank for rank, key in enumerate(rank_by_score(scores), 1)}

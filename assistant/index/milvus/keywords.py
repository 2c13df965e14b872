"""Keyword search in Milvus: the chunks that hold words and phrases, scored by BM25 as SQLite's FTS5 scores them.

A search for one dimension of the sparse vectors returns the chunks that hold a word, each with the word's frequency and the
length of the chunk (see `tokens`). BM25 is computed here with the current statistics of the library, so scores do not depend on
when a chunk was written. The lists are kept for as long as the library does not change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from assistant.datatypes import Vectors
from assistant.index.change_log import Ids
from assistant.index.interfaces import Phrases
from assistant.index.milvus.connection import MOST_RESULTS, MilvusConnection
from assistant.index.milvus.schema import PASSAGES
from assistant.index.milvus.snapshot import Snapshot
from assistant.index.milvus.tokens import LONGEST_CHUNK, Tokenizer, count_phrase, dimension_of, phrase_terms

SATURATION, LENGTH_WEIGHT = 1.2, 0.75  # BM25's k1 and b, those of FTS5
LEAST_RARITY = 1e-6  # of a word that more than half of the chunks hold, as in FTS5
POSTING_ARRAYS = ("ids", "frequency", "length")
TERMS_AT_ONCE = 16  # of one request
RANGE = MOST_RESULTS // 2  # chunks of an id range, of which one search returns all: room is left for those not visible
MOST_KEPT = 512  # lists of terms in memory
MOST_RANGES = 32  # a word in more chunks than these ranges hold is counted in these only


@dataclass(frozen=True, slots=True)
class Postings:
    """The chunks that hold a term, by rising id, and how often; `complete` unless there may be more of them."""

    ids: Ids
    frequency: Vectors
    length: Vectors
    complete: bool

    def only(self, ids: Ids) -> Postings:
        """Return the postings of these chunks."""
        _, here, _ = np.intersect1d(self.ids, ids, assume_unique=True, return_indices=True)
        return Postings(self.ids[here], self.frequency[here], self.length[here], self.complete)


class KeywordIndex:
    """Keyword search over one version of a library. `bodies` returns the indexed text of chunks by id."""

    def __init__(self, connection: MilvusConnection, snapshot: Snapshot, tokenizer: Tokenizer,
                 bodies: Callable[[Sequence[int]], dict[int, str]]) -> None:
        self._connection, self._snapshot, self._tokenizer, self._bodies = connection, snapshot, tokenizer, bodies
        self._kept: dict[str, Postings] = {}
        self._phrases: dict[tuple[str, ...], Postings] = {}

    def holding(self, terms: Sequence[Phrases], limit: int) -> list[list[int]]:
        """Return, for each term, the ids of at most `limit` chunks that hold all of its phrases."""
        self._make_room()
        split = [self._split(phrases) for phrases in terms]
        alone = [words[0] for phrases in split if len(phrases) == 1 for words in phrases if len(words) == 1]
        self._fetch(alone, limit)
        return [self._holding_all(phrases, limit)[:limit].tolist() for phrases in split]

    def match(self, terms: Sequence[Phrases]) -> dict[int, float]:
        """Return the BM25 score of each chunk that holds all phrases of any of the terms."""
        self._make_room()
        scores: dict[int, float] = {}
        self._fetch([words[0] for phrases in map(self._split, terms) for words in phrases if len(words) == 1], MOST_RESULTS)
        for phrases in map(self._split, terms):
            rows = self._holding_all(phrases, self._snapshot.total)
            for words in phrases:
                postings = self._postings(words)
                of_rows = postings.only(rows)
                gains = self._rarity(len(postings.ids)) * self._saturated(of_rows)
                for chunk, gain in zip(of_rows.ids.tolist(), gains.tolist(), strict=True):
                    scores[chunk] = scores.get(chunk, 0.0) + gain
        return scores

    def _make_room(self) -> None:
        if len(self._kept) + len(self._phrases) > MOST_KEPT:
            self._kept, self._phrases = {}, {}

    def _split(self, phrases: Phrases) -> list[list[str]]:
        return self._tokenizer.split(phrases)

    def _rarity(self, holding: int) -> float:
        total = self._snapshot.total
        rarity = math.log((total - holding + 0.5) / (holding + 0.5)) if holding <= total else 0.0
        return max(rarity, LEAST_RARITY)

    def _saturated(self, postings: Postings) -> Vectors:
        relative = postings.length / self._snapshot.mean_words
        dampening = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * relative)
        return np.asarray(postings.frequency * (SATURATION + 1) / (postings.frequency + dampening), np.float32)

    def _holding_all(self, phrases: Sequence[Sequence[str]], limit: int) -> Ids:
        """Return the sorted ids of chunks that hold all phrases; at least `limit` of them if there are so many."""
        if not phrases or not all(phrases):
            return np.empty(0, np.int64)
        if len(phrases) == 1 and len(phrases[0]) == 1:
            [word] = phrases[0]
            self._fetch([word], limit)
            postings = self._kept[word]
            return postings.ids if len(postings.ids) >= limit or postings.complete else self._postings([word]).ids
        return reduce(lambda one, other: np.intersect1d(one, other, assume_unique=True),
                      (self._postings(words).ids for words in phrases))

    def _postings(self, words: Sequence[str]) -> Postings:
        """Return the postings of a word or phrase, complete as far as MOST_RANGES ranges are."""
        key = tuple(words)
        if key not in self._phrases:
            terms = phrase_terms(words)
            self._fetch(terms, MOST_RESULTS)
            self._phrases[key] = self._whole(terms[0]) if len(terms) == 1 else self._phrase(terms, words)
        return self._phrases[key]

    def _phrase(self, terms: Sequence[str], words: Sequence[str]) -> Postings:
        """Return the postings of a phrase of three or more words, each counted in the text."""
        complete = [self._kept[term] for term in terms if self._kept[term].complete] or [self._whole(terms[0])]
        ids = reduce(lambda one, other: np.intersect1d(one, other, assume_unique=True), (each.ids for each in complete))
        bodies = self._bodies(ids.tolist())
        counts = {chunk: count_phrase(found, words)
                  for chunk, found in zip(bodies, self._tokenizer.split(list(bodies.values())), strict=True)}
        holding = complete[0].only(np.array(sorted(chunk for chunk, count in counts.items() if count), np.int64))
        frequency = np.array([counts[chunk] for chunk in holding.ids.tolist()], np.float32)
        return Postings(holding.ids, frequency, holding.length, complete=True)

    def _whole(self, term: str) -> Postings:
        """Return the postings of a term; those of a very common one are searched for in ranges of ids."""
        if self._kept[term].complete:
            return self._kept[term]
        ranges = self._snapshot.ranges(RANGE)[:MOST_RANGES]
        parts = [part for first, last in ranges for part in self._within(term, first, last)]
        ids, frequency, length = (np.concatenate([getattr(part, name) for part in parts]) for name in POSTING_ARRAYS)
        self._kept[term] = whole = Postings(ids, frequency, length, complete=True)
        return whole

    def _within(self, term: str, first: int, last: int) -> list[Postings]:
        """Return the postings of a term in a range of ids; halved if chunks that are not visible fill the answer."""
        [found] = self._search([term], MOST_RESULTS, f"id >= {first} and id <= {last}")
        if found.complete or first == last:
            return [found]
        middle = (first + last) // 2
        return [*self._within(term, first, middle), *self._within(term, middle + 1, last)]

    def _fetch(self, terms: Sequence[str], limit: int) -> None:
        """Get the postings of these terms, at least `limit` of each if there are so many."""
        wanted = min(limit, MOST_RESULTS)
        missing = [term for term in dict.fromkeys(terms) if not self._has(term, wanted)]
        for start in range(0, len(missing), TERMS_AT_ONCE):
            part = missing[start : start + TERMS_AT_ONCE]
            for term, found in zip(part, self._search(part, wanted), strict=True):
                self._kept[term] = found
        again = [term for term in missing if not self._has(term, wanted)]
        if again and wanted < MOST_RESULTS:  # chunks that are not visible took places
            self._fetch(again, MOST_RESULTS)

    def _has(self, term: str, wanted: int) -> bool:
        kept = self._kept.get(term)
        return kept is not None and (kept.complete or len(kept.ids) >= wanted)

    def _search(self, terms: Sequence[str], limit: int, filter: str = "") -> list[Postings]:
        if not self._snapshot.total:
            return [no_postings() for _ in terms]
        asked = [{dimension_of(term): 1.0} for term in terms]
        found = self._connection.search(PASSAGES, "words", asked, limit, filter)
        return [self._parsed(hits, complete=len(hits) < limit) for hits in found]

    def _parsed(self, hits: Sequence[tuple[int, float]], *, complete: bool) -> Postings:
        ids = np.array([chunk for chunk, _ in hits], np.int64)
        values = np.array([value for _, value in hits], np.int64)
        order = np.argsort(ids)
        order = order[self._snapshot.visible(ids[order])]
        return Postings(ids[order], (values[order] // (LONGEST_CHUNK + 1)).astype(np.float32),
                        (values[order] % (LONGEST_CHUNK + 1)).astype(np.float32), complete)


def no_postings() -> Postings:
    """Return the postings of a term that no chunk holds."""
    return Postings(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32), complete=True)

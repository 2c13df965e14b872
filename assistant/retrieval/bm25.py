"""BM25 keyword search with SQLite FTS5: select a question's terms, score chunks, and mix in the scores of whole files."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.datatypes import EVERY_FILE, Filter, Vectors
from assistant.index.change_log import Ids
from assistant.index.fts_text import concatenated_words, exact_phrases, letter_digit_parts, query_terms
from assistant.index.interfaces import Phrases, Searchable

MAX_TERMS = 48  # bounds the query for very long questions
COMMON_SHARE = 0.03  # a term in more than this share of the chunks does not discriminate and costs time ...
COMMON_FLOOR = 2_000  # ... but only in more than this many chunks
LARGE = 100_000  # chunks: from this size on, common words make FTS5 slow
MOST_ROWS = 6_000  # postings of all terms together: bounds the cost of a search
SATURATION, LENGTH_WEIGHT = 1.2, 0.75  # BM25's k1 and b, those of FTS5
FILE_SHARE = 0.5  # weight of the file's score for a file with many chunks


@dataclass(frozen=True, slots=True)
class Term:
    """A word, CJK bigram or phrase (or a conjunction of several) and the ids of the chunks that hold all of it."""

    phrases: Phrases
    rows: Ids


def find_terms(store: Searchable, question: str, passages: int) -> list[Term]:
    """Return the question's discriminative terms, rarest first; if all are common, a conjunction of them as one term."""
    limit = min(max(COMMON_FLOOR, int(COMMON_SHARE * passages)), MOST_ROWS)
    text = question[: 100 * MAX_TERMS]
    counts = count_each(store, [(term,) for term in query_terms(text)[:MAX_TERMS]], limit + 1)
    unknown = [phrase for (phrase,), count in counts.items() if not count]
    others = [*(part for term in unknown for part in letter_digit_parts(term)), *exact_phrases(text),
              *concatenated_words(text)[: 2 * MAX_TERMS]]
    counts |= count_each(store, [(other,) for other in dict.fromkeys(others) if (other,) not in counts], limit + 1)
    held = {phrases: count for phrases, count in counts.items() if count}
    rare: dict[Phrases, int] = {phrases: count for phrases, count in held.items() if count <= limit}
    chosen = rarest_terms(rare) or merge_common_terms(store, held, limit)
    held_by = store.holding_each(chosen, limit + 1)
    return [Term(phrases, np.array(rows, np.int64)) for phrases, rows in zip(chosen, held_by, strict=True)]


def count_each(store: Searchable, terms: Sequence[Phrases], limit: int) -> dict[Phrases, int]:
    """Return the number of chunks that hold each of the terms, counted up to `limit`."""
    return dict(zip(terms, store.count_holding_each(terms, limit), strict=True)) if terms else {}


def rarest_terms(counts: Mapping[Phrases, int]) -> list[Phrases]:
    """Return the rarest terms within the postings budget, at least one if there is any."""
    chosen: list[Phrases] = []
    rows = 0
    for phrases in sorted(counts, key=lambda phrases: counts[phrases]):
        rows += counts[phrases]
        if rows > MOST_ROWS and chosen:
            break
        chosen.append(phrases)
    return chosen


def merge_common_terms(store: Searchable, common: Collection[Phrases], limit: int) -> list[Phrases]:
    """Return a conjunction of the common terms that some chunk holds: all of them, or a prefix that is rare enough."""
    everything = tuple(phrase for phrases in common for phrase in phrases)
    if everything and store.count_holding_each([everything], 1)[0]:  # one query over all lists is faster than several
        return [everything]
    chosen: Phrases = ()
    for phrases in common:
        [count] = store.count_holding_each([(*chosen, *phrases)], limit + 1)
        chosen = (*chosen, *phrases) if count else chosen
        if 0 < count <= limit:
            break
    return [chosen] if chosen else []


def keyword_search(
    store: Searchable, asked: Sequence[Term], passages: int, limit: int, filter: Filter = EVERY_FILE
) -> list[tuple[int, float]]:
    """Return (chunk id, BM25 score), best first, of the chunks that hold one of the terms and pass the filter."""
    # without a rare term, a question's only term is a conjunction or has very many postings
    if passages > LARGE and not filter and len(asked) == 1 and (len(asked[0].phrases) > 1 or len(asked[0].rows) > MOST_ROWS):
        return constant_scores(asked[0], passages)
    return store.match([term.phrases for term in asked], limit, filter) if asked else []


def constant_scores(term: Term, passages: int) -> list[tuple[int, float]]:
    """Return (chunk id, log-odds) of the chunks of one common term, the same score for all.

    FTS5 would read the positions of every word to compute its rarity; that of the conjunction is already known.
    """
    rarity = math.log((passages - len(term.rows) + 0.5) / (len(term.rows) + 0.5))
    return [(chunk, rarity if len(term.rows) <= MOST_ROWS else 0.0) for chunk in term.rows.tolist()]


def max_bm25(asked: Sequence[Term], passages: int) -> float:
    """Return the upper bound of the BM25 score: every term with infinite frequency."""
    rarities = (math.log((passages - len(term.rows) + 0.5) / (len(term.rows) + 0.5)) for term in asked)
    return (SATURATION + 1) * sum(max(rarity, 0.0) for rarity in rarities)


def file_scores(files: FileNumbers, asked: Sequence[Term]) -> Vectors:
    """Return the BM25 score of every file, shape (files,), with a file as a bag of chunks that hold a term or not.

    After Callan, "Passage-level evidence in document retrieval" (1994): the rest of a file tells which of two chunks with the
    same words is meant.
    """
    count = len(files.passages)
    scores = np.zeros(count, np.float32)
    if not count:
        return scores
    dampening = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * files.passages / files.passages.mean())
    for term in asked:
        held = np.bincount(files.files(term.rows), minlength=count)
        having = int(np.count_nonzero(held))
        rarity = math.log(1 + (count - having + 0.5) / (having + 0.5))
        scores += (rarity * (SATURATION + 1) * held / (held + dampening)).astype(np.float32)
    return scores


def mix_file_scores(found: Mapping[int, float], files: FileNumbers, asked: Sequence[Term]) -> dict[int, float]:
    """Return the chunks' scores mixed with those of their files: up to half, less for files with few chunks."""
    if not found:
        return {}
    numbers = files.files(np.array(list(found), np.int64))
    if len(numbers) < len(found):  # another process has added chunks since
        return dict(found)
    shares = FILE_SHARE * (1 - 1 / files.passages[numbers])
    mixed = (1 - shares) * np.array(list(found.values())) + shares * file_scores(files, asked)[numbers]
    return dict(zip(found, mixed.tolist(), strict=True))


class FileNumbers:
    """Map chunks to files. Files are numbered from 0, by rising id of their first chunk."""

    def __init__(self, store: Searchable) -> None:
        self._first, self.passages = store.spans()
        self._end = self._first + self.passages
        self.total = int(self.passages.sum())

    def files(self, chunks: Ids) -> Ids:
        """Return the file number of each of these chunks, shape (n,); unknown chunks are left out."""
        numbers = np.searchsorted(self._first, chunks, "right") - 1
        known = (numbers >= 0) & (chunks < self._end[numbers]) if len(self._first) else np.zeros(len(chunks), np.bool_)
        found: Ids = numbers[known]
        return found

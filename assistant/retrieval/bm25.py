"""Keyword search: a question's terms, joined by OR, ranked by BM25 in SQLite FTS5; and the evidence of whole files."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.datatypes import EVERY_FILE, Filter, Vectors
from assistant.index.fts_text import halves, joined, terms, wholes
from assistant.index.interfaces import Ids, Phrases, Searchable

MAX_TERMS = 48  # a question of 100,000 characters must not become a query of 20,000 terms
COMMON_SHARE = 0.03  # a term in more than this share of the chunks only costs time ...
COMMON_FLOOR = 2_000  # ... once there are enough chunks for time to matter
LARGE = 100_000  # passages: from here on common words cost time
MOST_ROWS = 6_000  # that all terms together may stand in: what a keyword search costs
SATURATION, LENGTH_WEIGHT = 1.2, 0.75  # BM25's k1 and b, those of FTS5
FILE_SHARE = 0.5  # of the keyword evidence of a file with many passages


@dataclass(frozen=True, slots=True)
class Term:
    """A word, pair of CJK characters or phrase of a question, or several, and the ids of the passages that hold all of it."""

    phrases: Phrases
    rows: Ids


def find_terms(store: Searchable, question: str, passages: int) -> list[Term]:
    """Return the question's terms that tell passages apart, the rarest first; where all are common, some of them as one."""
    limit = min(max(COMMON_FLOOR, int(COMMON_SHARE * passages)), MOST_ROWS)
    text = question[: 100 * MAX_TERMS]
    counts = counted(store, [(term,) for term in terms(text)[:MAX_TERMS]], limit + 1)
    unknown = [phrase for (phrase,), count in counts.items() if not count]
    others = [*(half for term in unknown for half in halves(term)), *wholes(text), *joined(text)[: 2 * MAX_TERMS]]
    counts |= counted(store, [(other,) for other in dict.fromkeys(others) if (other,) not in counts], limit + 1)
    held = {phrases: count for phrases, count in counts.items() if count}
    chosen = affordable({phrases: count for phrases, count in held.items() if count <= limit}) or together(store, held, limit)
    held_by = store.holding_each(chosen, limit + 1)
    return [Term(phrases, np.array(rows, np.int64)) for phrases, rows in zip(chosen, held_by, strict=True)]


def counted(store: Searchable, terms: Sequence[Phrases], limit: int) -> dict[Phrases, int]:
    """Return how many passages hold each of the terms, counting no further than `limit`."""
    return dict(zip(terms, store.count_holding_each(terms, limit), strict=True)) if terms else {}


def affordable(counts: Mapping[Phrases, int]) -> list[Phrases]:
    """Return the rarest terms, as many as may be searched in no time, but at least one where there is one."""
    chosen: list[Phrases] = []
    rows = 0
    for phrases in sorted(counts, key=lambda phrases: counts[phrases]):
        rows += counts[phrases]
        if rows > MOST_ROWS and chosen:
            break
        chosen.append(phrases)
    return chosen


def together(store: Searchable, common: Collection[Phrases], limit: int) -> list[Phrases]:
    """Return one term of the common terms that passages hold at once: all, or as many, in their order, as make it a rare one."""
    everything = tuple(phrase for phrases in common for phrase in phrases)
    if everything and store.count_holding_each([everything], 1)[0]:  # one look at all lists is quicker than several at some
        return [everything]
    chosen: Phrases = ()
    for phrases in common:
        [count] = store.count_holding_each([(*chosen, *phrases)], limit + 1)
        chosen = (*chosen, *phrases) if count else chosen
        if 0 < count <= limit:
            break
    return [chosen] if chosen else []


def keyword_search(
    store: Searchable, asked: Sequence[Term], passages: int, limit: int, wanted: Filter = EVERY_FILE
) -> list[tuple[int, float]]:
    """Return (chunk id, BM25 score) of the chunks, in the files wanted, that hold one of the terms, best first."""
    if passages > LARGE and not wanted and is_common(asked):
        return alike(asked[0], passages)
    return store.match([term.phrases for term in asked], limit, wanted) if asked else []


def is_common(asked: Sequence[Term]) -> bool:
    """Return whether no word of a question was rare: they are searched for as one term, or one of them is."""
    return len(asked) == 1 and (len(asked[0].phrases) > 1 or len(asked[0].rows) > MOST_ROWS)


def alike(term: Term, passages: int) -> list[tuple[int, float]]:
    """Return (chunk id, log-odds) of the chunks that hold common words at once, or one very common word: the same for all.

    FTS5 would look through all places of each word for its rarity; the rarity of their being together is known.
    """
    rarity = math.log((passages - len(term.rows) + 0.5) / (len(term.rows) + 0.5))
    return [(chunk, rarity if len(term.rows) <= MOST_ROWS else 0.0) for chunk in term.rows.tolist()]


def most_possible(asked: Sequence[Term], passages: int) -> float:
    """Return the BM25 score that no passage can exceed: every term, as often as you like."""
    rarities = (math.log((passages - len(term.rows) + 0.5) / (len(term.rows) + 0.5)) for term in asked)
    return (SATURATION + 1) * sum(max(rarity, 0.0) for rarity in rarities)


def file_scores(files: Files, asked: Sequence[Term]) -> Vectors:
    """Return the BM25 score of every file, shape (files,): a file is a bag of passages, each holding a term or not.

    After Callan, "Passage-level evidence in document retrieval" (1994): what the rest of a file speaks of tells which
    of two passages that hold the same words is meant.
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


def with_files(found: Mapping[int, float], files: Files, asked: Sequence[Term]) -> dict[int, float]:
    """Return the passages' scores mixed with those of their files: by half, and the less the fewer passages a file has."""
    if not found:
        return {}
    numbers = files.files(np.array(list(found), np.int64))
    if len(numbers) < len(found):  # another program has brought some in since
        return dict(found)
    shares = FILE_SHARE * (1 - 1 / files.passages[numbers])
    mixed = (1 - shares) * np.array(list(found.values())) + shares * file_scores(files, asked)[numbers]
    return dict(zip(found, mixed.tolist(), strict=True))


class Files:
    """Which file each passage is of. Files have numbers from 0, by rising id of their first passage."""

    def __init__(self, store: Searchable) -> None:
        self._first, self.passages = store.spans()
        self._end = self._first + self.passages
        self.total = int(self.passages.sum())

    def files(self, chunks: Ids) -> Ids:
        """Return the file's number of each of these passages, shape (n,); passages that are not known are left out."""
        numbers = np.searchsorted(self._first, chunks, "right") - 1
        known = (numbers >= 0) & (chunks < self._end[numbers]) if len(self._first) else np.zeros(len(chunks), np.bool_)
        found: Ids = numbers[known]
        return found

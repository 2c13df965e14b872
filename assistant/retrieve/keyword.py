"""Keyword search: a question's terms, joined by OR, ranked by BM25 in SQLite FTS5; and the evidence of whole files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.datatypes import EVERY_FILE, Filter, Vectors
from assistant.index.store import Store
from assistant.index.words import halves, joined, terms, wholes
from assistant.retrieve.postings import Files, Numbers, holders

MAX_TERMS = 48  # a question of 100,000 characters must not become a query of 20,000 terms
COMMON_SHARE = 0.03  # a term in more than this share of the chunks only costs time ...
COMMON_FLOOR = 2_000  # ... once there are enough chunks for time to matter
MOST_ROWS = 10_000  # that all terms together may stand in: what a keyword search costs
SATURATION, LENGTH_WEIGHT = 1.2, 0.75  # BM25's k1 and b, those of FTS5
FILE_SHARE = 0.5  # of the keyword evidence of a file with many passages


@dataclass(frozen=True, slots=True)
class Term:
    """A word, pair of CJK characters or phrase of a question, and the ids of the passages that hold it."""

    expression: str
    rows: Numbers


def find_terms(store: Store, question: str, passages: int) -> list[Term]:
    """Return the question's terms that tell passages apart, the rarest ones where all are common."""
    limit = max(COMMON_FLOOR, int(COMMON_SHARE * passages))
    text = question[: 100 * MAX_TERMS]
    asked = [look_up(store, term, limit) for term in terms(text)[:MAX_TERMS]]
    unknown = [term.expression.strip('"') for term in asked if not len(term.rows)]
    others = [*(half for term in unknown for half in halves(term)), *wholes(text), *joined(text)[: 2 * MAX_TERMS]]
    known = {term.expression for term in asked}
    asked += [look_up(store, other, limit) for other in dict.fromkeys(others) if quoted(other) not in known]
    held = [term for term in asked if len(term.rows)]
    return affordable([term for term in held if len(term.rows) <= limit] or held)


def affordable(held: Sequence[Term]) -> list[Term]:
    """Return the rarest terms, as many as may be searched in no time, but at least one."""
    chosen: list[Term] = []
    rows = 0
    for term in sorted(held, key=lambda term: len(term.rows)):
        rows += len(term.rows)
        if rows > MOST_ROWS and chosen:
            break
        chosen.append(term)
    return chosen


def look_up(store: Store, words: str, limit: int) -> Term:
    """Return the term with its passages, one more than `limit` at most."""
    return Term(quoted(words), holders(store, quoted(words), limit + 1))


def keyword_search(store: Store, asked: Sequence[Term], limit: int, wanted: Filter = EVERY_FILE) -> list[tuple[int, float]]:
    """Return (chunk id, BM25 score) of the chunks, in the files wanted, that hold one of the terms, best first."""
    return store.match(" OR ".join(term.expression for term in asked), limit, wanted) if asked else []


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


def quoted(term: str) -> str:
    """Return the term as an FTS5 string, in which nothing is an operator."""
    return '"' + term.replace('"', '""') + '"'

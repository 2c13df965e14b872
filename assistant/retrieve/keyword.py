"""Keyword search: a question's terms, joined by OR, ranked by BM25 in SQLite FTS5."""

from __future__ import annotations

from assistant.index.store import Store
from assistant.index.words import terms

MAX_TERMS = 48  # a question of 100,000 characters must not become a query of 20,000 terms
COMMON_SHARE = 0.1  # a term in more than this share of the chunks only costs time ...
COMMON_FLOOR = 2_000  # ... once there are enough chunks for time to matter


def keyword_search(store: Store, question: str, limit: int) -> list[tuple[int, float]]:
    """Return (chunk id, BM25 score) of the chunks that hold a term of the question, best first."""
    wanted = informative(store, terms(question)[:MAX_TERMS])
    return store.match(" OR ".join(map(quoted, wanted)), limit) if wanted else []


def informative(store: Store, wanted: list[str]) -> list[str]:
    """Return the terms that are not too common, or the rarest one where all are."""
    limit = max(COMMON_FLOOR, int(COMMON_SHARE * store.count_chunks()))
    counted = [(store.count_matches(quoted(term), limit + 1), term) for term in wanted]
    rare = [term for count, term in counted if 0 < count <= limit]
    return rare or [term for count, term in sorted(counted) if count][:1]


def quoted(term: str) -> str:
    """Return the term as an FTS5 string, in which nothing is an operator."""
    return '"' + term.replace('"', '""') + '"'

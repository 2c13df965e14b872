"""Steps after the search: each takes the question and hits, and gives hits."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.datatypes import Hit

UNRELATED_COSINE = 0.15


def drop_duplicates(_question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Keep the best hit of those with the same text: a file and its copy are one passage."""
    kept: dict[str, Hit] = {}
    for hit in hits:
        kept.setdefault(" ".join(hit.chunk.text.split()), hit)
    return list(kept.values())


def drop_unrelated(_question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Drop hits that share no word with the question and are not near it in meaning either."""
    return [hit for hit in hits if hit.keyword_score is not None or (hit.cosine or 0.0) >= UNRELATED_COSINE]

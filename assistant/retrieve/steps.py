"""Steps after the search: each takes the question and hits, and gives hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.datatypes import Hit
from assistant.index.words import TERM, normal

UNRELATED_COSINE = 0.15
SAME = 0.9  # of the shingles of both
SHINGLE = 3  # words; of CJK characters
COMPARED = 40  # hits: more are not shown


def drop_duplicates(_question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Keep the best hit of those with the same text, or nearly so, and let it name the others' places."""
    return [replace(group[0], also=tuple((hit.path, hit.chunk.location) for hit in group[1:])) for group in alike(hits)]


def alike(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Return the hits in groups of the same text, or nearly so, in the order of each group's best; that is its first.

    Nearly: by the resemblance of their shingles (Broder, "On the resemblance and containment of documents", 1997).
    """
    groups: list[list[Hit]] = []
    by_text: dict[str, list[Hit]] = {}
    shingled: list[tuple[frozenset[int], list[Hit]]] = []
    for place, hit in enumerate(hits):
        text = " ".join(hit.chunk.text.split())
        group = by_text.get(text)
        if group is None and place < COMPARED:
            marks = shingles(text)
            group = next((known for other, known in shingled if resemble(marks, other)), None)
            if group is None:
                group = []
                shingled.append((marks, group))
        group = [] if group is None else group
        if not group:
            groups.append(group)
        group.append(hit)
        by_text[text] = group
    return groups


def shingles(text: str) -> frozenset[int]:
    """Return the hashes of every few words in a row; numbers stay, so that two lines of one form differ."""
    words = [word for term in TERM.findall(normal(text).lower()) for word in (term if term[0] >= "\u3040" else [term])]
    return frozenset(hash(tuple(words[at : at + SHINGLE])) for at in range(max(1, len(words) - SHINGLE + 1)))


def resemble(one: frozenset[int], other: frozenset[int]) -> bool:
    """Return whether two texts share nearly all their shingles."""
    fewer, more = sorted((len(one), len(other)))
    return fewer >= SAME * more and len(one & other) >= SAME * len(one | other)


def drop_unrelated(_question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Drop hits that share no word with the question and are not near it in meaning either."""
    return [hit for hit in hits if hit.keyword_score is not None or (hit.cosine or 0.0) >= UNRELATED_COSINE]


STEPS = (drop_duplicates, drop_unrelated)  # what is done to every list of hits

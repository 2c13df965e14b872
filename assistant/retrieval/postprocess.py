"""Postprocess hits: near-duplicate removal, a relevance floor, interleaving, and a stable order for the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from assistant.datatypes import Hit
from assistant.index.fts_text import TERM, nfkc

UNRELATED_COSINE = 0.15
MIN_RESEMBLANCE = 0.9  # Jaccard similarity of the shingles
SHINGLE = 3  # words, or CJK characters
COMPARED = 40  # hits: lower ranks are not shown
MOST_CONVERSATIONS = 64
FileSpan = tuple[str, int, int]  # path, char_start, char_end


def drop_duplicates(_question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Keep the best hit of each group of near-duplicates; its `also` gets the locations of the others."""
    groups = group_near_duplicates(hits)
    return [replace(group[0], also=tuple((hit.path, hit.chunk.location) for hit in group[1:])) for group in groups]


def group_near_duplicates(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Return the hits in groups of near-duplicates, ordered by each group's best hit, which comes first.

    Near-duplicates have nearly the same shingles (Broder, "On the resemblance and containment of documents", 1997).
    """
    groups: list[list[Hit]] = []
    by_text: dict[str, list[Hit]] = {}
    shingled: list[tuple[frozenset[int], list[Hit]]] = []
    for place, hit in enumerate(hits):
        text = " ".join(hit.chunk.text.split())
        group = by_text.get(text)
        if group is None and place < COMPARED:
            marks = shingles(text)
            group = next((known for other, known in shingled if are_near_duplicates(marks, other)), None)
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
    """Return the hashes of all runs of SHINGLE words. Numbers are kept, so that two rows of one form differ."""
    words = [word for term in TERM.findall(nfkc(text).lower()) for word in (term if term[0] >= "\u3040" else [term])]
    return frozenset(hash(tuple(words[at : at + SHINGLE])) for at in range(max(1, len(words) - SHINGLE + 1)))


def are_near_duplicates(one: frozenset[int], other: frozenset[int]) -> bool:
    """Return True if two sets of shingles are nearly the same."""
    fewer, more = sorted((len(one), len(other)))
    return fewer >= MIN_RESEMBLANCE * more and len(one & other) >= MIN_RESEMBLANCE * len(one | other)


def drop_unrelated(_question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Drop hits without a word of the question and with a low cosine."""
    return [hit for hit in hits if hit.keyword_score is not None or (hit.cosine or 0.0) >= UNRELATED_COSINE]


STEPS = (drop_duplicates, drop_unrelated)  # applied to every list of hits


def interleave(lists: Sequence[Sequence[Hit]], limit: int) -> tuple[Hit, ...]:
    """Interleave ranked lists round-robin, without duplicates; return the first `limit` hits."""
    return drop_repeats([hit for hit in chain.from_iterable(zip_longest(*lists)) if hit is not None])[:limit]


def insert_at(hits: Sequence[Hit], earlier: Sequence[Hit], place: int) -> tuple[Hit, ...]:
    """Return the hits with earlier ones inserted at a rank, unless they are above it already; no hit is dropped."""
    return drop_repeats([*hits[:place], *earlier, *hits[place:]])


def drop_repeats(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits without repeated chunks."""
    found: dict[tuple[str, int], Hit] = {}
    for hit in hits:
        found.setdefault((hit.path, hit.chunk.location.char_start), hit)
    return tuple(found.values())


class PromptOrder:
    """Remember the order of passages in the last prompt of each conversation, keyed by its questions."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, ...], tuple[FileSpan, ...]] = {}

    def keep(self, questions: Sequence[str], read: Sequence[Hit]) -> None:
        """Record the passages read for the last of these questions; the oldest conversations are dropped."""
        self._read.pop(tuple(questions), None)
        places = ((hit.path, hit.chunk.location) for hit in read)
        self._read[tuple(questions)] = tuple((path, place.char_start, place.char_end) for path, place in places)
        while len(self._read) > MOST_CONVERSATIONS:
            del self._read[next(iter(self._read))]

    def arrange(self, questions: Sequence[str], hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return the hits, those read for the last of these questions first and in that order.

        The prompt then shares the longest possible prefix with the previous one, which the KV cache holds.
        """
        earlier = self._read.get(tuple(questions), ())

        def place(hit: Hit) -> int:
            return next((place for place, read in enumerate(earlier) if begins_in(hit, read)), len(earlier))

        return tuple(sorted(hits, key=place))


def begins_in(hit: Hit, read: FileSpan) -> bool:
    """Return True if a hit begins within a span."""
    path, start, end = read
    return hit.path == path and start <= hit.chunk.location.char_start < max(end, start + 1)

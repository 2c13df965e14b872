"""Steps after the search: each takes the question and hits, and gives hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from assistant.datatypes import Hit
from assistant.index.fts_text import TERM, nfkc

UNRELATED_COSINE = 0.15
MIN_RESEMBLANCE = 0.9  # of the shingles of both
SHINGLE = 3  # words; of CJK characters
COMPARED = 40  # hits: more are not shown
MOST_CONVERSATIONS = 64
FileSpan = tuple[str, int, int]  # file, first character, character behind the last


def drop_duplicates(_question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Keep the best hit of those with the same text, or nearly so, and let it name the others' places."""
    return [replace(group[0], also=tuple((hit.path, hit.chunk.location) for hit in group[1:])) for group in group_near_duplicates(hits)]


def group_near_duplicates(hits: Sequence[Hit]) -> list[list[Hit]]:
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
    """Return the hashes of every few words in a row; numbers stay, so that two lines of one form differ."""
    words = [word for term in TERM.findall(nfkc(text).lower()) for word in (term if term[0] >= "\u3040" else [term])]
    return frozenset(hash(tuple(words[at : at + SHINGLE])) for at in range(max(1, len(words) - SHINGLE + 1)))


def are_near_duplicates(one: frozenset[int], other: frozenset[int]) -> bool:
    """Return whether two texts share nearly all their shingles."""
    fewer, more = sorted((len(one), len(other)))
    return fewer >= MIN_RESEMBLANCE * more and len(one & other) >= MIN_RESEMBLANCE * len(one | other)


def drop_unrelated(_question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Drop hits that share no word with the question and are not near it in meaning either."""
    return [hit for hit in hits if hit.keyword_score is not None or (hit.cosine or 0.0) >= UNRELATED_COSINE]


STEPS = (drop_duplicates, drop_unrelated)  # what is done to every list of hits


def dealt(lists: Sequence[Sequence[Hit]], limit: int) -> tuple[Hit, ...]:
    """Return the hits of all lists in turn, the first list's first: each reading keeps its best."""
    return drop_repeats([hit for hit in chain.from_iterable(zip_longest(*lists)) if hit is not None])[:limit]


def carried(hits: Sequence[Hit], earlier: Sequence[Hit], place: int) -> tuple[Hit, ...]:
    """Return the hits with the earlier ones put in at a place, unless they stand before it already; none gets lost."""
    return drop_repeats([*hits[:place], *earlier, *hits[place:]])


def drop_repeats(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits, each passage once."""
    found: dict[tuple[str, int], Hit] = {}
    for hit in hits:
        found.setdefault((hit.path, hit.chunk.location.char_start), hit)
    return tuple(found.values())


class Orders:
    """In which order the passages of conversations were read last, each known by the questions asked in it."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, ...], tuple[FileSpan, ...]] = {}

    def keep(self, questions: Sequence[str], read: Sequence[Hit]) -> None:
        """Note what was read for the last of these questions; the oldest conversations are forgotten."""
        self._read.pop(tuple(questions), None)
        self._read[tuple(questions)] = tuple(file_span(hit) for hit in read)
        while len(self._read) > MOST_CONVERSATIONS:
            del self._read[next(iter(self._read))]

    def arranged(self, questions: Sequence[str], hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return the hits: first those that were read for the last of these questions, as they stood then; then the others.

        So a prompt begins as the last one did, for as long as they share passages.
        """
        earlier = self._read.get(tuple(questions), ())

        def place(hit: Hit) -> int:
            return next((place for place, read in enumerate(earlier) if begins_in(hit, read)), len(earlier))

        return tuple(sorted(hits, key=place))


def file_span(hit: Hit) -> FileSpan:
    """Return where a passage stands."""
    return hit.path, hit.chunk.location.char_start, hit.chunk.location.char_end


def begins_in(hit: Hit, read: FileSpan) -> bool:
    """Return whether a passage begins in what was read."""
    path, start, end = read
    return hit.path == path and start <= hit.chunk.location.char_start < max(end, start + 1)

"""Pair the sentences of two texts that are most alike, without looking at every pair.

An inverted index of the words of one side counts what a sentence of the other side shares with all of them at once (as in a
similarity join; Chaudhuri, Ganti and Kaushik, 2006). Only the best few candidates of each sentence are kept. Where all of them
were taken by others, they are looked up again among those that are free, so the result is that of the greedy choice over all
pairs, and the memory grows with the number of words alone.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FEWEST, MOST = 16, 256  # candidates of a sentence that are kept; more each time that all of them were taken

Words = NDArray[np.intp]
Step = Callable[[], None]


class Numbering:
    """Numbers for words and sentences. The second "the" of a sentence has another number than the first."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, int], int] = {}
        self._sentences: dict[tuple[str, ...], int] = {}

    def words(self, sentence: Sequence[str]) -> Words:
        """Return the numbers of a sentence's words, so that what two sentences share is what their numbers share."""
        seen: Counter[str] = Counter()
        found: list[int] = []
        for word in sentence:
            found.append(self._words.setdefault((word, seen[word]), len(self._words)))
            seen[word] += 1
        return np.array(found, np.intp)

    def sentence(self, words: tuple[str, ...]) -> int:
        """Return the number of a sentence; the same words have the same."""
        return self._sentences.setdefault(words, len(self._sentences))


@dataclass(slots=True)
class Candidates:
    """The best partners of one sentence: scores falling, their numbers; `is_cut` where there are more than were kept."""

    scores: NDArray[np.float64]
    numbers: Words
    is_cut: bool
    kept: int
    at: int = 0


class Index:
    """An inverted index of sentences: which hold a word. `free` says which have no partner yet."""

    def __init__(self, sentences: Sequence[Words]) -> None:
        words = np.concatenate([*sentences, np.empty(0, np.intp)])
        self._lengths = np.array([len(each) for each in sentences], np.intp)
        order = np.argsort(words, kind="stable")
        self._holders = np.repeat(np.arange(len(sentences)), self._lengths)[order]
        known, starts = np.unique(words[order], return_index=True)
        self._spans = dict(zip(known.tolist(), pairwise([*starts.tolist(), len(words)]), strict=True))
        self.free = np.ones(len(sentences), bool)

    def best(self, words: Words, least: float, kept: int) -> Candidates:
        """Return the free sentences most like this one (Dice, 1945), none under `least`, the earlier first among equals."""
        spans = [self._spans[word] for word in words.tolist() if word in self._spans]
        holders = [self._holders[start:end] for start, end in spans]
        shared = np.bincount(np.concatenate(holders), minlength=len(self.free)) if holders else np.zeros(len(self.free), np.intp)
        scores = 2 * shared / (len(words) + self._lengths)
        found = np.flatnonzero((scores >= least) & self.free)
        order = np.argsort(-scores[found], kind="stable")[:kept]
        return Candidates(scores[found][order], found[order], len(found) > kept, kept)


def partners(old: Sequence[Words], new: Sequence[Words], least: float, step: Step) -> dict[int, int]:
    """Return which sentence of `new` each one of `old` became: the most alike first, none under `least`.

    `step` is called between two steps of the work; what it raises ends it.
    """
    index = Index(new)
    known: list[Candidates] = []
    for words in old:
        step()
        known.append(index.best(words, least, FEWEST))
    queue = [(-float(each.scores[0]), first, int(each.numbers[0])) for first, each in enumerate(known) if each.scores.size]
    heapq.heapify(queue)
    found: dict[int, int] = {}
    while queue:
        _, first, second = heapq.heappop(queue)
        if index.free[second]:
            found[first], index.free[second] = second, False
            continue
        step()
        known[first] = following(index, known[first], old[first], least)
        if known[first].scores.size:
            at = known[first].at
            heapq.heappush(queue, (-float(known[first].scores[at]), first, int(known[first].numbers[at])))
    return found


def following(index: Index, known: Candidates, words: Words, least: float) -> Candidates:
    """Return the candidates with the first free one as the next; looked up anew where none of them is free any more."""
    free = np.flatnonzero(index.free[known.numbers])
    if free.size:
        return Candidates(known.scores, known.numbers, known.is_cut, known.kept, int(free[0]))
    if known.is_cut:
        return index.best(words, least, min(MOST, 2 * known.kept))
    return Candidates(np.empty(0), np.empty(0, np.intp), is_cut=False, kept=known.kept)

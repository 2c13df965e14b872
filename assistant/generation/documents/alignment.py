"""Align two sequences: find the longest common runs, and yield the gaps between them.

This is the algorithm of Ratcliff and Obershelp (1988) with the tie-breaking rules of Python's difflib (the run that starts
earliest in the first sequence, then earliest in the second), so the result is the same. difflib walks over every element of a
range for each run that it finds; here the equal pairs are grouped into diagonal runs once, and each step looks at the runs of
its own range only, as arrays. Both time and memory are bounded by the number of equal pairs that are admitted.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

MIN_PAIRS, PAIRS_PER_ELEMENT = 100_000, 10

Ids = NDArray[np.intp]
Step = Callable[[], None]
MIN_CANDIDATES, MAX_CANDIDATES = 16, 256  # per sentence; doubled each time all of them were taken
Words = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Range:
    """A range of both sequences: first[a:b] and second[c:d]."""

    a: int
    b: int
    c: int
    d: int


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of equal pairs: first[first_start + n] equals second[second_start + n] for n < length. Three arrays of one shape."""

    first: Ids
    second: Ids
    length: Ids

    def within(self, bounds: Range) -> Runs:
        """Return the runs clipped to a range, without those outside it."""
        begin = np.maximum(np.maximum(bounds.a - self.first, bounds.c - self.second), 0)
        length = np.minimum(np.minimum(bounds.b - self.first, bounds.d - self.second), self.length) - begin
        left = np.flatnonzero(length > 0)
        return Runs(self.first[left] + begin[left], self.second[left] + begin[left], length[left])

    def longest(self) -> tuple[int, int, int]:
        """Return (first start, second start, length) of the longest run, the earliest among equals."""
        best = np.flatnonzero(self.length == self.length.max())
        place = best[np.lexsort((self.second[best], self.first[best]))[0]]
        return int(self.first[place]), int(self.second[place]), int(self.length[place])


def gaps(first: Ids, second: Ids, step: Step) -> Iterator[tuple[slice, slice]]:
    """Yield the gaps between the common runs of two sequences, in order: slices of both, one of which may be empty.

    `step` is called between steps and may raise.
    """
    waiting: list[tuple[Range, Runs]] = [(Range(0, len(first), 0, len(second)), diagonal_runs(first, second))]
    while waiting:
        step()
        whole, runs = waiting.pop()
        inside = runs.within(whole)
        if inside.length.size:
            at, beside, length = extend_run(first, second, whole, *inside.longest())
            waiting.append((Range(at + length, whole.b, beside + length, whole.d), inside))
            waiting.append((Range(whole.a, at, whole.c, beside), inside))  # the earlier range is processed first
        elif whole.a < whole.b or whole.c < whole.d:
            yield slice(whole.a, whole.b), slice(whole.c, whole.d)


def extend_run(first: Ids, second: Ids, whole: Range, at: int, beside: int, length: int) -> tuple[int, int, int]:
    """Return a run extended by equal elements on both sides that were too frequent to start a run."""
    while at > whole.a and beside > whole.c and first[at - 1] == second[beside - 1]:
        at, beside, length = at - 1, beside - 1, length + 1
    while at + length < whole.b and beside + length < whole.d and first[at + length] == second[beside + length]:
        length += 1
    return at, beside, length


def diagonal_runs(first: Ids, second: Ids) -> Runs:
    """Return the maximal runs of equal pairs."""
    at, beside = equal_pairs(first, second)
    order = np.lexsort((at, beside - at))
    at, beside = at[order], beside[order]
    begins = np.flatnonzero(np.r_[True, (np.diff(at) != 1) | (np.diff(beside) != 1)]) if at.size else np.empty(0, np.intp)
    return Runs(at[begins], beside[begins], np.diff(np.append(begins, at.size)))


def equal_pairs(first: Ids, second: Ids) -> tuple[Ids, Ids]:
    """Return the indexes of equal elements in both sequences; the most frequent elements are skipped if there are too many.

    An element that occurs m times in one and n times in the other gives m * n pairs, and says little about which belong
    together.
    """
    most = max(MIN_PAIRS, PAIRS_PER_ELEMENT * (len(first) + len(second)))
    size = int(max(first.max(initial=-1), second.max(initial=-1))) + 1
    here, there = np.bincount(first, minlength=size), np.bincount(second, minlength=size)
    rising = np.argsort(here * there, kind="stable")
    admitted = np.zeros(size, bool)
    admitted[rising] = np.cumsum((here * there)[rising]) <= most
    places = np.argsort(second, kind="stable")
    starts = np.concatenate(([0], np.cumsum(there)))
    counts = np.where(admitted[first], there[first], 0) if size else np.empty(0, np.intp)
    at = np.repeat(np.arange(len(first)), counts)
    nth = np.arange(at.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return at, places[starts[first[at]] + nth]


class Numbering:
    """Ids for words and sentences. The second "the" of a sentence has another id than the first."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, int], int] = {}
        self._sentences: dict[tuple[str, ...], int] = {}

    def words(self, sentence: Sequence[str]) -> Words:
        """Return the ids of a sentence's words; the ids that two sentences share are the words they share."""
        seen: Counter[str] = Counter()
        found: list[int] = []
        for word in sentence:
            found.append(self._words.setdefault((word, seen[word]), len(self._words)))
            seen[word] += 1
        return np.array(found, np.intp)

    def sentence(self, words: tuple[str, ...]) -> int:
        """Return the id of a sentence; equal sentences have equal ids."""
        return self._sentences.setdefault(words, len(self._sentences))


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best matches of one sentence: descending scores and their indexes; `is_cut` if there were more than `kept`."""

    scores: NDArray[np.float64]
    numbers: Words
    is_cut: bool
    kept: int
    at: int = 0


class SentenceIndex:
    """Inverted index of sentences by word id. `free` marks the sentences without a match."""

    def __init__(self, sentences: Sequence[Words]) -> None:
        words = np.concatenate([*sentences, np.empty(0, np.intp)])
        self._lengths = np.array([len(each) for each in sentences], np.intp)
        order = np.argsort(words, kind="stable")
        self._holders = np.repeat(np.arange(len(sentences)), self._lengths)[order]
        known, starts = np.unique(words[order], return_index=True)
        self._spans = dict(zip(known.tolist(), pairwise([*starts.tolist(), len(words)]), strict=True))
        self.free = np.ones(len(sentences), bool)

    def best(self, words: Words, least: float, kept: int) -> Candidates:
        """Return the free sentences most similar to this one (Dice 1945), with a score of at least `least`."""
        spans = [self._spans[word] for word in words.tolist() if word in self._spans]
        holders = [self._holders[start:end] for start, end in spans]
        shared = np.bincount(np.concatenate(holders), minlength=len(self.free)) if holders else np.zeros(len(self.free), np.intp)
        scores = 2 * shared / (len(words) + self._lengths)
        found = np.flatnonzero((scores >= least) & self.free)
        order = np.argsort(-scores[found], kind="stable")[:kept]
        return Candidates(scores[found][order], found[order], len(found) > kept, kept)


def match_sentences(old: Sequence[Words], new: Sequence[Words], least: float, step: Step) -> dict[int, int]:
    """Return the index in `new` that each sentence of `old` became: greedily by similarity, at least `least`.

    `step` is called between steps and may raise to stop the work.
    """
    index = SentenceIndex(new)
    known: list[Candidates] = []
    for words in old:
        step()
        known.append(index.best(words, least, MIN_CANDIDATES))
    queue = [(-float(each.scores[0]), first, int(each.numbers[0])) for first, each in enumerate(known) if each.scores.size]
    heapq.heapify(queue)
    found: dict[int, int] = {}
    while queue:
        _, first, second = heapq.heappop(queue)
        if index.free[second]:
            found[first], index.free[second] = second, False
            continue
        step()
        known[first] = next_candidate(index, known[first], old[first], least)
        if known[first].scores.size:
            at = known[first].at
            heapq.heappush(queue, (-float(known[first].scores[at]), first, int(known[first].numbers[at])))
    return found


def next_candidate(index: SentenceIndex, known: Candidates, words: Words, least: float) -> Candidates:
    """Return the candidates advanced to the first free one, searched again if none is free."""
    free = np.flatnonzero(index.free[known.numbers])
    if free.size:
        return Candidates(known.scores, known.numbers, known.is_cut, known.kept, int(free[0]))
    if known.is_cut:
        return index.best(words, least, min(MAX_CANDIDATES, 2 * known.kept))
    return Candidates(np.empty(0), np.empty(0, np.intp), is_cut=False, kept=known.kept)

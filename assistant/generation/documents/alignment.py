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

FEWEST_PAIRS, PAIRS_PER_ELEMENT = 100_000, 10

Ids = NDArray[np.intp]
Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Gap:
    """Two ranges that have nothing in common: first[start:end] and second[start:end]; one of them may be empty."""

    first: slice
    second: slice


@dataclass(frozen=True, slots=True)
class Range:
    """A part of both sequences: first[a:b] and second[c:d]."""

    a: int
    b: int
    c: int
    d: int

    @property
    def gap(self) -> Gap:
        """The range as a gap."""
        return Gap(slice(self.a, self.b), slice(self.c, self.d))


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of equal pairs: first[first_start + n] equals second[second_start + n] for n < length. Three arrays of one shape."""

    first: Ids
    second: Ids
    length: Ids

    def within(self, bounds: Range) -> Runs:
        """Return the runs cut to a range; those that lie outside of it are left out."""
        begin = np.maximum(np.maximum(bounds.a - self.first, bounds.c - self.second), 0)
        length = np.minimum(np.minimum(bounds.b - self.first, bounds.d - self.second), self.length) - begin
        left = np.flatnonzero(length > 0)
        return Runs(self.first[left] + begin[left], self.second[left] + begin[left], length[left])

    def longest(self) -> tuple[int, int, int]:
        """Return (first start, second start, length) of the longest run, the earliest among equals."""
        best = np.flatnonzero(self.length == self.length.max())
        place = best[np.lexsort((self.second[best], self.first[best]))[0]]
        return int(self.first[place]), int(self.second[place]), int(self.length[place])


def gaps(first: Ids, second: Ids, step: Step) -> Iterator[Gap]:
    """Yield the gaps between the common runs of two sequences, in order. `step` is called between two steps of the work."""
    waiting: list[tuple[Range, Runs]] = [(Range(0, len(first), 0, len(second)), diagonal_runs(first, second))]
    while waiting:
        step()
        whole, runs = waiting.pop()
        inside = runs.within(whole)
        if inside.length.size:
            before, after = split_range(whole, *extend_run(first, second, whole, *inside.longest()))
            waiting += [(after, inside), (before, inside)]  # the earlier one is taken up first
        elif whole.a < whole.b or whole.c < whole.d:
            yield whole.gap


def split_range(whole: Range, at: int, beside: int, length: int) -> tuple[Range, Range]:
    """Return what lies before a run and what lies after it."""
    return Range(whole.a, at, whole.c, beside), Range(at + length, whole.b, beside + length, whole.d)


def extend_run(first: Ids, second: Ids, whole: Range, at: int, beside: int, length: int) -> tuple[int, int, int]:
    """Return a run with the equal elements on both sides of it, which are there where they were too frequent to begin a run."""
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
    """Return the places of equal elements in both sequences; the most frequent elements are left out where there are too many.

    An element that stands m times in one and n times in the other gives m * n pairs, and says little of which belong together.
    """
    most = max(FEWEST_PAIRS, PAIRS_PER_ELEMENT * (len(first) + len(second)))
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


FEWEST, MOST = 16, 256  # candidates of a sentence that are kept; more each time that all of them were taken

Words = NDArray[np.intp]


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


class SentenceIndex:
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


def match_sentences(old: Sequence[Words], new: Sequence[Words], least: float, step: Step) -> dict[int, int]:
    """Return which sentence of `new` each one of `old` became: the most alike first, none under `least`.

    `step` is called between two steps of the work; what it raises ends it.
    """
    index = SentenceIndex(new)
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
        known[first] = next_candidate(index, known[first], old[first], least)
        if known[first].scores.size:
            at = known[first].at
            heapq.heappush(queue, (-float(known[first].scores[at]), first, int(known[first].numbers[at])))
    return found


def next_candidate(index: SentenceIndex, known: Candidates, words: Words, least: float) -> Candidates:
    """Return the candidates with the first free one as the next; looked up anew where none of them is free any more."""
    free = np.flatnonzero(index.free[known.numbers])
    if free.size:
        return Candidates(known.scores, known.numbers, known.is_cut, known.kept, int(free[0]))
    if known.is_cut:
        return index.best(words, least, min(MOST, 2 * known.kept))
    return Candidates(np.empty(0), np.empty(0, np.intp), is_cut=False, kept=known.kept)

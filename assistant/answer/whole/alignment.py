"""Align two sequences: find the longest common runs, and yield the gaps between them.

This is the algorithm of Ratcliff and Obershelp (1988) with the tie-breaking rules of Python's difflib (the run that starts
earliest in the first sequence, then earliest in the second), so the result is the same. difflib walks over every element of a
range for each run that it finds; here the equal pairs are grouped into diagonal runs once, and each step looks at the runs of
its own range only, as arrays. Both time and memory are bounded by the number of equal pairs that are admitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

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
            before, after = around(whole, *extended(first, second, whole, *inside.longest()))
            waiting += [(after, inside), (before, inside)]  # the earlier one is taken up first
        elif whole.a < whole.b or whole.c < whole.d:
            yield whole.gap


def around(whole: Range, at: int, beside: int, length: int) -> tuple[Range, Range]:
    """Return what lies before a run and what lies after it."""
    return Range(whole.a, at, whole.c, beside), Range(at + length, whole.b, beside + length, whole.d)


def extended(first: Ids, second: Ids, whole: Range, at: int, beside: int, length: int) -> tuple[int, int, int]:
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

"""One version of a shared library as a reader sees it: which generations of chunks are visible.

A search in Milvus also finds chunks that are not visible: those of a file that is being written, and of replaced generations that
are not swept yet. They are dropped here, by their ids; since ids of a generation are consecutive, that needs no list of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from assistant.index.change_log import Ids


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The visible generations: first chunk id and number of chunks of each, by rising id; `words` counts all their words.

    version: of the library, and how often it was read anew, since a commit of another machine may come to light without a new one
    """

    version: str
    first: Ids
    sizes: Ids
    words: int
    total: int = field(init=False)
    ends: Ids = field(init=False)

    def __post_init__(self) -> None:
        """Compute the end of every generation, and the number of all chunks."""
        object.__setattr__(self, "ends", self.first + self.sizes)
        object.__setattr__(self, "total", int(self.sizes.sum()))

    @property
    def ids(self) -> Ids:
        """The ids of all chunks, sorted."""
        return expand(self.first, self.sizes)

    @property
    def mean_words(self) -> float:
        """The mean number of words of a chunk."""
        return self.words / self.total if self.total else 1.0

    def places(self, ids: Ids) -> Ids:
        """Return the position of each id's generation, -1 for an id that is not visible, shape (n,)."""
        if not len(self.first):
            return np.full(len(ids), -1, np.int64)
        at = np.searchsorted(self.first, ids, "right") - 1
        at[(at >= 0) & (ids >= self.ends[at])] = -1
        return at

    def visible(self, ids: Ids) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return the mask of the visible ids, shape (n,)."""
        mask: np.ndarray[tuple[int], np.dtype[np.bool_]] = self.places(ids) >= 0
        return mask

    def ranges(self, most: int) -> list[tuple[int, int]]:
        """Return ranges of ids (first, last) that together hold all chunks, each at most about `most`."""
        starts = np.flatnonzero(np.diff(np.concatenate([[-1], (np.cumsum(self.sizes) - 1) // most])))
        bounds = [*starts.tolist(), len(self.first)]
        return [(int(self.first[a]), int(self.ends[b - 1]) - 1) for a, b in pairwise(bounds)]


def expand(first: Ids, sizes: Ids) -> Ids:
    """Return the ids of consecutive runs: `sizes` ids from each `first`."""
    total = int(sizes.sum())
    offsets = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    found: Ids = np.repeat(first, sizes) + offsets
    return found

"""Passages in, their files out: how passages and files belong together in one state of a library."""

from __future__ import annotations

import numpy as np

from assistant.index.searchable import Ids, Searchable


class Files:
    """Which file each passage is of. Files have numbers from 0, by rising id of their first passage."""

    def __init__(self, store: Searchable) -> None:
        self._first, self.passages = store.spans()
        self._end = self._first + self.passages
        self.total = int(self.passages.sum())

    def files(self, chunks: Ids) -> Ids:
        """Return the file's number of each of these passages, shape (n,); passages that are not known are left out."""
        numbers = np.searchsorted(self._first, chunks, "right") - 1
        known = (numbers >= 0) & (chunks < self._end[numbers]) if len(self._first) else np.zeros(len(chunks), np.bool_)
        found: Ids = numbers[known]
        return found

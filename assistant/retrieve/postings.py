"""A term in, the passages that hold it out, and how passages and files belong together: what one state of a library says."""

from __future__ import annotations

from typing import Any

import numpy as np

from assistant.index.store import Store

Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Files:
    """Which file each passage is of. Files have numbers from 0; arrays run over passages by rising id."""

    def __init__(self, store: Store) -> None:
        rows = store.paths_of_chunks()
        numbers: dict[str, int] = {}
        self.ids: Numbers = np.array([row[0] for row in rows], np.int64)
        self.file_of: Numbers = np.array([numbers.setdefault(row[1], len(numbers)) for row in rows], np.int64)
        self.passages: Numbers = np.bincount(self.file_of, minlength=len(numbers)).astype(np.int64)

    def files(self, chunks: Numbers) -> Numbers:
        """Return the file's number of each of these passages, shape (n,); passages that are not known are left out."""
        if not len(self.ids):
            return np.empty(0, np.int64)
        at = np.minimum(np.searchsorted(self.ids, chunks), len(self.ids) - 1)
        found: Numbers = self.file_of[at[self.ids[at] == chunks]]
        return found


def holders(store: Store, expression: str, limit: int) -> Numbers:
    """Return the ids of the passages that match an FTS5 expression, no more than `limit`."""
    return np.array(store.holding(expression, limit), np.int64)

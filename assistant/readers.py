"""How files are to be read in; the processes that read them, for one run or for many, out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from assistant.ingest import Bounds, Pool, Terms


@dataclass(frozen=True, slots=True)
class Means:
    """What files are read with: how many processes, on what terms, within which bounds; tokens of a chunk."""

    readers: int
    terms: Terms
    bounds: Bounds
    chunk_tokens: int


class Readers:
    """The processes that read files: opened for each run, or kept for the next where there will be many small ones."""

    def __init__(self, means: Means, *, lasting: bool = False) -> None:
        self.means = means
        self._is_lasting = lasting
        self._pool: Pool | None = None

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.close()
        self._pool = None

    @contextmanager
    def opened(self, files: int) -> Iterator[Pool]:
        """Give the processes to read so many files."""
        if self._pool is None:
            count = self.means.readers if self._is_lasting else min(self.means.readers, files)
            self._pool = Pool(count, self.means.terms, self.means.bounds)
        try:
            yield self._pool
        except BaseException:
            self.close()
            raise
        if not self._is_lasting:
            self.close()

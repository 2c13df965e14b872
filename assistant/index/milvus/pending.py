"""The chunks of a shared library that have no vector yet, found by chunk, by generation and by the key of their text."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import TypeVar

import numpy as np

from assistant.index.change_log import Ids

Name = TypeVar("Name")


class PendingChunks:
    """Chunk ids, each with its generation (`file`) and the key of its text. Each change takes time for the changed ones only."""

    def __init__(self, chunks: Iterable[tuple[int, int, str]] = ()) -> None:
        self._chunks: dict[int, tuple[int, str]] = {}
        self._of_file: dict[int, set[int]] = {}
        self._of_key: dict[str, set[int]] = {}
        for chunk, file, key in chunks:
            self.add(chunk, file, key)

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self._chunks)

    def __contains__(self, chunk: int) -> bool:
        """Return whether a chunk has no vector."""
        return chunk in self._chunks

    @property
    def ids(self) -> Ids:
        """The ids of the chunks, sorted."""
        return np.array(sorted(self._chunks), np.int64)

    @property
    def files(self) -> Set[int]:
        """The generations of the chunks."""
        return self._of_file.keys()

    def add(self, chunk: int, file: int, key: str) -> None:
        """Add a chunk."""
        self._chunks[chunk] = file, key
        self._of_file.setdefault(file, set()).add(chunk)
        self._of_key.setdefault(key, set()).add(chunk)

    def remove(self, chunk: int) -> None:
        """Remove a chunk: it has a vector, or is gone."""
        file, key = self._chunks.pop(chunk)
        take_out(self._of_file, file, chunk)
        take_out(self._of_key, key, chunk)

    def forget(self, file: int) -> None:
        """Remove the chunks of a generation."""
        for chunk in list(self._of_file.get(file, ())):
            self.remove(chunk)

    def file_of(self, chunk: int) -> int:
        """Return the generation of a chunk."""
        return self._chunks[chunk][0]

    def key_of(self, chunk: int) -> str:
        """Return the key of the text of a chunk."""
        return self._chunks[chunk][1]

    def with_keys(self, keys: Iterable[str]) -> set[int]:
        """Return the chunks whose text has one of these keys."""
        return {chunk for key in keys for chunk in self._of_key.get(key, ())}


def take_out(groups: dict[Name, set[int]], name: Name, chunk: int) -> None:
    """Take a chunk out of a group; an empty group is removed."""
    groups[name].discard(chunk)
    if not groups[name]:
        del groups[name]

"""Where the chunks of one file are: their ids and spans of characters, in document order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.index.change_log import Ids
from assistant.index.milvus.connection import Row


@dataclass(frozen=True, slots=True)
class FilePositions:
    """The ids of a file's chunks and the half-open spans of their characters; ids rise in document order."""

    ids: Ids
    starts: Ids
    ends: Ids

    @staticmethod
    def of_rows(rows: Sequence[Row]) -> FilePositions:
        """Return the positions in rows of chunks."""
        table = np.array(sorted((int(row["id"]), row["char_start"], row["char_end"]) for row in rows), np.int64).reshape(-1, 3)
        return FilePositions(table[:, 0], table[:, 1], table[:, 2])

    def around(self, character: int, neighbours: int) -> list[int]:
        """Return the ids of the chunk at a character offset and of so many before and after it; none if no chunk is there."""
        holding = np.flatnonzero((self.starts <= character) & (self.ends > character))
        if not len(holding):
            return []
        at = int(holding[np.argmax(self.starts[holding])])
        return list(map(int, self.ids[max(0, at - neighbours) : at + neighbours + 1]))

    def beside(self, start: int, end: int) -> list[int]:
        """Return the ids of the chunks directly after and directly before a span, as far as they exist."""
        after, before = np.flatnonzero(self.starts >= end)[:1], np.flatnonzero(self.ends <= start)[-1:]
        return list(map(int, self.ids[np.concatenate([after, before])]))

    def ending_behind(self, character: int) -> list[int]:
        """Return the ids of the chunks that end behind a character offset."""
        return list(map(int, self.ids[self.ends > character]))

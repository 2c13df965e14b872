"""The protocol that a search is held to is small: a list of passages in memory can be searched."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from fnmatch import fnmatch

import numpy as np

from assistant.datatypes import EVERY_FILE, Chunk, Filter, Location, Vectors
from assistant.index import Nearest, Searchable, StoredChunk
from assistant.index.interfaces import Ids, Phrases
from assistant.models.fake import FakeEmbedder
from assistant.retrieval import STEPS, Searcher


class Vicinity:
    """Vectors of passages in memory, numbered from 1; all of them are compared."""

    def __init__(self, rows: Vectors) -> None:
        self._rows = rows
        self.stamp = len(rows)
        self.ids = np.arange(1, len(rows) + 1)

    def search(self, vector: Vectors, limit: int, among: Ids | None = None) -> list[tuple[int, float]]:
        found = self.cosines(vector, self.ids if among is None else among)
        return sorted(found.items(), key=lambda each: -each[1])[:limit]

    def vectors(self, ids: Sequence[int] | Ids) -> tuple[Ids, Vectors]:
        shown = np.array([number for number in ids if 0 < number <= len(self._rows)], np.int64)
        return shown, self._rows[shown - 1]

    def cosines(self, vector: Vectors, ids: Sequence[int] | Ids) -> dict[int, float]:
        shown, rows = self.vectors(ids)
        return dict(zip(shown.tolist(), (rows @ vector).tolist(), strict=True))


class Shelf:
    """Passages in memory, numbered from 1 and grouped by file."""

    def __init__(self, files: dict[str, list[str]]) -> None:
        places = [(path, text) for path, texts in files.items() for text in texts]
        self._stored = {number: StoredChunk(number, path, "", Chunk(text, Location(1, 1, 0, len(text))))
                        for number, (path, text) in enumerate(places, 1)}
        self._sizes = [len(texts) for texts in files.values()]

    def reading(self) -> AbstractContextManager[None]:
        return nullcontext()

    def view(self, dimension: int, held: Nearest | None) -> Vicinity:
        return Vicinity(FakeEmbedder().embed_passages([each.chunk.text for each in self._stored.values()]))

    def spans(self) -> tuple[Ids, Ids]:
        sizes = np.array(self._sizes, np.int64)
        return np.cumsum(sizes) - sizes + 1, sizes

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        return {number: self._stored[number] for number in ids if number in self._stored}

    def ids_of(self, wanted: Filter) -> Ids:
        passing = [number for number, each in self._stored.items() if any(fnmatch(each.path, path) for path in wanted.paths)]
        return np.array(passing, np.int64)

    def holding(self, phrases: Phrases, limit: int) -> list[int]:
        return [number for number, each in self._stored.items()
                if all(phrase in each.chunk.text.lower() for phrase in phrases)][:limit]

    def holding_each(self, terms: Sequence[Phrases], limit: int) -> list[list[int]]:
        return [self.holding(phrases, limit) for phrases in terms]

    def count_holding_each(self, terms: Sequence[Phrases], limit: int) -> list[int]:
        return [len(self.holding(phrases, limit)) for phrases in terms]

    def match(self, terms: Sequence[Phrases], limit: int, wanted: Filter = EVERY_FILE) -> list[tuple[int, float]]:
        scores: dict[int, float] = {}
        for phrases in terms:
            held = self.holding(phrases, len(self._stored))
            scores |= {number: scores.get(number, 0.0) + 1 / len(held) for number in held}
        passing = set(self.ids_of(wanted).tolist()) if wanted else scores.keys()
        return sorted(((number, score) for number, score in scores.items() if number in passing),
                      key=lambda each: -each[1])[:limit]


def test_a_list_in_memory_can_be_searched() -> None:
    shelf: Searchable = Shelf({"/lease.txt": ["The notice period is three months.", "Dogs are allowed."],
                               "/other.txt": ["The notice of the council.", "Rent is due."]})
    searcher = Searcher(shelf, FakeEmbedder())
    [best, *_] = searcher.search("How long is the notice period?", 3, STEPS)
    assert (best.path, best.chunk.text, best.keyword_rank) == ("/lease.txt", "The notice period is three months.", 1)
    within = searcher.search("How long is the notice period?", 3, STEPS, Filter(("/other*",)))
    assert {hit.path for hit in within} == {"/other.txt"}

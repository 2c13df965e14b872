"""Measure how fast a library of a given number of chunks opens and searches, its recall, and its memory.

    python benchmarks/scale.py FOLDER [--passages 1000000] [--questions 200] [--remove]

FOLDER keeps the library, which is made or completed first: synthetic text with a Zipf vocabulary and vectors in clouds around
topics (see synthetic.py), so nothing is said of how good search is; `ranking.py` and `retrieval.py` do that. A question is four
words of one passage and a vector near that passage's. The embedding of the question is not in the times.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import checkout  # noqa: F401 - the program of this checkout comes first
import numpy as np
import psutil
from report import markdown_table
from synthetic import DIMENSION, build, unit

from assistant.datatypes import Vectors
from assistant.index import Inspection, Store, prepare_view
from assistant.index.vector_index import open_view
from assistant.retrieval import Searcher

NEAREST, BLOCK = 10, 50_000
BARS = {"open, seconds": 1.0, "hybrid search p95, ms": 80.0, "recall@10 of exact": 0.98, "resident memory, GB": 1.2}


class Known:
    """An embedder whose vectors are drawn before: a question's is looked up."""

    name = fingerprint = "synthetic"
    dimension = DIMENSION

    def __init__(self, vectors: dict[str, Vectors]) -> None:
        self._vectors = vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of words of each text."""
        return [len(text.split()) for text in texts]

    def coverage(self, _text: str) -> float:
        """Say that every word is known."""
        return 1.0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of questions, shape (n, dimension)."""
        return np.stack([self._vectors[text] for text in texts])

    def embed_question(self, text: str) -> Vectors:
        """Return the vector of a question."""
        return self._vectors[text]


def ask(store: Store, count: int) -> dict[str, Vectors]:
    """Return questions with their vectors, each from one passage."""
    chance = np.random.default_rng(5)
    top = store.chunk_keys()["id"]
    chosen = np.sort(chance.choice(top, count, replace=False)).tolist()
    stored = store.chunks(chosen)
    asked: dict[str, Vectors] = {}
    for ids, vectors in store.vectors_of(chosen, DIMENSION):
        noise = unit(chance.standard_normal(vectors.shape).astype(np.float32))
        for chunk, vector in zip(ids.tolist(), unit(vectors + 0.5 * noise), strict=True):
            words = stored[chunk].chunk.text.split()
            asked[" ".join(words[place] for place in chance.integers(0, len(words), 4))] = vector
    return asked


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that this takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def exact(store: Store, asked: Vectors) -> list[set[int]]:
    """Return the ids of the nearest passages to each question, by looking at every vector."""
    ids = store.chunk_keys()["id"].tolist()
    best = np.full((len(asked), NEAREST), -2.0, np.float32)
    which = np.zeros((len(asked), NEAREST), np.int64)
    for part, vectors in store.vectors_of(ids, DIMENSION):
        scores = np.concatenate([best, asked @ vectors.T], axis=1)
        numbers = np.concatenate([which, np.broadcast_to(part, (len(asked), len(part)))], axis=1)
        top = np.argpartition(-scores, NEAREST, axis=1)[:, :NEAREST]
        best, which = np.take_along_axis(scores, top, axis=1), np.take_along_axis(numbers, top, axis=1)
    return [set(row.tolist()) for row in which]


def write_view(store: Store) -> None:
    """Write the vector index and open it."""
    prepare_view(store, DIMENSION)
    open_view(store, DIMENSION)


def measure(path: Path, questions: int) -> dict[str, float]:
    """Return what was measured, by name."""
    store = Store(path)
    asked = ask(store, questions)
    found = {"write the vector index, seconds": timed(lambda: write_view(store))}
    store.close()
    began = time.perf_counter()
    store = Store(path)
    searcher = Searcher(store, Known(asked))
    view = open_view(store, DIMENSION)
    found["open, seconds"] = time.perf_counter() - began
    first, *rest = asked
    found["first search, seconds"] = timed(lambda: searcher.search(first, NEAREST))
    begun = time.process_time()
    times = [1000 * timed(lambda text=text: searcher.search(text, NEAREST)) for text in rest]  # type: ignore[misc]
    found["processor time of a hybrid search, ms"] = 1000 * (time.process_time() - begun) / len(rest)
    found["hybrid search p50, ms"], found["hybrid search p95, ms"] = np.percentile(times, [50, 95]).tolist()
    found["resident memory, GB"] = psutil.Process().memory_info().rss / 1e9
    sample = list(asked.values())[:100]
    vector_times = [1000 * timed(lambda one=one: view.search(one, NEAREST)) for one in sample]  # type: ignore[misc]
    found["vector search p95, ms"] = float(np.percentile(vector_times, 95))
    right = exact(store, np.stack(sample))
    hits = [{chunk for chunk, _ in view.search(one, NEAREST)} for one in sample]
    shared = sum(len(each & wanted) for each, wanted in zip(hits, right, strict=True))
    found["recall@10 of exact"] = shared / NEAREST / len(sample)
    store.close()
    return found


def measure_removal(path: Path) -> dict[str, float]:
    """Return how long it takes to remove a file of fifty passages, to finish that, and to verify the library."""
    store = Store(path)
    gone = next(iter(store.ledger()))

    def remove() -> None:
        with store.transaction():
            store.drop_files([gone])
            store.drop_orphaned_vectors(0)
        store.truncate_wal()

    found = {"remove a file, seconds": timed(remove)}
    found["search ready again, seconds"] = timed(lambda: open_view(store, DIMENSION))
    found["keyword index written anew, seconds"] = timed(store.rewrite_keyword_index)
    found["check of everything, seconds"] = timed(lambda: Inspection(store, repair=False).run())
    store.close()
    return found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--remove", action="store_true", help="measure removal too; it takes one file out of the library")
    given = parser.parse_args()
    path = given.folder / "library.sqlite"
    build(path, given.passages).close()
    found = measure(path, given.questions)
    if given.remove:
        found |= measure_removal(path)
    rows = [[name, f"{value:.3f}", str(BARS.get(name, ""))] for name, value in found.items()]
    print(markdown_table(["measure", "value", "bar"], rows))


if __name__ == "__main__":
    main()

"""Measure the search latency of a warm process in a library of a given size.

    python benchmarks/latency.py DATA --set squad2 --like squad2 scifact --passages 100000 --embed MODEL --home DIR

The large library is made of the passages of libraries in DIR that retrieval.py has added (`--like`): drawn at random, every
fifth word exchanged for one of another passage, the vector moved a little. It is kept in DIR under the name of its size.
Timed is the whole of `Assistant.search`: the question's embedding, both searches, their fusion and the steps.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import checkout  # noqa: F401
import numpy as np
from questions import read_set
from report import markdown_table

from assistant import Assistant, load_settings
from assistant.app.models import ModelProvider
from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.index import Store
from assistant.index.store import vector_key

PASSAGES_PER_FILE = 10
FILES_AT_ONCE = 200
EXCHANGED = 5  # every so many words
NOISE = 0.02

Pool = list[tuple[str, str, np.ndarray]]


def pool_of(file: Path, dimension: int) -> Pool:
    """Return (text, context, vector) of every passage of a library that has a vector."""
    store = Store(file)
    ids = store.chunk_keys()["id"].tolist()
    blocks = store.vectors_of(ids, dimension)
    vectors = {int(one): vector for some, block in blocks for one, vector in zip(some, block, strict=True)}
    stored = store.chunks(ids)
    store.close()
    return [(stored[one].chunk.text, stored[one].chunk.context, vectors[one]) for one in ids]


def made(pool: Pool, count: int, seed: int) -> Iterator[tuple[Chunk, np.ndarray]]:
    """Yield so many passages like those of the pool, no two alike, each with its unit vector."""
    draw, noise = random.Random(seed), np.random.default_rng(seed)
    words = list({word for text, _, _ in pool for word in text.split()})
    for number in range(count):
        text, context, vector = pool[draw.randrange(len(pool))]
        parts = text.split() or ["empty"]
        for _ in range(max(1, len(parts) // EXCHANGED)):
            parts[draw.randrange(len(parts))] = draw.choice(words)
        varied = f"{' '.join(parts)} {number}"
        moved = vector + noise.normal(0, NOISE, len(vector))
        yield Chunk(varied, Location(1, 1, 0, len(varied)), context), (moved / np.linalg.norm(moved)).astype(np.float32)


def fill(store: Store, passages: Iterator[tuple[Chunk, np.ndarray]]) -> None:
    """Put the passages into the store, some to a file."""
    number, group = 0, list[tuple[Chunk, np.ndarray]]()
    for passage in passages:
        group.append(passage)
        if len(group) == FILES_AT_ONCE * PASSAGES_PER_FILE:
            number = put(store, number, group)
            group = []
    put(store, number, group)


def put(store: Store, number: int, group: Sequence[tuple[Chunk, np.ndarray]]) -> int:
    """Put a group in as one transaction and return the number of the next file."""
    with store.transaction():
        for start in range(0, len(group), PASSAGES_PER_FILE):
            chunks = [chunk for chunk, _ in group[start : start + PASSAGES_PER_FILE]]
            entry = LedgerEntry(f"/made/{number}.txt", "/made", FileState.INDEXED, "", 1, 1, str(number), len(chunks))
            store.put_document(entry, "", chunks)
            number += 1
        store.put_vectors({vector_key(chunk.searchable): vector for chunk, vector in group})
    return number


def build(home: Path, embed: str, like: Sequence[str], count: int) -> str:
    """Make the large library where it is not there yet, and return its name."""
    name = f"made-{count}"
    settings = load_settings({"embed": embed}, {"ASSISTANT_HOME": str(home)})
    file = settings.libraries_folder / name / "library.sqlite"
    if not file.exists():
        lacking = [one for one in like if not (settings.libraries_folder / one / "library.sqlite").exists()]
        if lacking:
            sys.exit(f"{home} has no library {', '.join(lacking)}: add it first with "
                     f"retrieval.py DATA --sets {' '.join(lacking)} --embed {embed} --home {home}")
        print(f"making {count} passages", file=sys.stderr)
        first = Store(settings.libraries_folder / like[0] / "library.sqlite")
        meta = {key: first.meta(key) for key in ("embedder", "embedder_name")}
        first.close()
        dimension = ModelProvider(settings).embedder.dimension
        pool = [each for one in like for each in pool_of(settings.libraries_folder / one / "library.sqlite", dimension)]
        file.parent.mkdir(parents=True)
        store = Store(file)
        for key, value in meta.items():
            store.set_meta(key, value)
        fill(store, made(pool, count, seed=7))
        store.close()
    return name


def main() -> int:
    """Print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--set", default="squad2", help="the set whose questions are asked")
    parser.add_argument("--like", nargs="+", default=["squad2"], help="libraries in --home whose passages are varied")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--embed", required=True)
    parser.add_argument("--home", type=Path, required=True)
    arguments = parser.parse_args()
    name = build(arguments.home, arguments.embed, arguments.like, arguments.passages)
    questions = [question.text for question in read_set(arguments.data, arguments.set)]
    environment = {"ASSISTANT_HOME": str(arguments.home)}
    with Assistant(load_settings({"embed": arguments.embed, "library": name}, environment)) as assistant:
        begun = time.perf_counter()
        assistant.search(questions[0])
        opened = time.perf_counter() - begun
        taken = [1000 * timed(assistant, question) for question in questions]
    p50, p95 = np.percentile(taken, [50, 95])
    header = ("passages", "questions", "first search, s", "p50, ms", "p95, ms", "bar, ms")
    print(markdown_table(header, [[arguments.passages, len(taken), f"{opened:.1f}", f"{p50:.0f}", f"{p95:.0f}", 60]]))
    return 0


def timed(assistant: Assistant, question: str) -> float:
    """Return the seconds that a search takes."""
    begun = time.perf_counter()
    assistant.search(question)
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())

"""Build a synthetic library of a given number of chunks, with a Zipf vocabulary and clustered vectors.

Words follow Zipf's law, as those of a language do. Vectors are a mixture: topics of unequal size, and around each a cloud of
few dimensions, as embedding models give. The same number gives the same library; a build that was broken off goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location, Vectors
from assistant.index import Store
from assistant.index.store import vector_key

DIMENSION = 384
VOCABULARY = 200_000
ZIPF = 1.0
WORDS = 80  # of a passage
TOPICS = 3_000
INNER = 40  # dimensions of the cloud around a topic
CLOUD = 0.9  # its size beside the topic's own length
PASSAGES = 50  # of a file
BLOCK = 2_000  # passages that are made together
SYLLABLES = ("ka", "lo", "mi", "ren", "tas", "vo", "dul", "be", "shi", "nor", "qua", "pet", "gan", "hu", "fis", "zor")


def word(number: int) -> str:
    """Return the word of this rank, made of syllables; no two are alike."""
    found = ""
    while True:
        found += SYLLABLES[number % len(SYLLABLES)]
        number //= len(SYLLABLES)
        if not number:
            return found + "x"


@dataclass(frozen=True, slots=True)
class World:
    """What all passages are drawn from."""

    words: Sequence[str]
    heaps: Vectors  # cumulative shares of the words
    topics: Vectors
    shares: Vectors
    cloud: Vectors

    def texts(self, chance: np.random.Generator, count: int) -> list[str]:
        """Return so many passages."""
        drawn = np.searchsorted(self.heaps, chance.random((count, WORDS)))
        return [" ".join(self.words[number] for number in row) for row in drawn]

    def vectors(self, chance: np.random.Generator, count: int) -> Vectors:
        """Return so many unit vectors, shape (count, DIMENSION)."""
        topic = np.searchsorted(self.shares, chance.random(count))
        around = chance.standard_normal((count, INNER)).astype(np.float32) @ self.cloud
        return unit(self.topics[topic] + CLOUD * around)


def unit(vectors: Vectors) -> Vectors:
    """Return the vectors at length 1."""
    scaled: Vectors = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    return scaled


def cumulative(ranks: int, power: float) -> Vectors:
    """Return the cumulative shares of things whose frequency falls with their rank."""
    heaps = np.cumsum(1 / np.arange(1, ranks + 1) ** power)
    return np.asarray(heaps / heaps[-1], np.float64)[:-1].astype(np.float64)


def make_world() -> World:
    """Return the same world each time."""
    chance = np.random.default_rng(7)
    topics = unit(chance.standard_normal((TOPICS, DIMENSION)).astype(np.float32))
    cloud = chance.standard_normal((INNER, DIMENSION)).astype(np.float32)
    return World([word(rank) for rank in range(VOCABULARY)], cumulative(VOCABULARY, ZIPF), topics, cumulative(TOPICS, 0.5),
                 cloud / np.sqrt(INNER * DIMENSION).astype(np.float32))


def build(path: Path, passages: int) -> Store:
    """Return the library with at least so many passages, made or completed."""
    store = Store(path)
    world = make_world()
    store.set_meta("embedder", "synthetic")
    for block in range(store.count_chunks() // BLOCK, -(-passages // BLOCK)):
        put_block(store, world, block)
        if not (block + 1) % 50:
            print(f"{(block + 1) * BLOCK:,} passages", flush=True)
    return store


def put_block(store: Store, world: World, block: int) -> None:
    """Keep a block of passages with their vectors."""
    chance = np.random.default_rng((11, block))
    chunks = [Chunk(text, Location(1, 1, place * 1000, place * 1000 + len(text)))
              for place, text in enumerate(world.texts(chance, BLOCK))]
    vectors = world.vectors(chance, BLOCK)
    with store.transaction():
        store.put_vectors({vector_key(part.searchable): vector for part, vector in zip(chunks, vectors, strict=True)})
        for start in range(0, BLOCK, PASSAGES):
            own = chunks[start : start + PASSAGES]
            path = f"/synthetic/{block:05}/{start:05}.txt"
            store.put_document(LedgerEntry(path, "/synthetic", FileState.INDEXED, "", 1, 1, path, len(own)), "", own)

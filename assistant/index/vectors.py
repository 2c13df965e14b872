"""The FAISS view of a library's vectors: exact inner-product search in half precision. Built from the store, never the truth.

It is kept beside the store with the generation that it shows, and built again whenever the two differ.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assistant.datatypes import Vectors
from assistant.index.store import Store


class VectorView:
    """A searchable copy of all vectors of one generation."""

    def __init__(self, index: Any, generation: int) -> None:  # noqa: ANN401 - FAISS has no types
        self._index = index
        self.generation = generation

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self._index.ntotal)

    def search(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        """Return (chunk id, cosine) of the nearest chunks, best first."""
        if not len(self):
            return []
        cosines, ids = self._index.search(vector.reshape(1, -1), min(limit, len(self)))
        return [(int(chunk), float(cosine)) for chunk, cosine in zip(ids[0], cosines[0], strict=True) if chunk >= 0]

    def cosines(self, vector: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of each of these chunks; ids that the view does not show are left out."""
        found: dict[int, float] = {}
        for chunk in ids:
            with contextlib.suppress(RuntimeError):  # FAISS's way to say that there is no such id
                found[chunk] = float(self._index.reconstruct(chunk) @ vector)
        return found


def open_view(store: Store, dimension: int) -> VectorView:
    """Return a current view: the one on disk where it is current, a new one otherwise."""
    import faiss

    generation = store.generation
    path = store.path.with_suffix(".faiss")
    with contextlib.suppress(RuntimeError, ValueError, OSError):
        return read_view(path, generation, dimension)
    ids, vectors = store.all_vectors(dimension)
    index = faiss.IndexIDMap2(faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT))
    index.train(vectors)
    index.add_with_ids(vectors, ids)
    # a disk that is full or read-only costs the next start a second, not this question its answer
    with contextlib.suppress(OSError, RuntimeError):
        write_view(index, path, generation)
    return VectorView(index, generation)


def read_view(path: Path, generation: int, dimension: int) -> VectorView:
    """Return the view on disk. Raises ValueError where it shows another generation or width."""
    import faiss

    data = np.fromfile(path, dtype=np.uint8)
    stamp = int.from_bytes(data[:8].tobytes(), "little")
    if len(data) < 16 or stamp != generation:
        raise ValueError(f"the view shows generation {stamp}, the library is at {generation}")
    index = faiss.deserialize_index(data[8:])
    if index.d != dimension:
        raise ValueError(f"the view has {index.d} dimensions, the model {dimension}")
    return VectorView(index, generation)


def write_view(index: Any, path: Path, generation: int) -> None:  # noqa: ANN401 - FAISS has no types
    """Write the view aside and put it in place in one step, so that a reader finds it whole or not at all."""
    import faiss

    aside = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with aside.open("wb") as file:
        file.write(generation.to_bytes(8, "little"))
        file.write(faiss.serialize_index(index).tobytes())
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)

"""The FAISS view of a library's vectors: exact inner-product search in half precision. Built from the store, never the truth.

It is kept beside the store with a stamp of the state that it shows. Where that is older, what is gone leaves and what is
new comes in; a view of another embedding model is thrown away.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from assistant.datatypes import Vectors
from assistant.index.store import Marks, Store, no_marks

LAYOUT = 2  # of the file

Ids = np.ndarray[Any, np.dtype[np.int64]]


class Stamp(NamedTuple):
    """What a view shows, as two sha256: the embedding model that the vectors come from, and the state of the library."""

    origin: bytes
    state: bytes


class VectorView:
    """A searchable copy of all vectors of one state of the library."""

    def __init__(self, index: Any, stamp: Stamp, marks: Marks) -> None:  # noqa: ANN401 - FAISS has no types
        self.index = index
        self.stamp = stamp
        self.marks = marks

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self.index.ntotal)

    def search(self, vector: Vectors, limit: int, among: Ids | None = None) -> list[tuple[int, float]]:
        """Return (chunk id, cosine) of the nearest chunks, best first; `among`: of these only, an array of shape (n,)."""
        if not len(self) or (among is not None and not len(among)):
            return []
        cosines, ids = self.index.search(vector.reshape(1, -1), min(limit, len(self)), params=selecting(among))
        return [(int(chunk), float(cosine)) for chunk, cosine in zip(ids[0], cosines[0], strict=True) if chunk >= 0]

    def cosines(self, vector: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of each of these chunks; ids that the view does not show are left out."""
        found: dict[int, float] = {}
        for chunk in ids:
            with contextlib.suppress(RuntimeError):  # FAISS's way to say that there is no such id
                found[chunk] = float(self.index.reconstruct(chunk) @ vector)
        return found


def selecting(among: Ids | None) -> Any:  # noqa: ANN401 - FAISS has no types
    """Return FAISS's way to say that only these ids are looked at; None for all."""
    import faiss

    return None if among is None else faiss.SearchParameters(sel=faiss.IDSelectorBatch(among))  # type: ignore[call-arg]


def open_view(store: Store, dimension: int, held: VectorView | None = None) -> VectorView:
    """Return a current view: the one that is held or else on disk, caught up where it is older, or a new one."""
    path = store.path.with_suffix(".faiss")
    with store.reading():
        stamp = stamp_of(store, dimension)
        view = find_view(path, stamp, dimension) if held is None else held
        if view.stamp == stamp:
            return view
        if view.stamp.origin != stamp.origin or len(view.marks) != len(view):
            view = empty_view(dimension)
        catch_up(view, store, dimension)
        view.stamp = stamp
    # a disk that is full or read-only costs the next start a second, not this question its answer
    with contextlib.suppress(OSError, RuntimeError):
        write_view(view, path)
    return view


def stamp_of(store: Store, dimension: int) -> Stamp:
    """Return the stamp of a view of the library as it is now."""
    origin = f"{LAYOUT} {dimension} {store.meta('embedder')}"
    return Stamp(sha256(origin.encode()).digest(), sha256(f"{store.meta('state')} {store.generation}".encode()).digest())


def empty_view(dimension: int) -> VectorView:
    """Return a view that shows nothing yet."""
    import faiss

    inner = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    return VectorView(faiss.IndexIDMap2(inner), Stamp(b"", b""), no_marks())


def catch_up(view: VectorView, store: Store, dimension: int) -> None:
    """Take out of the view what the library has no more, and bring in what it lacks."""
    known, current = view.marks, store.marks()
    view.marks = no_marks()  # if this is broken off, the view is seen to be neither the one nor the other
    _, here, there = np.intersect1d(known["id"], current["id"], assume_unique=True, return_indices=True)
    same = known["mark"][here] == current["mark"][there]
    gone, new = np.delete(known, here[same]), np.delete(current, there[same])
    if len(gone):
        view.index.remove_ids(np.ascontiguousarray(gone["id"]))
    for ids, vectors in store.vectors_of(new["id"].tolist(), dimension):
        view.index.add_with_ids(vectors, ids)
    view.marks = np.concatenate([known[np.sort(here[same])], new])


def find_view(path: Path, stamp: Stamp, dimension: int) -> VectorView:
    """Return the view on disk; an empty one where there is none of this origin that can be read."""
    with contextlib.suppress(RuntimeError, ValueError, EOFError, MemoryError, OSError):
        return read_view(path, stamp.origin)
    return empty_view(dimension)


def read_view(path: Path, origin: bytes) -> VectorView:
    """Return the view on disk. Raises ValueError where it is of another origin."""
    import faiss

    with path.open("rb") as file:
        stamp = Stamp(file.read(32), file.read(32))
        if stamp.origin != origin:
            raise ValueError("the view comes from another embedding model")
        marks = np.load(file, allow_pickle=False)
        index = faiss.read_index(faiss.PyCallbackIOReader(file.read))  # type: ignore[attr-defined]
        view = VectorView(index, stamp, marks)
    if len(marks) != len(view):
        raise ValueError(f"the view has {len(view)} vectors and says that it has {len(marks)}")
    return view


def write_view(view: VectorView, path: Path) -> None:
    """Write the view aside and put it in place in one step, so that a reader finds it whole or not at all."""
    import faiss

    aside = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with aside.open("wb") as file:
            file.write(view.stamp.origin + view.stamp.state)
            np.save(file, view.marks)
            # block by block: no second copy in memory
            faiss.write_index(view.index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)

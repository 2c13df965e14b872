"""A searchable view of a library's vectors (FAISS, inner product), rebuilt from the store when lost.

A view is a base, mapped from files beside the store, plus the changes since: tombstones of base positions, and new vectors in
memory. A reader that finds the library changed applies the difference without waiting for a writer. When the difference has
grown, a new base is written; for a large library on another thread, while searches continue on the old one.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from assistant.datatypes import Finding, Severity, Vectors
from assistant.index.change_log import Ids
from assistant.index.chunks import ChunkKeys, ChunkReader, no_chunk_keys
from assistant.index.vector_files import (
    LAYOUT,
    Alive,
    Stamp,
    VectorBase,
    build_quantizer,
    flat_index,
    list_view_files,
    manifest_path,
    read_base,
    read_token,
    remove_other_bases,
    write_base,
)

REBUILD_AFTER, REBUILD_SHARE = 1_000, 0.02  # a new base is written after this many changes plus this share of the base
WRITE_INLINE = 100_000  # vectors: up to this size the search that finds the base outdated writes a new one itself
QUANTIZE_ABOVE = 100_000  # vectors: above this size quantized codes are searched and the best candidates rescored exactly
BLOCK = 20_000
UNREADABLE = (RuntimeError, ValueError, EOFError, MemoryError, OSError, KeyError, TypeError)
WRITERS: dict[Path, threading.Thread] = {}


class VectorView:
    """An immutable, searchable view of all vectors of one version of the library."""

    def __init__(self, base: VectorBase, stamp: Stamp, alive: Alive, new: ChunkKeys, fresh: Vectors) -> None:
        self.base, self.stamp, self.alive = base, stamp, alive
        self.new, self.fresh = new, fresh  # keys and vectors added since the base was written, by rising id
        self.dead = len(base) - int(np.count_nonzero(alive))

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self.base) - self.dead + len(self.new)

    @property
    def chunk_keys(self) -> ChunkKeys:
        """The keys of all chunks in the view; rising by id within the base and within the added ones."""
        return np.concatenate([self.base.chunk_keys[self.alive] if self.dead else self.base.chunk_keys, self.new])

    @property
    def ids(self) -> Ids:
        """The ids of all chunks in the view, shape (n,)."""
        return np.concatenate([self.base.ids[self.alive] if self.dead else self.base.ids, self.new["id"]])

    @property
    def is_due(self) -> bool:
        """Whether enough has changed to write a new base."""
        wants_quantizer = len(self) > QUANTIZE_ABOVE and self.base.quantizer is None
        return wants_quantizer or len(self.new) + self.dead > REBUILD_AFTER + REBUILD_SHARE * len(self.base)

    def search(self, vector: Vectors, limit: int, among: Ids | None = None) -> list[tuple[int, float]]:
        """Return (chunk id, cosine) of the nearest chunks, best first; with `among`, shape (n,), of these ids only."""
        if among is not None and len(among) <= BLOCK:  # exact, so that none of them is missed
            found = list(self.cosines(vector, among.tolist()).items())
        else:
            alive = self.alive if self.dead else None
            if among is not None:
                alive = self.alive & np.isin(self.base.ids, among)
            found = self.base.search(vector, limit, alive) if len(self.base) else []
            cosines = self.fresh @ vector
            wanted = np.arange(len(self.new)) if among is None else np.flatnonzero(np.isin(self.new["id"], among))
            found += [(int(self.new["id"][place]), float(cosines[place])) for place in wanted]
        return sorted(found, key=lambda each: -each[1])[:limit]

    def vectors(self, ids: Sequence[int] | Ids) -> tuple[Ids, Vectors]:
        """Return those of the ids that are in the view, shape (n,), and their vectors, shape (n, dimension)."""
        wanted = np.asarray(ids, np.int64).reshape(-1)
        here, places = self.base.places(wanted)
        live = self.alive[places]
        parts = [(wanted[here[live]], self.base.vectors(places[live]))]
        if len(self.new):
            at = np.minimum(np.searchsorted(self.new["id"], wanted), len(self.new) - 1)
            fresh = np.flatnonzero(self.new["id"][at] == wanted)
            parts.append((wanted[fresh], self.fresh[at[fresh]]))
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def cosines(self, vector: Vectors, ids: Sequence[int] | Ids) -> dict[int, float]:
        """Return the cosine of each of these chunks by id; ids that are not in the view are left out."""
        found, vectors = self.vectors(ids)
        return dict(zip(found.tolist(), (vectors @ vector).tolist(), strict=True))


def open_view(store: ChunkReader, dimension: int, held: VectorView | None = None) -> VectorView:
    """Return a current view: the held one or the base on disk, updated, or a new one."""
    with store.reading():
        stamp = current_stamp(store, dimension)
        view = update_view(starting_view(store, stamp, dimension, held), store, stamp)
        if view.is_due and read_token(store.path) not in {"", view.base.token}:  # another process has written a new base
            view = update_view(starting_view(store, stamp, dimension, None), store, stamp)
    return renew_base(view, store.path) if view.is_due else view


def current_stamp(store: ChunkReader, dimension: int) -> Stamp:
    """Return the stamp of a view of the library as it is now."""
    origin = f"{LAYOUT} {dimension} {store.meta('embedder')}"
    return Stamp(sha256(origin.encode()).digest(), store.version)


def starting_view(store: ChunkReader, stamp: Stamp, dimension: int, held: VectorView | None) -> VectorView:
    """Return the view to update from: the held one, that of the base on disk, or an empty one."""
    if held is not None and held.stamp.origin == stamp.origin:
        return held
    with contextlib.suppress(*UNREADABLE):
        return view_of_base(read_base(store.path, stamp.origin))
    return empty_view(dimension)


def view_of_base(base: VectorBase) -> VectorView:
    """Return the view of a base without changes."""
    return VectorView(base, base.stamp, np.ones(len(base), np.bool_), no_chunk_keys(), np.empty((0, base.index.d), np.float32))


def empty_view(dimension: int) -> VectorView:
    """Return a view without vectors."""
    return view_of_base(VectorBase(flat_index(dimension), no_chunk_keys(), Stamp(b"", b"")))


def update_view(view: VectorView, store: ChunkReader, stamp: Stamp) -> VectorView:
    """Return a view without removed chunks and with added ones; the old view is unchanged."""
    if view.stamp == stamp:
        return view
    alive, kept, current = split_unchanged(view, store)
    here, places = view.base.places(current["id"])
    alike = view.base.chunk_keys["key_prefix"][places] == current["key_prefix"][here]
    alive[places[alike]] = True
    rest = np.delete(current, here[alike])
    held, again = matching_keys(view.new, rest)
    vectors = np.empty((len(rest), view.base.index.d), np.float32)
    vectors[again] = view.fresh[held]
    missing = np.delete(np.arange(len(rest)), again)
    found = np.zeros(len(rest), np.bool_)
    found[again] = True
    for ids, block in store.vectors_of(rest["id"][missing].tolist(), view.base.index.d):
        at = np.searchsorted(rest["id"], ids)
        vectors[at], found[at] = block, True
    new, fresh = np.concatenate([view.new[kept], rest[found]]), np.concatenate([view.fresh[kept], vectors[found]])
    order = np.argsort(new["id"])
    return VectorView(view.base, stamp, alive, new[order], fresh[order])


def split_unchanged(view: VectorView, store: ChunkReader) -> tuple[Alive, Alive, ChunkKeys]:
    """Return masks of the unchanged vectors in the base and among the added ones, and the keys of the chunks to compare.

    These are the changed chunks, or all chunks if the change log does not reach back that far.
    """
    if not store.knows(view.stamp.version):
        return np.zeros(len(view.base), np.bool_), np.zeros(len(view.new), np.bool_), store.chunk_keys()
    changed = store.changed_since(view.stamp.version)
    alive = view.alive.copy()
    alive[view.base.places(changed)[1]] = False
    return alive, ~np.isin(view.new["id"], changed), store.chunk_keys_of(changed.tolist())


def matching_keys(one: ChunkKeys, other: ChunkKeys) -> tuple[Ids, Ids]:
    """Return the positions in each array of the keys that are in both; ids rise in both."""
    _, here, there = np.intersect1d(one["id"], other["id"], assume_unique=True, return_indices=True)
    same = one["key_prefix"][here] == other["key_prefix"][there]
    return here[same], there[same]


def renew_base(view: VectorView, library: Path) -> VectorView:
    """Write a new base and return the view on it; a large one is written in the background and used once it is done."""
    if len(view) <= WRITE_INLINE or not len(view.base):
        # on a full or read-only disk the question is answered all the same; the next start builds the view again
        with contextlib.suppress(OSError, RuntimeError, Timeout):
            return view_of_base(write_new_base(view, library))
    else:
        write_in_background(view, library)
    return view


def prepare_view(store: ChunkReader, dimension: int) -> None:
    """Write the base of a large library if it is due, so that no search has to."""
    if store.count_chunks() <= WRITE_INLINE:
        return
    view = open_view(store, dimension)
    with contextlib.suppress(OSError, RuntimeError, MemoryError, Timeout):
        if view.is_due:
            write_new_base(view, store.path)


def write_in_background(view: VectorView, library: Path) -> None:
    """Write a new base on another thread, unless one is already writing it."""
    def write() -> None:
        with contextlib.suppress(OSError, RuntimeError, MemoryError, Timeout):
            write_new_base(view, library)

    if library not in WRITERS or not WRITERS[library].is_alive():
        WRITERS[library] = threading.Thread(target=write, daemon=True)
        WRITERS[library].start()


def write_new_base(view: VectorView, library: Path) -> VectorBase:
    """Write a base of all vectors in the view and return it. Raises OSError, or Timeout if another process is writing one."""
    chunk_keys = np.sort(view.chunk_keys, order="id")
    ids = np.ascontiguousarray(chunk_keys["id"])

    def fetch(positions: Ids) -> Vectors:
        found, vectors = view.vectors(ids[positions])
        ordered: Vectors = vectors[np.argsort(found, kind="stable")]
        return ordered

    with FileLock(library.with_suffix(".view.lock"), timeout=0):
        index = flat_index(view.base.index.d)
        for start in range(0, len(ids), BLOCK):
            index.add(fetch(np.arange(start, min(start + BLOCK, len(ids)))))
        quantizer = build_quantizer(fetch, len(ids), index.d, BLOCK) if len(ids) > QUANTIZE_ABOVE else None
        write_base(VectorBase(index, chunk_keys, view.stamp, quantizer), library)
    return read_base(library, view.stamp.origin)


def check_view(store: ChunkReader) -> tuple[Finding, ...]:
    """Compare the base on disk with the store; return what is wrong. A wrong base must be discarded."""
    if not manifest_path(store.path).exists():
        return ()
    with store.reading():
        try:
            dimension = store.dimension()
            base = read_base(store.path, current_stamp(store, dimension).origin)
            here, _ = matching_keys(base.chunk_keys, store.chunk_keys())
            wrong = sum(count_different_vectors(base, here[start : start + BLOCK], store) for start in range(0, len(here), BLOCK))
        except UNREADABLE as error:
            return (discarded_base(f"The vector index cannot be used ({error})"),)
    return (discarded_base(f"The vector index has {wrong:,} vectors wrong"),) if wrong else ()


def count_different_vectors(base: VectorBase, places: Ids, store: ChunkReader) -> int:
    """Return how many of these vectors of the base differ from those in the store."""
    held = dict(zip(base.ids[places].tolist(), base.vectors(places), strict=True))
    return sum(not np.array_equal(held[chunk], vector)
               for ids, vectors in store.vectors_of(list(held), base.index.d)
               for chunk, vector in zip(ids.tolist(), vectors, strict=True))


def discarded_base(detail: str) -> Finding:
    """Return the finding about a base that is discarded."""
    return Finding("vector index", Severity.WARNING, f"{detail}: it was thrown away, and the next search makes it anew.")


def remove_stale_files(library: Path, *, everything: bool) -> bool:
    """Unlink the files of bases that are not current, or of all bases. Call it while no other process writes.

    Returns False if files are left: on Windows a file stays as long as another process has it mapped.
    """
    if not everything:
        remove_other_bases(library, read_token(library))
        return True
    for path in list(list_view_files(library)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    return not list(list_view_files(library))

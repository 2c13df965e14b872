"""Vectors with their ids in, files that are mapped into memory and searched out: the large and settled part of a view.

A base never changes. It is written aside under a name of its own, and a manifest that is put in place in one step names it: a
reader finds the old one or the new one, whole. Its vectors have positions from 0, by rising id.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from assistant.datatypes import Vectors
from assistant.index.change_log import Ids
from assistant.index.chunks import CHUNK_KEY, ChunkKeys
from assistant.system.atomic_files import sync_file, write_atomically

LAYOUT = 3  # of the files
QUANTIZED_SHARE = 0.5  # the share of the vectors that must count for the sketches to be of use
END_BYTES = 65_536  # bytes at both ends of a file that its manifest has the hash of: a torn write shows there

Alive = np.ndarray[Any, np.dtype[np.bool_]]
RESCORED_AT_LEAST = 1_000  # candidates at least, and for each that is wanted:
RESCORED_PER_HIT = 10
TRAINING_VECTORS = 50_000
Fetch = Callable[[Ids], Vectors]


class Stamp(NamedTuple):
    """What a view shows: the embedding model that the vectors come from, as a sha256, and the state of the library."""

    origin: bytes
    version: bytes


class VectorBase:
    """An index of FAISS over vectors that do not change, and a quantizer of each where there are many, otherwise None."""

    def __init__(self, index: Any, chunk_keys: ChunkKeys, stamp: Stamp, quantizer: Any = None, token: str = "") -> None:  # noqa: ANN401
        self.index, self.chunk_keys, self.stamp, self.quantizer, self.token = index, chunk_keys, stamp, quantizer, token
        self.ids: Ids = np.ascontiguousarray(chunk_keys["id"])

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self.ids)

    def search(self, vector: Vectors, limit: int, alive: Alive | None) -> list[tuple[int, float]]:
        """Return (chunk id, inner product) of the nearest vectors; `alive`, shape (n,): of those positions only."""
        left = len(self) if alive is None else int(np.count_nonzero(alive))
        if not left:
            return []
        if self.quantizer is not None and left > QUANTIZED_SHARE * len(self):
            return self._by_quantizer(vector, limit, alive)
        import faiss

        selector, _kept = position_selector(alive)
        parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        products, places = self.index.search(vector.reshape(1, -1), min(limit, left), params=parameters)
        return [(int(self.ids[place]), float(product))
                for place, product in zip(places[0], products[0], strict=True) if place >= 0]

    def _by_quantizer(self, vector: Vectors, limit: int, alive: Alive | None) -> list[tuple[int, float]]:
        places = quantized_candidates(self.quantizer, vector, limit)
        if alive is not None:
            places = places[alive[places]]
        products = self.vectors(places) @ vector
        best = np.argsort(-products)[:limit]
        return list(zip(self.ids[places[best]].tolist(), products[best].tolist(), strict=True))

    def places(self, ids: Ids) -> tuple[Ids, Ids]:
        """Return which of the ids are here, by their place in `ids`, and their positions."""
        if not len(self):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        at = np.minimum(np.searchsorted(self.ids, ids), len(self) - 1)
        here = np.flatnonzero(self.ids[at] == ids)
        return here, at[here]

    def vectors(self, positions: Ids) -> Vectors:
        """Return the vectors at these positions, shape (n, dimension)."""
        if not len(positions):
            return np.empty((0, self.index.d), np.float32)
        found: Vectors = self.index.reconstruct_batch(np.ascontiguousarray(positions, np.int64))
        return found


def position_selector(alive: Alive | None) -> tuple[Any, Any]:
    """Return FAISS's way to say that only these positions are looked at, and the bits that must outlive it."""
    import faiss

    if alive is None:
        return None, None
    bits = np.packbits(alive, bitorder="little")
    return faiss.IDSelectorBitmap(len(alive), faiss.swig_ptr(bits)), bits


def flat_index(dimension: int) -> Any:  # noqa: ANN401 - FAISS has no types
    """Return an empty index that searches exactly, in half precision."""
    import faiss

    return faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def empty_base(dimension: int) -> VectorBase:
    """Return a base of no vectors."""
    return VectorBase(flat_index(dimension), np.empty(0, CHUNK_KEY), Stamp(b"", b""))


def manifest_path(library: Path) -> Path:
    """Return where the manifest of a library's base stands."""
    return library.with_suffix(".view")


def list_view_files(library: Path) -> Iterator[Path]:
    """Yield all files that any base of a library has, half written ones too."""
    stem = library.stem
    for pattern in (f"{stem}.*.faiss", f"{stem}.*.quantizer", f"{stem}.*.keys", f"{stem}.view*"):
        yield from library.parent.glob(pattern)


def read_base(library: Path, origin: bytes) -> VectorBase:
    """Map the base on disk into memory. Raises ValueError or OSError where there is none of this origin that is whole."""
    import faiss

    said = json.loads(manifest_path(library).read_text("utf-8"))
    stamp = Stamp(bytes.fromhex(said["origin"]), bytes.fromhex(said["version"]))
    if said["layout"] != LAYOUT or stamp.origin != origin:
        raise ValueError("the view is of another program or another embedding model")
    token = str(said["token"])
    vectors, keys, quantizer = base_paths(library, token)
    if [end_hash(path) for path in (vectors, keys, quantizer) if path.exists()] != said["ends"]:
        raise ValueError("the view is not as it was written")
    index = faiss.read_index(str(vectors), faiss.IO_FLAG_MMAP_IFC)
    base = VectorBase(index, np.load(keys, mmap_mode="r", allow_pickle=False), stamp,
                read_quantizer(quantizer) if quantizer.exists() else None, token)
    if len(base) != index.ntotal:
        raise ValueError(f"the view has {index.ntotal} vectors and says that it has {len(base)}")
    return base


def read_token(library: Path) -> str:
    """Return the token of the base on disk; nothing where there is none."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(manifest_path(library).read_text("utf-8"))["token"])
    return ""


def base_paths(library: Path, token: str) -> tuple[Path, Path, Path]:
    """Return the files of the base with this token: vectors, chunk_keys, and sketches, which a small one has not."""
    vectors, keys, quantizer = (library.with_name(f"{library.stem}.{token}.{kind}") for kind in ("faiss", "keys", "quantizer"))
    return vectors, keys, quantizer


def end_hash(path: Path) -> str:
    """Return the size of a file and the sha256 of its first and last bytes. Raises OSError."""
    size = path.stat().st_size
    with path.open("rb") as file:
        digest = sha256(file.read(END_BYTES))
        file.seek(max(0, size - END_BYTES))
        digest.update(file.read(END_BYTES))
    return f"{size} {digest.hexdigest()}"


def write_base(base: VectorBase, library: Path) -> str:
    """Write a base aside, sync it to the disk, and put its manifest in place; return its token. Raises OSError.

    The bases before it are unlinked: whoever has one mapped keeps it until closed (on Windows it stays until the next time).
    """
    import faiss

    token = secrets.token_hex(4)
    vectors, keys, quantizer = base_paths(library, token)
    try:
        with vectors.open("wb") as file:
            # block by block: no second copy in memory
            faiss.write_index(base.index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]
            sync_file(file)
        with keys.open("wb") as file:
            np.save(file, base.chunk_keys)
            sync_file(file)
        if base.quantizer is not None:
            write_quantizer(base.quantizer, quantizer)
            with quantizer.open("rb+") as file:
                sync_file(file)
        manifest = {"layout": LAYOUT, "origin": base.stamp.origin.hex(), "version": base.stamp.version.hex(), "token": token,
                    "ends": [end_hash(path) for path in (vectors, keys, quantizer) if path.exists()]}
        write_atomically(manifest_path(library), json.dumps(manifest).encode())
    except BaseException:
        for path in (vectors, keys, quantizer):
            path.unlink(missing_ok=True)
        raise
    remove_other_bases(library, token)
    return token


def remove_other_bases(library: Path, token: str) -> None:
    """Unlink the files of all bases but this."""
    kept = {*base_paths(library, token), manifest_path(library)}
    for path in list_view_files(library):
        if path not in kept:
            with contextlib.suppress(OSError):
                path.unlink()


def build_quantizer(fetch: Fetch, count: int, dimension: int, block: int) -> Any:  # noqa: ANN401 - FAISS has no types
    """Return the sketches of vectors 0 to `count`, which `fetch` gives by position."""
    import faiss

    quantizer = faiss.IndexRaBitQFastScan(dimension, faiss.METRIC_INNER_PRODUCT)
    quantizer.train(fetch(np.arange(0, count, max(1, count // TRAINING_VECTORS))))
    for start in range(0, count, block):
        quantizer.add(fetch(np.arange(start, min(start + block, count))))
    return quantizer


def quantized_candidates(quantizer: Any, vector: Vectors, limit: int) -> Ids:  # noqa: ANN401 - FAISS has no types
    """Return the positions that the nearest vectors are among, shape (n,)."""
    wanted = min(int(quantizer.ntotal), max(RESCORED_AT_LEAST, RESCORED_PER_HIT * limit))
    _, places = quantizer.search(vector.reshape(1, -1), wanted)
    found: Ids = places[0][places[0] >= 0]
    return found


def write_quantizer(quantizer: Any, path: Path) -> None:  # noqa: ANN401 - FAISS has no types
    """Write the sketches to a file."""
    import faiss

    faiss.write_index(quantizer, str(path))


def read_quantizer(path: Path) -> Any:  # noqa: ANN401 - FAISS has no types
    """Return the sketches in a file. Raises RuntimeError where it is none."""
    import faiss

    return faiss.read_index(str(path))

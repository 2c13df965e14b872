"""The base of the vector index: immutable FAISS files, mapped into memory, named by a manifest.

A base is written under a random token; replacing the manifest atomically makes it current, so a reader sees the old or the new
base, whole. Its vectors have positions from 0, by rising chunk id.
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
from assistant.index.chunks import ChunkKeys
from assistant.system.atomic_files import sync_file, write_atomically

LAYOUT = 1  # version of the file layout
QUANTIZED_SHARE = 0.5  # quantized search is used if more than this share of the vectors may be returned
END_BYTES = 65_536  # the manifest has a hash of this many bytes at both ends of each file, which shows a torn write

Alive = np.ndarray[Any, np.dtype[np.bool_]]
RESCORED_AT_LEAST = 1_000  # quantized candidates that are rescored exactly: at least, and per requested hit
RESCORED_PER_HIT = 10
TRAINING_VECTORS = 50_000
Fetch = Callable[[Ids], Vectors]


class Stamp(NamedTuple):
    """What a view shows: SHA-256 of the layout and embedding model, and the version of the library."""

    origin: bytes
    version: bytes


class VectorBase:
    """A FAISS index over immutable vectors, and for a large one a quantized copy that is searched first."""

    def __init__(self, index: Any, chunk_keys: ChunkKeys, stamp: Stamp, quantizer: Any = None, token: str = "") -> None:  # noqa: ANN401
        self.index, self.chunk_keys, self.stamp, self.quantizer, self.token = index, chunk_keys, stamp, quantizer, token
        self.ids: Ids = np.ascontiguousarray(chunk_keys["id"])

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self.ids)

    def search(self, vector: Vectors, limit: int, alive: Alive | None) -> list[tuple[int, float]]:
        """Return (chunk id, inner product) of the nearest vectors; `alive`, shape (n,), restricts the positions."""
        left = len(self) if alive is None else int(np.count_nonzero(alive))
        if not left:
            return []
        if self.quantizer is not None and left > QUANTIZED_SHARE * len(self):
            return self._by_quantizer(vector, limit, alive)
        import faiss

        bits = None if alive is None else np.packbits(alive, bitorder="little")  # the selector does not copy it
        selector = None if bits is None else faiss.IDSelectorBitmap(len(self), faiss.swig_ptr(bits))
        parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        products, places = self.index.search(vector.reshape(1, -1), min(limit, left), params=parameters)
        return [(int(self.ids[place]), float(product))
                for place, product in zip(places[0], products[0], strict=True) if place >= 0]

    def _by_quantizer(self, vector: Vectors, limit: int, alive: Alive | None) -> list[tuple[int, float]]:
        wanted = min(int(self.quantizer.ntotal), max(RESCORED_AT_LEAST, RESCORED_PER_HIT * limit))
        _, candidates = self.quantizer.search(vector.reshape(1, -1), wanted)
        places = candidates[0][candidates[0] >= 0]
        if alive is not None:
            places = places[alive[places]]
        products = self.vectors(places) @ vector
        best = np.argsort(-products)[:limit]
        return list(zip(self.ids[places[best]].tolist(), products[best].tolist(), strict=True))

    def places(self, ids: Ids) -> tuple[Ids, Ids]:
        """Return the indices into `ids` of those that the base holds, and their positions."""
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


def flat_index(dimension: int) -> Any:  # noqa: ANN401 - FAISS has no types
    """Return an empty index with exact search over half-precision vectors."""
    import faiss

    return faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def manifest_path(library: Path) -> Path:
    """Return the path of a library's manifest."""
    return library.with_suffix(".view")


def list_view_files(library: Path) -> Iterator[Path]:
    """Yield all files of any base of a library, also partially written ones."""
    stem = library.stem
    for pattern in (f"{stem}.*.faiss", f"{stem}.*.quantizer", f"{stem}.*.keys", f"{stem}.view*"):
        yield from library.parent.glob(pattern)


def read_base(library: Path, origin: bytes) -> VectorBase:
    """Map the base on disk into memory. Raises ValueError or OSError if there is none of this origin that is intact."""
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
                      faiss.read_index(str(quantizer)) if quantizer.exists() else None, token)
    if len(base) != index.ntotal:
        raise ValueError(f"the view has {index.ntotal} vectors and says that it has {len(base)}")
    return base


def read_token(library: Path) -> str:
    """Return the token of the base on disk; an empty string if there is none."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(manifest_path(library).read_text("utf-8"))["token"])
    return ""


def base_paths(library: Path, token: str) -> tuple[Path, Path, Path]:
    """Return the files of the base with this token: vectors, chunk keys, and the quantizer that only large bases have."""
    vectors, keys, quantizer = (library.with_name(f"{library.stem}.{token}.{kind}") for kind in ("faiss", "keys", "quantizer"))
    return vectors, keys, quantizer


def end_hash(path: Path) -> str:
    """Return the size of a file and the SHA-256 of its first and last bytes. Raises OSError."""
    size = path.stat().st_size
    with path.open("rb") as file:
        digest = sha256(file.read(END_BYTES))
        file.seek(max(0, size - END_BYTES))
        digest.update(file.read(END_BYTES))
    return f"{size} {digest.hexdigest()}"


def write_base(base: VectorBase, library: Path) -> None:
    """Write a base, sync it to disk, and replace the manifest. Raises OSError or RuntimeError.

    Older bases are unlinked. A process that has one mapped keeps it until closed (on Windows the file stays until the next
    write).
    """
    import faiss

    token = secrets.token_hex(4)
    vectors, keys, quantizer = base_paths(library, token)
    try:
        faiss.write_index(base.index, str(vectors))
        with keys.open("wb") as opened:
            np.save(opened, base.chunk_keys)
        if base.quantizer is not None:
            faiss.write_index(base.quantizer, str(quantizer))
        written = [path for path in (vectors, keys, quantizer) if path.exists()]
        for path in written:
            with path.open("rb+") as file:
                sync_file(file)
        manifest = {"layout": LAYOUT, "origin": base.stamp.origin.hex(), "version": base.stamp.version.hex(), "token": token,
                    "ends": [end_hash(path) for path in written]}
        write_atomically(manifest_path(library), json.dumps(manifest).encode())
    except BaseException:
        for path in (vectors, keys, quantizer):
            path.unlink(missing_ok=True)
        raise
    remove_other_bases(library, token)


def remove_other_bases(library: Path, token: str) -> None:
    """Unlink the files of all bases but this one."""
    kept = {*base_paths(library, token), manifest_path(library)}
    for path in list_view_files(library):
        if path not in kept:
            with contextlib.suppress(OSError):
                path.unlink()


def build_quantizer(fetch: Fetch, count: int, dimension: int, block: int) -> Any:  # noqa: ANN401 - FAISS has no types
    """Return RaBitQ codes (1 bit per dimension) of vectors 0 to `count`, which `fetch` returns by position."""
    import faiss

    quantizer = faiss.IndexRaBitQFastScan(dimension, faiss.METRIC_INNER_PRODUCT)
    quantizer.train(fetch(np.arange(0, count, max(1, count // TRAINING_VECTORS))))
    for start in range(0, count, block):
        quantizer.add(fetch(np.arange(start, min(start + block, count))))
    return quantizer

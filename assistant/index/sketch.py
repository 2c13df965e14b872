"""Many vectors in, a sketch of each out: one bit to a dimension, looked through in a twentieth of the time that the vectors take.

RaBitQ (Gao and Long 2024) in FAISS's layout for vector registers. The best by sketch are scored again by their vectors, so what
is found has the score that an exact search gives. Unlike lists around centres, sketches suppose nothing of how vectors
lie: nothing is trained but the mean, and nothing goes stale.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from assistant.datatypes import Vectors

SCORED_AGAIN = 1_000  # candidates at least, and for each that is wanted:
FOR_EACH = 10
TRAINED_ON = 50_000

Places = np.ndarray[Any, np.dtype[np.int64]]
Fetch = Callable[[Places], Vectors]


def make_sketch(fetch: Fetch, count: int, dimension: int, block: int) -> Any:  # noqa: ANN401 - FAISS has no types
    """Return the sketches of vectors 0 to `count`, which `fetch` gives by position."""
    import faiss

    sketch = faiss.IndexRaBitQFastScan(dimension, faiss.METRIC_INNER_PRODUCT)
    sketch.train(fetch(np.arange(0, count, max(1, count // TRAINED_ON))))
    for start in range(0, count, block):
        sketch.add(fetch(np.arange(start, min(start + block, count))))
    return sketch


def likely(sketch: Any, vector: Vectors, limit: int) -> Places:  # noqa: ANN401 - FAISS has no types
    """Return the positions that the nearest vectors are among, shape (n,)."""
    wanted = min(int(sketch.ntotal), max(SCORED_AGAIN, FOR_EACH * limit))
    _, places = sketch.search(vector.reshape(1, -1), wanted)
    found: Places = places[0][places[0] >= 0]
    return found


def write_sketch(sketch: Any, path: Path) -> None:  # noqa: ANN401 - FAISS has no types
    """Write the sketches to a file."""
    import faiss

    faiss.write_index(sketch, str(path))


def read_sketch(path: Path) -> Any:  # noqa: ANN401 - FAISS has no types
    """Return the sketches in a file. Raises RuntimeError where it is none."""
    import faiss

    return faiss.read_index(str(path))

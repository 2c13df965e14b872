"""The collections of a shared library in Milvus.

`assistant_ledger` holds what is small: a row for each file, added path, lease and named value. A file's row names the
generation of its chunks, so replacing that one row makes a new version of the file visible as a whole. `assistant_passages`
holds the chunks with their words, `assistant_vectors` their vectors; the rows of both carry the generation that they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant.errors import LibraryTooNew

SCHEMA_VERSION = 3
# the roots of version 1 have no names, leases or groups, see `MilvusRoots.add_root`; commits of version 2 are in no journal
READABLE_VERSIONS = ("1", "2", "3")
LEDGER, PASSAGES, VECTORS = "assistant_ledger", "assistant_passages", "assistant_vectors"
SETTLED = frozenset({PASSAGES, VECTORS})  # their rows are written before the ledger names them, and do not change after that
LONGEST = 65_535  # bytes of a text field; a limit of Milvus
HASH = 64  # characters of a SHA-256


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection: its fields, of which `id` is the primary key, and its one vector, which is sparse without a dimension."""

    name: str
    vector: str
    dimension: int = 0
    has_text_id: bool = False  # whether ids are hashes; otherwise they are numbers
    numbers: tuple[str, ...] = ()
    texts: tuple[tuple[str, int], ...] = ()  # name and most bytes
    indexed: tuple[str, ...] = ()  # fields that filters use


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """How the vectors are searched: a kind of index of Milvus with its parameters for building and searching."""

    kind: str
    build: tuple[tuple[str, int], ...] = ()
    breadth: int = 0  # candidates that a search looks at, at least as many as it returns; 0 for an exact search


EXACT = VectorIndex("FLAT")
GRAPH = VectorIndex("HNSW", (("M", 16), ("efConstruction", 200)), 256)
EXACT_ROWS = 100_000  # up to so many vectors are compared one by one; see docs/shared-libraries-scale.md for the measurements


def index_for(rows: int, present: str = EXACT.kind) -> VectorIndex:
    """Return the index for so many vectors; the present kind is kept between half the limit and the limit."""
    least = EXACT_ROWS // 2 if present == GRAPH.kind else EXACT_ROWS
    return GRAPH if rows > least else EXACT


# a collection must have a vector: that of the ledger means nothing
LEDGER_COLLECTION = Collection(LEDGER, "nothing", 2, has_text_id=True, texts=(("kind", 16), ("value", LONGEST)))
PASSAGES_COLLECTION = Collection(
    PASSAGES, "words", numbers=("file", "ordinal", "char_start", "char_end"),
    texts=(("text", LONGEST), ("context", LONGEST), ("location", LONGEST), ("key", HASH)), indexed=("file",),
)


def vectors_collection(dimension: int) -> Collection:
    """Return the collection of the vectors, whose inner products are compared exactly."""
    return Collection(VECTORS, "vector", dimension, numbers=("file",), texts=(("key", HASH),), indexed=("file", "key"))


def require_current(version: str) -> None:
    """Raise LibraryTooNew unless this program can read a library's rows; a new one has no version yet."""
    if version not in {"", *READABLE_VERSIONS}:
        raise LibraryTooNew(f"The shared library has format {version}; this version of the program reads formats "
                            f"up to {SCHEMA_VERSION} only.", "Use the version of the program that the others use.")

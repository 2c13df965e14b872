"""The collections of a shared library in Milvus.

`assistant_ledger` holds what is small: a row for each file, added path and named value. A file's row names the generation of
its chunks, so replacing that one row makes a new version of the file visible as a whole. `assistant_passages` holds the chunks
with their words, `assistant_vectors` their vectors; the rows of both carry the generation that they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant.errors import LibraryTooNew

SCHEMA_VERSION = 2  # 1 had no groups, which a program of that format would ignore
READABLE_VERSIONS = frozenset({"", "1", str(SCHEMA_VERSION)})
LEDGER, PASSAGES, VECTORS = "assistant_ledger", "assistant_passages", "assistant_vectors"
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
    """Raise LibraryTooNew unless a library has this program's collections; a new one has no version yet."""
    if version not in READABLE_VERSIONS:
        raise LibraryTooNew(f"The shared library has format {version}; this version of the program reads formats up to "
                            f"{SCHEMA_VERSION}.", "Use the version of the program that the others use.")

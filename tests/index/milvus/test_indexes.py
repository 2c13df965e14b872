"""The index of the vectors follows their number: exact for few, a graph for many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location, Vectors
from assistant.errors import ServerUnavailable
from assistant.index.milvus import canonical, open_shared, schema
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.schema import EXACT, GRAPH, VECTORS, index_for
from assistant.index.places import SharedPlace
from assistant.index.store import vector_key
from tests.index.milvus.memory_tables import MemoryTables
from tests.index.milvus.test_server import REASON

LIMIT, DIMENSION = 60, 16


def test_the_kind_changes_at_the_limit_and_back_at_half_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "EXACT_ROWS", 100)
    assert [index_for(rows).kind for rows in (0, 100, 101)] == ["FLAT", "FLAT", "HNSW"]
    assert [index_for(rows, "HNSW").kind for rows in (0, 50, 51, 1000)] == ["FLAT", "FLAT", "HNSW", "HNSW"]
    assert EXACT.breadth == 0 < GRAPH.breadth


def fill(store: MilvusLibrary, count: int) -> Vectors:
    vectors = np.random.default_rng(1).standard_normal((count, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    chunks = [Chunk(f"passage {number}", Location(1, 1, 20 * number, 20 * number + 15)) for number in range(count)]
    store.put_document(LedgerEntry("/a.txt", "/", FileState.INDEXED, "", 1, 1, "hash"), "a", chunks)
    store.put_vectors({vector_key(chunk.searchable): vector for chunk, vector in zip(chunks, vectors, strict=True)})
    store.prepare(DIMENSION)
    return vectors


@pytest.fixture(params=["memory", pytest.param("milvus-lite", marks=pytest.mark.shared)])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MilvusLibrary]:
    monkeypatch.setattr(schema, "EXACT_ROWS", LIMIT)
    if request.param == "memory":
        yield MilvusLibrary(MemoryTables(), SharedPlace("milvus://memory", "one"), tmp_path)
        return
    pytest.importorskip("pymilvus", reason=REASON)
    pytest.importorskip("milvus_lite", reason=REASON)
    with closing(open_shared(SharedPlace(canonical(str(tmp_path / "team.db")), "one"), tmp_path)) as opened:
        assert isinstance(opened, MilvusLibrary)
        yield opened


def test_a_library_that_has_grown_gets_a_graph_and_finds_the_same(store: MilvusLibrary) -> None:
    fill(store, LIMIT)
    assert store._connection.index_kind(VECTORS, "vector") == "FLAT"
    vectors = fill(store, LIMIT + 40)
    assert store._connection.index_kind(VECTORS, "vector") == "HNSW"
    view = store.view(DIMENSION, None)
    first = int(store.spans()[0][0])
    for question in vectors[::10]:
        exact = np.argsort(-(vectors @ question))[:5] + first
        assert [chunk for chunk, _ in view.search(question, 5)] == exact.tolist()
    store.drop_files(["/a.txt"])
    store.inspect(repair=False)  # erases the replaced passages too
    store.prepare(DIMENSION)
    assert store._connection.index_kind(VECTORS, "vector") == "FLAT"


def test_a_server_that_cannot_change_its_index_keeps_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "EXACT_ROWS", LIMIT)
    tables = MemoryTables()

    def refuse(name: str) -> None:
        if name == "replace index":
            raise ServerUnavailable("The server reports an error.", "Try again.")

    tables.before = refuse
    store = MilvusLibrary(tables, SharedPlace("milvus://memory", "one"), tmp_path)
    vectors = fill(store, LIMIT + 40)
    assert store._connection.index_kind(VECTORS, "vector") == "FLAT"
    assert len(store.view(DIMENSION, None).search(vectors[0], 5)) == 5

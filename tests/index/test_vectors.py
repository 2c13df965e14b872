from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.index import Store
from assistant.index.store import vector_key
from assistant.index.vectors import open_view


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "library.sqlite")
    for number in range(3):
        part = Chunk(f"text {number}", Location(1, 1, 0, 6))
        entry = LedgerEntry(f"/{number}", "/", FileState.INDEXED, "", 1, 1)
        opened.put_document(entry, "", [part], {vector_key(part.searchable): np.eye(4, dtype=np.float32)[number]})
    yield opened
    opened.close()


def nearest(store: Store, number: int) -> tuple[str, float]:
    chunk, cosine = open_view(store, 4).search(np.eye(4, dtype=np.float32)[number], 1)[0]
    return store.chunks([chunk])[chunk].path, cosine


def test_the_nearest_chunk_is_found(store: Store) -> None:
    assert nearest(store, 1) == ("/1", 1.0)


def test_a_change_of_the_library_makes_a_new_view(store: Store) -> None:
    nearest(store, 1)
    store.drop_files(["/1"])
    assert len(open_view(store, 4)) == 2


def test_a_damaged_view_is_built_again(store: Store) -> None:
    open_view(store, 4)
    view = store.path.with_suffix(".faiss")
    view.write_bytes(view.read_bytes()[:8] + b"rubbish" * 10)
    assert nearest(store, 2) == ("/2", 1.0)


def test_cosines_of_given_chunks_leave_unknown_ones_out(store: Store) -> None:
    view = open_view(store, 4)
    ids, _ = store.all_vectors(4)
    found = view.cosines(np.eye(4, dtype=np.float32)[0], [int(ids[0]), 999])
    assert found == {int(ids[0]): 1.0}


def test_an_empty_library_finds_nothing(tmp_path: Path) -> None:
    empty = Store(tmp_path / "empty.sqlite")
    assert open_view(empty, 4).search(np.ones(4, np.float32), 5) == []
    empty.close()

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.errors import LibraryDamaged, LibraryTooNew
from assistant.index import Store
from assistant.index.store import vector_key

ENTRY = LedgerEntry("/a.txt", "/", FileState.INDEXED, "", 10, 1, "hash", chunks=1)


def chunk(text: str, start: int = 0) -> Chunk:
    return Chunk(text, Location(1, 1, start, start + len(text), page=2, heading="Rent"), "Lease")


def vectors(*chunks: Chunk) -> dict[bytes, np.ndarray]:
    return {vector_key(part.searchable): np.full(4, 0.5, np.float32) for part in chunks}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "library.sqlite")
    yield opened
    opened.close()


def put(store: Store, entry: LedgerEntry, *chunks: Chunk) -> None:
    store.put_document(entry, "Title", chunks, vectors(*chunks))


def test_a_document_comes_back_as_it_went_in(store: Store) -> None:
    put(store, ENTRY, chunk("The rent is 900."))
    ids, found = store.all_vectors(4)
    stored = store.chunks([int(ids[0])])[int(ids[0])]
    assert (stored.path, stored.title, stored.chunk) == ("/a.txt", "Title", chunk("The rent is 900."))
    assert found.tolist() == [[0.5] * 4]
    assert store.ledger() == {"/a.txt": ENTRY}


def test_a_changed_document_replaces_its_chunks(store: Store) -> None:
    put(store, ENTRY, chunk("old words"), chunk("more old", 20))
    put(store, replace(ENTRY, content_hash="new"), chunk("new words"))
    assert store.count_chunks() == 1
    assert store.match('"old"', 10) == []
    assert len(store.match('"new"', 10)) == 1


def test_chunk_ids_are_never_used_again(store: Store) -> None:
    put(store, ENTRY, chunk("one"))
    first = store.match('"one"', 1)[0][0]
    store.drop_files(["/a.txt"])
    put(store, ENTRY, chunk("one"))
    assert store.match('"one"', 1)[0][0] > first


def test_a_failed_file_loses_its_old_chunks_but_keeps_its_entry(store: Store) -> None:
    put(store, ENTRY, chunk("text"))
    store.put_entry(replace(ENTRY, state=FileState.FAILED, reason="it is encrypted"))
    assert store.count_chunks() == 0
    assert store.ledger()["/a.txt"].reason == "it is encrypted"


def test_unused_vectors_leave(store: Store) -> None:
    put(store, ENTRY, chunk("text"))
    key = vector_key(chunk("text").searchable)
    store.drop_files(["/a.txt"])
    assert store.known_vectors([key]) == {key}
    assert store.drop_unused_vectors() == 1
    assert store.known_vectors([key]) == set()


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.transaction():
        put(store, ENTRY, chunk("text"))
        raise RuntimeError("the power went")
    assert store.ledger() == {}
    assert store.count_chunks() == 0
    put(store, ENTRY, chunk("text"))
    assert store.count_chunks() == 1


def test_generation_grows_with_every_change(store: Store) -> None:
    seen = [store.generation]
    put(store, ENTRY, chunk("a"))
    seen.append(store.generation)
    store.drop_files(["/a.txt"])
    seen.append(store.generation)
    assert seen == sorted(set(seen))


def test_clear_keeps_roots_and_files_to_be_read_again(store: Store) -> None:
    store.add_root("/")
    put(store, ENTRY, chunk("a"))
    store.clear()
    assert store.roots() == ("/",)
    assert store.ledger()["/a.txt"].mtime_ns == 0
    assert store.count_chunks() == 0


def test_a_library_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LibraryTooNew, match="format 99"):
        Store(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(LibraryDamaged):
        Store(path)


def test_writes_are_seen_by_another_connection_only_when_whole(tmp_path: Path) -> None:
    writer, reader = Store(tmp_path / "library.sqlite"), Store(tmp_path / "library.sqlite")
    with writer.transaction():
        put(writer, ENTRY, chunk("text"))
        assert reader.count_chunks() == 0
    assert reader.count_chunks() == 1
    writer.close()
    reader.close()

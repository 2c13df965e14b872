"""A writer that dies at any request leaves every file whole, old or new, and nothing that the next run does not sweep."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.index.milvus import generations
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.schema import LEDGER, PASSAGES, VECTORS
from assistant.index.places import SharedPlace
from assistant.index.store import vector_key
from tests.index.milvus.memory_tables import MemoryTables

FILES = {"/a.txt": ["one", "two"], "/b.txt": ["three"], "/gone.txt": ["four"]}
CHANGED = {"/a.txt": ["uno", "dos", "tres"], "/b.txt": ["three"], "/new.txt": ["cinco"] * 3}


class Killed(BaseException):
    """The process dies."""


class KillAfter:
    """Dies before the request of this number."""

    def __init__(self, requests: int) -> None:
        self.left = requests

    def __call__(self, _name: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


def opened(tables: MemoryTables, writer: str = "machine 1") -> MilvusLibrary:
    return MilvusLibrary(tables, SharedPlace("milvus://memory", writer), Path())


def put(store: MilvusLibrary, path: str, texts: list[str]) -> None:
    chunks = [Chunk(text, Location(1, 1, 10 * place, 10 * place + len(text))) for place, text in enumerate(texts)]
    store.put_document(LedgerEntry(path, "/", FileState.INDEXED, "", 1, 1, " ".join(texts)[:64]), path, chunks)
    store.put_vectors({vector_key(chunk.searchable): np.ones(4, np.float32) / 2 for chunk in chunks})


def change(store: MilvusLibrary) -> None:
    put(store, "/a.txt", CHANGED["/a.txt"])
    with store.transaction():
        put(store, "/new.txt", CHANGED["/new.txt"])
        store.drop_files(["/gone.txt"])
    store.drop_orphaned_vectors(0)


def contents(store: MilvusLibrary) -> dict[str, list[str]]:
    with store.reading():
        return {path: [each.chunk.text for each in store.chunks_of_file(path)] for path in store.ledger()}


def requests_of_change() -> int:
    tables = MemoryTables()
    store = opened(tables)
    for path, texts in FILES.items():
        put(store, path, texts)
    tables.before = counter = KillAfter(10**6)
    change(store)
    assert contents(store) == CHANGED
    return 10**6 - counter.left


@pytest.mark.parametrize("requests", range(requests_of_change()))
def test_a_killed_writer_leaves_whole_files_and_the_next_run_sweeps_the_rest(requests: int) -> None:
    tables = MemoryTables()
    store = opened(tables)
    for path, texts in FILES.items():
        put(store, path, texts)
    tables.before = KillAfter(requests)
    with pytest.raises(Killed):
        change(store)
    tables.before = lambda _: None
    left = contents(opened(tables))
    assert left["/a.txt"] in (FILES["/a.txt"], CHANGED["/a.txt"])
    assert ("/gone.txt" in left) == ("/new.txt" not in left)  # of one transaction: both or neither
    assert all(left[path] == {**FILES, **CHANGED}[path] for path in left.keys() - {"/a.txt"})
    again = opened(tables)
    change(again)
    assert contents(again) == CHANGED
    assert again.inspect(repair=False) == ()
    assert_no_garbage(tables, again)


def assert_no_garbage(tables: MemoryTables, store: MilvusLibrary) -> None:
    first, sizes = store.spans()
    ids = {number for start, size in zip(first.tolist(), sizes.tolist(), strict=True) for number in range(start, start + size)}
    assert set(tables.tables[PASSAGES]) == ids == set(tables.tables[VECTORS])
    assert not [row for row in tables.tables[LEDGER].values() if row["kind"] == "generation"]


def test_what_another_machine_is_writing_is_left_alone_until_it_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = MemoryTables()
    store = opened(tables)
    put(store, "/a.txt", FILES["/a.txt"])
    tables.before = KillAfter(2)  # the note and the chunks are written, and the file is not
    with pytest.raises(Killed):
        put(opened(tables, "machine 2"), "/b.txt", ["half"])
    tables.before = lambda _: None
    store.drop_orphaned_vectors(0)
    assert store.inspect(repair=True) == ()
    assert len(tables.tables[PASSAGES]) == 3
    monkeypatch.setattr(generations, "ABANDONED_SECONDS", -1.0)
    store.drop_orphaned_vectors(0)
    assert_no_garbage(tables, store)


def test_a_search_that_began_before_a_file_was_replaced_still_finds_the_old_text() -> None:
    tables = MemoryTables()
    reader, writer = opened(tables, "machine 1"), opened(tables, "machine 2")
    put(writer, "/a.txt", FILES["/a.txt"])
    with reader.reading():
        put(writer, "/a.txt", CHANGED["/a.txt"])
        writer.drop_orphaned_vectors(0)
        assert [each.chunk.text for each in reader.chunks_of_file("/a.txt")] == FILES["/a.txt"]
        assert len(reader.holding_each([("one",)], 5)[0]) == 1
    assert contents(reader) == {"/a.txt": CHANGED["/a.txt"]}


def test_a_file_that_is_written_twice_in_one_transaction_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = MemoryTables()
    store = opened(tables)
    with store.transaction():
        for texts in (["one"], ["two", "three"], ["four"]):
            put(store, "/a.txt", texts)
        put(store, "/b.txt", ["five"])
        store.drop_files(["/b.txt"])
    monkeypatch.setattr(generations, "READER_SECONDS", -1.0)
    store.drop_orphaned_vectors(0)
    assert contents(store) == {"/a.txt": ["four"]}
    assert_no_garbage(tables, store)


def write_and_drop(store: MilvusLibrary) -> None:
    """Write files twice, and drop one of them, in one transaction."""
    with store.transaction():
        for texts in (["one"], ["two", "three"]):
            put(store, "/a.txt", texts)
        put(store, "/b.txt", ["five"])
        store.drop_files(["/b.txt", "/gone.txt"])


@pytest.mark.parametrize("requests", range(20))
def test_a_writer_of_a_file_that_is_dropped_at_once_is_killed(monkeypatch: pytest.MonkeyPatch, requests: int) -> None:
    tables = MemoryTables()
    store = opened(tables)
    put(store, "/gone.txt", ["four", "six"])
    tables.before = KillAfter(requests)
    with suppress(Killed):
        write_and_drop(store)
    tables.before = lambda _: None
    monkeypatch.setattr(generations, "READER_SECONDS", -1.0)
    again = opened(tables)
    assert contents(again) in ({"/gone.txt": ["four", "six"]}, {"/a.txt": ["two", "three"]})
    again.drop_orphaned_vectors(0)
    assert_no_garbage(tables, again)


def test_two_writers_of_one_file_leave_one_version_of_it() -> None:
    tables = MemoryTables()
    one, two = opened(tables, "machine 1"), opened(tables, "machine 2")
    put(one, "/a.txt", ["zero"])
    with one.transaction():
        put(one, "/a.txt", ["one"])
        put(two, "/a.txt", ["two", "two b"])
    assert contents(opened(tables)) == {"/a.txt": ["one"]}
    assert one.inspect(repair=True) == ()
    assert_no_garbage(tables, one)


def test_a_file_whose_vectors_are_all_there_does_not_wait_for_ever() -> None:
    tables = MemoryTables()
    store = opened(tables)
    tables.before = KillAfter(10**6)
    put(store, "/a.txt", FILES["/a.txt"])
    for row in tables.tables[LEDGER].values():  # as a writer leaves it that is killed before its last request
        row["value"] = row["value"].replace('"waiting": false', '"waiting": true')
    again = opened(tables)
    assert again.count_pending_embeddings() == 0
    again.drop_orphaned_vectors(7 * 86_400)
    assert not [row for row in tables.tables[LEDGER].values() if '"waiting": true' in row["value"]]
    assert again.inspect(repair=False) == ()


def test_what_is_extremely_long_is_shortened_and_not_lost() -> None:
    noise = random.Random(1)
    letters = "".join(chr(noise.randrange(0x4E00, 0x9FFF)) for _ in range(30_000))
    store = opened(MemoryTables())
    store.put_entry(LedgerEntry("/a.txt", "/", FileState.FAILED, letters, 1, 1, notes=(letters, "short")))
    entry = store.entry("/a.txt")
    assert entry is not None
    assert opened(store._connection).entry("/a.txt").reason == letters[: len(letters) // 2]  # type: ignore[arg-type, union-attr]


def test_a_passage_that_is_too_long_fails_its_file_and_no_other() -> None:
    noise = random.Random(1)
    letters = "".join(chr(noise.randrange(0x4E00, 0x9FFF)) for _ in range(30_000))
    tables = MemoryTables()
    store = opened(tables)
    with store.transaction():
        put(store, "/long.txt", [letters])
        put(store, "/short.txt", ["short"])
    assert contents(store) == {"/long.txt": [], "/short.txt": ["short"]}
    entry = store.entry("/long.txt")
    assert entry is not None
    assert (entry.state, "too long" in entry.reason) == (FileState.FAILED, True)
    assert_no_garbage(tables, store)


def test_lost_passages_and_vectors_are_found_and_come_back_with_the_next_sync() -> None:
    tables = MemoryTables()
    store = opened(tables)
    for path, texts in FILES.items():
        put(store, path, texts)
    broken, unembedded = (store.chunks_of_file(path)[0].chunk_id for path in ("/a.txt", "/b.txt"))
    del tables.tables[PASSAGES][broken]
    del tables.tables[VECTORS][unembedded]
    assert len(store.inspect(repair=False)) == 2
    assert [finding.subject for finding in store.inspect(repair=True)] == ["repaired"] * 2
    entry = store.entry("/a.txt")
    assert entry is not None
    assert entry.content_hash == ""
    assert store.pending_embeddings() == [unembedded]

"""How much writing asks of the server: nothing that looks at every row for each file, and stored vectors are used again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from assistant.app.library.transfer import transfer
from assistant.datatypes import Chunk, FileState, LedgerEntry, Location, Progress, ignore_progress
from assistant.index import SqliteLibrary
from assistant.index.milvus import generations
from assistant.index.milvus.address import MilvusAddress
from assistant.index.milvus.connection import LITE_SECONDS, SECONDS, MilvusConnection, Row
from assistant.index.milvus.generations import NewIds
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.pending import PendingChunks
from assistant.index.milvus.rows import FILE, GENERATION, ledger_row
from assistant.index.milvus.schema import LEDGER, PASSAGES, PASSAGES_COLLECTION, VECTORS
from assistant.index.milvus.writer import CHUNKS_AT_ONCE
from assistant.index.places import SharedPlace
from assistant.index.store import vector_key
from tests.index.milvus.faulty_client import FaultyClient
from tests.index.milvus.memory_tables import MemoryTables
from tests.index.milvus.test_interrupted import KillAfter, Killed

CHUNKS_OF_FILE = 4


class CountedTables(MemoryTables):
    """Tables that count the requests for chunks and vectors which are not by primary key, and those that write."""

    def __init__(self) -> None:
        super().__init__(self.count_write)
        self.scans = self.writes = 0

    def count_write(self, _name: str) -> None:
        self.writes += 1

    def query(self, collection: str, filter: str, fields: Sequence[str]) -> list[Row]:
        self.scans += collection != LEDGER and not filter.startswith("id in ")
        return super().query(collection, filter, fields)

    def delete(self, collection: str, field: str, values: Sequence[int] | Sequence[str]) -> None:
        self.scans += collection != LEDGER and field != "id" and bool(values)
        super().delete(collection, field, values)


def opened(tables: MemoryTables) -> MilvusLibrary:
    return MilvusLibrary(tables, SharedPlace("milvus://memory", "machine"), Path())


def chunks_of(number: int) -> list[Chunk]:
    texts = [f"file {number} passage {place}" for place in range(CHUNKS_OF_FILE)]
    return [Chunk(text, Location(1, 1, 100 * place, 100 * place + len(text))) for place, text in enumerate(texts)]


def put_files(store: MilvusLibrary | SqliteLibrary, files: range, *, embed: bool = False) -> None:
    """Write files in one transaction; then, if asked, the vectors that are missing, as `add` does."""
    with store.transaction():
        for number in files:
            entry = LedgerEntry(f"/docs/{number}.txt", "/docs", FileState.INDEXED, "", 1, 1, str(number))
            store.put_document(entry, "title", chunks_of(number))
    if embed:
        while waiting := store.pending_embeddings()[:16]:
            keys = {vector_key(stored.chunk.searchable) for stored in store.chunks(waiting).values()}
            store.put_vectors(dict.fromkeys(keys - store.known_vectors(keys), np.ones(4, np.float32) / 2), waiting)


def requests(act: str, files: int) -> tuple[int, int]:
    """Return how many requests an act takes that look at every row, and that write, with so many files in the library."""
    tables = CountedTables()
    store = opened(tables)
    put_files(store, range(2), embed=True)
    put_files(store, range(2, files), embed=act != "add")
    tables.scans = tables.writes = 0
    if act == "add":
        put_files(store, range(files, 2 * files), embed=True)
    elif act == "drop":
        store.drop_files([f"/docs/{number}.txt" for number in range(files)])
    elif act == "read":
        opened(tables).pending_embeddings()
        for number in range(files):
            assert len(store.chunks_of_file(f"/docs/{number}.txt")) == CHUNKS_OF_FILE
            assert store.adjacent_chunks(f"/docs/{number}.txt", 100, 120)
    return tables.scans, tables.writes


@pytest.mark.parametrize("act", ["add", "drop", "read"])
def test_requests_that_look_at_every_row_do_not_grow_with_the_files(act: str) -> None:
    few, many = requests(act, 10), requests(act, 100)
    assert few[0] == many[0] <= 2


def test_a_copy_looks_for_no_vectors_and_asks_once_in_a_transaction(tmp_path: Path) -> None:
    source, tables = SqliteLibrary(tmp_path / "library"), CountedTables()
    put_files(source, range(50), embed=True)
    transfer(source, opened(tables), ignore_progress)
    assert tables.scans <= 2  # whether the first ids are free, and how many vectors the index is for
    assert len(tables.tables[VECTORS]) == len(tables.tables[PASSAGES]) == 50 * CHUNKS_OF_FILE
    scans = tables.scans
    copy = SqliteLibrary(tmp_path / "copy")
    transfer(opened(tables), copy, ignore_progress)
    assert (tables.scans, copy.count_pending_embeddings(), copy.count_chunks()) == (scans, 0, 50 * CHUNKS_OF_FILE)


def test_texts_whose_vector_is_stored_do_not_wait_for_one() -> None:
    tables = MemoryTables()
    put_files(opened(tables), range(3), embed=True)
    store = opened(tables)
    with store.transaction():
        for path in ("/docs/copy.txt", "/docs/1.txt"):
            entry = LedgerEntry(path, "/docs", FileState.INDEXED, "", 1, 1, path)
            store.put_document(entry, "title", [*chunks_of(1), *chunks_of(7)])
    waiting = store.pending_embeddings()
    assert [stored.chunk.text for stored in store.chunks(waiting).values()] == [chunk.text for chunk in chunks_of(7)] * 2
    store.put_vectors({vector_key(chunk.searchable): np.ones(4, np.float32) / 2 for chunk in chunks_of(7)})
    for each in (store, opened(tables)):
        assert (each.pending_embeddings(), each._mirror.rows_waiting()) == ([], [])


def test_a_vector_that_another_machine_wrote_meanwhile_is_known() -> None:
    tables = MemoryTables()
    put_files(opened(tables), range(1), embed=True)
    one, two = opened(tables), opened(tables)
    put_files(one, range(5, 6))
    keys = {vector_key(chunk.searchable) for chunk in chunks_of(5)}
    assert one.known_vectors(keys) == set()
    put_files(two, range(5, 6), embed=True)
    with one.reading():
        assert one.known_vectors(keys) == keys


def test_ids_are_drawn_once_a_minute_and_never_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = CountedTables()
    store = opened(tables)
    ids, now = NewIds(tables), generations.EPOCH + 1000.0
    monkeypatch.setattr("time.time", lambda: now)
    first = ids.start()
    ids.advance(first + 10)
    now += generations.DRAWN_SECONDS - 1
    assert (ids.start(), tables.scans) == (first + 10, 1)
    now += 1
    assert (ids.start() > first + generations.CHECKED, tables.scans) == (True, 2)
    with pytest.raises(ZeroDivisionError), store.transaction():
        put_files(store, range(1))
        store.put_vectors({})  # writes what is staged
        raise ZeroDivisionError
    lost = {row["id"] for row in tables.tables[PASSAGES].values()}
    assert len(lost) == CHUNKS_OF_FILE
    put_files(store, range(1, 2))
    assert lost.isdisjoint(store.paths_of_chunks()[place][0] for place in range(CHUNKS_OF_FILE))


def test_ids_are_drawn_again_when_the_clock_is_set_and_when_many_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = CountedTables()
    opened(tables)
    ids, now = NewIds(tables), generations.EPOCH + 100_000.0
    monkeypatch.setattr("time.time", lambda: now)
    first = ids.start()
    now -= generations.DRAWN_SECONDS - 1
    assert ids.start() == first
    now -= 3_600
    earlier = ids.start()
    assert earlier + generations.CHECKED < first
    ids.advance(earlier + generations.CHECKED // 2)
    assert (ids.start(), tables.scans) == (earlier + generations.CHECKED // 2, 2)
    ids.advance(earlier + generations.CHECKED // 2 + 1)
    later = ids.start()
    assert (abs(later - earlier) > generations.CHECKED // 2 + 1, tables.scans) == (True, 3)


def test_ids_are_not_given_where_another_machine_has_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = CountedTables()
    store = opened(tables)
    put_files(store, range(1))
    taken = int(store.spans()[0][0])
    second = taken >> generations.RANDOM_BITS
    drawn = iter([taken - generations.CHECKED + 1, taken + CHUNKS_OF_FILE])
    monkeypatch.setattr("time.time", lambda: generations.EPOCH + second)
    monkeypatch.setattr("secrets.randbits", lambda _: next(drawn) & (2**generations.RANDOM_BITS - 1))
    assert NewIds(tables).start() == taken + CHUNKS_OF_FILE


@pytest.mark.parametrize("sizes", [{}, {"size": CHUNKS_OF_FILE}])
def test_a_generation_is_erased_alone_whatever_its_note_says_of_its_size(sizes: dict[str, int]) -> None:
    """Older programs wrote no size, and a writer does not know it before it has finished."""
    tables = MemoryTables()
    store = opened(tables)
    put_files(store, range(3), embed=True)
    firsts = store.spans()[0].tolist()
    dead = store._mirror.row("/docs/1.txt")
    assert dead is not None
    row = next(each for each in tables.tables[LEDGER].values() if each["kind"] == FILE and '"/docs/1.txt"' in each["value"])
    tables.delete(LEDGER, "id", [row["id"]])
    note = {"first": dead.first, "replaces": 0, "writer": "machine", "time": 0.0, "is_old": bool(sizes), **sizes}
    tables.upsert(LEDGER, [ledger_row(GENERATION, str(dead.first), note)])
    assert opened(tables).erase_removed(thorough=False)
    for collection in (PASSAGES, VECTORS):
        assert {each["file"] for each in tables.tables[collection].values()} == set(firsts) - {dead.first}
        assert len(tables.tables[collection]) == 2 * CHUNKS_OF_FILE
    assert not [each for each in tables.tables[LEDGER].values() if each["kind"] == GENERATION]


def test_a_file_that_fails_after_many_passages_takes_no_passage_of_another_with_it() -> None:
    noise = random.Random(1)
    letters = "".join(chr(noise.randrange(0x4E00, 0x9FFF)) for _ in range(30_000))
    tables = MemoryTables()
    store = opened(tables)
    entry = LedgerEntry("/docs/long.txt", "/docs", FileState.INDEXED, "", 1, 1, "long")
    many = [Chunk(f"passage {place}", Location(1, 1, place, place + 1)) for place in range(CHUNKS_AT_ONCE + 5)]
    with store.transaction():
        put_files(store, range(1))
        assert store.put_document(entry, "title", [*many, replace(many[0], text=letters), *many]) == 0
        put_files(store, range(1, 3))
    assert sorted(tables.tables[PASSAGES]) == [number for number, _ in store.paths_of_chunks()]
    assert [len(store.chunks_of_file(f"/docs/{number}.txt")) for number in range(3)] == [CHUNKS_OF_FILE] * 3
    assert not [each for each in tables.tables[LEDGER].values() if each["kind"] == GENERATION]


@pytest.mark.parametrize("stop", ["between transactions", "in one"])
def test_a_copy_that_is_stopped_leaves_nothing_and_can_be_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: str
                                                                     ) -> None:
    source, tables = SqliteLibrary(tmp_path / "library"), MemoryTables()
    put_files(source, range(10), embed=True)
    monkeypatch.setattr("assistant.app.library.transfer.FILES_AT_ONCE", 3)
    target, shown = opened(tables), list[Progress]()

    def show(progress: Progress) -> None:
        shown.append(progress)
        if len(shown) == 2 and stop == "between transactions":
            raise KeyboardInterrupt
        tables.before = KillAfter(2 if len(shown) == 2 and stop == "in one" else 10**6)

    dropped = target.drop_files
    monkeypatch.setattr(target, "drop_files", lambda paths: (setattr(tables, "before", KillAfter(10**6)), dropped(paths))[1])
    with pytest.raises((KeyboardInterrupt, Killed)):
        transfer(source, target, show)
    assert [progress.done for progress in shown] == [3, 6]
    assert (target.ledger(), target.roots(), opened(tables).ledger()) == ({}, (), {})
    opened(tables).drop_orphaned_vectors(0)
    assert (tables.tables[PASSAGES], tables.tables[VECTORS]) == ({}, {})
    transfer(source, opened(tables), ignore_progress)
    assert len(tables.tables[VECTORS]) == len(tables.tables[PASSAGES]) == 10 * CHUNKS_OF_FILE


def test_the_vectors_of_a_large_file_are_copied_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, tables = SqliteLibrary(tmp_path / "library"), MemoryTables()
    put_files(source, range(3), embed=True)
    monkeypatch.setattr("assistant.app.library.transfer.CHUNKS_AT_ONCE", CHUNKS_OF_FILE - 1)
    target, sizes = opened(tables), []
    put_vectors = target.put_vectors
    monkeypatch.setattr(target, "put_vectors", lambda vectors: (sizes.append(len(vectors)), put_vectors(vectors)))
    transfer(source, target, ignore_progress)
    assert sizes == [CHUNKS_OF_FILE - 1, 1] * 3
    assert (len(tables.tables[VECTORS]), target.count_pending_embeddings()) == (3 * CHUNKS_OF_FILE, 0)


def test_pending_chunks_are_found_by_file_and_by_key() -> None:
    pending = PendingChunks([(1, 10, "a"), (2, 10, "b"), (3, 20, "a")])
    assert (pending.with_keys(["a", "c"]), set(pending.files), pending.ids.tolist()) == ({1, 3}, {10, 20}, [1, 2, 3])
    pending.remove(1)
    pending.forget(20)
    pending.forget(30)
    assert (pending.with_keys(["a"]), set(pending.files), len(pending), 2 in pending, 1 in pending) == (
        set(), {10}, 1, True, False)
    assert (pending.file_of(2), pending.key_of(2)) == (10, "b")


class TimedClient(FaultyClient):
    """A client that notes the time limit of searches."""

    seconds = 0.0

    def search(self, *given: Any, timeout: float, **named: Any) -> Any:
        self.seconds = timeout
        return super().search(*given, timeout=timeout, **named)


@pytest.mark.parametrize("is_lite", [True, False])
def test_a_search_of_milvus_lite_may_take_as_long_as_building_its_index(is_lite: bool) -> None:
    tables = MemoryTables()
    store = opened(tables)
    put_files(store, range(1))
    client = TimedClient(tables)
    MilvusConnection(client, MilvusAddress("db"), is_lite=is_lite).search(PASSAGES, "words", [{1: 1.0}], 5)
    assert client.seconds == (LITE_SECONDS if is_lite else SECONDS)


class HalfMade(FaultyClient):
    """A client of a server that has a collection, but no index of it yet, and notes which there are when it is loaded."""

    def __init__(self, tables: MemoryTables) -> None:
        super().__init__(tables)
        self.made, self.at_loading, self.flushed = list[str](), list[str](), list[str]()

    def list_indexes(self, name: str, field_name: str, timeout: float) -> list[str]:
        return [field for field in self.made if field == field_name]

    def prepare_index_params(self) -> Any:
        return SimpleNamespace(add_index=lambda field, **_: self.made.append(field))

    def create_index(self, name: str, index: object, timeout: float) -> None:
        assert name not in self.loaded

    def load_collection(self, name: str, timeout: float) -> None:
        self.at_loading = list(self.made)
        super().load_collection(name, timeout)

    def flush(self, name: str, timeout: float) -> None:
        self.flushed.append(name)


def half_made(**tell: bool) -> tuple[HalfMade, MilvusConnection]:
    tables = MemoryTables()
    put_files(opened(tables), range(1))
    client = HalfMade(tables)
    return client, MilvusConnection(client, MilvusAddress("db"), **tell)


def test_a_collection_that_another_machine_is_making_is_loaded_only_with_all_its_indexes() -> None:
    client, connection = half_made()
    connection.open(PASSAGES_COLLECTION)
    assert client.at_loading == [PASSAGES_COLLECTION.vector, *PASSAGES_COLLECTION.indexed]


@pytest.mark.parametrize(("is_lite", "flushed"), [(True, [LEDGER, PASSAGES, VECTORS]), (False, [])])
def test_only_milvus_lite_is_asked_to_put_rows_into_files(is_lite: bool, flushed: list[str]) -> None:
    client, connection = half_made(is_lite=is_lite)
    MilvusLibrary(connection, SharedPlace("milvus://db", "machine"), Path()).prepare(2)
    assert client.flushed == flushed

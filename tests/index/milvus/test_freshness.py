"""A server that lets each read of the level Strong wait is asked for moments; nobody sees less by that than he must."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant.index.milvus import freshness
from assistant.index.milvus.address import MilvusAddress
from assistant.index.milvus.connection import MilvusConnection, connect
from assistant.index.milvus.freshness import LEVEL, MOMENT, ReadMoments
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.rows import META
from assistant.index.milvus.schema import LEDGER, PASSAGES, VECTORS
from assistant.index.places import SharedPlace
from tests.index.milvus.faulty_client import FaultyClient
from tests.index.milvus.memory_tables import MemoryTables
from tests.index.milvus.test_interrupted import put
from tests.index.milvus.test_server import REASON


class LateClient(FaultyClient):
    """The client of a server that shows no row before it must, and none that is deleted.

    `waits` counts the reads for which it has to wait: those without a moment, and the first with a new one.
    """

    def __init__(self, tables: WrittenTables) -> None:
        super().__init__(tables)
        self.server = tables
        self.waits = self._reached = 0

    def _get_connection(self) -> LateClient:
        return self

    def alloc_timestamp(self, timeout: float) -> int:
        return self.server.tick()

    @contextmanager
    def _at(self, options: dict[str, Any]) -> Any:
        assert not options or options[LEVEL] == "Customized"
        moment = options.get(MOMENT, 0) or self.server.tick()
        self.waits += moment > self._reached
        self._reached = max(self._reached, moment)
        present, self.tables.tables = self.tables.tables, self.server.at(moment)
        try:
            yield
        finally:
            self.tables.tables = present

    def query(self, *given: Any, consistency_level: str = "", guarantee_timestamp: int = 0, **named: Any) -> list[dict[str, Any]]:
        with self._at({LEVEL: consistency_level, MOMENT: guarantee_timestamp} if guarantee_timestamp else {}):
            return super().query(*given, **named)

    def search(self, *given: Any, consistency_level: str = "", guarantee_timestamp: int = 0, **named: Any) -> Any:
        with self._at({LEVEL: consistency_level, MOMENT: guarantee_timestamp} if guarantee_timestamp else {}):
            return super().search(*given, **named)


class WrittenTables(MemoryTables):
    """Tables that keep what they were after each write, with the time of the server."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.history: list[tuple[int, dict[str, Any]]] = []

    def tick(self) -> int:
        self.now += 1
        return self.now

    def at(self, moment: int) -> dict[str, Any]:
        """Return the rows that were written up to a moment and are not deleted yet."""
        kept = next(kept for time, kept in reversed(self.history) if time <= moment)
        return {name: {key: row for key, row in rows.items() if key in self.tables[name]} for name, rows in kept.items()}

    def open(self, collection: Any) -> None:
        super().open(collection)
        self._keep()

    def upsert(self, collection: str, rows: Sequence[dict[str, Any]]) -> None:
        super().upsert(collection, rows)
        self._keep()

    def delete(self, collection: str, field: str, values: Sequence[Any]) -> None:
        super().delete(collection, field, values)
        self._keep()

    def _keep(self) -> None:
        self.history.append((self.tick(), copy.deepcopy(self.tables)))


class LateConnection(MilvusConnection):
    """A connection whose collections are those of tables in memory."""

    def open(self, collection: Any) -> None:
        self._client.tables.open(collection)


@pytest.fixture
def tables() -> WrittenTables:
    return WrittenTables()


def opened(tables: WrittenTables, writer: str, *, slow: bool = True) -> MilvusLibrary:
    connection = LateConnection(LateClient(tables), MilvusAddress("slow"))
    connection._moments.note(1.0 if slow else 0.0)
    store = MilvusLibrary(connection, SharedPlace("milvus://slow", writer), Path())
    store._leases.pause = lambda _: None
    return store


def contents(store: MilvusLibrary) -> dict[str, list[str]]:
    """Return the texts of every file, all of which have the word "text"."""
    with store.reading():
        [ids] = store.holding_each([("text",)], 999)  # before anything notices that a passage is missing
        found: dict[str, list[str]] = {}
        for chunk in store.chunks(sorted(ids)).values():
            found.setdefault(chunk.path, []).append(chunk.chunk.text)
        assert found == {path: [each.chunk.text for each in store.chunks_of_file(path)] for path in store.ledger()}
    return found


@pytest.mark.parametrize("seed", range(4))
def test_every_machine_sees_all_that_was_finished_before(tables: WrittenTables, seed: int) -> None:
    chance = random.Random(seed)
    writers = [opened(tables, "one"), opened(tables, "two")]
    reader = opened(tables, "three")
    expected: dict[str, list[str]] = {}
    for step in range(40):
        number = chance.randrange(2)
        path = f"/{number}/{chance.randrange(3)}.txt"
        if path in expected and chance.random() < 0.3:
            writers[number].drop_files([path])
            del expected[path]
        else:
            expected[path] = [f"text {step} {part}" for part in range(chance.randint(1, 3))]
            put(writers[number], path, expected[path])
        if chance.random() < 0.2:
            writers[number].drop_orphaned_vectors(0)
        for store in chance.sample([reader, *writers], 2):
            assert contents(store) == expected


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(tables: WrittenTables) -> None:
    writer, reader = opened(tables, "one"), opened(tables, "two")
    put(writer, "/a.txt", ["text of old"])
    with reader.reading():
        assert reader.holding_each([("text",)], 9) != [[]]
        put(writer, "/a.txt", ["text of new"])
        writer.inspect(repair=False)  # erases the replaced passages
        [chunk] = reader.chunks_of_file("/a.txt")
    assert chunk.chunk.text == "text of new"


def test_reads_of_one_version_wait_once(tables: WrittenTables) -> None:
    writer = opened(tables, "one")
    for number in range(3):
        put(writer, f"/{number}.txt", ["text"])
    waits = {}
    for slow in (True, False):
        store = opened(tables, "two", slow=slow)
        client = store._connection._client
        client.waits = 0
        assert len(contents(store)) == 3
        waits[slow] = client.waits
        assert contents(store).keys() == {"/0.txt", "/1.txt", "/2.txt"}
    assert waits[True] == 2  # the version, and the first of five reads of passages
    assert waits[False] == 6


def test_a_server_that_was_quick_so_far_is_asked_for_no_moment() -> None:
    moments = ReadMoments(lambda: pytest.fail("was asked"))
    moments.note(freshness.SLOW_SECONDS / 2)
    with moments.shared():
        assert not moments.options(LEDGER)
        assert not moments.options(PASSAGES)


def test_a_server_that_gives_no_moments_is_read_with_the_level_strong() -> None:
    moments = ReadMoments(lambda: 0)
    moments.note(1.0)
    with moments.shared():
        assert not moments.options(LEDGER)
        assert not moments.options(VECTORS)


def test_reads_of_the_ledger_share_a_moment_only_where_they_say_so() -> None:
    times = iter(range(1, 99))
    moments = ReadMoments(lambda: next(times))
    moments.note(1.0)

    def moment(collection: str) -> object:
        return moments.options(collection).get(MOMENT)

    assert moment(LEDGER) is None
    with moments.shared():
        assert (moment(LEDGER), moment(LEDGER)) == (1, 1)
        moments.move_on()
        assert moment(LEDGER) == 2
    assert moment(LEDGER) is None
    with moments.shared():
        assert moment(LEDGER) == 3
    assert (moment(PASSAGES), moment(VECTORS)) == (4, 4)
    moments.move_on()
    assert moment(VECTORS) == 5


@pytest.mark.parametrize("write", [
    lambda connection: connection.upsert(LEDGER, [{"id": "x", "kind": META, "value": ""}]),
    lambda connection: connection.delete(LEDGER, "id", ["x"])])
def test_a_connection_sees_what_it_wrote(tables: WrittenTables, write: Callable[[MilvusConnection], None]) -> None:
    connection = opened(tables, "one")._connection
    assert connection.count(PASSAGES, "") == 0
    before = connection._moments.options(PASSAGES)
    write(connection)
    assert connection._moments.options(PASSAGES) != before


@pytest.mark.shared
def test_milvus_lite_gives_no_moments(tmp_path: Path) -> None:
    pytest.importorskip("pymilvus", reason=REASON)
    pytest.importorskip("milvus_lite", reason=REASON)
    with closing(connect(MilvusAddress(path=str(tmp_path / "team.db")))) as connection:
        assert connection._now() == 0
        assert connection.is_lite

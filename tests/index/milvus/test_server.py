"""Errors of the server: what the user is told. With a server of milvus-lite that stops, hangs and dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.errors import LibraryBusy, LibraryTooNew, ServerUnavailable, UsageError
from assistant.index.milvus import canonical, connection, open_shared, server_errors
from assistant.index.milvus.address import MilvusAddress
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.rows import META, ledger_row
from assistant.index.milvus.schema import LEDGER
from assistant.index.places import SharedPlace
from assistant.index.store import vector_key
from assistant.system import confinement
from tests.index.milvus.memory_tables import MemoryTables

REASON = "needs pymilvus and milvus-lite: pip install 'private-assistant[shared]'"
CHUNKS = [Chunk("The rent is 900.", Location(1, 1, 0, 16))]
ENTRY = LedgerEntry("/a.txt", "/", FileState.INDEXED, "", 10, 1, "hash")


@pytest.mark.parametrize(("said", "told"), [
    ("auth check failure, please check api key is correct", "refuses the token"),
    ("<_InactiveRpcError: UNAUTHENTICATED>", "refuses the token"),
    ("PrivilegeSearch: permission deny to ann in the `team` database", "does not allow this: PrivilegeSearch"),
    ("Fail connecting to server on db:19530, illegal connection params or server unavailable", "cannot be reached"),
    ("Deadline Exceeded", "cannot be reached"),
    ("channel not found[channel=by-dev-rootcoord]\nstack trace", "reports an error: channel not found"),
])
def test_an_error_of_the_server_is_one_sentence(said: str, told: str) -> None:
    error = server_errors.translate(RuntimeError(said), MilvusAddress("db"))
    assert isinstance(error, ServerUnavailable)
    assert told in str(error)
    assert "db:19530" in str(error)
    assert "\n" not in str(error)
    assert error.hint


def test_a_library_of_a_later_format_is_refused() -> None:
    tables = MemoryTables()
    MilvusLibrary(tables, SharedPlace("milvus://memory", "one"), Path())
    values = {"schema": "99", "version": "new"}
    tables.upsert(LEDGER, [ledger_row(META, key, {"key": key, "value": value}) for key, value in values.items()])
    with pytest.raises(LibraryTooNew, match="format 99"):
        MilvusLibrary(tables, SharedPlace("milvus://memory", "one"), Path())


def test_a_process_that_uses_no_network_opens_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "REFUSALS", ["network"])
    with pytest.raises(UsageError, match="use no network"):
        connection.connect(MilvusAddress("db"))


def serve(folder: str, port: int) -> None:
    from milvus_lite.adapter.grpc.server import run_server

    run_server(folder, "127.0.0.1", port, max_workers=1)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """Start a server; yield its address and the id of its process."""
    pytest.importorskip("pymilvus", reason=REASON)
    pytest.importorskip("milvus_lite", reason=REASON)
    monkeypatch.setattr(connection, "SECONDS", 6.0)
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 6.0)
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(str(tmp_path / "team.db"), port))
    process.start()
    yield f"milvus://127.0.0.1:{port}", process.pid or 0
    process.kill()
    process.join()


def opened(address: str, seconds: float = 300.0) -> MilvusLibrary:
    end = time.monotonic() + seconds
    while True:
        try:
            store = open_shared(SharedPlace(canonical(address), "this machine"), Path())
            assert isinstance(store, MilvusLibrary)
            return store
        except ServerUnavailable:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@pytest.mark.shared
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
def test_a_server_that_hangs_or_dies_is_an_error_in_time_and_nothing_is_lost(server: tuple[str, int]) -> None:
    address, process = server
    with closing(opened(address)) as store:
        store.put_document(ENTRY, "Title", CHUNKS)
        os.kill(process, signal.SIGSTOP)
        begin = time.monotonic()
        with pytest.raises(ServerUnavailable, match="cannot be reached"):
            store.put_document(LedgerEntry("/b.txt", "/", FileState.INDEXED, "", 10, 1, "hash"), "Title", CHUNKS)
        assert time.monotonic() - begin < 60
        os.kill(process, signal.SIGCONT)
        assert list(store.ledger()) == ["/a.txt"]
        assert [each.chunk for each in store.chunks_of_file("/a.txt")] == CHUNKS
        os.kill(process, signal.SIGKILL)
        with pytest.raises(ServerUnavailable, match="cannot be reached"), store.reading():
            pass
    with pytest.raises(ServerUnavailable, match="cannot be reached"):
        opened(address, seconds=0)


@pytest.mark.shared
def test_a_file_is_read_after_it_was_closed(tmp_path: Path) -> None:
    pytest.importorskip("pymilvus", reason=REASON)
    pytest.importorskip("milvus_lite", reason=REASON)
    for count in range(3):
        with closing(open_shared(SharedPlace(canonical(str(tmp_path / "team.db")), "this machine"), tmp_path)) as store:
            assert store.count_chunks() == count
            assert len(store.view(4, None).ids) == count
            store.put_document(LedgerEntry(f"/{count}.txt", "/", FileState.INDEXED, "", 10, 1, "hash"), "Title", CHUNKS)
            store.put_vectors({vector_key("The rent is 900."): np.full(4, 0.5, np.float32)})
            store.prepare(4)
            assert len(store.view(4, None).search(np.full(4, 0.5, np.float32), 9)) == count + 1


@pytest.mark.shared
def test_a_file_that_another_program_has_open_is_busy(tmp_path: Path) -> None:
    pytest.importorskip("pymilvus", reason=REASON)
    lite = pytest.importorskip("milvus_lite.db", reason=REASON)
    held = lite.MilvusLite(str(tmp_path / "team.db"))
    with pytest.raises(LibraryBusy, match="another program"):
        open_shared(SharedPlace(canonical(str(tmp_path / "team.db")), "this machine"), tmp_path)
    held.close()
    open_shared(SharedPlace(canonical(str(tmp_path / "team.db")), "this machine"), tmp_path).close()

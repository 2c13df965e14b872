"""Two machines watch the same share of a shared library: one works, the other waits and takes over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from operations import Operations, fresh_snapshot

from assistant import Assistant, Settings
from assistant.app.library import registry
from assistant.errors import ServerUnavailable
from assistant.index.milvus import connection, writer
from assistant.index.milvus.leases import LEASE_SECONDS, LeaseTable
from assistant.watch import Watcher, watcher
from tests.index.milvus.memory_tables import MemoryTables
from tests.index.milvus.test_leases import Clock
from tests.watch.test_follow import QUICK, Heard, wait_until

PLACE = "milvus://db.example:19530/team"


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> MemoryTables:
    server = MemoryTables()
    monkeypatch.setattr(connection, "connect", lambda _address, **_: server)
    return server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(writer, "LeaseTable", partial(LeaseTable, clock=clock, pause=lambda _: None))
    return clock


@pytest.fixture
def shares(tmp_path: Path) -> tuple[Path, Path]:
    """One folder under two paths, as two machines mount it."""
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "lease.md").write_text("The rent is 900 euros.\n", "utf-8")
    (tmp_path / "mounted").symlink_to(tmp_path / "share")
    return tmp_path / "share", tmp_path / "mounted"


class Machine:
    """A machine with a home of its own that follows a folder in a thread."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.settings = Settings(home=home, library="team", embed="fake:", reader_processes=1)
        self.folder, self.heard = folder, Heard()
        self._stopped, self._failures = threading.Event(), list[BaseException]()
        registry.create(self.settings, "team", {}, PLACE)
        with Assistant(self.settings) as assistant:
            assistant.add([folder], name="share")
        self._thread = threading.Thread(target=self._follow)

    def _follow(self) -> None:
        try:
            with Assistant(self.settings) as assistant:
                Watcher(assistant, self.heard, QUICK).follow(self._stopped.is_set)
        except BaseException as failure:
            self._failures.append(failure)

    def start(self) -> None:
        self._thread.start()
        wait_until(lambda: bool(self._failures) or self.heard.standing.doing == "watching")

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(60)
        assert not self._failures

    def works(self) -> list[str]:
        return [each.method for each in self.heard.standing.followed]

    def shown(self) -> dict[str, list[str]]:
        with Assistant(self.settings) as assistant:
            store = assistant._store()
            return {path: [each.chunk.text for each in store.chunks_of_file(path)] for path in store.ledger()}


@contextmanager
def following(*machines: Machine) -> Iterator[None]:
    try:
        for machine in machines:
            machine.start()
        yield
    finally:
        for machine in machines:
            machine.stop()


def finds(machine: Machine, words: str) -> Callable[[], bool]:
    return lambda: any(words in text for texts in machine.shown().values() for text in texts)


def test_one_machine_works_and_the_other_says_so_and_takes_over(
    tables: MemoryTables, clock: Clock, shares: tuple[Path, Path], tmp_path: Path
) -> None:
    one, two = (Machine(tmp_path / f"home {number}", share) for number, share in enumerate(shares))
    with following(one, two):
        assert one.works()[0] in {"events", "polling"}
        assert two.works() == ["elsewhere"]
        assert "takes over when that stops" in two.heard.notices[-1]
        (shares[0] / "pump.md").write_text("The pump hums.", "utf-8")
        wait_until(finds(two, "The pump hums."))
        assert two.heard.changes == []
        assert two.shown() == {str(shares[1] / name): texts for name, texts in
                               {"lease.md": ["The rent is 900 euros."], "pump.md": ["The pump hums."]}.items()}
        one.stop()
        wait_until(lambda: two.works() != ["elsewhere"])
        (shares[0] / "valve.md").write_text("The valve is shut.", "utf-8")
        wait_until(finds(two, "The valve is shut."))
        assert ("indexed", "valve.md") in two.heard.told()
    assert set(one.shown()) == {str(shares[0] / name) for name in ("lease.md", "pump.md", "valve.md")}


def test_a_machine_that_died_is_replaced_when_its_lease_has_expired(
    tables: MemoryTables, clock: Clock, shares: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (Machine(tmp_path / f"home {number}", share) for number, share in enumerate(shares))
    with following(one):
        with monkeypatch.context() as dying:
            dying.setattr(LeaseTable, "release", lambda _: None)
            one.stop()
        with following(two):
            assert two.works() == ["elsewhere"]
            (shares[0] / "lease.md").unlink()
            (shares[0] / "pump.md").write_text("The pump hums.", "utf-8")
            clock.now += 2 * LEASE_SECONDS
            wait_until(finds(two, "The pump hums."))
            wait_until(lambda: set(two.shown()) == {str(shares[1] / "pump.md")})


def test_a_server_that_is_away_for_a_while_does_not_end_the_watch(
    tables: MemoryTables, clock: Clock, shares: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "RETRY_SECONDS", 0.1)
    one = Machine(tmp_path / "home", shares[0])

    def refuse(_name: str) -> None:
        raise ServerUnavailable("The server cannot be reached.", "Check that it runs.")

    with following(one):
        tables.before = refuse
        (shares[0] / "pump.md").write_text("The pump hums.", "utf-8")
        wait_until(lambda: "cannot be reached" in one.heard.standing.problem)
        tables.before = lambda _: None
        wait_until(finds(one, "The pump hums."))
        wait_until(lambda: one.heard.standing.problem == "")


@pytest.mark.parametrize("seed", [1, 2])
def test_after_random_operations_the_library_is_what_a_fresh_one_would_be(
    tables: MemoryTables, clock: Clock, shares: tuple[Path, Path], tmp_path: Path, seed: int
) -> None:
    operations = Operations(shares[0], seed)
    one, two = (Machine(tmp_path / f"home {number}", share) for number, share in enumerate(shares))
    with following(one, two):
        for number in range(60):
            operations.one()
            if number == 30:
                one.stop()
        with Assistant(Settings(home=tmp_path / "fresh", embed="fake:")) as other:
            fresh_snapshot(other, shares[1])
            store = other._store()
            expected = {path: [each.chunk.text for each in store.chunks_of_file(path)] for path in store.ledger()}
        wait_until(lambda: two.shown() == expected)

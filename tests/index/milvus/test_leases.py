"""Leases of roots: one machine writes, another takes over when they have expired, and late writes of the first stay unseen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import LibraryBusy, ServerUnavailable
from assistant.index.milvus.leases import CLAIM_SECONDS, LEASE_SECONDS
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.rows import LEASE, row_id
from assistant.index.milvus.schema import LEDGER
from assistant.index.places import SharedPlace
from tests.index.milvus.memory_tables import MemoryTables
from tests.index.milvus.test_interrupted import KillAfter, Killed, assert_no_garbage, contents, put

FILES = {"/docs/a.txt": ["one", "two"], "/docs/b.txt": ["three"], "/docs/gone.txt": ["four"]}
CHANGED = {"/docs/a.txt": ["uno", "dos", "tres"], "/docs/b.txt": ["three"], "/docs/new.txt": ["cinco"]}


class Clock:
    """A clock that stands still unless it is moved; a pause moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


class Office:
    """Machines that share tables and a clock, and all have the folder /docs as `docs`."""

    def __init__(self) -> None:
        self.tables, self.clock = MemoryTables(), Clock()

    def machine(self, name: str) -> MilvusLibrary:
        store = MilvusLibrary(self.tables, SharedPlace("milvus://memory", name), Path())
        store._leases.clock, store._leases.pause = self.clock, self.clock.pause
        if "/docs" not in store.own_roots():
            store._chosen["/docs"] = "docs"  # as `name_root` does for a folder that is on a disk
            store.add_root("/docs")
        return store

    def filled(self) -> MilvusLibrary:
        store = self.machine("one")
        assert store.hold(["/docs"]) == {}
        for path, texts in FILES.items():
            put(store, path, texts)
        return store

    def files(self) -> int:
        """Return the number of rows of files, seen or not."""
        return sum(row["kind"] == "file" for row in self.tables.tables[LEDGER].values())

    def at_request(self, number: int, act: Callable[[], object]) -> None:
        """Let something happen before the request of this number, once."""
        left = [number]

        def before(_name: str) -> None:
            left[0] -= 1
            if left[0] == -1:
                self.tables.before = lambda _: None
                act()

        self.tables.before = before


def change(store: MilvusLibrary) -> None:
    with store.transaction():
        put(store, "/docs/a.txt", CHANGED["/docs/a.txt"])
        put(store, "/docs/new.txt", CHANGED["/docs/new.txt"])
        store.drop_files(["/docs/gone.txt"])
    store.drop_orphaned_vectors(0)


def requests_of(act: Callable[[Office, MilvusLibrary], object]) -> int:
    office = Office()
    store = office.filled()
    office.tables.before = counter = KillAfter(10**6)
    act(office, store)
    return 10**6 - counter.left


def take_over(office: Office) -> MilvusLibrary:
    office.clock.now += 2 * LEASE_SECONDS
    other = office.machine("two")
    assert other.hold(["/docs"]) == {}
    return other


def test_a_root_has_one_keeper_until_its_lease_expires() -> None:
    office = Office()
    one, two = office.filled(), office.machine("two")
    assert two.hold(["/docs"]) == {"/docs": one._leases.held("docs").machine}
    with pytest.raises(LibraryBusy, match="'docs' is kept up to date by"):
        put(two, "/docs/b.txt", ["of machine two"])
    office.clock.now += LEASE_SECONDS - 1
    assert two.hold(["/docs"])
    one.renew()
    office.clock.now += LEASE_SECONDS - 1
    assert two.hold(["/docs"])
    office.clock.now += 2
    assert two.hold(["/docs"]) == {}
    assert one.hold(["/docs"])
    assert (two._leases.held("docs").fence, contents(two)) == (2, FILES)


def test_a_released_lease_is_taken_over_at_once_and_the_fence_grows() -> None:
    office = Office()
    one, two = office.filled(), office.machine("two")
    for fence in range(2, 5):
        before, after = (one, two) if fence % 2 == 0 else (two, one)
        before.release()
        begun = office.clock.now
        assert after.hold(["/docs"]) == {}
        assert office.clock.now - begun <= CLAIM_SECONDS
        assert (after._leases.held("docs").fence, contents(before), contents(after)) == (fence, FILES, FILES)
        assert office.files() == len(FILES)


def test_the_same_machine_continues_its_lease_in_another_process_which_does_not_release_it() -> None:
    office = Office()
    office.filled()
    again = office.machine("one")
    assert again.hold(["/docs"]) == {}
    assert again._leases.held("docs").fence == 1
    again.release()
    assert office.machine("two").hold(["/docs"])


@pytest.mark.parametrize("number", range(requests_of(lambda _, store: change(store))))
def test_a_root_that_is_taken_over_while_its_holder_writes_is_whole_and_shows_nothing_written_later(number: int) -> None:
    office = Office()
    one, others = office.filled(), list[MilvusLibrary]()
    seen: list[dict[str, list[str]]] = []

    def lose() -> None:
        others.append(take_over(office))
        seen.append(contents(others[0]))

    office.at_request(number, lose)
    try:
        change(one)
        reported_done = True
    except LibraryBusy:
        reported_done = False
    assert seen[0] in (FILES, CHANGED)
    assert contents(others[0]) == contents(office.machine("three")) == seen[0]
    assert not reported_done or seen[0] == CHANGED
    assert others[0].inspect(repair=False) == ()
    change(others[0])
    assert contents(office.machine("three")) == CHANGED
    office.clock.now += 10_000
    one.drop_orphaned_vectors(0)  # sweeps what it wrote in vain
    assert others[0].inspect(repair=False) == ()
    assert_no_garbage(office.tables, others[0])
    assert office.files() == len(CHANGED)


@pytest.mark.parametrize("number", range(requests_of(lambda _, store: change(store))))
@pytest.mark.parametrize("later", range(4))
def test_what_a_replaced_holder_writes_before_it_dies_is_never_seen(number: int, later: int) -> None:
    office = Office()
    one = office.filled()
    seen: list[dict[str, list[str]]] = []

    def lose() -> None:
        seen.append(contents(take_over(office)))
        office.tables.before = KillAfter(later)

    office.at_request(number, lose)
    with suppress(Killed, LibraryBusy):
        change(one)
    office.tables.before = lambda _: None
    assert contents(office.machine("three")) == seen[0]


def test_a_holder_that_was_replaced_long_ago_changes_nothing_that_others_see() -> None:
    office = Office()
    one = office.filled()
    two = take_over(office)
    version = two._stored_version()
    with pytest.raises(LibraryBusy, match="'docs' is kept up to date by"):
        change(one)
    assert (two._stored_version(), office.files()) == (version, len(FILES))


@pytest.mark.parametrize("number", range(requests_of(lambda office, _: take_over(office))))
def test_what_the_holder_reports_done_while_its_root_is_taken_over_is_not_lost(number: int) -> None:
    office = Office()
    one, outcomes = office.filled(), list[bool]()

    def write() -> None:
        try:
            change(one)
            outcomes.append(True)
        except LibraryBusy:
            outcomes.append(False)

    office.machine("two")
    office.clock.now += 2 * LEASE_SECONDS
    two = office.machine("two")
    office.at_request(number, write)
    two.hold(["/docs"])
    office.tables.before = lambda _: None
    assert contents(two) == contents(office.machine("three")) == (CHANGED if outcomes == [True] else contents(two))
    assert contents(two) in (FILES, CHANGED)
    assert two.inspect(repair=False) == ()


@pytest.mark.parametrize("number", range(requests_of(lambda office, _: take_over(office))))
def test_a_machine_that_dies_while_it_takes_over_leaves_the_files_to_the_next(number: int) -> None:
    office = Office()
    office.filled()
    office.tables.before = KillAfter(number)
    with pytest.raises(Killed):
        take_over(office)
    office.tables.before = lambda _: None
    assert contents(office.machine("three")) == FILES
    two = take_over(office)
    change(two)
    assert contents(two) == CHANGED
    office.clock.now += 10_000
    assert two.inspect(repair=False) == ()
    assert_no_garbage(office.tables, two)


def test_of_two_machines_that_take_over_at_once_one_goes_on() -> None:
    office = Office()
    office.filled()
    office.clock.now += 2 * LEASE_SECONDS
    two, three = office.machine("two"), office.machine("three")
    left: list[dict[str, str]] = []

    def overtake(seconds: float) -> None:
        office.clock.now += seconds
        left.append(three.hold(["/docs"]))

    two._leases.pause = overtake
    assert two.hold(["/docs"])
    assert left == [{}]
    put(three, "/docs/b.txt", ["of machine three"])
    with pytest.raises(LibraryBusy):
        put(two, "/docs/b.txt", ["of machine two"])
    assert contents(office.machine("one"))["/docs/b.txt"] == ["of machine three"]


def test_of_two_machines_that_claim_a_root_before_either_has_it_the_later_one_goes_on() -> None:
    office = Office()
    office.filled()
    office.clock.now += 2 * LEASE_SECONDS
    two, three = office.machine("two"), office.machine("three")
    claimed, go_on, left = threading.Event(), threading.Event(), list[dict[str, str]]()
    two._leases.pause = lambda _: (claimed.set(), go_on.wait(30))
    first = threading.Thread(target=lambda: left.append(two.hold(["/docs"])))
    first.start()
    claimed.wait(30)
    three._leases.pause = lambda _: (go_on.set(), first.join(30))
    assert three.hold(["/docs"]) == {}
    assert list(left[0]) == ["/docs"]
    assert (three._leases.held("docs").fence, contents(three)) == (2, FILES)


def test_a_late_renewal_or_release_of_the_old_holder_changes_nothing() -> None:
    office = Office()
    one = office.filled()
    two = take_over(office)
    one._leases._renewed.clear()
    one.renew()
    office.clock.now += LEASE_SECONDS - 1
    one.release()
    assert office.machine("three").hold(["/docs"])
    one = office.machine("one")
    one._leases._held["docs"] = replace(two._leases.held("docs"), holder="one", fence=1)
    one.renew()
    office.clock.now += 2
    assert office.machine("three").hold(["/docs"]) == {}


def test_a_holder_learns_from_the_register_that_it_was_replaced() -> None:
    office = Office()
    one = office.filled()
    two = take_over(office)
    assert (two._leases.lost(["docs"]), contents(two)) == ([], FILES)
    assert [lease.holder for lease in one._leases.lost(["docs"])] == ["two"]


def test_a_register_that_the_server_does_not_return_is_no_other_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office()
    one = office.filled()
    whole = office.tables.by_values
    register = row_id(LEASE, "docs")
    with monkeypatch.context() as patch:
        patch.setattr(office.tables, "by_values", lambda table, field, values, fields: [] if list(values) == [register]
                      else whole(table, field, values, fields))
        with pytest.raises(ServerUnavailable, match="rows only"):
            put(one, "/docs/late.txt", ["five"])
    assert contents(office.machine("two")) == FILES
    put(one, "/docs/late.txt", ["five"])
    assert contents(office.machine("two")) == {**FILES, "/docs/late.txt": ["five"]}

"""What other machines read again after a commit: the rows that it changed, or everything where the journal does not say."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from assistant.datatypes import FileState, LedgerEntry
from assistant.index.milvus import journal, reader
from assistant.index.milvus.connection import Row
from assistant.index.milvus.leases import LEASE_SECONDS
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.rows import FILE, JOURNAL, META, ledger_row, row_id
from assistant.index.milvus.schema import LEDGER
from assistant.index.places import SharedPlace
from assistant.index.rights import Access
from tests.index.milvus.memory_tables import MemoryTables
from tests.index.milvus.test_interrupted import KillAfter, Killed, contents, put

READER = Access(frozenset({"clerks"}), is_whole=False)
DUMP = "SELECT * FROM files JOIN generations USING (path) ORDER BY path", "SELECT * FROM meta ORDER BY key"


class CountedTables(MemoryTables):
    """Tables that count the rows of files read; the calls are made once, when the journal was read and before a commit."""

    def __init__(self) -> None:
        super().__init__()
        self.files_read = 0
        self.after_journal: list[Callable[[], object]] = []
        self.before_commit: list[Callable[[], object]] = []

    def upsert(self, collection: str, rows: Sequence[Row]) -> None:
        if self.before_commit and row_id(META, "version") in {row["id"] for row in rows}:
            self.before_commit.pop()()
        super().upsert(collection, rows)

    def query(self, collection: str, filter: str, fields: Sequence[str]) -> list[Row]:
        rows = super().query(collection, filter, fields)
        if collection == LEDGER and "kind" in fields:
            self.files_read += sum(row["kind"] == FILE for row in rows)
        if f'"{JOURNAL}"' in filter and self.after_journal:
            self.after_journal.pop()()
        return rows


@pytest.fixture
def tables() -> CountedTables:
    return CountedTables()


def opened(tables: MemoryTables, writer: str, access: Access | None = None) -> MilvusLibrary:
    store = MilvusLibrary(tables, SharedPlace("milvus://memory", writer), Path(), access or Access())
    store._leases.pause = lambda _: None
    return store


def refreshed(store: MilvusLibrary) -> list[Any]:
    """Return everything that a machine knows of files, values, roots and leases, after it has looked."""
    with store.reading():
        return [*(store._mirror._rows(sql) for sql in DUMP), store._mirror.root_values, store._mirror.leases]


def filled(tables: MemoryTables, count: int = 50) -> tuple[MilvusLibrary, MilvusLibrary]:
    """Return the machine that writes, and one that has seen a change of its before: it knows the journal."""
    one, two = opened(tables, "one"), opened(tables, "two")
    one._chosen["/docs"] = "docs"
    one.add_root("/docs")
    with one.transaction():
        for number in range(count):
            put(one, f"/docs/{number}.txt", ["text"])
    assert refreshed(two)
    return one, two


def test_only_what_has_changed_is_read_again(tables: CountedTables) -> None:
    one, two = filled(tables)
    put(one, "/docs/1.txt", ["new"])
    one.drop_files(["/docs/2.txt"])
    one.set_meta("embedder", "model")
    tables.files_read = 0
    assert refreshed(two) == refreshed(opened(tables, "three"))
    assert (tables.files_read, two.meta("embedder"), contents(two)["docs/1.txt"]) == (1 + 49, "model", ["new"])
    assert "docs/2.txt" not in contents(two)


def test_what_the_journal_does_not_say_is_read(tables: CountedTables) -> None:
    one, two = filled(tables)
    changes: tuple[Callable[[], object], ...] = (
        lambda: one.exclude("/docs/x"), lambda: one.set_groups("/docs", ["law"]), lambda: one.set_groups("/docs", []),
        lambda: put(one, "/docs/3.txt", ["again"]))
    for change in changes:
        change()
        assert refreshed(two) == refreshed(opened(tables, "three"))
        assert (two.excluded(), two.root_groups()) == (("docs/x",), {"docs": one.root_groups()["/docs"]})


def test_a_takeover_is_seen_by_those_who_read_changes_only(tables: CountedTables) -> None:
    one, two = filled(tables)
    two._chosen["/mnt"] = "docs"
    two.add_root("/mnt")
    put(one, "/docs/1.txt", ["before"])
    reader = opened(tables, "three")
    put(one, "/docs/1.txt", ["before it"])
    assert refreshed(reader)
    two._leases.clock = lambda: one._leases.clock() + 2 * LEASE_SECONDS
    assert two.hold(["/mnt"]) == {}
    put(two, "/mnt/1.txt", ["after"])
    assert refreshed(reader) == refreshed(opened(tables, "four"))
    assert contents(reader)["docs/1.txt"] == ["after"]


def test_a_commit_while_changes_are_read_is_seen_whole(tables: CountedTables) -> None:
    one, two = filled(tables)
    put(one, "/docs/1.txt", ["new"])

    def move() -> None:
        with one.transaction():
            one.drop_files(["/docs/1.txt"])
            put(one, "/docs/moved.txt", ["new"])

    tables.after_journal.append(move)
    assert refreshed(two) == refreshed(opened(tables, "three"))
    assert contents(two)["docs/moved.txt"] == ["new"]


def test_a_machine_sees_what_another_changed_while_it_wrote(tables: CountedTables) -> None:
    one, two = filled(tables)
    two._chosen["/own"] = "own"
    two.add_root("/own")
    with two.transaction():
        put(two, "/own/a.txt", ["of two"])
        put(one, "/docs/1.txt", ["of one"])
    assert contents(two)["docs/1.txt"] == ["of one"]


@pytest.mark.parametrize("limit", ["MOST_FILES", "MOST_ENTRIES"])
def test_long_entries_and_many_entries_are_not_kept(tables: CountedTables, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    one, two = filled(tables)
    before = journal.read_journal(tables).entries.keys()
    monkeypatch.setattr(journal, limit, 3)
    for number in range(10):
        with one.transaction():
            for file in range(5):
                put(one, f"/docs/{file}.txt", [f"version {number}"])
        one.drop_orphaned_vectors(0)
        assert refreshed(two) == refreshed(opened(tables, "three"))
    entries = journal.read_journal(tables).entries
    assert all(len(entries[version].files) <= 3 for version in entries.keys() - before) or limit == "MOST_ENTRIES"
    assert len(entries) <= 3 or limit == "MOST_FILES"


def test_a_process_that_writes_for_months_sweeps_the_journal(tables: CountedTables) -> None:
    one, two = filled(tables, 1)
    for number in range(2 * journal.MOST_ENTRIES + 50):
        one.set_meta("embedder", str(number))
    kept = sum(row["kind"] == JOURNAL for row in tables.tables[LEDGER].values())
    assert kept <= 1 + journal.MOST_ENTRIES
    assert refreshed(two) == refreshed(opened(tables, "three"))


def test_a_commit_of_an_older_program_is_seen(tables: CountedTables) -> None:
    one, two = filled(tables)
    row = {**next(row for row in tables.tables[LEDGER].values() if row["kind"] == FILE)}
    value = row["value"].replace('"title": "', '"title": "by the older program ')
    tables.upsert(LEDGER, [{**row, "value": value}, ledger_row(META, "version", {"key": "version", "value": "of the older"})])
    put(one, "/docs/9.txt", ["new"])
    assert refreshed(one) == refreshed(opened(tables, "one"))
    assert refreshed(two) == refreshed(opened(tables, "three"))
    assert '"title": "by the older program ' in value


@pytest.mark.parametrize("seed", range(20))
def test_machines_and_readers_know_what_a_new_one_reads(tables: CountedTables, monkeypatch: pytest.MonkeyPatch, seed: int
                                                        ) -> None:
    """Random changes by two machines, seen by one that may see everything and one that may not."""
    monkeypatch.setattr(journal, "MOST_ENTRIES", 5)
    chance = random.Random(seed)
    machines = {root: opened(tables, root) for root in ("a", "b")}
    for root, store in machines.items():
        store._chosen[f"/{root}"] = root
        store.add_root(f"/{root}")
    watching = [opened(tables, "c"), opened(tables, "c", READER)]
    for _ in range(60):
        root = chance.choice("ab")
        change_something(machines[root], f"/{root}", chance)
        if chance.random() < 0.5:
            watcher = chance.choice(watching)
            assert refreshed(watcher) == refreshed(opened(tables, "c", watcher.access))
            assert contents(watcher) == contents(opened(tables, "c", watcher.access))
    for store in machines.values():
        known = refreshed(store)
        store._read_again()
        assert known == refreshed(store)


def change_something(store: MilvusLibrary, root: str, chance: random.Random) -> None:
    """Make a random change of a root."""
    path, other = (f"{root}/{chance.randrange(6)}.txt" for _ in range(2))
    kind = chance.randrange(7)
    if kind == 0:
        store.drop_files([path])
    elif kind == 1:
        store.set_groups(root, chance.choice([[], ["clerks"], ["law"]]))
    elif kind == 2:
        store.set_meta("embedder", str(chance.random()))
    elif kind == 3 and (known := store.entry(path)) and path != other:
        store.move_file(path, LedgerEntry(other, root, FileState.INDEXED, "", 2, 2, known.content_hash))
    elif kind == 4:
        store.drop_orphaned_vectors(0)
    else:
        with suppress(ZeroDivisionError), store.transaction():
            put(store, path, [f"text {chance.random()}"] * chance.randint(1, 3))
            put(store, other, [f"text {chance.random()}"])
            if kind == 5 and chance.random() < 0.3:
                raise ZeroDivisionError


CHANGES: dict[str, Callable[[MilvusLibrary, str], object]] = {
    "file": lambda store, root: put(store, f"{root}/new.txt", ["new"]),
    "removed": lambda store, root: store.drop_files([f"{root}/0.txt"]),
    "excluded": lambda store, root: store.exclude(f"{root}/x"),
    "groups": lambda store, root: store.set_groups(root, ["law"]),
    "value": lambda store, root: store.set_meta(f"key of {root}", "value"),
    "lease": lambda store, root: store._leases.take(f"other{root.replace('/', '-')}"),
}


def two_writers(tables: MemoryTables) -> tuple[MilvusLibrary, MilvusLibrary]:
    """Return two machines with a root each, /one and /two, that have seen everything."""
    machines = opened(tables, "one"), opened(tables, "two")
    for store in machines:
        root = f"/{store._shared.writer}"
        store._chosen[root] = root[1:]
        store.add_root(root)
        put(store, f"{root}/0.txt", ["text"])
    for store in machines:
        refreshed(store)
    return machines


@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize("theirs", list(CHANGES))
@pytest.mark.parametrize("own", [name for name in CHANGES if name != "lease"])
def test_of_two_commits_at_once_both_writers_see_both(tables: CountedTables, own: str, theirs: str, is_new: bool) -> None:
    one, two = two_writers(tables)
    reader = opened(tables, "reader")
    put(two, "/two/1.txt", ["text"])
    refreshed(reader)
    one = opened(tables, "one") if is_new else one
    tables.before_commit.append(lambda: CHANGES[theirs](two, "/two"))
    CHANGES[own](one, "/one")
    assert tables.before_commit == []
    for store in (one, two, reader):
        assert refreshed(store) == refreshed(opened(tables, store._shared.writer))
        assert (store.excluded(), store.root_groups()) == (
            opened(tables, store._shared.writer).excluded(), opened(tables, store._shared.writer).root_groups())


@pytest.mark.parametrize("is_new", [False, True])
def test_of_two_commits_at_once_both_are_seen_after_more_of_them_in_one_reading(tables: CountedTables, is_new: bool) -> None:
    one, two = two_writers(tables)
    one = opened(tables, "one") if is_new else one
    with one.reading():
        put(two, "/two/before.txt", ["before"])
        tables.before_commit.append(lambda: put(two, "/two/at-once.txt", ["at once"]))
        for number in range(3):
            put(one, f"/one/{number}.txt", ["own"])
    assert contents(one) == contents(opened(tables, "one"))
    assert "two/at-once.txt" in contents(one)


def test_the_view_of_the_vectors_is_made_again_when_a_commit_at_once_comes_to_light(tables: CountedTables) -> None:
    one, two = two_writers(tables)
    tables.before_commit.append(lambda: put(two, "/two/new.txt", ["new"]))
    with one.reading():
        one.set_meta("embedder", "model")
        held = one.view(4, None)
    with one.reading():
        view = one.view(4, held)
        assert one.view(4, view) is view
        assert (len(held.ids), len(view.ids)) == (2, 3)


def test_a_machine_that_writes_alone_reads_the_ledger_once(tables: CountedTables) -> None:
    filled(tables)
    one = opened(tables, "one")
    put(one, "/docs/0.txt", ["takes the lease"])
    tables.files_read = 0
    for number in range(5):
        put(one, f"/docs/{number}.txt", [f"text {number}"])
        one.exclude(f"/docs/x{number}")
        pending = one._pending
        assert len(contents(one)) == 50
        assert one._pending is pending
    assert tables.files_read == 0


def test_a_change_while_a_long_ledger_is_read_in_blocks_is_seen(tables: CountedTables, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = filled(tables)
    monkeypatch.setattr(reader, "MOST_RESULTS", 10)
    one.exclude("/docs/x")
    read_rows, left = MilvusLibrary._ledger_rows, [1]

    def rows_in_blocks(store: MilvusLibrary) -> list[Row]:
        rows = read_rows(store)
        if store is two and left.pop():
            left.append(0)
            put(one, "/docs/1.txt", ["new"])
            later = read_rows(store)
            return [row for row in rows if row["kind"] == FILE] + [row for row in later if row["kind"] != FILE]
        left.append(0)
        return rows

    monkeypatch.setattr(MilvusLibrary, "_ledger_rows", rows_in_blocks)
    assert contents(two)["docs/1.txt"] == ["new"]


def test_everything_is_read_after_a_sweep_that_was_cut_off(tables: CountedTables, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = filled(tables)
    monkeypatch.setattr(journal, "MOST_ENTRIES", 3)
    for number in range(5):
        put(one, f"/docs/{number}.txt", [f"version {number}"])
    tables.before = KillAfter(1)  # the base is written, no entry is deleted
    with pytest.raises(Killed):
        journal.sweep_journal(tables)
    tables.before = lambda _: None
    assert refreshed(two) == refreshed(opened(tables, "three"))
    put(one, "/docs/9.txt", ["more"])
    journal.sweep_journal(tables)
    assert refreshed(two) == refreshed(opened(tables, "three"))
    assert sum(row["kind"] == JOURNAL for row in tables.tables[LEDGER].values()) == 1


def test_everything_is_read_if_a_sweep_comes_in_between(tables: CountedTables, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = filled(tables)
    monkeypatch.setattr(journal, "MOST_ENTRIES", 1)
    put(one, "/docs/1.txt", ["new"])
    put(one, "/docs/2.txt", ["new"])
    tables.after_journal.append(lambda: journal.sweep_journal(tables))
    assert refreshed(two) == refreshed(opened(tables, "three"))
    assert contents(two)["docs/1.txt"] == contents(two)["docs/2.txt"] == ["new"]


@pytest.mark.parametrize(("files", "is_partial"), [(journal.MOST_FILES, False), (journal.MOST_FILES + 1, True)])
def test_an_entry_names_so_many_files_at_most(files: int, is_partial: bool) -> None:
    tables = CountedTables()
    opened(tables, "one")
    entry = journal.JournalEntry(frozenset(map(str, range(files))), frozenset({"key"}), "before")
    tables.upsert(LEDGER, [journal.entry_row("now", entry)])
    read = journal.read_journal(tables)
    known = journal.Journal("", {})
    assert read.entries["now"].is_partial == is_partial
    assert (read.since(known, "before", "now") is None) == is_partial
    assert read.since(known, "another", "now") is None
    assert read.since(known, "before", "later") is None


def test_an_entry_that_is_too_long_for_a_row_is_partial() -> None:
    noise = random.Random(1)
    names = frozenset("".join(chr(noise.randrange(0x4E00, 0x9FFF)) for _ in range(100)) for _ in range(1_000))
    tables = CountedTables()
    opened(tables, "one")
    tables.upsert(LEDGER, [journal.entry_row("now", journal.JournalEntry(names, frozenset(), "before"))])
    assert journal.read_journal(tables).entries["now"].is_partial

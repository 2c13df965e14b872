"""What other machines read again after a commit: the rows that it changed, or everything where the journal does not say."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from assistant.datatypes import FileState, LedgerEntry
from assistant.index.milvus import journal
from assistant.index.milvus.connection import Row
from assistant.index.milvus.leases import LEASE_SECONDS
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.rows import FILE, JOURNAL, META, ledger_row
from assistant.index.milvus.schema import LEDGER
from assistant.index.places import SharedPlace
from assistant.index.rights import Access
from tests.index.milvus.memory_tables import MemoryTables
from tests.index.milvus.test_interrupted import contents, put

READER = Access(frozenset({"clerks"}), is_whole=False)
DUMP = "SELECT * FROM files JOIN generations USING (path) ORDER BY path", "SELECT * FROM meta ORDER BY key"


class CountedTables(MemoryTables):
    """Tables that count the rows of files read; `after_journal` is called once the journal was read."""

    def __init__(self) -> None:
        super().__init__()
        self.files_read = 0
        self.after_journal: list[Callable[[], object]] = []

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


def refreshed(store: MilvusLibrary) -> list[list[tuple[Any, ...]]]:
    """Return everything that a machine knows of files and values, after it has looked."""
    with store.reading():
        return [store._mirror._rows(sql) for sql in DUMP]


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
    monkeypatch.setattr(journal, limit, 3)
    for number in range(10):
        with one.transaction():
            for file in range(5):
                put(one, f"/docs/{file}.txt", [f"version {number}"])
        one.drop_orphaned_vectors(0)
        assert refreshed(two) == refreshed(opened(tables, "three"))
    kept = sum(row["kind"] == JOURNAL for row in tables.tables[LEDGER].values())
    assert kept <= 1 + 3


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

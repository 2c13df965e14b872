"""Groups of named roots: they are the same wherever a root is mounted, and whoever holds its lease."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import LibraryBusy, UsageError
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.rows import META, ROOT, ledger_row, row_id
from assistant.index.milvus.schema import LEDGER
from assistant.index.places import SharedPlace
from assistant.index.rights import WHOLE, Access
from tests.index.milvus.memory_tables import MemoryTables
from tests.index.milvus.test_interrupted import contents, put

LAWYERS = frozenset({"lawyers"})


def opened(tables: MemoryTables, writer: str, access: Access = WHOLE) -> MilvusLibrary:
    store = MilvusLibrary(tables, SharedPlace("milvus://memory", writer), Path(), access)
    store._leases.pause = lambda _: None
    return store


def reader(tables: MemoryTables, writer: str, *groups: str) -> MilvusLibrary:
    return opened(tables, writer, Access(frozenset(groups), is_whole=False))


@pytest.fixture
def tables() -> MemoryTables:
    return MemoryTables()


@pytest.fixture
def mounts(tables: MemoryTables, tmp_path: Path) -> tuple[str, str]:
    """Where the machines `one` and `two` have the root `docs`, which lawyers may read."""
    places = tmp_path / "here" / "docs", tmp_path / "there" / "mounted"
    for place in places:
        place.mkdir(parents=True)
        (place / "a.txt").write_text("text", "utf-8")
    here, there = map(str, places)
    one, two = opened(tables, "one"), opened(tables, "two")
    one.add_root(here)
    one.set_groups(here, ["lawyers"])
    put(one, f"{here}/a.txt", ["secret"])
    one.exclude(f"{here}/x")
    two.name_root(there, "docs")
    two.add_root(there)
    one.release()
    return here, there


def everything(store: MilvusLibrary) -> tuple[object, ...]:
    return (store.roots(), store.own_roots(), store.root_names(), store.root_groups(), store.excluded(), contents(store),
            store.paths_of_chunks(), store.holding_each([("secret",)], 9))


def test_a_reader_without_the_group_sees_nothing_on_any_machine(tables: MemoryTables, mounts: tuple[str, str]) -> None:
    for writer in ("one", "two", "three"):
        for groups in ((), ("clerks",)):
            assert everything(reader(tables, writer, *groups)) == ((), (), {}, {}, (), {}, [], [[]])


def test_a_reader_with_the_group_sees_a_root_where_his_machine_has_it(tables: MemoryTables, mounts: tuple[str, str]) -> None:
    for writer, place in zip(("one", "two", "three"), (*mounts, "docs"), strict=True):
        store = reader(tables, writer, "lawyers")
        own = () if writer == "three" else (place,)
        assert everything(store)[:6] == (
            (place,), own, dict.fromkeys(own, "docs"), {place: ("lawyers",)}, (f"{place}/x",), {f"{place}/a.txt": ["secret"]})
        assert [each.path for each in store.chunks(store.holding_each([("secret",)], 9)[0]).values()] == [f"{place}/a.txt"]


def test_leases_and_groups_survive_each_other_s_changes(tables: MemoryTables, mounts: tuple[str, str]) -> None:
    here, there = mounts
    one, two = opened(tables, "one"), opened(tables, "two")
    assert one.hold([here]) == {}
    lease = one._leases.held("docs")
    two.set_groups(there, ["board"])
    assert one.hold([here]) == {}
    assert one._leases.held("docs") == lease
    put(one, f"{here}/a.txt", ["secret", "minutes"])
    one.release()
    assert two.hold([there]) == {}
    put(two, f"{there}/b.txt", ["secret"])
    two.release()
    assert one.hold([here]) == {}
    assert reader(tables, "two", "lawyers").ledger() == {}
    for writer, place in zip(("one", "two", "three"), (here, there, "docs"), strict=True):
        store = reader(tables, writer, "board")
        assert (store.root_groups(), sorted(store.ledger())) == ({place: ("board",)}, [f"{place}/a.txt", f"{place}/b.txt"])


def test_adding_a_root_again_does_not_undo_a_change_of_groups_meanwhile(tables: MemoryTables, mounts: tuple[str, str]) -> None:
    here, there = mounts
    one, two = opened(tables, "one"), opened(tables, "two")
    with one.transaction():
        one.add_root(here)
        two.set_groups(there, ["board"])
    assert reader(tables, "one", "lawyers").roots() == ()
    assert reader(tables, "one", "board").roots() == (here,)


def test_a_root_that_is_removed_and_added_is_new(tables: MemoryTables, mounts: tuple[str, str]) -> None:
    here, there = mounts
    one = opened(tables, "one")
    one.drop_files([f"{here}/a.txt"])
    one.drop_root(here)
    with pytest.raises(UsageError, match="no added folder"):
        opened(tables, "two").set_groups(there, ["board"])
    one = opened(tables, "one")
    one.add_root(here)
    assert one.root_groups() == {here: ()}


def test_a_hidden_name_is_refused_without_a_word_about_what_has_it(
    tables: MemoryTables, mounts: tuple[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(UsageError, match="cannot have the name 'docs'"):
        opened(tables, "three").name_root(str(other), "docs")
    with pytest.raises(UsageError, match="is not the folder 'docs'"):
        opened(tables, "three", Access(LAWYERS)).name_root(str(other), "docs")
    (other / "a.txt").write_text("text", "utf-8")
    three = opened(tables, "three")
    three.name_root(str(other), "docs")
    three.add_root(str(other))
    assert (three.root_names(), three.root_groups()) == ({str(other): "docs"}, {str(other): ("lawyers",)})
    assert everything(reader(tables, "three")) == ((), (), {}, {}, (), {}, [], [[]])


def test_the_holder_of_a_hidden_root_is_not_named(tables: MemoryTables, mounts: tuple[str, str]) -> None:
    opened(tables, "one").hold([mounts[0]])
    for store, words in ((opened(tables, "three"), "A folder of the library is kept up to date by another machine"),
                         (opened(tables, "three", Access(LAWYERS)), "'docs' is kept up to date by"),
                         (opened(tables, "two"), "'docs' is kept up to date by")):  # this machine has the folder
        with pytest.raises(LibraryBusy, match=words) as refused:
            store.drop_files(list(store.ledger()))
        assert ("docs" in str(refused.value)) == words.startswith("'docs'")


def test_the_innermost_root_decides_by_its_name(tables: MemoryTables, tmp_path: Path) -> None:
    one, docs = opened(tables, "one"), tmp_path / "docs"
    (docs / "deep" / "open").mkdir(parents=True)
    for path, groups in ((docs, ["lawyers"]), (docs / "deep", ["board"]), (docs / "deep" / "open", [])):
        one.add_root(str(path))
        one.set_groups(str(path), groups)
        put(one, str(path / "a.txt"), [path.name])
    for writer, place in (("one", str(docs)), ("two", "docs")):
        seen = {groups: list(reader(tables, writer, *groups).ledger()) for groups in ((), ("lawyers",), ("board",))}
        assert seen == {(): [f"{place}/deep/open/a.txt"], ("lawyers",): [f"{place}/a.txt", f"{place}/deep/open/a.txt"],
                        ("board",): [f"{place}/deep/a.txt", f"{place}/deep/open/a.txt"]}


def test_a_root_of_version_1_keeps_its_groups_when_it_gets_a_name(tables: MemoryTables) -> None:
    one = opened(tables, "one")
    put(one, "/old/docs/a.txt", ["secret"])
    tables.upsert(LEDGER, [ledger_row(ROOT, "/old/docs", {"path": "/old/docs", "writer": "one"}),
                           ledger_row(META, "schema", {"key": "schema", "value": "1"})])
    opened(tables, "two").set_groups("/old/docs", ["lawyers"])
    one = opened(tables, "one")
    assert one.own_roots() == ("/old/docs",)
    assert reader(tables, "two").ledger() == {}
    assert one.hold(one.own_roots()) == {}
    assert tables.tables[LEDGER][row_id(ROOT, "docs")]["kind"] == ROOT
    for writer, place in (("one", "/old/docs"), ("two", "docs")):
        assert reader(tables, writer).ledger() == {}
        assert list(reader(tables, writer, "lawyers").ledger()) == [f"{place}/a.txt"]


def test_a_path_that_was_noted_before_the_root_was_mounted_is_known(tables: MemoryTables, mounts: tuple[str, str]) -> None:
    for writer in ("two", "three"):
        assert reader(tables, writer, "lawyers").entry("docs/a.txt")
        assert reader(tables, writer).entry("docs/a.txt") is None


def test_only_machines_with_a_readable_root_are_counted(tables: MemoryTables, mounts: tuple[str, str]) -> None:
    for writer in ("one", "two"):
        opened(tables, writer).record_sync()
    assert len(reader(tables, "three", "lawyers").metrics().machines) == 2
    assert reader(tables, "three").metrics().machines == ()

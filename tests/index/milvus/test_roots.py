"""Names of roots: one folder under different paths on two machines is one set of files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.errors import LibraryTooNew, UsageError
from assistant.index import SqliteLibrary
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.names import RootNames, free_name, name_of, require_name
from assistant.index.milvus.rows import META, ROOT, gone_row, ledger_row, unpacked_text
from assistant.index.milvus.schema import LEDGER, SCHEMA_VERSION
from assistant.index.places import SharedPlace
from tests.index.milvus.memory_tables import MemoryTables
from tests.index.milvus.test_interrupted import contents, put

NAMES = RootNames([("docs", "/home/ann/docs"), ("docs/deep", "/home/ann/docs/deep"), ("lease/lease.txt", "/tmp/lease.txt"),
                   ("all", "/")])


@pytest.mark.parametrize(("path", "shared"), [
    ("/home/ann/docs", "docs"), ("/home/ann/docs/a.txt", "docs/a.txt"), ("/home/ann/docs/deep/b/c.txt", "docs/deep/b/c.txt"),
    ("/home/ann/docs2/a.txt", "all/home/ann/docs2/a.txt"), ("/tmp/lease.txt", "lease/lease.txt"),
    ("/tmp/other.txt", "all/tmp/other.txt"),
    ("/", "all"), ("/home/ann/docs/a.zip/b.txt", "docs/a.zip/b.txt"),
])
def test_paths_are_translated_and_come_back(path: str, shared: str) -> None:
    assert (NAMES.to_shared(path), NAMES.to_local(shared), name_of(path)) == (shared, path, "")


def test_what_is_below_no_root_of_this_machine_stays_as_it_is() -> None:
    names = RootNames([("docs", "/docs")])
    for path in ("/other/a.txt", "team/a.txt", "docs2/a.txt", "C:\\docs\\a.txt", "\\\\server\\a.txt"):
        assert names.to_local(path) == path
    assert names.to_shared("/docs2/a.txt") == "/docs2/a.txt"
    assert [name_of(path) for path in ("C:\\docs", "\\\\server\\docs", "c:/docs")] == [""] * 3


def test_a_name_is_the_folder_s_own_or_one_with_a_number() -> None:
    assert [free_name("/a/docs", taken) for taken in ([], ["docs"], ["docs", "docs-2"])] == ["docs", "docs-2", "docs-3"]
    assert [free_name(path, []) for path in ("/", "/a/.hidden", "/a/资料", "/a/x:y")] == ["files", "files", "资料", "files"]
    for name in ("", "a/b", ".", "~x", "-x", "a:b", "a*", " a", "a ", "x" * 101, "a\nb"):
        with pytest.raises(UsageError):
            require_name(name)


@pytest.fixture
def tables() -> MemoryTables:
    return MemoryTables()


def opened(tables: MemoryTables, writer: str) -> MilvusLibrary:
    store = MilvusLibrary(tables, SharedPlace("milvus://memory", writer), Path())
    store._leases.pause = lambda _: None
    return store


def folder_with(place: Path, *names: str) -> str:
    place.mkdir(parents=True)
    for name in names:
        (place / name).write_text("text", "utf-8")
    return str(place)


def test_a_share_at_two_places_is_one_set_of_files(tables: MemoryTables, tmp_path: Path) -> None:
    here, there = folder_with(tmp_path / "here" / "docs", "a.txt"), folder_with(tmp_path / "there" / "mounted", "a.txt")
    one, two = opened(tables, "one"), opened(tables, "two")
    one.add_root(here)
    put(one, f"{here}/a.txt", ["one"])
    one.exclude(f"{here}/secret")
    assert (contents(two), two.roots(), two.own_roots(), two.excluded()) == (
        {"docs/a.txt": ["one"]}, ("docs",), (), ("docs/secret",))
    two.name_root(there, "docs")
    two.add_root(there)
    assert (contents(two), two.roots(), two.own_roots(), two.excluded()) == (
        {f"{there}/a.txt": ["one"]}, (there,), (there,), (f"{there}/secret",))
    assert (two.root_names(), one.own_roots()) == ({there: "docs"}, (here,))
    one.release()
    assert two.hold([there]) == {}
    put(two, f"{there}/a.txt", ["two"])
    assert contents(opened(tables, "one")) == {f"{here}/a.txt": ["two"]}
    found = two.chunks(two.holding_each([("two",)], 5)[0])
    assert [each.path for each in found.values()] == [f"{there}/a.txt"]
    two.drop_files([f"{there}/a.txt"])
    two.drop_root(there)
    with one.reading(), two.reading():
        pass
    assert (one.roots(), one.own_roots(), contents(one), two.roots()) == ((), (), {}, ())


def test_another_folder_of_the_same_name_gets_a_name_of_its_own(tables: MemoryTables, tmp_path: Path) -> None:
    one, two = opened(tables, "one"), opened(tables, "two")
    here, there = folder_with(tmp_path / "here" / "docs", "a.txt"), folder_with(tmp_path / "there" / "docs", "b.txt")
    one.add_root(here)
    put(one, f"{here}/a.txt", ["one"])
    with pytest.raises(UsageError, match="is not the folder 'docs'"):
        two.name_root(there, "docs")
    two.add_root(there)
    put(two, f"{there}/b.txt", ["two"])
    assert two.root_names() == {there: "docs-2"}
    assert contents(opened(tables, "three")) == {"docs/a.txt": ["one"], "docs-2/b.txt": ["two"]}
    with pytest.raises(UsageError, match="with the name 'docs-2'"):
        two.name_root(there, "docs")


def test_a_name_does_not_move_to_another_folder_of_the_same_machine(tables: MemoryTables, tmp_path: Path) -> None:
    first, second = folder_with(tmp_path / "first", "a.txt"), folder_with(tmp_path / "second", "b.txt")
    one = opened(tables, "one")
    one.name_root(first, "docs")
    one.add_root(first)
    put(one, f"{first}/a.txt", ["one"])
    with pytest.raises(UsageError, match=f"'docs' is the name of {first}"):
        one.name_root(second, "docs")
    (tmp_path / "first").rename(tmp_path / "moved")
    with pytest.raises(UsageError, match="none of the files"):
        one.name_root(second, "docs")
    one.name_root(str(tmp_path / "moved"), "docs")  # the same folder
    one.add_root(str(tmp_path / "moved"))
    assert contents(one) == {str(tmp_path / "moved" / "a.txt"): ["one"]}


def test_a_folder_in_a_root_belongs_to_it_and_one_around_it_is_refused(tables: MemoryTables, tmp_path: Path) -> None:
    one = opened(tables, "one")
    deep = folder_with(tmp_path / "docs" / "deep")
    one.add_root(deep)
    with pytest.raises(UsageError, match="was added under the name"):
        one.add_root(str(tmp_path / "docs"))
    two = opened(MemoryTables(), "one")
    two.add_root(str(tmp_path / "docs"))
    two.add_root(deep)
    assert two.root_names() == {str(tmp_path / "docs"): "docs", deep: "docs/deep"}


def test_a_single_file_is_known_by_its_name(tables: MemoryTables, tmp_path: Path) -> None:
    one = opened(tables, "one")
    folder = folder_with(tmp_path / "x", "lease.txt", "other.txt")
    one.add_root(f"{folder}/lease.txt")
    put(one, f"{folder}/lease.txt", ["rent"])
    assert contents(one) == {f"{folder}/lease.txt": ["rent"]}
    assert contents(opened(tables, "two")) == {"lease.txt/lease.txt": ["rent"]}


def as_version_1(tables: MemoryTables, store: MilvusLibrary, root: str, *paths: str) -> None:
    """Write files as version 1 of the format did: by absolute path, with the machine in the row of the root."""
    for path in paths:
        put(store, path, [Path(path).stem])
    values = {"path": root, "writer": "one", "more": 1}
    tables.upsert(LEDGER, [ledger_row(ROOT, root, values), ledger_row(META, "schema", {"key": "schema", "value": "1"})])
    store._version = None


def test_a_library_of_version_1_is_read_and_its_roots_get_names(tables: MemoryTables) -> None:
    one = opened(tables, "one")
    as_version_1(tables, one, "/old/docs", "/old/docs/a.txt", "/old/docs/b.txt")
    one.exclude("/old/docs/x")
    first = one.spans()[0].tolist()
    one, two = opened(tables, "one"), opened(tables, "two")
    assert (one.own_roots(), two.own_roots(), two.roots()) == (("/old/docs",), (), ("/old/docs",))
    assert one.hold(one.own_roots()) == {}
    for store in (one, opened(tables, "one")):
        assert (store.own_roots(), store.roots(), store.excluded()) == (("/old/docs",), ("/old/docs",), ("/old/docs/x",))
        assert contents(store) == {"/old/docs/a.txt": ["a"], "/old/docs/b.txt": ["b"]}
        assert store.spans()[0].tolist() == first
    assert (contents(two), two.roots(), two.excluded()) == ({"docs/a.txt": ["a"], "docs/b.txt": ["b"]}, ("docs",), ("docs/x",))
    assert one.meta("schema") == str(SCHEMA_VERSION)
    kinds = [row["kind"] for row in tables.tables[LEDGER].values()]
    assert (kinds.count("file"), kinds.count("root")) == (2, 1)
    assert one._mirror.root_values["docs"] == {"path": "docs", "more": 1}


def test_a_later_format_is_refused(tables: MemoryTables) -> None:
    one = opened(tables, "one")
    one.set_meta("x", "y")
    tables.upsert(LEDGER, [ledger_row(META, "schema", {"key": "schema", "value": str(SCHEMA_VERSION + 1)})])
    with pytest.raises(LibraryTooNew, match=f"format {SCHEMA_VERSION + 1}"):
        opened(tables, "one")


def test_no_path_of_the_machine_is_in_the_rows_of_files(tables: MemoryTables, tmp_path: Path) -> None:
    one = opened(tables, "one")
    folder = folder_with(tmp_path / "docs", "a.txt")
    one.add_root(folder)
    put(one, f"{folder}/a.txt", ["one"])
    values = [json.loads(unpacked_text(row["value"])) for row in tables.tables[LEDGER].values() if row["kind"] == "file"]
    assert [(value["path"], value["root"], value["epoch"]) for value in values] == [("docs/a.txt", "/", "1-one")]
    assert gone_row("x", "y")["kind"] == "gone"


def test_a_library_on_one_machine_has_no_names(tmp_path: Path) -> None:
    store = SqliteLibrary(tmp_path / "library.sqlite")
    with pytest.raises(UsageError, match="Only the folders of a shared library"):
        store.name_root("/docs", "docs")
    assert (store.root_names(), store.hold(["/docs"])) == ({}, {})
    store.close()

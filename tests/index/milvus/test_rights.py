"""What a reader may see of the tables, also if hidden rows fill every answer of the server."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.errors import UsageError
from assistant.index.milvus import canonical, keywords, open_shared, vectors
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.places import SharedPlace
from assistant.index.rights import Access, rights_of
from assistant.index.store import vector_key
from tests.index.milvus import memory_tables
from tests.index.milvus.memory_tables import MemoryTables

MOST = 8  # rows of one answer
READER = frozenset({"clerks"})


def opened(tables: MemoryTables, access: Access | None = None) -> MilvusLibrary:
    return MilvusLibrary(tables, SharedPlace("milvus://memory", "machine"), Path(), access or Access())


def put(store: MilvusLibrary, root: str, name: str, text: str, nearness: float) -> None:
    chunk = Chunk(f"{text} {name}", Location(1, 1, 0, len(text)))
    store.put_document(LedgerEntry(f"{root}/{name}", root, FileState.INDEXED, "", 1, 1, name), name, [chunk])
    store.put_vectors({vector_key(chunk.searchable): np.array([nearness, (1 - nearness**2) ** 0.5], np.float32)})


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> MemoryTables:
    """Twelve hidden files for each readable one, all of which are nearer; a request returns eight rows."""
    for module in (keywords, vectors, memory_tables):
        monkeypatch.setattr(module, "MOST_RESULTS", MOST)
    monkeypatch.setattr(keywords, "RANGE", MOST // 2)
    made = MemoryTables()
    store = opened(made)
    for root, groups in (("/open", ()), ("/law", ("lawyers",))):
        store.add_root(root)
        store.set_groups(root, groups)
    for number in range(65):
        hidden = number % 13 != 0
        put(store, "/law" if hidden else "/open", f"{number}.txt", "The rent is due.", 0.9 if hidden else 0.1 + number / 1000)
    return made


def test_hidden_rows_take_no_place_in_a_result(tables: MemoryTables) -> None:
    reader, alone = opened(tables, Access(READER, is_whole=False)), opened(MemoryTables())
    for number in range(0, 65, 13):
        put(alone, "/open", f"{number}.txt", "The rent is due.", 0.1 + number / 1000)
    paths = dict(reader.paths_of_chunks())
    assert set(paths.values()) == {f"/open/{number}.txt" for number in range(0, 65, 13)}
    for store in (reader, alone):
        assert [len(found) for found in store.holding_each([("rent",), ("rent is",), ("the rent is due",)], 100)] == [5, 5, 5]
        assert store.count_holding_each([("rent",)], 100) == [5]
        nearest = store.view(2, None).search(np.array([1, 0], np.float32), 5)
        assert [dict(store.paths_of_chunks())[chunk] for chunk, _ in nearest] == [f"/open/{n}.txt" for n in (52, 39, 26, 13, 0)]
    scores = [sorted(round(score, 6) for _, score in store.match([("rent",), ("13",)], 10)) for store in (reader, alone)]
    assert scores[0] == scores[1]
    assert not reader.says("The rent is due. 14.txt")


def test_a_file_has_the_groups_of_the_innermost_folder_around_it() -> None:
    rights = rights_of([("/a", ["lawyers"]), ("/a/open", []), ("/a/open/board", ["board"]), ("C:\\x", ["clerks"]),
                        ("/one.txt", ["clerks"])])
    allowed = {path: {group for group in ("lawyers", "board", "clerks") if rights.allows(path, "", frozenset({group}))}
               for path in ("/a/b/c.txt", "/a/open/c.txt", "/a/open/board/c.txt", "/a/openly.txt", "/b.txt", "/one.txt",
                            "C:\\x\\y.txt", "/a/open/board/x.zip/y.txt")}
    everyone = {"lawyers", "board", "clerks"}
    assert allowed == {"/a/b/c.txt": {"lawyers"}, "/a/open/c.txt": everyone, "/a/open/board/c.txt": {"board"},
                       "/a/openly.txt": {"lawyers"}, "/b.txt": set(), "/one.txt": {"clerks"}, "C:\\x\\y.txt": {"clerks"},
                       "/a/open/board/x.zip/y.txt": {"board"}}
    assert rights.allows("/b.txt", "/a/open", READER)  # read from an added folder through a link
    assert rights_of([("/", ["board"])]).allows("/b.txt", "", frozenset({"board"}))
    assert not rights_of([("/", ["board"])]).allows("/b.txt", "", READER)
    assert rights_of([("/a", [])]).allows("/b.txt", "", READER)


def test_a_store_that_hides_files_is_never_written_to(tables: MemoryTables) -> None:
    reader = opened(tables, Access(READER, is_whole=False))
    before = repr(tables.tables)
    for write in (lambda: reader.set_meta("a", "b"), lambda: reader.drop_files(["/law/1.txt"]),
                  lambda: reader.inspect(repair=True), lambda: reader.erase_removed(thorough=True),
                  lambda: reader.drop_orphaned_vectors(0)):
        with pytest.raises(RuntimeError, match="opened to be read"):
            write()
    assert repr(tables.tables) == before


def test_a_change_of_groups_is_seen_by_the_next_search(tables: MemoryTables) -> None:
    reader = opened(tables, Access(READER, is_whole=False))
    assert reader.count_chunks() == 5
    opened(tables).set_groups("/law", ["clerks"])
    with reader.reading():
        assert reader.count_chunks() == 65
        assert reader.root_groups() == {"/law": ("clerks",), "/open": ()}
    opened(tables).set_groups("/open", ["board"])
    with reader.reading():
        assert reader.count_chunks() == 60
        assert reader.roots() == ("/law",)


@pytest.mark.shared
def test_a_file_of_milvus_lite_hides_the_same_and_a_read_only_link_changes_nothing(tmp_path: Path) -> None:
    for package in ("pymilvus", "milvus_lite"):
        pytest.importorskip(package, reason="needs pymilvus and milvus-lite: pip install 'private-assistant[shared]'")
    address = canonical(str(tmp_path / "team.db"))
    with closing(open_shared(SharedPlace(address, "machine"), tmp_path)) as store:
        assert isinstance(store, MilvusLibrary)
        for root, groups in (("/open", []), ("/law", ["lawyers"])):
            store.add_root(root)
            store.set_groups(root, groups)
            put(store, root, "a.txt", "The rent is due.", 0.9)
        seen = Access(READER, is_whole=False), Access(frozenset({"lawyers"}), is_whole=False)
        for access, count in zip(seen, (1, 2), strict=True):
            with closing(open_shared(SharedPlace(address, "reader", is_read_only=True), tmp_path, access)) as reader:
                assert (reader.count_chunks(), len(reader.match([("rent",)], 9)), len(reader.ledger())) == (count, count, count)
                assert len(reader.view(2, None).search(np.array([1, 0], np.float32), 9)) == count
                assert len(reader.chunks([chunk for chunk, _ in reader.paths_of_chunks()])) == count
                with pytest.raises(UsageError, match="linked read-only"):
                    reader.set_meta("a", "b")

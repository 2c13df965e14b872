import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.index import Store, VectorView
from assistant.index import vector_index as module
from assistant.index.store import vector_key
from assistant.index.vector_index import check_view, current_stamp, empty_view, open_view, remove_stale_files, update_view


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "library.sqlite")
    for number in range(3):
        part = Chunk(f"text {number}", Location(1, 1, 0, 6))
        entry = LedgerEntry(f"/{number}", "/", FileState.INDEXED, "", 1, 1)
        opened.put_document(entry, "", [part])
        opened.put_vectors({vector_key(part.searchable): np.eye(4, dtype=np.float32)[number]})
    yield opened
    opened.close()


def nearest(store: Store, number: int) -> tuple[str, float]:
    chunk, cosine = open_view(store, 4).search(np.eye(4, dtype=np.float32)[number], 1)[0]
    return store.chunks([chunk])[chunk].path, cosine


def test_the_nearest_chunk_is_found(store: Store) -> None:
    assert nearest(store, 1) == ("/1", 1.0)


def test_a_change_of_the_library_makes_a_new_view(store: Store) -> None:
    nearest(store, 1)
    store.drop_files(["/1"])
    assert len(open_view(store, 4)) == 2


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a base be written after every change, as in a library that is large."""
    monkeypatch.setattr(module, "REBUILD_AFTER", 0)
    monkeypatch.setattr(module, "REBUILD_SHARE", 0)


def test_a_damaged_view_is_built_again(store: Store, many: None) -> None:
    nearest(store, 2)
    for pattern in ("*.view", "*.faiss", "*.keys"):
        for rubbish in (b"", b"rubbish" * 100, None, "short"):
            [file] = store.path.parent.glob(pattern)
            whole = file.read_bytes()
            broken = {None: whole[8:] + whole[:8], "short": whole[:-20]}
            file.write_bytes(rubbish if isinstance(rubbish, bytes) else broken[rubbish])
            assert nearest(store, 2) == ("/2", 1.0)
            assert len(open_view(store, 4).base) == 3
            assert not check_view(store)


def test_cosines_of_given_chunks_leave_unknown_ones_out(store: Store) -> None:
    view = open_view(store, 4)
    ids = store.chunk_keys()["id"]
    found = view.cosines(np.eye(4, dtype=np.float32)[0], [int(ids[0]), 999])
    assert found == {int(ids[0]): 1.0}


def test_an_empty_library_finds_nothing(tmp_path: Path) -> None:
    empty = Store(tmp_path / "empty.sqlite")
    assert open_view(empty, 4).search(np.ones(4, np.float32), 5) == []
    empty.close()


def put(store: Store, name: str, texts: Sequence[str]) -> None:
    """Keep a file with these passages; the vector of a text depends on nothing but the text."""
    parts = [Chunk(text, Location(1, 1, 0, 6)) for text in texts]
    entry = LedgerEntry(name, "/", FileState.INDEXED, "", 1, 1)
    store.put_document(entry, "", parts)
    store.put_vectors({vector_key(part.searchable): vector_of(part.text) for part in parts})


def vector_of(text: str) -> np.ndarray:
    vector = np.random.default_rng(list(text.encode())).standard_normal(4).astype(np.float32)
    return vector / np.linalg.norm(vector)


def shown(view: VectorView) -> dict[int, list[float]]:
    ids, vectors = view.vectors(view.chunk_keys["id"])
    return dict(zip(ids.tolist(), vectors.tolist(), strict=True))


def fresh(store: Store) -> VectorView:
    return update_view(empty_view(4), store, current_stamp(store, 4))


def assert_equal_to_a_fresh_one(view: VectorView, store: Store) -> None:
    new = fresh(store)
    assert shown(view) == shown(new)
    assert len(view) == len(new) == store.count_chunks()
    question = vector_of("question")
    assert dict(view.search(question, 1000)) == pytest.approx(dict(new.search(question, 1000)), abs=1e-6)
    assert view.stamp == current_stamp(store, 4)


def test_a_view_that_is_caught_up_equals_a_fresh_one(tmp_path: Path) -> None:
    chance = random.Random(1)
    store = Store(tmp_path / "library.sqlite")
    held = open_view(store, 4)
    for step in range(40):
        for _ in range(chance.randint(0, 5)):
            put(store, f"/{chance.randint(0, 12)}", [f"{chance.randint(0, 50)}" for _ in range(chance.randint(1, 8))])
        if step % 4 == 1:
            store.drop_files([f"/{chance.randint(0, 12)}" for _ in range(4)])
        if step == 20:
            store.drop_files(list(store.ledger()))
        if step % 3:
            held = open_view(store, 4, held)
            assert_equal_to_a_fresh_one(held, store)
        if step % 2:
            assert_equal_to_a_fresh_one(open_view(store, 4), store)
    store.close()


def test_what_did_not_change_is_not_fetched_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REBUILD_AFTER", 2)
    held = open_view(store, 4)
    assert len(held.base) == 3
    put(store, "/new", ["one", "two"])
    fetched: list[int] = []
    vectors_of = store.vectors_of
    monkeypatch.setattr(store, "vectors_of", lambda ids, dimension: fetched.extend(ids) or vectors_of(ids, dimension))
    assert len(open_view(store, 4)) == 5
    held = open_view(store, 4, held)
    open_view(store, 4, held)
    assert fetched == [4, 5, 4, 5]


def test_a_library_that_took_the_place_of_another_gets_its_own_view(store: Store, tmp_path: Path) -> None:
    assert nearest(store, 0) == ("/0", 1.0)
    generation = store.generation
    store.close()
    for file in tmp_path.glob("library.sqlite*"):
        file.unlink()
    other = Store(tmp_path / "library.sqlite")
    for name in "abc":
        put(other, f"/{name}", [name])
    assert other.generation == generation
    assert_equal_to_a_fresh_one(open_view(other, 4), other)
    other.close()


def test_a_restored_backup_that_went_another_way_gets_its_own_view(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    for name, texts in (("/a", ["old"]), ("/b", ["one way", "same"])):
        store = Store(path)
        put(store, name, texts)
        assert_equal_to_a_fresh_one(open_view(store, 4), store)
        store.close()
        if name == "/a":
            backup = path.read_bytes()
    path.write_bytes(backup)
    store = Store(path)
    put(store, "/b", ["other way", "same"])
    assert_equal_to_a_fresh_one(open_view(store, 4), store)
    store.close()


def test_a_view_of_another_embedding_model_is_thrown_away(store: Store) -> None:
    store.set_meta("embedder", "first")
    held = open_view(store, 4)
    put(store, "/new", ["one"])
    # the same passages, other vectors
    store.set_meta("embedder", "second")
    with store.transaction():
        store._connection.execute("UPDATE vectors SET vector = ?", (np.ones(4, np.float16).tobytes(),))
    for view in (open_view(store, 4), open_view(store, 4, held)):
        assert_equal_to_a_fresh_one(view, store)
        assert shown(view)[1] == [1.0] * 4


def test_a_view_that_was_broken_off_while_it_caught_up_is_built_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    held = open_view(store, 4)
    store.drop_files(["/1"])
    put(store, "/new", ["one"])

    def interrupted(ids: Sequence[int], dimension: int) -> Iterator[object]:
        yield from Store.vectors_of(store, ids, dimension)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(store, "vectors_of", interrupted)
        open_view(store, 4, held)
    assert_equal_to_a_fresh_one(open_view(store, 4, held), store)


def test_a_full_disk_costs_the_file_and_not_the_answer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert nearest(store, 1) == ("/1", 1.0)
    assert not list(store.path.parent.glob("*.faiss*"))


def test_a_view_is_built_from_one_state_in_small_blocks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, "/many", [f"passage {number}" for number in range(1200)])
    writer = Store(store.path)
    sizes: list[int] = []

    def beside_a_writer(ids: Sequence[int], dimension: int) -> Iterator[object]:
        for block in Store.vectors_of(store, ids, dimension):
            writer.drop_files(["/many"])
            writer.drop_unused_vectors()
            sizes.append(len(block[0]))
            yield block

    with monkeypatch.context() as patch:
        patch.setattr(store, "vectors_of", beside_a_writer)
        view = open_view(store, 4)
    assert len(view) == 1203
    assert max(sizes) == 500
    assert_equal_to_a_fresh_one(open_view(store, 4, view), store)
    writer.close()


def test_the_nearest_of_some_chunks_is_found(store: Store) -> None:
    view = open_view(store, 4)
    ids = np.sort(view.chunk_keys["id"])
    among = ids[1:3].copy()
    found = view.search(np.array([1, 0.2, 0.1, 0], np.float32), 10, among)
    assert [chunk for chunk, _ in found] == among.tolist()
    assert view.search(np.ones(4, np.float32), 10, ids[:0].copy()) == []


def test_what_left_the_base_is_dead_and_what_came_is_searched_with_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REBUILD_AFTER", 2)
    base = open_view(store, 4).base
    monkeypatch.setattr(module, "REBUILD_AFTER", 100)
    store.drop_files(["/1"])
    put(store, "/new", ["one"])
    view = open_view(store, 4)
    assert (len(view.base), view.dead, len(view.new), view.base.token) == (3, 1, 1, base.token)
    assert_equal_to_a_fresh_one(view, store)


def test_a_base_that_nobody_names_is_swept_away(store: Store, many: None) -> None:
    nearest(store, 1)
    stray = store.path.with_name("library.0000.faiss")
    stray.write_bytes(b"half")
    remove_stale_files(store.path, everything=False)
    assert not stray.exists()
    assert len(list(store.path.parent.glob("library.*.faiss"))) == 1
    remove_stale_files(store.path, everything=True)
    assert {file.suffix for file in store.path.parent.iterdir()} <= {".sqlite", ".lock", ".sqlite-wal", ".sqlite-shm"}


def test_vectors_that_are_not_those_of_the_store_are_seen(store: Store, many: None) -> None:
    nearest(store, 1)
    assert check_view(store) == ()
    store.statements.execute("UPDATE vectors SET vector = ? WHERE key = (SELECT vector_key FROM chunks LIMIT 1)",
                             (np.full(4, 0.5, np.float16).tobytes(),))
    assert "1 vectors wrong" in check_view(store)[0].detail


def test_a_large_base_is_written_by_another_thread_while_searches_go_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REBUILD_AFTER", 2)
    held = open_view(store, 4)
    monkeypatch.setattr(module, "WRITE_INLINE", 0)
    monkeypatch.setattr(module, "QUANTIZE_ABOVE", 10)
    put(store, "/many", [f"passage {number}" for number in range(400)])
    during = open_view(store, 4, held)
    assert (len(during.base), len(during)) == (3, 403)
    module.WRITERS[store.path].join()
    put(store, "/later", ["later"])
    after = open_view(store, 4, during)
    assert (len(after.base), len(after.new), len(after)) == (403, 1, 404)
    assert after.base.quantizer is not None
    assert shown(after) == shown(fresh(store))
    question = vector_of("question")
    assert dict(after.search(question, 1)) == pytest.approx(dict(fresh(store).search(question, 1)), abs=1e-6)
    assert check_view(store) == ()
    some = after.chunk_keys["id"][5:300].copy()
    monkeypatch.setattr(module, "BLOCK", 10)
    assert {chunk for chunk, _ in after.search(question, 50, some)} <= set(some.tolist())

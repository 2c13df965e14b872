"""What is kept of a library in memory catches up by what has changed, and equals what is read anew."""

import random
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.index import Inspection, Store, VectorView
from assistant.index import change_log as changes
from assistant.index.store import vector_key
from assistant.index.vector_index import current_stamp, empty_view, open_view, update_view


def vector_of(text: str) -> np.ndarray:
    vector = np.random.default_rng(list(text.encode())).standard_normal(4).astype(np.float32)
    return vector / np.linalg.norm(vector)


def entry_of(path: str) -> LedgerEntry:
    return LedgerEntry(path, "/", FileState.INDEXED, "", 1, 1)


def parts_of(texts: list[str]) -> list[Chunk]:
    return [Chunk(text, Location(1, 1, 0, 6)) for text in texts]


def change(store: Store, chance: random.Random) -> None:
    """Do what programs do to a library: a file comes or changes, its vectors come with it or later, it moves, it leaves."""
    path = f"/{chance.randint(0, 9)}"
    what = chance.randrange(5)
    if what < 2:
        parts = parts_of([f"text {chance.randint(0, 30)}" for _ in range(chance.randint(1, 6))])
        with store.transaction():
            store.put_document(entry_of(path), "", parts)
            if what:
                embed(store, [part.text for part in parts])
    elif what == 2:
        embed(store, [f"text {number}" for number in range(30) if chance.random() < 0.3])
    elif what == 3 and path in store.ledger():
        store.move_file(path, entry_of(f"/{chance.randint(0, 9)}/{chance.randint(0, 9)}"))
    else:
        store.drop_files([path])
        store.drop_unused_vectors()


def embed(store: Store, texts: list[str]) -> None:
    store.put_vectors({vector_key(part.searchable): vector_of(part.text) for part in parts_of(texts)})


def shown(view: VectorView) -> dict[int, list[float]]:
    ids, vectors = view.vectors(view.ids)
    return dict(zip(ids.tolist(), vectors.tolist(), strict=True))


def read_anew(store: Store) -> tuple[dict[int, list[float]], list[list[int]]]:
    other = Store(store.path)
    found = shown(update_view(empty_view(4), other, current_stamp(other, 4))), [part.tolist() for part in other.spans()]
    other.close()
    return found


@pytest.mark.parametrize("kept", [1, 3, 10, 100_000])
def test_what_catches_up_equals_what_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    monkeypatch.setattr(changes, "CHANGES_KEPT", kept)
    chance, store = random.Random(kept), Store(tmp_path / "library.sqlite")
    reader = Store(tmp_path / "library.sqlite")
    view = open_view(reader, 4)
    for _ in range(60):
        for _ in range(chance.randint(1, 4)):
            change(store, chance)
        view = open_view(reader, 4, view)
        assert (shown(view), [part.tolist() for part in reader.spans()]) == read_anew(store)
    assert kept > 10 or store.statements.execute("SELECT count(*) FROM changes").fetchone()[0] <= 3 * kept + 20
    store.close()
    reader.close()


def test_only_what_changed_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "library.sqlite")
    store.put_document(entry_of("/a"), "", parts_of(["one", "two"]))
    embed(store, ["one", "two"])
    view = open_view(store, 4)
    store.spans()
    monkeypatch.setattr(Store, "chunk_keys", lambda _: pytest.fail("all chunks were compared"))
    monkeypatch.setattr(Store, "_counted", lambda *_: pytest.fail("all files were counted"))
    store.put_document(entry_of("/b"), "", parts_of(["three"]))
    embed(store, ["three"])
    assert len(open_view(store, 4, view)) == 3
    assert [part.tolist() for part in store.spans()] == [[1, 3], [2, 1]]
    store.close()


def test_another_history_and_a_repair_are_not_taken_for_this_one(tmp_path: Path) -> None:
    stores = [Store(tmp_path / name) for name in ("one.sqlite", "two.sqlite")]
    for store in stores:
        store.put_document(entry_of("/a"), "", parts_of(["one"]))
    assert stores[0].knows(stores[0].version)
    assert not stores[0].knows(stores[1].version)
    assert not stores[0].knows(b"\xff garbage")
    before = stores[0].version
    stores[0].statements.execute("PRAGMA foreign_keys = OFF")
    stores[0].statements.execute("DELETE FROM words")
    assert Inspection(stores[0], repair=True).run()
    assert not stores[0].knows(before)
    for store in stores:
        store.close()

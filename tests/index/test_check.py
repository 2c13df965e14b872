"""Every table broken by hand: the check sees it, the repair mends it, and the library is what a sound one would be."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location, Severity
from assistant.index import Inspection, Store
from assistant.index import integrity as check
from assistant.index.store import vector_key

OF_B = "(SELECT vector_key FROM chunks WHERE path = '/b')"
BROKEN = {
    "a file's passage lost": ("DELETE FROM chunks WHERE path = '/b' AND ordinal = 0", "lost passages"),
    "a file lost": ("DELETE FROM files WHERE path = '/b'", "belong to no file"),
    "a skipped file with passages": ("UPDATE files SET state = 'skipped' WHERE path = '/b'", "belong to no file"),
    "an attachment without its message": ("UPDATE files SET container = '/nowhere' WHERE path = '/b'", "no container"),
    "a vector lost": (f"DELETE FROM vectors WHERE key IN {OF_B}", "wait for none"),
    "a vector too many": ("INSERT INTO vectors VALUES (x'00', zeroblob(8))", "belong to no passage"),
    "a short vector": (f"UPDATE vectors SET vector = zeroblob(6) WHERE key IN {OF_B}", "not as long"),
    "a vector of nothing": (f"UPDATE vectors SET vector = zeroblob(8) WHERE key IN {OF_B}", "are damaged"),
    "a wait for nothing": ("INSERT INTO pending_embeddings VALUES (999)", "are gone"),
    "a wait in vain": ("INSERT INTO pending_embeddings SELECT id FROM chunks WHERE path = '/b'", "that is here"),
    "a orphaned_vectors of nothing": ("INSERT INTO orphaned_vectors VALUES (x'01', 1.0)", "have no vector"),
    "another text": ("UPDATE chunks SET text = 'forged' WHERE path = '/b' AND ordinal = 0", "another text"),
    "words lost": ("DELETE FROM words WHERE rowid = 2", "keyword index"),
    "words of nothing": ("INSERT INTO words (rowid, body) VALUES (999, 'ghost')", "keyword index"),
    "other words": ("UPDATE words SET body = 'ghost' WHERE rowid = 2", "keyword index"),
    "words half lost": ("DELETE FROM words_content WHERE id = 2", "keyword index"),
    "an index of words lost": ("DELETE FROM words_data WHERE id > 10", "keyword index"),
    "the count of changes lost": ("UPDATE meta SET value = 'x' WHERE key = 'generation'", "lost count"),
    "the name of the state lost": ("DELETE FROM meta WHERE key = 'version'", "lost count"),
}


def put(store: Store, path: str, texts: list[str]) -> None:
    parts = [Chunk(text, Location(1, 1, 0, len(text)), "context") for text in texts]
    store.put_document(LedgerEntry(path, "/", FileState.INDEXED, "", 1, 1, "hash", len(parts)), "", parts)
    store.put_vectors({vector_key(part.searchable): np.full(4, 0.5, np.float32) for part in parts})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "library.sqlite")
    put(opened, "/a", ["apples are red", "pears are green"])
    put(opened, "/b", ["bananas are yellow", "plums are blue"])
    put(opened, "/c", ["apples are red", "合同于明年到期"])
    opened.put_entry(LedgerEntry("/d", "/", FileState.SKIPPED, "no reader", 1, 1))
    opened.drop_files(["/c"])
    put(opened, "/c", ["apples are red", "cherries"])
    yield opened
    opened.close()


def test_a_sound_library_has_no_fault(store: Store) -> None:
    for repair in (False, True):
        assert Inspection(store, repair=repair).run() == ()


@pytest.mark.parametrize("block", [1, check.BLOCK])
@pytest.mark.parametrize(("statement", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_seen_and_mended(store: Store, statement: str, words: str, block: int,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "BLOCK", block)
    store.statements.execute("PRAGMA foreign_keys = OFF")
    store.statements.execute(statement)
    before = store.generation if store.meta("generation").isdecimal() else 0
    seen = Inspection(store, repair=False).run()
    assert any(words in finding.detail for finding in seen), seen
    assert all(finding.severity is Severity.ERROR and finding.remedy for finding in seen)
    assert Inspection(store, repair=False).run() == seen  # looking changes nothing
    assert any(words in finding.detail for finding in Inspection(store, repair=True).run())
    assert Inspection(store, repair=False).run() == ()
    assert Inspection(store, repair=True).run() == ()
    assert store.generation > before or not before
    assert store.match([("green",)], 5)
    assert store.integrity() == "ok"


def test_a_file_whose_passages_were_lost_is_read_again(store: Store) -> None:
    store.statements.execute("DELETE FROM chunks WHERE path = '/b' AND ordinal = 0")
    Inspection(store, repair=True).run()
    ledger = store.ledger()
    assert [path for path, entry in ledger.items() if not entry.content_hash] == ["/b", "/d"]
    assert ledger["/b"].mtime_ns == 0


def test_a_passage_whose_vector_was_lost_waits_for_it(store: Store) -> None:
    store.statements.execute("DELETE FROM vectors WHERE key = (SELECT vector_key FROM chunks WHERE path = '/a' AND ordinal = 0)")
    Inspection(store, repair=True).run()
    assert sorted(found.path for found in store.chunks(store.pending_embeddings()).values()) == ["/a", "/c"]


def test_passages_in_several_blocks_are_all_mended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "BLOCK", 2)
    store.statements.execute("UPDATE vectors SET vector = zeroblob(8)")
    [vectors] = Inspection(store, repair=True).run()
    assert "6 vectors are damaged" in vectors.detail
    store.statements.execute("UPDATE chunks SET text = text || ' forged'")
    store.statements.execute("UPDATE words SET body = 'ghost'")
    details = " ".join(finding.detail for finding in Inspection(store, repair=True).run())
    assert "6 passages have another text" in details
    assert "6 passages wrong" in details
    assert Inspection(store, repair=False).run() == ()
    assert len(store.pending_embeddings()) == 6


def test_the_memory_of_a_check_does_not_grow_with_the_library(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "BLOCK", 10)
    put(store, "/long", [f"{number} " + "apples are red " * 500 for number in range(1_000)])
    tracemalloc.start()
    try:
        assert Inspection(store, repair=False).run() == ()
        assert tracemalloc.get_traced_memory()[1] < 1_500_000  # of 7.5 million characters, and as many in the keyword index
    finally:
        tracemalloc.stop()

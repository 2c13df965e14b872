import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.datatypes import Chunk, FileState, Filter, LedgerEntry, Location
from assistant.errors import LibraryDamaged, LibraryTooNew, LibraryUnwritable
from assistant.index import Store, database
from assistant.index.store import vector_key
from assistant.index.vector_index import open_view

ENTRY = LedgerEntry("/a.txt", "/", FileState.INDEXED, "", 10, 1, "hash", chunks=1)


def chunk(text: str, start: int = 0) -> Chunk:
    return Chunk(text, Location(1, 1, start, start + len(text), page=2, heading="Rent"), "Lease")


def vectors(*chunks: Chunk) -> dict[bytes, np.ndarray]:
    return {vector_key(part.searchable): np.full(4, 0.5, np.float32) for part in chunks}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "library.sqlite")
    yield opened
    opened.close()


def put(store: Store, entry: LedgerEntry, *chunks: Chunk) -> None:
    store.put_document(entry, "Title", chunks)
    store.put_vectors(vectors(*chunks))


def test_what_stands_beside_a_passage_is_found(store: Store) -> None:
    parts = [chunk(text, start) for start, text in ((0, "One."), (5, "Two."), (10, "Three."))]
    put(store, ENTRY, *parts)
    assert store.adjacent_chunks("/a.txt", 5, 9) == [parts[2], parts[0]]
    assert store.adjacent_chunks("/a.txt", 0, 4) == [parts[1]]
    assert store.adjacent_chunks("/b.txt", 0, 4) == []
    assert store.beside_each([("/a.txt", 0, 4), ("/b.txt", 0, 4)]) == [[parts[1]], []]


def test_the_terms_of_a_question_are_counted_in_one_call(store: Store) -> None:
    put(store, ENTRY, *(chunk(text, start) for start, text in ((0, "rent and garden"), (20, "rent and notice"), (40, "rent"))))
    terms = [("rent",), ("garden",), ("rent", "notice"), ("nothing",)]
    assert store.count_holding_each(terms, 10) == [3, 1, 1, 0]
    assert store.count_holding_each(terms, 2) == [2, 1, 1, 0]
    assert [len(rows) for rows in store.holding_each(terms, 10)] == [3, 1, 1, 0]
    assert store.count_holding_each([], 10) == []


def test_the_time_of_change_is_known_of_files_with_text(store: Store) -> None:
    put(store, ENTRY, chunk("The rent is 900."))
    assert store.modified_ns(["/a.txt", "/none.txt"]) == {"/a.txt": ENTRY.mtime_ns}
    assert store.modified_ns([]) == {}


def test_a_document_comes_back_as_it_went_in(store: Store) -> None:
    put(store, ENTRY, chunk("The rent is 900."))
    [(ids, found)] = store.vectors_of(store.chunk_keys()["id"].tolist(), 4)
    stored = store.chunks([int(ids[0])])[int(ids[0])]
    assert (stored.path, stored.title, stored.chunk) == ("/a.txt", "Title", chunk("The rent is 900."))
    assert found.tolist() == [[0.5] * 4]
    assert store.ledger() == {"/a.txt": ENTRY}


def test_a_changed_document_replaces_its_chunks(store: Store) -> None:
    put(store, ENTRY, chunk("old words"), chunk("more old", 20))
    put(store, replace(ENTRY, content_hash="new"), chunk("new words"))
    assert store.count_chunks() == 1
    assert store.match([("old",)], 10) == []
    assert len(store.match([("new",)], 10)) == 1


def test_chunk_ids_are_never_used_again(store: Store) -> None:
    put(store, ENTRY, chunk("one"))
    first = store.match([("one",)], 1)[0][0]
    store.drop_files(["/a.txt"])
    put(store, ENTRY, chunk("one"))
    assert store.match([("one",)], 1)[0][0] > first


def test_a_failed_file_loses_its_old_chunks_but_keeps_its_entry(store: Store) -> None:
    put(store, ENTRY, chunk("text"))
    store.put_entry(replace(ENTRY, state=FileState.FAILED, reason="it is encrypted"))
    assert store.count_chunks() == 0
    assert store.ledger()["/a.txt"].reason == "it is encrypted"


def test_unused_vectors_leave(store: Store) -> None:
    put(store, ENTRY, chunk("text"))
    key = vector_key(chunk("text").searchable)
    store.drop_files(["/a.txt"])
    assert store.known_vectors([key]) == {key}
    assert store.drop_unused_vectors() == 1
    assert store.known_vectors([key]) == set()


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.transaction():
        put(store, ENTRY, chunk("text"))
        raise RuntimeError("the power went")
    assert store.ledger() == {}
    assert store.count_chunks() == 0
    put(store, ENTRY, chunk("text"))
    assert store.count_chunks() == 1


def test_generation_grows_with_every_change(store: Store) -> None:
    seen = [store.generation]
    put(store, ENTRY, chunk("a"))
    seen.append(store.generation)
    store.drop_files(["/a.txt"])
    seen.append(store.generation)
    assert seen == sorted(set(seen))


def test_clear_keeps_roots_and_files_to_be_read_again(store: Store) -> None:
    store.add_root("/")
    put(store, ENTRY, chunk("a"))
    store.clear(["/a.txt"], "it is to be read again")
    assert store.roots() == ("/",)
    entry = store.ledger()["/a.txt"]
    assert (entry.state, entry.reason, entry.mtime_ns) == (FileState.SKIPPED, "it is to be read again", 0)
    assert store.count_chunks() == 0


@pytest.mark.parametrize("version", [database.SCHEMA_VERSION + 1, 99])
def test_a_library_of_another_version_is_refused_with_the_way_out_and_left_alone(tmp_path: Path, version: int) -> None:
    path = tmp_path / "library.sqlite"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LibraryTooNew, match=f"format {version}") as refused:
        Store(path)
    assert "assistant library delete NAME" in refused.value.hint
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(LibraryDamaged):
        Store(path)


def test_writes_are_seen_by_another_connection_only_when_whole(tmp_path: Path) -> None:
    writer, reader = Store(tmp_path / "library.sqlite"), Store(tmp_path / "library.sqlite")
    with writer.transaction():
        put(writer, ENTRY, chunk("text"))
        assert reader.count_chunks() == 0
    assert reader.count_chunks() == 1
    writer.close()
    reader.close()


def bytes_of(store: Store) -> bytes:
    return b"".join(file.read_bytes() for file in store.path.parent.glob("library.sqlite*") if not file.name.endswith("-shm"))


def test_no_word_of_a_removed_file_stays_on_the_disk(store: Store) -> None:
    for number in range(300):
        secret = "zebrafish" if number % 3 == 0 else "ordinary"
        put(store, replace(ENTRY, path=f"/{number}"), *(chunk(f"{secret}{part} lies in {number}", part) for part in range(5)))
    assert b"zebrafish" in bytes_of(store)
    store.drop_files([f"/{number}" for number in range(0, 300, 3)])
    store.rewrite_keyword_index()
    assert store.truncate_wal()
    assert b"ebrafish" not in bytes_of(store)
    assert len(store.match([("ordinary1",)], 500)) == 200
    assert store.integrity() == "ok"


def test_a_reader_that_holds_on_to_the_log_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.001)
    put(store, ENTRY, chunk("zebrafish"))
    writer, reader = Store(store.path), Store(store.path)
    with reader.reading():
        reader.count_chunks()
        writer.drop_files(["/a.txt"])
        assert not writer.truncate_wal()
        assert reader.count_chunks() == 1
    assert writer.truncate_wal()
    writer.close()
    reader.close()


@pytest.mark.skipif(sqlite3.sqlite_version_info < database.SECURE_WORDS, reason="this SQLite cannot")
def test_the_keyword_index_deletes_at_once_where_sqlite_can(store: Store) -> None:
    assert store._rows("SELECT v FROM words_config WHERE k = 'secure-delete'") == [(1,)]


def test_each_state_has_a_name_of_its_own(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other.sqlite")
    states = []
    for opened in (store, other):
        for text in ("one", "two"):
            put(opened, ENTRY, chunk(text))
            states.append(opened.meta("version"))
    assert store.generation == other.generation
    assert len(set(states)) == 4
    other.close()


def only_for_reading(connect: Callable[..., sqlite3.Connection], allowed: str) -> Callable[..., sqlite3.Connection]:
    """Behave as SQLite does where a file or its folder cannot be written."""
    def guarded(place: object, **options: Any) -> sqlite3.Connection:
        if not str(place).endswith(allowed):
            raise sqlite3.OperationalError("unable to open database file")
        return connect(place, **options)

    return guarded


@pytest.mark.parametrize("allowed", ["?mode=ro", "?mode=ro&immutable=1"])
def test_a_library_that_cannot_be_written_can_be_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    path = tmp_path / "a folder" / "library #1?.sqlite"
    first = Store(path)
    put(first, ENTRY, chunk("The rent is 900."))
    first.close()
    monkeypatch.setattr(sqlite3, "connect", only_for_reading(sqlite3.connect, allowed))
    store = Store(path)
    assert len(store.match([("rent",)], 5)) == 1
    assert open_view(store, 4).search(np.ones(4, np.float32), 1)
    with pytest.raises(LibraryUnwritable):
        store.set_meta("a", "b")
    with pytest.raises(LibraryUnwritable):
        store.drop_files(["/a.txt"])
    assert store.count_chunks() == 1
    store.close()


def test_a_log_that_cannot_be_read_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "library.sqlite"
    Store(path).close()
    (tmp_path / "library.sqlite-wal").write_bytes(b"changes of a program that was killed")
    monkeypatch.setattr(sqlite3, "connect", only_for_reading(sqlite3.connect, "immutable=1"))
    with pytest.raises(LibraryUnwritable):
        Store(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("which", [".", "library.sqlite"])
def test_permissions_that_allow_reading_only(tmp_path: Path, which: str) -> None:
    path = tmp_path / "library" / "library.sqlite"
    first = Store(path)
    put(first, ENTRY, chunk("The rent is 900."))
    first.close()
    (path.parent / which).chmod(0o555)
    store = Store(path)
    assert len(store.match([("rent",)], 5)) == 1
    with pytest.raises(LibraryUnwritable):
        store.set_meta("a", "b")
    store.close()
    path.parent.chmod(0o755)


def test_a_folder_that_cannot_be_made_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(LibraryUnwritable):
        Store(tmp_path / "file" / "library.sqlite")


FILES = {"/home/a/lease.pdf": 10, "/home/a/b/notes.md": 20, "/home/ab/lease.md": 30, "/home/a/mail.eml/lease.PDF": 40}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), set(FILES)),
        (Filter(("/home/a",)), {"/home/a/lease.pdf", "/home/a/b/notes.md", "/home/a/mail.eml/lease.PDF"}),
        (Filter(("/home/a/lease.pdf", "/home/ab/")), {"/home/a/lease.pdf", "/home/ab/lease.md"}),
        (Filter(("lease.*",)), {"/home/a/lease.pdf", "/home/ab/lease.md", "/home/a/mail.eml/lease.PDF"}),
        (Filter(types=("pdf",)), {"/home/a/lease.pdf", "/home/a/mail.eml/lease.PDF"}),
        (Filter(types=(".MD", "eml"), since_ns=25), {"/home/ab/lease.md"}),
        (Filter(("/nowhere",)), set()),
    ],
)
def test_filters_by_path_type_and_time(store: Store, wanted: Filter, expected: set[str]) -> None:
    for path, mtime_ns in FILES.items():
        put(store, replace(ENTRY, path=path, mtime_ns=mtime_ns), chunk(f"the lease {path}"))
    ids = store.ids_of(wanted)
    assert {stored.path for stored in store.chunks(ids.tolist()).values()} == expected
    assert {chunk_id for chunk_id, _ in store.match([("lease",)], 10, wanted)} == set(ids.tolist())


def test_chunks_wait_for_their_vectors_newest_day_first_then_the_smallest_file(store: Store) -> None:
    for name, day, size in (("old", 1, 1), ("large", 9, 50), ("small", 9, 5)):
        store.put_document(replace(ENTRY, path=name, mtime_ns=day * 86_400 * 10**9, size=size), "", [chunk(name)])
    waiting = store.chunks(store.pending_embeddings())
    assert [waiting[each].path for each in store.pending_embeddings()] == ["small", "large", "old"]
    assert (store.embedded_share(), len(store.chunk_keys())) == (0.0, 0)
    store.put_vectors(vectors(chunk("small")))
    assert (store.count_pending_embeddings(), len(store.chunk_keys())) == (2, 1)
    store.put_vectors({}, store.pending_embeddings()[:1])
    assert store.count_pending_embeddings() == 1
    put(store, replace(ENTRY, path="twin"), chunk("small"))  # its vector is there already
    assert store.count_pending_embeddings() == 1
    store.drop_files(["old"])
    assert (store.count_pending_embeddings(), store.embedded_share()) == (0, 1.0)

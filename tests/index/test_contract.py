"""The contract of a library's store: the same tests for SQLite with FAISS, Milvus, and a library in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.datatypes import EVERY_FILE, Chunk, FileState, Filter, LedgerEntry, Location
from assistant.index import LibraryStore, SqliteLibrary
from assistant.index.milvus import canonical, open_shared
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.milvus.schema import LEDGER, PASSAGES, VECTORS
from assistant.index.places import SharedPlace
from assistant.index.store import vector_key
from assistant.models.fake import FakeEmbedder
from assistant.retrieval import STEPS, Searcher
from tests.index.memory_library import MemoryLibrary
from tests.index.milvus.memory_tables import MemoryTables

DAY = 86_400 * 10**9
EMBEDDER = FakeEmbedder()
TEXTS = {
    "/docs/lease.txt": ("The notice period is three months.", "Dogs are allowed in the garden.", "The rent is 900 per month."),
    "/docs/council.md": ("The notice of the council came late.", "Article K-47 was revised."),
    "/other/zh.txt": ("数据库的备份每天进行。", "第三条 保密 义务。"),
}


@pytest.fixture(scope="module")
def milvus_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("milvus_lite", reason="needs pymilvus and milvus-lite: pip install 'private-assistant[shared]'")
    pytest.importorskip("pymilvus", reason="needs pymilvus and milvus-lite: pip install 'private-assistant[shared]'")
    return str(tmp_path_factory.mktemp("milvus") / "team.db")


@pytest.fixture(params=["sqlite", "memory", "milvus", pytest.param("milvus-lite", marks=pytest.mark.shared)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], LibraryStore]]:
    """Return a function that opens one library, as another process would, again and again.

    "milvus" is the store for Milvus on tables in memory instead of a server, so that it is tested without its packages.
    """
    memory, tables, stores = MemoryLibrary(tmp_path), MemoryTables(), list[LibraryStore]()
    file = request.getfixturevalue("milvus_file") if request.param == "milvus-lite" else ""
    makers: dict[str, Callable[[], LibraryStore]] = {
        "sqlite": lambda: SqliteLibrary(tmp_path / "library.sqlite"),
        "memory": lambda: memory,
        "milvus": lambda: MilvusLibrary(tables, SharedPlace("milvus://memory", "this machine"), tmp_path),
        "milvus-lite": lambda: open_shared(SharedPlace(canonical(file), "this machine"), tmp_path),
    }

    def open_store() -> LibraryStore:
        stores.append(makers[request.param]())
        return stores[-1]

    yield open_store
    if file:
        wipe(stores[0])
    for each in stores:
        each.close()


def wipe(store: Any) -> None:
    for name in (LEDGER, PASSAGES, VECTORS):
        if store._connection.has(name):
            store._connection.drop(name)


@pytest.fixture
def store(opened: Callable[[], LibraryStore]) -> LibraryStore:
    return opened()


def entry_of(path: str, **changes: Any) -> LedgerEntry:
    return replace(LedgerEntry(path, "/", FileState.INDEXED, "", 10, 1, f"hash of {path}"), **changes)


def chunks_of(*texts: str) -> list[Chunk]:
    starts = np.cumsum([0, *(len(text) + 2 for text in texts)]).tolist()
    return [Chunk(text, Location(number, number, start, start + len(text), page=2, heading="Rent"), "Title")
            for number, (text, start) in enumerate(zip(texts, starts, strict=False), 1)]


def put(store: LibraryStore, path: str, *texts: str, **changes: Any) -> None:
    chunks = chunks_of(*texts)
    store.put_document(entry_of(path, **changes), f"Title of {path}", chunks)
    embed(store, chunks)


def embed(store: LibraryStore, chunks: list[Chunk]) -> None:
    texts = [chunk.searchable for chunk in chunks]
    store.put_vectors(dict(zip(map(vector_key, texts), EMBEDDER.embed_passages(texts), strict=True)))


@pytest.fixture
def filled(store: LibraryStore) -> LibraryStore:
    for path, texts in TEXTS.items():
        put(store, path, *texts)
    return store


def text_of(store: LibraryStore, ids: list[int]) -> list[str]:
    found = store.chunks(ids)
    return [found[number].chunk.text for number in ids]


def test_a_new_library_is_empty(store: LibraryStore) -> None:
    assert (store.count_chunks(), store.ledger(), store.roots(), store.excluded()) == (0, {}, (), ())
    assert store.holding_each([("rent",)], 5) == [[]]
    assert store.match([("rent",)], 5) == []
    assert store.view(256, None).search(EMBEDDER.embed_question("rent"), 5) == []
    assert (store.pending_embeddings(), store.embedded_share(), store.integrity()) == ([], 1.0, "ok")
    assert store.inspect(repair=False) == ()


def test_a_document_comes_back_as_it_went_in(filled: LibraryStore, opened: Callable[[], LibraryStore]) -> None:
    for store in (filled, opened()):
        stored = store.chunks_of_file("/docs/lease.txt")
        assert [each.chunk for each in stored] == chunks_of(*TEXTS["/docs/lease.txt"])
        assert {(each.path, each.title) for each in stored} == {("/docs/lease.txt", "Title of /docs/lease.txt")}
        assert store.ledger()["/docs/lease.txt"] == entry_of("/docs/lease.txt", chunks=3)
        assert store.chunks([each.chunk_id for each in stored]) == {each.chunk_id: each for each in stored}


def test_an_entry_with_every_field_comes_back(store: LibraryStore, opened: Callable[[], LibraryStore]) -> None:
    entry = LedgerEntry("/a b/ü/数据/\"q\"\\.pdf", "/a b", FileState.INDEXED, "", 7, 2**60, "h", 1, 12, (3, 4), (5,), "gb18030",
                        ("a note",), "/a b/ü")
    store.put_document(entry, "Ti\"tle\n", chunks_of("Text with a \x00 zero and 漢字."))
    assert opened().entry(entry.path) == entry
    assert [each.chunk.text for each in opened().chunks_of_file(entry.path)] == ["Text with a \x00 zero and 漢字."]


def test_a_very_long_passage_comes_back(store: LibraryStore) -> None:
    text = "A long cell of a table. " * 4_000
    put(store, "/a.txt", text)
    assert [each.chunk.text for each in store.chunks_of_file("/a.txt")] == [text]


def test_a_changed_document_replaces_its_chunks(filled: LibraryStore, opened: Callable[[], LibraryStore]) -> None:
    put(filled, "/docs/lease.txt", "The rent is 950.", content_hash="new")
    for store in (filled, opened()):
        assert store.count_chunks() == 5
        assert text_of(store, store.holding_each([("rent",)], 10)[0]) == ["The rent is 950."]
        assert store.holding_each([("dogs",)], 10) == [[]]
        assert len(store.view(256, None).ids) == 5


def test_the_ids_of_a_file_are_consecutive_and_known_by_spans(filled: LibraryStore) -> None:
    first, sizes = filled.spans()
    assert sorted(sizes.tolist()) == [2, 2, 3]
    assert first.tolist() == sorted(first.tolist())
    ids = [number for start, size in zip(first, sizes, strict=True) for number in range(start, start + size)]
    assert [number for number, _ in filled.paths_of_chunks()] == ids == filled.ids_of(EVERY_FILE).tolist()
    assert filled.view(256, None).ids.tolist() == ids


def test_dropped_files_leave_nothing_to_be_found(filled: LibraryStore, opened: Callable[[], LibraryStore]) -> None:
    gone = [each.chunk_id for each in filled.chunks_of_file("/docs/lease.txt")]
    assert filled.drop_files(["/docs/lease.txt", "/no/such"]) == 1
    for store in (filled, opened()):
        assert store.entry("/docs/lease.txt") is None
        assert store.chunks(gone) == {}
        assert store.chunks_of_file("/docs/lease.txt") == []
        assert store.holding_each([("rent",)], 5) == [[]]
        assert not set(gone) & {number for number, _ in store.view(256, None).search(EMBEDDER.embed_question("rent"), 50)}
        assert not store.says("Dogs are allowed")


def test_a_file_without_text_loses_its_chunks_and_keeps_its_entry(filled: LibraryStore) -> None:
    failed = entry_of("/docs/lease.txt", state=FileState.FAILED, reason="it is encrypted", chunks=0)
    filled.put_entry(failed)
    assert filled.entry("/docs/lease.txt") == failed
    assert filled.count_chunks() == 4
    assert [filled.count(state) for state in FileState] == [2, 0, 1]


def test_a_cleared_file_is_read_again(filled: LibraryStore) -> None:
    filled.clear(["/docs/lease.txt"], "it is read again")
    entry = filled.entry("/docs/lease.txt")
    assert entry and (entry.state, entry.reason, entry.mtime_ns, entry.content_hash) == (
        FileState.SKIPPED, "it is read again", 0, "")
    keys = {vector_key(chunk.searchable) for chunk in chunks_of(*TEXTS["/docs/lease.txt"])}
    assert filled.known_vectors(keys) == set()


def test_a_moved_file_keeps_its_chunks(filled: LibraryStore, opened: Callable[[], LibraryStore]) -> None:
    filled.put_document(entry_of("/docs/lease.txt/a", container="/docs/lease.txt"), "Inside", chunks_of("An attachment."))
    before = [each.chunk_id for each in filled.chunks_of_file("/docs/lease.txt")]
    filled.move_file("/docs/lease.txt", entry_of("/new/lease.txt", root="/new", mtime_ns=5, chunks=3))
    for store in (filled, opened()):
        assert [each.chunk_id for each in store.chunks_of_file("/new/lease.txt")] == before
        assert store.entry("/docs/lease.txt") is None
        inside = store.entry("/new/lease.txt/a")
        assert inside and (inside.container, inside.root, inside.mtime_ns) == ("/new/lease.txt", "/new", 5)
        assert {store.chunks([number])[number].path for number in before} == {"/new/lease.txt"}


def test_touched_files_have_a_new_time(filled: LibraryStore) -> None:
    filled.put_entry(entry_of("/docs/lease.txt/a", container="/docs/lease.txt"))
    filled.touch("/docs/lease.txt", 99, 7)
    assert [(entry.size, entry.mtime_ns) for entry in filled.entries_under(["/docs/lease.txt"]).values()] == [(99, 7), (10, 7)]
    assert filled.modified_ns(["/docs/lease.txt", "/none"]) == {"/docs/lease.txt": 7}
    assert filled.count_chunks() == 7


def test_a_transaction_is_all_or_nothing(filled: LibraryStore, opened: Callable[[], LibraryStore]) -> None:
    with pytest.raises(RuntimeError), filled.transaction():
        put(filled, "/docs/lease.txt", "changed")
        put(filled, "/new.txt", "new")
        filled.drop_files(["/other/zh.txt"])
        filled.set_meta("key", "value")
        filled.add_root("/new")
        raise RuntimeError("the power went")
    for store in (filled, opened()):
        assert list(store.ledger()) == sorted(TEXTS)
        assert [each.chunk.text for each in store.chunks_of_file("/docs/lease.txt")] == [*TEXTS["/docs/lease.txt"]]
        assert (store.meta("key"), store.roots()) == ("", ())
    put(filled, "/new.txt", "new")
    assert filled.count_chunks() == 8


def test_roots_and_excluded_paths(store: LibraryStore, opened: Callable[[], LibraryStore]) -> None:
    store.add_root("/docs")
    store.add_root("/other")
    store.drop_root("/other")
    for path in ("/docs/a", "/docs/a/b", "/docs/ab"):
        store.exclude(path)
    store.include("/docs/a")
    for each in (store, opened()):
        assert (each.roots(), each.own_roots(), each.excluded()) == (("/docs",), ("/docs",), ("/docs/ab",))


def test_named_values(store: LibraryStore, opened: Callable[[], LibraryStore]) -> None:
    for key in ("tables:1", "tables:2", "other"):
        store.set_meta(key, f"value of {key}")
    store.drop_meta(["tables:1", "none"])
    for each in (store, opened()):
        assert each.meta_with_prefix("tables:") == {"tables:2": "value of tables:2"}
        assert (each.meta("other"), each.meta("tables:1")) == ("value of other", "")


def test_the_generation_differs_after_every_change(store: LibraryStore) -> None:
    seen = [store.generation]
    put(store, "/a.txt", "one")
    seen.append(store.generation)
    store.drop_files(["/a.txt"])
    seen.append(store.generation)
    assert len(set(seen)) == 3


def test_chunks_wait_until_they_have_a_vector(store: LibraryStore, opened: Callable[[], LibraryStore]) -> None:
    old, new = chunks_of("An old text."), chunks_of("A new text.", "Another one.")
    store.put_document(entry_of("/old.txt", mtime_ns=1), "Old", old)
    store.put_document(entry_of("/new.txt", mtime_ns=5 * DAY), "New", new)
    for each in (store, opened()):
        waiting = each.pending_embeddings()
        assert text_of(each, waiting) == ["A new text.", "Another one.", "An old text."]
        assert (each.count_pending_embeddings(), each.embedded_share()) == (3, 0.0)
    embed(store, new)
    for each in (store, opened()):
        assert text_of(each, each.pending_embeddings()) == ["An old text."]
        assert each.embedded_share() == pytest.approx(2 / 3)
        assert len(each.view(256, None).ids) == 2
        assert text_of(each, each.holding_each([("old",)], 5)[0]) == ["An old text."]


def test_a_vector_is_found_at_once_though_others_of_its_file_wait(store: LibraryStore) -> None:
    first, second = chunks_of("A new text.", "Another one.")
    store.put_document(entry_of("/new.txt"), "New", [first, second])
    before = store.view(256, None)
    embed(store, [second])
    view = store.view(256, before)
    assert text_of(store, [number for number, _ in view.search(EMBEDDER.embed_question("one"), 5)]) == ["Another one."]
    assert text_of(store, store.pending_embeddings()) == ["A new text."]


def test_another_model_may_have_vectors_of_another_length(filled: LibraryStore) -> None:
    filled.clear(list(filled.ledger()), "it is read again")
    chunks = chunks_of("A new text.")
    filled.put_document(entry_of("/new.txt"), "New", chunks)
    filled.put_vectors({vector_key(chunks[0].searchable): np.full(4, 0.5, np.float32)})
    assert filled.dimension() == 4
    assert len(filled.view(4, None).search(np.full(4, 0.5, np.float32), 5)) == 1


def test_a_text_with_a_vector_is_not_embedded_again(filled: LibraryStore) -> None:
    text = TEXTS["/docs/lease.txt"][0]
    assert filled.known_vectors([vector_key(chunks_of(text)[0].searchable)])
    filled.put_document(entry_of("/copy.txt"), "Copy", chunks_of(text))
    assert filled.count_pending_embeddings() == 0
    vector = EMBEDDER.embed_question(chunks_of(text)[0].searchable)
    best = [number for number, _ in filled.view(256, None).search(vector, 2)]
    assert {filled.chunks([number])[number].path for number in best} == {"/docs/lease.txt", "/copy.txt"}


def test_settled_chunks_take_the_vector_of_their_text(store: LibraryStore) -> None:
    twin = chunks_of("The same text.")
    store.put_document(entry_of("/a.txt"), "A", twin)
    store.put_document(entry_of("/b.txt"), "B", twin)
    embed(store, twin)
    store.put_vectors({}, store.pending_embeddings())
    assert (store.count_pending_embeddings(), len(store.view(256, None).ids)) == (0, 2)


def test_vectors_that_no_chunk_needs_leave(filled: LibraryStore) -> None:
    key = vector_key(chunks_of(TEXTS["/docs/lease.txt"][0])[0].searchable)
    filled.drop_files(["/docs/lease.txt"])
    filled.drop_orphaned_vectors(0)
    assert filled.known_vectors([key]) == set()


def test_words_and_phrases_are_found(filled: LibraryStore) -> None:
    terms = [("notice",), ("k 47",), ("notice period is",), ("notice", "council"), ("period notice",), ("数 据 库",), ("保 密",),
             ("nothing",), ("lease",)]
    found = [text_of(filled, sorted(rows)) for rows in filled.holding_each(terms, 10)]
    lease, council, chinese = TEXTS.values()
    assert found == [[lease[0], council[0]], [council[1]], [lease[0]], [council[0]], [], [chinese[0]], [chinese[1]], [],
                     list(lease)]  # the name of a file is part of its text
    assert filled.count_holding_each(terms, 10) == [2, 1, 1, 1, 0, 1, 1, 0, 3]
    assert filled.count_holding_each(terms, 1) == [1, 1, 1, 1, 0, 1, 1, 0, 1]
    assert filled.count_holding_each([], 10) == []


def test_bm25_scores_are_those_of_the_formula(filled: LibraryStore, tmp_path: Path) -> None:
    reference = MemoryLibrary(tmp_path)
    for path, texts in TEXTS.items():
        put(reference, path, *texts)
    terms = [("notice",), ("k 47",), ("garden",), ("900",), ("the", "council")]
    for wanted in (EVERY_FILE, Filter(("/docs/council.md",)), Filter(types=("txt",))):
        expected = reference.match(terms, 10, wanted)
        found = filled.match(terms, 10, wanted)
        assert text_of(filled, [number for number, _ in found]) == text_of(reference, [number for number, _ in expected])
        assert [score for _, score in found] == pytest.approx([score for _, score in expected], rel=1e-4)
    assert len(filled.match(terms, 2)) == 2


def test_the_nearest_vectors_are_found(filled: LibraryStore) -> None:
    view = filled.view(256, None)
    question = EMBEDDER.embed_question("Title\nThe rent is 900 per month.")
    [(best, cosine), *others] = view.search(question, 7)
    assert text_of(filled, [best]) == ["The rent is 900 per month."]
    assert cosine == pytest.approx(1.0, abs=2e-3)
    assert len(others) == 6
    ids, vectors = view.vectors(view.ids)
    assert ids.tolist() == view.ids.tolist()
    assert view.cosines(question, view.ids) == pytest.approx(dict(zip(ids.tolist(), (vectors @ question).tolist(), strict=True)))
    among = filled.ids_of(Filter(("/other",)))
    assert {number for number, _ in view.search(question, 7, among)} == set(among.tolist())
    assert view.vectors([10**15])[0].tolist() == []


def test_a_view_is_kept_until_something_changes(filled: LibraryStore) -> None:
    view = filled.view(256, None)
    assert filled.view(256, view).stamp == view.stamp
    put(filled, "/more.txt", "more")
    assert filled.view(256, view).stamp != view.stamp
    assert len(filled.view(256, view).ids) == 8


@pytest.mark.parametrize(("wanted", "paths"), [
    (Filter(("/docs",)), ["/docs/council.md", "/docs/lease.txt"]), (Filter(("*lease*",)), ["/docs/lease.txt"]),
    (Filter(types=("txt",)), ["/docs/lease.txt", "/other/zh.txt"]), (Filter(since_ns=5), ["/other/zh.txt"]),
    (Filter(("/docs",), ("txt",)), ["/docs/lease.txt"]), (Filter(within=("/other",)), ["/other/zh.txt"]),
    (Filter(("/none",)), []),
])
def test_filters(filled: LibraryStore, wanted: Filter, paths: list[str]) -> None:
    filled.touch("/other/zh.txt", 10, 9)
    assert [path for path, *_ in filled.filtered_files(wanted)] == paths
    assert [entry.path for entry in filled.indexed_files(wanted, "", 10)] == paths
    assert [path for path in filled.ledger() if filled.passes(path, wanted)] == paths
    chunks = sum(len(TEXTS[path]) for path in paths)
    counted = filled.count_files(FileState.INDEXED, wanted)
    assert (counted.files, counted.chunks, counted.bytes) == (len(paths), chunks, 10 * len(paths))
    assert {filled.chunks([number])[number].path for number in filled.ids_of(wanted).tolist()} == set(paths)


def test_files_are_listed_page_by_page(filled: LibraryStore) -> None:
    first = filled.indexed_files(EVERY_FILE, "", 2)
    assert [entry.path for entry in first] == ["/docs/council.md", "/docs/lease.txt"]
    assert [entry.path for entry in filled.indexed_files(EVERY_FILE, first[-1].path, 2)] == ["/other/zh.txt"]


def test_what_stands_at_a_place_and_beside_it(filled: LibraryStore) -> None:
    path, texts = "/docs/lease.txt", TEXTS["/docs/lease.txt"]
    chunks = chunks_of(*texts)
    middle = chunks[1].location
    assert [each.chunk for each in filled.chunk_at(path, middle.char_start).values()] == [chunks[1]]
    assert filled.chunk_at(path, 10**6) == {} == filled.chunk_at("/none", 0)
    assert filled.beside_each([(path, middle.char_start, middle.char_end), ("/none", 0, 4)]) == [[chunks[2], chunks[0]], []]
    assert filled.adjacent_chunks(path, 0, chunks[0].location.char_end) == [chunks[1]]
    assert [each.chunk for each in filled.chunks_around(path, middle.char_start, 1)] == chunks
    assert [each.chunk for each in filled.chunks_from(path, middle.char_start, 5)] == chunks[1:]
    assert [each.chunk for each in filled.chunks_from(path, 0, 1)] == chunks[:1]


def test_a_quote_is_recognised(filled: LibraryStore) -> None:
    assert filled.says("Dogs are allowed in the garden")
    assert filled.says("数据库的备份")
    assert not filled.says("Cats are allowed")
    assert not filled.says("")


def test_upkeep_of_a_sound_library_finds_nothing_and_changes_nothing(filled: LibraryStore) -> None:
    before = filled.ledger()
    filled.prepare(256)
    assert filled.erase_removed(thorough=False)
    assert filled.erase_removed(thorough=True)
    assert filled.inspect(repair=False) == () == filled.inspect(repair=True)
    assert (filled.ledger(), filled.count_chunks(), filled.count_pending_embeddings()) == (before, 7, 0)
    assert filled.size() >= 0


def test_every_store_can_be_searched(filled: LibraryStore) -> None:
    searcher = Searcher(filled, EMBEDDER)
    best, *_ = searcher.search("How long is the notice period?", 3, STEPS)
    assert best.chunk.text == "The notice period is three months."
    within = searcher.search("How long is the notice period?", 3, STEPS, Filter(("/docs/council.md",)))
    assert {hit.path for hit in within} == {"/docs/council.md"}
    put(filled, "/late.txt", "The notice period of the second flat is six weeks.")
    assert "/late.txt" in {hit.path for hit in searcher.search("notice period of the second flat", 2, STEPS)}

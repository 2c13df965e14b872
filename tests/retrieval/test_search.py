from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.index import Store
from assistant.index.store import vector_key
from assistant.models.fake import FakeEmbedder
from assistant.retrieval import STEPS, Searcher
from assistant.retrieval.bm25 import find_terms


def put(store: Store, path: str, *texts: str) -> None:
    chunks = [Chunk(text, Location(at + 1, at + 1, at, at + len(text))) for at, text in enumerate(texts)]
    embedded = FakeEmbedder().embed_passages([chunk.searchable for chunk in chunks])
    vectors = {vector_key(chunk.searchable): vector for chunk, vector in zip(chunks, embedded, strict=True)}
    store.put_document(LedgerEntry(path, "/", FileState.INDEXED, "", 1, 1, path, len(chunks)), "", chunks)
    store.put_vectors(vectors)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "library.sqlite")
    yield opened
    opened.close()


def test_the_passage_that_both_searches_like_comes_first(store: Store) -> None:
    put(store, "/a.txt", "The notice period is three months.", "Dogs are allowed.")
    put(store, "/b.txt", "The rent is 900 euros.")
    hits = Searcher(store, FakeEmbedder()).search("How long is the notice period?", 2, STEPS)
    assert hits[0].chunk.text == "The notice period is three months."
    assert (hits[0].keyword_rank, hits[0].dense_rank) == (1, 1)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_an_empty_library_finds_nothing(store: Store) -> None:
    assert Searcher(store, FakeEmbedder()).search("anything", 5) == ()


def test_a_change_of_the_library_is_seen_by_the_next_question(store: Store) -> None:
    put(store, "/a.txt", "Dogs are allowed.")
    searcher = Searcher(store, FakeEmbedder())
    assert searcher.search("What of cats?", 1)[0].path == "/a.txt"
    put(store, "/b.txt", "Cats are not.")
    assert searcher.search("What of cats?", 1)[0].path == "/b.txt"


def test_passages_in_two_scripts_are_ranked_together(store: Store) -> None:
    put(store, "/en.txt", *(f"The tenant number {number} pays rent for flat {number}." for number in range(30)))
    put(store, "/zh.txt", *(f"租客第{number}号支付房租,住在{number}室。" for number in range(30)))
    searcher = Searcher(store, FakeEmbedder())
    assert searcher.search("Who pays rent for flat 7?", 3)[0].chunk.text == "The tenant number 7 pays rent for flat 7."
    both = {hit.chunk.text for hit in searcher.search("租客第12号住在哪室?", 2)}
    assert both == {"租客第12号支付房租,住在12室。", "The tenant number 12 pays rent for flat 12."}


def test_passages_that_wait_for_their_vectors_are_found_by_their_words(store: Store) -> None:
    put(store, "/a.txt", "Dogs are allowed.", "Birds are allowed.")
    text = "Cats are not allowed in the garden."
    part = Chunk(text, Location(1, 1, 0, len(text)))
    store.put_document(LedgerEntry("/b.txt", "/", FileState.INDEXED, "", 1, 1, "b", 1), "", [part])
    [best, *_] = Searcher(store, FakeEmbedder()).search("What of cats in the garden?", 3)
    assert (best.path, best.cosine) == ("/b.txt", None)


def test_a_search_sees_one_state_whatever_is_written_meanwhile(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "/a.txt", "Dogs are allowed.")
    other = Store(tmp_path / "library.sqlite")

    def find_terms_late(*asked: Any) -> Any:
        put(other, "/b.txt", *(f"Dogs, number {number}." for number in range(20)))
        return find_terms(*asked)

    searcher = Searcher(store, FakeEmbedder())
    with monkeypatch.context() as busy:
        busy.setattr("assistant.retrieval.search.find_terms", find_terms_late)
        assert [(hit.path, hit.keyword_rank, hit.dense_rank) for hit in searcher.search("dogs", 5)] == [("/a.txt", 1, 1)]
    assert {hit.path for hit in searcher.search("dogs", 30)} == {"/a.txt", "/b.txt"}
    other.close()


def test_the_sample_of_the_library_is_kept_while_it_changes_little(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import assistant.retrieval.search as module

    drawn: list[int] = []

    def counted(*parts: Any) -> Any:
        drawn.append(1)
        return draw(*parts)

    draw = module.sample_background
    monkeypatch.setattr(module, "sample_background", counted)
    put(store, "/a.txt", *(f"Note {number} about the rent." for number in range(30)))
    searcher = Searcher(store, FakeEmbedder())
    searcher.search("rent", 3)
    put(store, "/b.txt", "One more note, about cats.")
    assert searcher.search("cats", 1)[0].path == "/b.txt"
    assert len(drawn) == 1
    put(store, "/c.txt", *(f"Note {number} about dogs." for number in range(10)))
    searcher.search("dogs", 3)
    assert len(drawn) == 2

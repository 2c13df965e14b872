from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.index import Store
from assistant.index.store import vector_key
from assistant.retrieval import bm25 as keyword
from assistant.retrieval.bm25 import FileNumbers, file_scores, find_terms, keyword_search, max_bm25, mix_file_scores, rarest_terms
from assistant.retrieval.feedback import expand_query

TEXTS = {
    "/lease.txt": ["The notice period is three months.", "The rent is 900 euros.", "Pets are allowed."],
    "/AX-2040.txt": ["The warranty of the AX-2040/B is two years."],
    "/other.txt": ["B 2040 and AX are letters.", "Version 2.4.1 is out.", "Version 4.2.1 was out."],
    "/contract.txt": ["第十二条 违约金为百分之五。", "第二十条 其他十二项。"],
    "/bestbuy_2023.txt": ["Revenue fell in fiscal 2023."],
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "library.sqlite")
    for path, texts in TEXTS.items():
        chunks = [Chunk(text, Location(at + 1, at + 1, at, at + len(text))) for at, text in enumerate(texts)]
        vectors = {vector_key(chunk.searchable): np.full(4, 0.5, np.float32) for chunk in chunks}
        opened.put_document(LedgerEntry(path, "/", FileState.INDEXED, "", 1, 1, path, len(chunks)), "", chunks)
        opened.put_vectors(vectors)
    yield opened
    opened.close()


def best(store: Store, question: str) -> str:
    [(chunk, _), *_] = keyword_search(store, find_terms(store, question, 10), 10, 5)
    return store.chunks([chunk])[chunk].chunk.text


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("How long is the warranty of AX-2040/B?", "The warranty of the AX-2040/B is two years."),
        ("What came with 2.4.1?", "Version 2.4.1 is out."),
        ("What came with 4.2.1?", "Version 4.2.1 was out."),
        ("第十二条规定了什么？", "第十二条 违约金为百分之五。"),
        ("违", "第十二条 违约金为百分之五。"),
        ("What was Best Buy's revenue in FY2023?", "Revenue fell in fiscal 2023."),
    ],
)
def test_what_counts_as_one_thing_is_found(store: Store, question: str, found: str) -> None:
    assert best(store, question) == found


def test_a_question_without_known_words_finds_nothing(store: Store) -> None:
    asked = find_terms(store, "xylophone", 10)
    assert (asked, keyword_search(store, asked, 10, 5), max_bm25(asked, 10)) == ([], [], 0.0)


def test_common_terms_go_first_when_time_is_short(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyword, "MOST_ROWS", 2)
    assert rarest_terms({("often",): 2, ("once",): 1, ("rare",): 1}) == [("once",), ("rare",)]
    assert rarest_terms({("always",): 9}) == [("always",)]
    assert rarest_terms({}) == []
    chosen = find_terms(store, "version 2.4.1 out pets", 10)
    assert sum(len(term.rows) for term in chosen) <= 2
    assert len(chosen[0].rows) == 1


def test_common_terms_are_searched_for_together(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyword, "COMMON_FLOOR", 1)
    [term] = find_terms(store, "the version that is out 2", 7)
    assert term.phrases == ("version", "out", "2")
    monkeypatch.setattr(keyword, "LARGE", 1)
    assert keyword_search(store, [term], 7, 5) == [(chunk, pytest.approx(np.log(5.5 / 2.5))) for chunk in term.rows]
    assert best(store, "the version that was out 2") == "Version 2.4.1 is out."


def test_a_question_of_one_common_word_is_not_ranked_by_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyword, "COMMON_FLOOR", 1)
    monkeypatch.setattr(keyword, "MOST_ROWS", 1)
    monkeypatch.setattr(keyword, "LARGE", 1)
    found = keyword_search(store, find_terms(store, "version", 7), 7, 1)
    assert [score for _, score in found] == [0.0, 0.0]
    assert "ersion" in store.chunks([found[0][0]])[found[0][0]].chunk.text


def test_a_file_that_speaks_of_the_question_lifts_its_passages(store: Store) -> None:
    files, asked = FileNumbers(store), find_terms(store, "Which pets may a tenant keep on a notice and what rent is due?", 10)
    scores = file_scores(files, asked)
    lease = files.files(np.array([1]))[0]
    assert scores[lease] == scores.max() > 0
    found = dict(keyword_search(store, asked, 10, 10))
    assert all(mixed >= 0 for mixed in mix_file_scores(found, files, asked).values())
    assert mix_file_scores({10**9: 1.0}, files, asked) == {10**9: 1.0}


def test_files_of_nothing(tmp_path: Path) -> None:
    empty = Store(tmp_path / "empty.sqlite")
    files = FileNumbers(empty)
    assert len(files.files(np.array([1, 2], np.int64))) == 0
    assert len(file_scores(files, [])) == 0
    empty.close()


def test_what_two_files_say_lifts_a_third_that_says_it_too(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "echo.sqlite")
    texts = ["Who won? Nadal won.", "The winner was Nadal.", "Nadal again.", "Federer again."]
    texts += [f"Filler number{number}." for number in range(9)]
    for number, text in enumerate(texts):
        part = Chunk(text, Location(1, 1, 0, len(text)))
        entry = LedgerEntry(f"/{number}.txt", "/", FileState.INDEXED, "", 1, 1, str(number), 1)
        other.put_document(entry, "", [part])
        other.put_vectors({vector_key(part.searchable): np.full(4, 0.5, np.float32)})
    ids = other.chunk_keys()["id"].tolist()
    scores = dict(zip(ids, [9.0, 8.0, 1.0, 1.0, *[0.0] * 9], strict=True))
    lifted = expand_query(scores, other.chunks(ids), [], other, len(ids))
    assert lifted[ids[2]] > lifted[ids[3]]
    assert expand_query({}, {}, [], other, 0) == {}
    other.close()

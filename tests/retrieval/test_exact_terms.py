"""What holds a code, number or name of the question comes before what does not."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.datatypes import Chunk, FileState, Filter, Hit, LedgerEntry, Location
from assistant.index import Store
from assistant.index.chunks import StoredChunk
from assistant.index.store import vector_key
from assistant.models.fake import FakeEmbedder, FakeReranker
from assistant.retrieval import STEPS, Searcher, rerank
from assistant.retrieval.exact_terms import (
    CODE_SCORE,
    NAME_SCORE,
    PART,
    ExactTerm,
    SearchIdentifier,
    exact_scores,
    identifiers,
    rank_exact_first,
)


def put(store: Store, path: str, *texts: str, embedded: bool = True) -> None:
    chunks, at = list[Chunk](), 0
    for number, text in enumerate(texts, 1):
        chunks.append(Chunk(text, Location(number, number, at, at + len(text))))
        at += len(text) + 1
    vectors = FakeEmbedder().embed_passages(texts)
    store.put_document(LedgerEntry(path, "/", FileState.INDEXED, "", 1, 1, path, len(chunks)), "", chunks)
    if embedded:
        store.put_vectors({vector_key(chunk.searchable): vector for chunk, vector in zip(chunks, vectors, strict=True)})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "library.sqlite")
    yield opened
    opened.close()


def first(store: Store, question: str, wanted: Filter | None = None) -> str:
    hits = Searcher(store, FakeEmbedder()).search(question, 3, STEPS, wanted or Filter())
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    return hits[0].chunk.text if hits else ""


@pytest.mark.parametrize(("question", "words"), [
    ("Where is K-47?", [("k", "47")]), ("what is R0077777", [("r0077777",)]),
    ("who painted buoy 7991", [("7991",), ("buoy", "7991")]),
    ("is locker 12 free", [("locker", "12")]), ("how do I restart with relayctl", [("relayctl",)]),
    ("where is config.toml", [("config", "toml")]), ("what does max_size mean", [("max", "size")]),
    ("paid on 2021-03-04 or 1,249.50", [("2021", "03", "04"), ("1", "249", "50")]),
    ('what of "slip way"', [("slip", "way")]), ("Does Anna's cousin Berg work?", [("anna",), ("berg",)]),
    ("第7991号阀门K-47在哪里", [("7991",), ("k", "47")]), ("the UTF rule", [("utf",)]), ("lubrication", [("lubrication",)]),
    ("ABC 1234", [("1234",), ("abc", "1234"), ("abc",)]), ("it was in 1987", [("1987",)]),
])
def test_identifiers_of_a_question(question: str, words: list[tuple[str, ...]]) -> None:
    assert [each.words for each in identifiers(question) if not each.only_as_name] == words


@pytest.mark.parametrize("question", [
    "How long is the notice period of the lease?", "what takes 24-hour care of 3 rooms", "is 1/2000 of them the 3rd or 2.5 times",
    "Wie hoch ist die Miete der Wohnung im Haus?", "What Is The Name Of The Main Road", "why couldn't they",
    "a rhythm of the well-known algorithm", "the blood pressure (DBP) of men",
])
def test_ordinary_words_identify_nothing(question: str) -> None:
    assert [each for each in identifiers(question) if not each.only_as_name] == []


CODES = ("K-47", "R0077777", "UTF-318", "buoy 7991", "relayctl", "bcdfgh", "AB12-CD", "part_no_7", "2.4.1", "Halvorsen")


def test_a_period_is_a_time_and_the_parts_of_a_joined_word_are_no_names() -> None:
    found = identifiers("What is the average PP&E of Auster between FY2018 and FY2019?")
    assert {each.words: each.score for each in found} == {
        ("auster",): NAME_SCORE, ("fy2018",): NAME_SCORE, ("fy2019",): NAME_SCORE}
    assert [each.score for each in identifiers("Where is Q477?")] == [CODE_SCORE]


@pytest.mark.parametrize("embedded", [True, False])
@pytest.mark.parametrize("passages", [2, 3, 10, 40, 400])
def test_the_passage_with_the_code_is_first(store: Store, passages: int, embedded: bool) -> None:
    draw = random.Random(passages)
    code = CODES[passages % len(CODES)]
    others = [f"The pump in the north yard was painted in spring {number} and the {draw.choice(('valve', 'lamp'))} is checked."
              for number in range(passages - 1)]
    put(store, "/a.txt", *others, f"It is the thing {code}, which stands still.", embedded=embedded)
    for question in (code, f"When was the pump {code} in the north yard painted and when is the valve checked in spring?"):
        assert code in first(store, question)


@pytest.mark.parametrize("code", CODES)
def test_whatever_the_code_looks_like(store: Store, code: str) -> None:
    put(store, "/a.txt", "The meters of the house are read by a caretaker who reads all meters.", f"{code} hangs in the hall.")
    assert code in first(store, f"which caretaker of the house reads the meters with {code} now")


def test_identifiers_are_whole(store: Store) -> None:
    put(store, "/a.txt", "PPR-9087 replaces the slipway rails.", "PPR-908/B is the spare part of the yard.",
        "PPR-908 replaces other parts.", "Slipway rails and spare parts of the yard are replaced.")
    question = "Which spare part of the slipway rails of the yard does PPR-908 replace?"
    hits = Searcher(store, FakeEmbedder()).search(question, 4, STEPS)
    assert [hit.chunk.text[:9] for hit in hits[:2]] == ["PPR-908 r", "PPR-908/B"]


def test_a_code_is_found_however_it_is_divided(store: Store) -> None:
    put(store, "/a.txt", "Keys are kept where the keys of the valves are kept.", "Valve K47 is closed.", "Valve QX-31 is open.")
    assert "K47" in first(store, "Where are keys of the valves kept, K-47?")
    assert "QX-31" in first(store, "Where are keys of the valves kept, QX31?")


def test_the_end_of_a_very_long_question_counts(store: Store) -> None:
    put(store, "/a.txt", *(f"The {word} stands in the yard." for word in ("pump", "lamp", "crane")), "R0077777 is here.")
    assert "R0077777" in first(store, " ".join(f"pump in the crane's yard{'!' * number}" for number in range(60)) + " R0077777")


def test_a_code_that_a_filter_leaves_out_is_not_found(store: Store) -> None:
    put(store, "/a.txt", "K-47 is closed.")
    put(store, "/b.txt", "The valve is open.")
    assert first(store, "Is the valve K-47 open?", Filter(paths=("/b.txt",))) == "The valve is open."


def test_a_name_typed_in_lower_case_counts_where_it_is_written_as_a_name(store: Store) -> None:
    put(store, "/a.txt", "The accounting office is asked by everybody who has a question of accounting.",
        "In the cellar works Petrossian, who counts.", "The office opens at nine.")
    question = "who in the accounting office has {} to be asked a question of accounting"
    assert "Petrossian" in first(store, question.format("petrossian"))
    assert "accounting" in first(store, question.format("nine"))


def chunk(number: int, text: str) -> StoredChunk:
    return StoredChunk(number, "/a.txt", "", Chunk(text, Location(1, 1, 0, len(text))))


def test_what_holds_more_of_the_identifiers_scores_more() -> None:
    code, name = SearchIdentifier(("k", "47"), CODE_SCORE, 20), SearchIdentifier(("berg",), NAME_SCORE, 3)
    stored = {1: chunk(1, "K-47 of Berg"), 2: chunk(2, "K-47/B"), 3: chunk(3, "Berg"), 4: chunk(4, "nothing")}
    assert exact_scores([ExactTerm(code, (1, 2)), ExactTerm(name, (1, 3, 9))], stored) == {
        1: CODE_SCORE + NAME_SCORE, 2: PART * CODE_SCORE, 3: NAME_SCORE}


def test_scores_fall_with_the_rank_and_keep_their_order() -> None:
    ranked = rank_exact_first({1: 9.0, 2: 5.0, 3: 1.0, 4: 8.0, 5: -20.0}, {3: 100.0, 2: 1.0})
    assert sorted(ranked, key=lambda key: -ranked[key]) == [3, 2, 1, 4, 5]
    assert ranked[3] == 1.0
    assert ranked[1] - ranked[4] == pytest.approx(1.0)
    assert rank_exact_first({1: 9.0, 2: 5.0}, {}) == {1: 9.0, 2: 5.0}


def test_a_reranker_does_not_outweigh_the_code() -> None:
    holding = Hit(1, "/a.txt", "", chunk(1, "K-47 is closed").chunk, 2.0, exact_score=CODE_SCORE)
    others = [Hit(number, "/a.txt", "", chunk(number, "Where the valve of the yard is").chunk, 1.0) for number in (2, 3)]
    hits, _ = rerank(FakeReranker(), "Where is the valve K-47 of the yard?", [holding, *others], 1e7)
    assert hits[0].chunk_id == 1
    assert hits[0].rerank_score is not None

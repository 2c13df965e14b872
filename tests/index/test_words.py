from pathlib import Path

import pytest

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.index import Store
from assistant.index.fts_text import (
    JOINED,
    body_text,
    concatenated_words,
    exact_phrases,
    letter_digit_parts,
    query_terms,
    tokenize_for_index,
)
from assistant.retrieval.bm25 import find_terms


def test_chinese_becomes_characters_and_pairs() -> None:
    assert tokenize_for_index("数据库").split() == ["数", "据", "库", "数据", "据库"]


def test_mixed_text_keeps_its_words_apart() -> None:
    assert tokenize_for_index("AX-2040的保修").split() == ["AX-2040", "的", "保", "修", "的保", "保修"]


def test_full_width_letters_are_made_plain() -> None:
    assert tokenize_for_index("ＡＸ２０４０") == "AX2040"


def test_terms_of_a_question_leave_stop_words_out() -> None:
    assert query_terms("What is the notice period?") == ["notice", "period"]
    assert query_terms("违约金是多少？") == ["违约", "约金", "金是"]


def test_a_question_of_stop_words_only_keeps_them() -> None:
    assert query_terms("Who is it?") == ["who", "is", "it"]


def test_one_character_is_a_term() -> None:
    assert query_terms("水") == ["水"]


def test_identifiers_clauses_and_quotes_are_wholes() -> None:
    assert exact_phrases("How long is the AX-2040/B under 2.4.1?") == ["ax 2040 b", "2 4 1"]
    assert exact_phrases("合同第十二条写了什么？") == ["第 十 二 条"]
    assert exact_phrases('Who wrote "Tender Is the Night"?') == ["tender is the night"]
    assert exact_phrases("《边城》的作者是谁？") == ["边 城"]
    assert exact_phrases("What is the notice period?") == []


def test_letters_and_numbers_come_apart() -> None:
    assert letter_digit_parts("fy2022") == ["fy", "2022"]
    assert letter_digit_parts("x1") == []
    assert letter_digit_parts("notice") == []


def test_neighbours_may_be_written_as_one_word() -> None:
    assert concatenated_words("Did Best Buy grow?") == ["didbest", "bestbuy", "buygrow", "didbestbuy", "bestbuygrow"]


def test_hyphenated_words_are_also_indexed_as_one_behind_the_text() -> None:
    assert body_text("/x/plan.md", "The back-up of 颱風.").split() == ["plan", "The", "back-up", "of", "台", "风", "台风", ".",
                                                                    f"{JOINED}backup"]


@pytest.mark.parametrize(("text", "question"), [
    ("The lubri\u00adcation interval is 400 hours.", "lubrication"), ("The lubri\u200bcation interval.", "lubrication"),
    ("The lubrication interval.", "lubri\u00adcation"), ("颱風來襲時關閉閘門。", "台风"), ("台风来袭", "颱風"),
    ("The back-up generator runs.", "backup"), ("The backup generator runs.", "back-up"), ("Die Straße ist zu.", "Strasse"),
    ("Die Strasse ist zu.", "Straße"), ("The back\u2011up generator.", "backup"),
])
def test_spellings_that_look_alike_are_found(tmp_path: Path, text: str, question: str) -> None:
    store = Store(tmp_path / "library.sqlite")
    for path, content in (("/a.md", text), ("/b.md", "Quite another thing stands here.")):
        store.put_document(LedgerEntry(path, "/", FileState.INDEXED, "", 1, 1, path, 1), "",
                           [Chunk(content, Location(1, 1, 0, len(content)))])
    assert [term.rows.tolist() for term in find_terms(store, question, 2)] == [[1]]
    assert store.chunks([1])[1].chunk.text == text
    assert store.says(text)
    store.close()


def test_two_words_do_not_count_twice_where_a_text_hyphenates_them(tmp_path: Path) -> None:
    store = Store(tmp_path / "library.sqlite")
    store.put_document(LedgerEntry("/a.md", "/", FileState.INDEXED, "", 1, 1, "x", 1), "",
                       [Chunk("The boundary-layer flow.", Location(1, 1, 0, 24))])
    assert [term.phrases for term in find_terms(store, "boundary layer", 1)] == [("boundary",), ("layer",)]
    store.close()

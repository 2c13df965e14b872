from assistant.index.fts_text import halves, indexed, joined, terms, wholes


def test_chinese_becomes_characters_and_pairs() -> None:
    assert indexed("数据库").split() == ["数", "据", "库", "数据", "据库"]


def test_mixed_text_keeps_its_words_apart() -> None:
    assert indexed("AX-2040的保修").split() == ["AX-2040", "的", "保", "修", "的保", "保修"]


def test_full_width_letters_are_made_plain() -> None:
    assert indexed("ＡＸ２０４０") == "AX2040"


def test_terms_of_a_question_leave_stop_words_out() -> None:
    assert terms("What is the notice period?") == ["notice", "period"]
    assert terms("违约金是多少？") == ["违约", "约金", "金是"]


def test_a_question_of_stop_words_only_keeps_them() -> None:
    assert terms("Who is it?") == ["who", "is", "it"]


def test_one_character_is_a_term() -> None:
    assert terms("水") == ["水"]


def test_identifiers_clauses_and_quotes_are_wholes() -> None:
    assert wholes("How long is the AX-2040/B under 2.4.1?") == ["ax 2040 b", "2 4 1"]
    assert wholes("合同第十二条写了什么？") == ["第 十 二 条"]
    assert wholes('Who wrote "Tender Is the Night"?') == ["tender is the night"]
    assert wholes("《边城》的作者是谁？") == ["边 城"]
    assert wholes("What is the notice period?") == []


def test_letters_and_numbers_come_apart() -> None:
    assert halves("fy2022") == ["fy", "2022"]
    assert halves("x1") == []
    assert halves("notice") == []


def test_neighbours_may_be_written_as_one_word() -> None:
    assert joined("Did Best Buy grow?") == ["didbest", "bestbuy", "buygrow", "didbestbuy", "bestbuygrow"]

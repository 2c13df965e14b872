from assistant.index.fts_text import concatenated_words, exact_phrases, letter_digit_parts, query_terms, tokenize_for_index


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

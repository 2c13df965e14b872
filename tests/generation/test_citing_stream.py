import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.datatypes import Chunk, Hit, Location, Sentence
from assistant.generation.citing_stream import CitingStream
from assistant.generation.support import build_citations


def hit(text: str, number: int = 1, line: int = 10) -> Hit:
    location = Location(line, line + len(re.findall(r"\r\n|\r|\n", text)), 100, 100 + len(text))
    return Hit(number, f"/{number}.txt", f"File {number}", Chunk(text, location))


RENT = hit("The lease began in May.\nThe rent is 900 euros a month.", 1)
NOTICE = hit("Either party may end it with 90 days' notice.", 2)
PASSAGES = [RENT, NOTICE]


def cited(*pieces: str, passages: list[Hit] = PASSAGES) -> str:
    stream = CitingStream(passages)
    shown = [text for piece in pieces for text in stream.feed(piece)]
    return "".join([*shown, *stream.finish()])


def test_the_models_number_stays_and_stands_before_the_full_stop() -> None:
    assert cited("The rent is 900 euros [1].") == "The rent is 900 euros [1]."


def test_a_number_behind_the_full_stop_belongs_to_the_sentence_before() -> None:
    assert cited("The rent is 900 euros. [1] The notice is 90 days. [2]") == (
        "The rent is 900 euros [1]. The notice is 90 days [2]."
    )


def test_a_missing_number_is_given() -> None:
    assert cited("The rent is 900 euros.") == "The rent is 900 euros [1]."


def test_a_number_that_names_no_passage_is_dropped() -> None:
    assert cited("The rent is 900 euros [7].") == "The rent is 900 euros [1]."


def test_a_wrong_number_gives_way_to_the_passage_that_says_it() -> None:
    assert cited("The notice is 90 days [1].") == "The notice is 90 days [2]."


def test_a_sentence_that_nothing_supports_gets_no_number() -> None:
    assert cited("Bananas grow in Ecuador [9].") == "Bananas grow in Ecuador."


def test_chinese_sentences_and_wide_brackets() -> None:
    passages = [hit("逾期交货的违约金为千分之三。"), hit("保修期为两年。", 2)]
    assert cited("违约金为千分之三。保修期为两年【2】。", passages=passages) == "违约金为千分之三 [1]。保修期为两年 [2]。"


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pieces_of_any_size_give_the_same_text(size: int) -> None:
    text = "The rent is 900 euros. [1] Dr. Lee said so! The notice is 90 days [2].\nThe end"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert cited(*pieces) == cited(text)


def test_text_is_shown_before_the_sentence_is_over() -> None:
    stream = CitingStream(PASSAGES)
    assert "".join(stream.feed("The rent is 900 eu")) == "The rent is 900 eu"


def test_a_bracket_that_is_no_marker_stays() -> None:
    assert cited("The rent is 900 euros [a month].") == "The rent is 900 euros [a month] [1]."


def test_a_citation_quotes_the_very_sentence_and_its_line() -> None:
    stream = CitingStream(PASSAGES)
    list(stream.feed("The rent is 900 euros [1]."))
    list(stream.finish())
    (citation,) = build_citations(stream.sentences, PASSAGES, "How much is the rent?")
    assert citation.quote == "The rent is 900 euros a month."
    assert citation.location.line_start == 11
    begin = citation.location.char_start - 100
    assert RENT.chunk.text[begin : begin + len(citation.quote)] == citation.quote


def test_a_number_that_the_passage_does_not_bear_out_is_dropped() -> None:
    assert cited("The moon is made of green cheese [2].") == "The moon is made of green cheese."


def test_a_passage_without_the_sentences_number_is_not_cited() -> None:
    assert cited("The rent is 1,400 euros a month [1].") == "The rent is 1,400 euros a month."


@pytest.mark.parametrize(("sentence", "passage"), [
    ("The price is 1200 euros.", "The price is 1,200 euros."), ("It was signed on 2021-11-03.", "It was signed on 03.11.2021."),
    ("The notice is 9 months.", "The notice is nine months."), ("The share is 2.5 %.", "The share is 2.5% of it."),
])
def test_numbers_may_be_written_in_another_way(sentence: str, passage: str) -> None:
    assert "[1]" in cited(sentence, passages=[hit(passage)])


def test_an_answer_in_another_script_than_the_passage_keeps_the_models_number() -> None:
    assert cited("月租金为九百欧元 [1]。") == "月租金为九百欧元 [1]。"


def test_a_list_keeps_its_numbers() -> None:
    text = "These hold:\n1. The rent is 900 euros a month.\n2. The notice is 90 days."
    assert cited(text) == "These hold:\n1. The rent is 900 euros a month [1].\n2. The notice is 90 days [2]."


def test_brackets_behind_a_letter_are_the_persons_own() -> None:
    passages = [hit("Use x[1] to get the second item of the list.")]
    assert cited("Use x[1] to get the second item.", passages=passages) == "Use x[1] to get the second item [1]."


def test_a_number_that_the_passage_itself_has_in_brackets_stays() -> None:
    passages = [hit("It was shown in reference [12] of the report.")]
    assert cited("It was shown in reference [12].", passages=passages) == "It was shown in reference [12] [1]."


def test_the_agreed_refusal_within_an_answer_is_left_out() -> None:
    assert cited("The notice is 90 days, NOT STATED [2]") == "The notice is 90 days [2]"
    assert cited("NOT", " ST", "ATED") == ""


def test_several_numbers_behind_a_full_stop() -> None:
    passages = [hit("The rent is 900 euros."), hit("The rent is 900 euros indeed.", 2)]
    assert cited("The rent is 900 euros. [1][2]", passages=passages) == "The rent is 900 euros [1][2]."


def test_lines_are_counted_by_every_kind_of_line_end() -> None:
    passage = hit("one line\rtwo lines\rThe fee is ten.", line=1)
    (citation,) = build_citations([Sentence("The fee is ten.", (1,), "full")], [passage], "fee?")
    assert citation.location.line_start == 3


@given(st.text(alphabet="ab .。\n[]12【】NOTSTATED", max_size=80), st.integers(1, 9))
def test_nothing_but_markers_is_lost_however_it_comes(text: str, size: int) -> None:
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    bare = re.sub(r"[\s\d\[\]【】,.;。NOTSTATED]", "", text)
    assert re.sub(r"[\s\d\[\]【】,.;。NOTSTATED]", "", cited(*pieces)) == bare


def test_long_white_space_and_many_abbreviations_take_no_time() -> None:
    def seconds(pieces: Sequence[str]) -> float:
        started = time.process_time()
        cited(*pieces)
        return time.process_time() - started

    for long, short in ((["    "] * 4000, ["    "] * 500), (["Dr. A " * 4000], ["Dr. A " * 500])):
        assert seconds(long) < 24 * seconds(short) + 0.1  # 8 times the text; 64 times the time if it grew with the square


def test_a_quote_goes_on_over_a_wrapped_line() -> None:
    text = "12. The goods lift may be used from 06:30 to 21:00; its\nload is limited to 1,600 kilograms.\nNo pets are allowed."
    claim = Sentence("The goods lift may carry up to 1,600 kilograms.", (1,), "full")
    (citation,) = build_citations([claim], [hit(text, line=5)], "What load?")
    assert citation.quote.endswith("its\nload is limited to 1,600 kilograms.")
    assert (citation.location.line_start, citation.location.line_end) == (5, 6)


def test_rows_of_a_table_are_quoted_one_by_one() -> None:
    text = "E-031,2024-04-02,Pinner Haulage of Leeds,transport,940.00\nE-032,2024-04-09,Trueline Metrology,calibration,1510.00"
    (citation,) = build_citations([Sentence("Trueline Metrology was paid 1,510.00.", (1,), "full")], [hit(text)], "How much?")
    assert citation.quote.startswith("E-032")

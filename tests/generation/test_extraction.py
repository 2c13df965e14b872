"""The sentence that most likely answers a question, chosen without a language model."""

from __future__ import annotations

import pytest

from assistant.datatypes import Chunk, Hit, Location
from assistant.generation import likely_sentences


def hit(text: str, title: str = "notes") -> Hit:
    """Return a hit with this text."""
    return Hit(1, f"/{title}.md", title, Chunk(text, Location(1, 1 + text.count("\n"), 0, len(text))))


LEASE = """# Lease of Suite 4B

The tenant pays 1,200 EUR a month. The lease ends on 31 March 2027.
Either party may give notice in writing."""
BOILER = "The boiler holds 1.8 bar. Its pump was replaced in 2023."
CHINESE = "本合同由甲方与乙方签订。租赁期限至2027年3月31日止。违约金为人民币五千元。"


@pytest.mark.parametrize(("question", "hits", "quote", "number"), [
    ("When does the lease end?", (hit(LEASE), hit(BOILER)), "The lease ends on 31 March 2027.", 1),
    ("When was the pump replaced?", (hit(LEASE), hit(BOILER)), "Its pump was replaced in 2023.", 2),
    ("违约金是多少？", (hit(CHINESE),), "违约金为人民币五千元。", 1),
    ("Wann endet der Vertrag?", (hit(BOILER), hit(LEASE)), "The boiler holds 1.8 bar.", 1),
])
def test_the_sentence_that_shares_most_with_the_question(question, hits, quote, number):
    (found,) = likely_sentences(question, hits)
    assert (found.quote, found.number, found.path) == (quote, number, hits[number - 1].path)


def test_the_place_is_that_of_the_sentence():
    (found,) = likely_sentences("How much notice may a party give?", (hit(LEASE),))
    assert (found.location.line_start, found.location.line_end) == (4, 4)
    assert LEASE[found.location.char_start : found.location.char_end] == found.quote


def test_a_heading_is_no_answer():
    (found,) = likely_sentences("What is the lease of Suite 4B?", (hit(LEASE),))
    assert not found.quote.startswith("#")


def test_a_clause_number_is_no_answer():
    (found,) = likely_sentences("How much is the rent?", (hit("9. Rent.\nThe tenant pays a rent of 900 euros each month."),))
    assert found.quote == "The tenant pays a rent of 900 euros each month."


def test_of_equal_sentences_the_better_passage_counts():
    (found,) = likely_sentences("Who is the landlord?", (hit("Ms Arden is the landlord."), hit("Mr Bell is the landlord.")))
    assert found.quote == "Ms Arden is the landlord."


@pytest.mark.parametrize("hits", [(), (hit(""),)])
def test_nothing_where_there_is_no_sentence(hits):
    assert likely_sentences("When does the lease end?", hits) == ()


def test_a_question_without_a_term_gets_the_first_sentence():
    (found,) = likely_sentences("???", (hit(BOILER),))
    assert found.quote == "The boiler holds 1.8 bar."

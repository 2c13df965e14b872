"""Spellings that readers take for the same are folded alike, wherever texts are compared."""

import time

import pytest

from assistant.text.facts import claim_facts
from assistant.text.folding import fold_characters, joined_compounds
from assistant.text.sentences import sentence_spans, token_recall, tokens
from assistant.text.stems import terms
from assistant.text.traditional_chinese import SIMPLIFIED


@pytest.mark.parametrize(("text", "folded"), [
    ("lubri\u00adcation", "lubrication"), ("lubri\u00ad\r\n  cation", "lubrication"), ("lubri\u200bcation", "lubrication"),
    ("lubri\u2060cation", "lubrication"), ("\ufefflubri\u200dcation\u200e", "lubrication"), ("颱風來襲", "台风来袭"),
    ("兩小時", "两小时"), ("Straße", "Strasse"), ("GROẞ", "GROSS"), ("ﬁsh ＡＸ２０", "fish AX20"), ("back\u2011up", "back-up"),
    ("København", "Kobenhavn"), ("plain", "plain"),
])
def test_characters_are_folded(text: str, folded: str) -> None:
    assert fold_characters(text) == folded


def test_simplified_characters_stay() -> None:
    assert not set(SIMPLIFIED.values()) & {chr(code) for code in SIMPLIFIED}


def test_compounds_are_joined() -> None:
    assert joined_compounds("The back-up of K-47, a well-to-do man - and a line-\nbreak; back-up") == \
        ["backup", "K47", "welltodo", "linebreak"]


@pytest.mark.parametrize(("claim", "source"), [
    ("Die Strasse ist gesperrt", "Die Straße ist gesperrt."), ("两小时", "兩小時"), ("lubrication", "lubri\u00adcation"),
])
def test_claims_and_sources_are_compared_folded(claim: str, source: str) -> None:
    assert terms(claim) == terms(source)
    assert tokens(claim) == tokens(source.rstrip("."))
    assert token_recall(tokens(claim), source) == 1.0


def test_a_hyphenated_word_of_a_source_counts_as_one_word_too() -> None:
    assert token_recall(tokens("backup generator"), "The back-up generator") == 1.0


def test_names_and_codes_are_compared_folded() -> None:
    assert claim_facts("It is kept by Gro\u00dfmann.")[0].keys == claim_facts("It is kept by Grossmann.")[0].keys
    assert claim_facts("Valve K-\u200b47 is shut.")[0].keys == claim_facts("Valve K-47 is shut.")[0].keys


def test_sentences_are_those_of_the_file() -> None:
    text = "Nothing here. The lubri\u00adcation interval of the Straße is 400 hours. Nothing there."
    assert [text[start:end] for start, end in sentence_spans(text)][1] == \
        "The lubri\u00adcation interval of the Straße is 400 hours."


def test_a_very_long_word_takes_no_time() -> None:
    started = time.process_time()
    assert joined_compounds("a" * 200_000) == []
    assert len(fold_characters("\u00ad " * 100_000 + "é")) == 100_001
    assert time.process_time() - started < 5

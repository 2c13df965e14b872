import pytest

from assistant.generation.support import contains_fact
from assistant.text.facts import chunk_content, claim_facts


def borne_out(claim: str, source: str) -> list[bool]:
    return [contains_fact(fact, chunk_content(source)) for fact in claim_facts(claim)]


def of_kind(claim: str, kind: str) -> list[str]:
    return sorted(key for fact in claim_facts(claim) if fact.kind == kind for key in fact.keys)


def test_names_are_capitals_within_a_sentence_and_rows_of_them_at_its_start() -> None:
    assert of_kind("The film was made by Steven Spielberg for IBM.", "name") == ["ibm", "stevenspielberg"]
    assert of_kind("Ada Lovelace wrote it.", "name") == ["adalovelace"]
    assert of_kind("Bananas are yellow, he said in May.", "name") == []


def test_names_in_chinese_are_latin_words_and_titles_in_marks() -> None:
    assert of_kind("《红高粱》由 Mozilla Firefox 公司于1987年推出。", "name") == ["mozillafirefox", "红高粱"]


def test_identifiers_are_letters_with_figures_addresses_and_links() -> None:
    assert of_kind("Invoice E-032 and part AB12, write to a.b@c.de.", "identifier") == ["ab12", "ab@cde", "e032"]
    assert of_kind("The post-1945 order", "identifier") == []
    assert of_kind("ChatGPT发布于2022年11月30日，GPT-4发布于2023年3月14日。", "identifier") == ["gpt4"]


@pytest.mark.parametrize(("claim", "source"), [
    ("It is invoice E-032.", "Invoice: E 032"), ("It is from Germany.", "a German machine"), ("It is Renée's.", "of Renee"),
    ("It cost 1,200 euros.", "1200 EUR"), ("写于《红高粱》之后", "后来的《红高粱》"),
])
def test_a_fact_may_be_written_in_another_way(claim: str, source: str) -> None:
    found = borne_out(claim, source)
    assert found
    assert all(found)


@pytest.mark.parametrize(("claim", "source"), [
    ("It is invoice E-032.", "Invoice: E-033"), ("He lives in Austria.", "He lives in Australia."), ("It cost 1,200.", "1,300"),
    ("It was Maria Wola.", "It was Maria Curie."), ("on 3 May 2021", "on 4 May 2021"),
])
def test_another_fact_does_not_bear_it_out(claim: str, source: str) -> None:
    assert not all(borne_out(claim, source))

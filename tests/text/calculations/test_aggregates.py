"""Which words ask for a count, a sum, an average or an extreme, in several languages."""

import pytest

from assistant.text.calculations import recognize_aggregate, recognize_intent


@pytest.mark.parametrize(("question", "kind", "noun"), [
    ("How many invoices are in invoices.csv?", "count", "invoices"),
    ("What is the number of pumps in hall 3?", "count", "pumps"),
    ("Number of customers from Paris", "count", "customers"),
    ("What is the total amount of all invoices?", "sum", "amount"),
    ("How much did we spend in total on travel?", "sum", ""),
    ("How much did we spend on travel?", "amount", ""),
    ("What is the average salary?", "average", "salary"),
    ("Which customer has the most invoices?", "extreme", "invoices"),
    ("Which pump has the highest pressure?", "extreme", "pressure"),
    ("一共有多少张发票？", "count", "发票"),
    ("有几台泵？", "count", "泵"),
    ("发票总额是多少？", "sum", ""),
    ("哪个客户的发票最多？", "extreme", ""),
    ("平均金额是多少？", "average", "金额"),
    ("Wie viele Rechnungen gibt es?", "count", "Rechnungen"),
    ("Combien de factures y a-t-il ?", "count", "factures"),
    ("¿Cuántas facturas hay?", "count", "facturas"),
    ("Сколько счетов?", "count", "счетов"),
    ("請求書は何件ありますか？", "count", "ありますか"),
    ("청구서는 몇 개 있나요?", "count", "있나요"),
])
def test_the_words_of_an_aggregate(question: str, kind: str, noun: str) -> None:
    asked = recognize_aggregate(question)
    assert asked is not None
    assert (asked.kind.value, asked.noun) == (kind, noun)


@pytest.mark.parametrize("question", [
    "When does the lease end?", "What is the phone number of the service desk?", "Which forest lies in the west?",
    "At most how long may it last?", "How much is the rent?", "What does the contest cost?", "会议几点开始？", "租金是多少？",
    "What is the lump sum for moving?", "What is the interest rate?",
])
def test_other_questions_ask_for_none(question: str) -> None:
    assert recognize_aggregate(question) is None


@pytest.mark.parametrize("question", [
    "What is the contract number of the supply contract?", "And the serial number of the pump?",
    "What is the phone number of the electrician?",
])
def test_a_number_that_is_a_name_counts_nothing(question: str) -> None:
    assert recognize_intent(question) is None
    assert recognize_aggregate(question) is None


@pytest.mark.parametrize("question", [
    "What is the number of pumps?", "Number of invoices from Paris", "How many parts are there?",
])
def test_the_number_of_things_is_a_count(question: str) -> None:
    intent = recognize_intent(question)
    assert intent is not None and intent.operation == "count"

"""An answer that is hardly more than a number is compared with its question."""

import pytest
from test_support import support

LEASE = "The lease of the shop runs for 12 months, and the rent of the garage is 900 euros."
WALL = "The wall was torn down on 3 May 1990, after 28 years."
WALL_ZH = "城墙于1990年5月3日拆除，全长约1400米。"
STORE = "In 2019 the store employed 41 people."


@pytest.mark.parametrize(("passage", "question", "answer"), [
    (LEASE, "What is the rent of the garage?", "12 months"),
    (LEASE, "How long does the lease run?", "900 euros"),
    (WALL, "When was the wall torn down?", "28"),
    (STORE, "When did the store employ people?", "41"),
    (WALL_ZH, "城墙哪一年拆除？", "1400米"),
    ("The flood of 9 May 2021 damaged the boats in the harbour.", "How many boats were damaged by the flood?", "9 May 2021"),
])
def test_a_number_of_another_kind_or_clause_is_marked(passage: str, question: str, answer: str) -> None:
    assert support(answer, passage, question=question) == "partial"


@pytest.mark.parametrize(("passage", "question", "answer"), [
    (LEASE, "What is the rent of the garage?", "900 euros"),
    (LEASE, "How long does the lease run?", "12 months"),
    (WALL, "When was the wall torn down?", "3 May 1990"),
    (WALL, "When was the wall torn down?", "1990"),
    (WALL_ZH, "城墙哪一年拆除？", "1990年"),
    (STORE, "How many people did the store employ?", "41"),
    ("The abbey was founded in 911.", "When was the abbey founded?", "911"),
    ("The choir was founded in the 11th century.", "In what century was the choir founded?", "the 11th"),
    ("The shop opens at 9:30.", "When does the shop open?", "9:30"),
    ("Send the form within 14 days.", "When must the form be sent?", "within 14 days"),
    ("The shop opens at 9.", "When does the shop open?", "at 9"),
    ("房租每月3号到期。", "房租哪天到期？", "3号"),
])
def test_a_number_of_the_kind_and_clause_has_full_support(passage: str, question: str, answer: str) -> None:
    assert support(answer, passage, question=question) == "full"

"""Whom "he" and "she" mean after an answer that names persons, companies and places."""

import pytest

from assistant.datatypes import Turn
from assistant.generation.conversation.follow_ups import rewrite
from assistant.generation.conversation.persons import may_be_person, persons_among

SIGNED = "Who signed the lease?"


@pytest.mark.parametrize(
    "answer",
    [
        "Maria Okafor signed the lease [1].",
        "The lease of Harbour Street 12 was signed by Maria Okafor [1].",
        "Signed by Maria Okafor for Nordwood GmbH in Berlin on Monday [1].",
        "The lease was signed by Maria Okafor, Managing Director of Nordwood Ltd, on 3 May 2024 [1].",
        "Maria Okafor's [1]",
        "Maria Okafor",
    ],
)
def test_a_pronoun_means_the_only_person_of_the_answer(answer):
    turns = [Turn(SIGNED, answer)]
    assert rewrite("What is her name?", turns).queries == ("What is Maria Okafor's name?",)
    when = rewrite("When was she born?", turns)
    assert when.queries == ("When was Maria Okafor born?",) and when.confident


@pytest.mark.parametrize(
    ("answer", "person"),
    [
        ("The lease was signed by the landlord, P. Lindqvist [1].", "P. Lindqvist"),
        ("Dr. Peter Lindqvist, born in Oslo, signed it [1].", "Dr. Peter Lindqvist"),
        ("It was signed by the managing director [1].", "the managing director"),
    ],
)
def test_initials_titles_and_roles_belong_to_the_person(answer, person):
    assert rewrite("When was he born?", [Turn(SIGNED, answer)]).queries == (f"When was {person} born?",)


def test_two_persons_leave_it_open_whom_a_pronoun_means():
    found = rewrite("When was he born?", [Turn(SIGNED, "The tenant Ada Long and the landlord Ben Moor signed it [1].")])
    assert not found.confident
    assert "Ada Long" in found.queries[0] and "Ben Moor" in found.queries[0]


def test_a_refusal_tells_nobody():
    found = rewrite("When was he born?", [Turn(SIGNED, "Ask Ada Long, the files do not say.", abstained=True)])
    assert "Ada" not in found.queries[0]


def test_a_company_of_the_question_is_nobody_if_the_answer_names_a_person():
    turns = [Turn("Tell me about the director of Nordwood GmbH.", "The director of Nordwood GmbH is Peter Lindqvist [1].")]
    assert rewrite("When was he born?", turns).queries == ("When was Peter Lindqvist born?",)


def test_the_end_of_a_sentence_is_no_initial():
    found = rewrite("When was he born?", [Turn("Who owns plan B?", "Ada Long owns plan B. The plan is old [1].")])
    assert found.queries == ("When was Ada Long born?",)


@pytest.mark.parametrize("name", ["Nordwood GmbH", "Harbour Street", "Managing Director", "May", "Room 12"])
def test_what_is_no_person(name):
    assert not may_be_person(name)


def test_a_name_behind_a_preposition_is_only_left_out_beside_another_one():
    assert persons_among(["Ada Long", "Kiel"], "Ada Long in Kiel") == ["Ada Long"]
    assert persons_among(["Ada Long"], "the signature of Ada Long") == ["Ada Long"]

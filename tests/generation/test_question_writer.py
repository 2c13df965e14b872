"""What is said to a model that shall write a question, and the question in what it replies."""

from __future__ import annotations

import pytest

from assistant.datatypes import Chunk, Hit, Location
from assistant.generation import draft_question
from assistant.generation.question_writer import extract_question, question_messages
from assistant.models.fake import FakeChat


def hit_of(text):
    return Hit(1, "/d/mill.md", "", Chunk(text, Location(1, 1, 0, len(text)), "Money"))


def test_the_language_is_that_of_the_sentence():
    english = question_messages(hit_of("The rent is 9 pounds."), "The rent is 9 pounds.", "9 pounds")[-1].content
    assert "From the file \"mill\"" in english and "exactly: 9 pounds" in english and "Money\nThe rent" in english
    chinese = question_messages(hit_of("租金是九元。"), "租金是九元。", "九元")[-1].content
    assert "正好是：九元" in chinese


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        ("What is the rent?", "What is the rent?"),
        ("Question: What is the rent?\nAnswer: 9 pounds", "What is the rent?"),
        ('Sure!\n1. "What is the rent?"', "What is the rent?"),
        ("问题：租金是多少？", "租金是多少？"),
        ("At what time: nine or ten?", "At what time: nine or ten?"),
        ("The rent is 9 pounds.", ""),
        ("", ""),
    ],
)
def test_the_question_in_a_reply(reply, question):
    assert extract_question(reply) == question


def test_a_model_is_asked_once():
    chat = FakeChat(replies=["Question: What is the rent?"])
    assert draft_question(chat, hit_of("The rent is 9 pounds."), "The rent is 9 pounds.", "9 pounds") == "What is the rent?"
    assert len(chat.asked) == 1

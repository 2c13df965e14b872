"""What the program says to a model, or in its stead, about a conversation; its version is part of PROMPT_VERSION's story."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.datatypes import CITED, Message, Turn
from assistant.generation.injection.untrusted_text import filled, join_prompt_texts, own_words, sanitize

TALK_VERSION = "1"
LONGEST_ANSWER = 300  # characters of an earlier answer

REWRITE = """You make follow-up questions stand alone. Reply with the follow-up as one complete question that can be understood \
without the conversation. Keep its language, its names and its numbers. Never answer it."""
EXAMPLES = (
    ("Question: How long is the warranty of the dishwasher?\nAnswer: Two years.\nFollow-up: And the oven?",
     "How long is the warranty of the oven?"),
    ("Question: 张经理的电话是多少？\nAnswer: 分机 8021。\nFollow-up: 那李主任呢？", "李主任的电话是多少？"),
)
REPHRASE = """You are given a conversation between a user and an assistant. Do what the user asks of it. Use only what stands in \
the conversation: keep every name, number and date as it is, and add nothing."""

SAID = {
    "en": {
        "asked": "Your question {number} was: “{text}”", "told": "My answer to “{question}” was: “{text}”",
        "all": "You have asked {count} so far:", "none": "There was no such question in this conversation.",
        "summary": "What was said so far:",
        "failed": "That could not be put otherwise without changing it. The answer was: “{text}”",
    },
    "zh": {
        "asked": "您的第 {number} 个问题是：“{text}”", "told": "对“{question}”的回答是：“{text}”",
        "all": "您到现在问了 {count} 个问题：", "none": "这次对话里没有这样的问题。",
        "summary": "到现在为止的对话：", "failed": "换一种说法会改变原意。原来的回答是：“{text}”",
    },
}  # fmt: skip


def rewrite_messages(question: str, last: Turn) -> tuple[Message, ...]:
    """Return the messages that ask a model to make a follow-up question stand alone."""
    shown = [message for asked, said in EXAMPLES
             for message in (Message("user", own_words(asked)), Message("assistant", own_words(said)))]
    parts = {"question": own_words(last.standalone), "answer": sanitize(CITED.sub("", last.answer)[:LONGEST_ANSWER]),
             "follow_up": own_words(question)}
    asked = filled("Question: {question}\nAnswer: {answer}\nFollow-up: {follow_up}", parts)
    return (Message("system", own_words(REWRITE)), *shown, Message("user", asked))


def rephrase_messages(request: str, turns: Sequence[Turn]) -> tuple[Message, ...]:
    """Return the messages that ask a model to put turns in other words."""
    told = [filled("User: {question}\nAssistant: {answer}",
                   {"question": own_words(turn.question), "answer": sanitize(CITED.sub("", turn.answer))}) for turn in turns]
    parts = {"told": join_prompt_texts("\n", told), "request": own_words(request)}
    return (Message("system", own_words(REPHRASE)), Message("user", filled("{told}\n\n{request}", parts)))

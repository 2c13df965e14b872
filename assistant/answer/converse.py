"""Conversations: what a follow-up question means for the search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answer.sentences import tokens
from assistant.datatypes import Message

REFERS_BACK = re.compile(
    r"^(?:and|or|but|so|also|what about|how about|why|then)\b"
    r"|\b(?:it|its|they|them|their|that|those|these|this|he|she|his|her|there|one|ones|same)\b"
    r"|^(?:那|还有|另外|然后|为什么|所以)|[它他她]|这个|那个|这些|那些|该|上述|其中",
    re.IGNORECASE,
)
SHORT = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and its answer."""

    question: str
    answer: str

    @property
    def messages(self) -> tuple[Message, Message]:
        """The turn as a chat model reads it."""
        return (Message("user", self.question), Message("assistant", self.answer))


def standalone(question: str, turns: Sequence[Turn]) -> str:
    """Return what to search for: the question, with the one before it where it cannot stand alone."""
    if turns and (REFERS_BACK.search(question.strip()) or len(tokens(question)) <= SHORT):
        return f"{turns[-1].question} {question}"
    return question

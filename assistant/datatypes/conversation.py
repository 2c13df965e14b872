"""What is said: messages, turns of a conversation, kept conversations, and facts that are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NewType

from assistant.datatypes.answers import Citation

READINGS = " / "  # between the readings of a question that were searched for

CITED = re.compile(r" ?\[\d{1,3}\]")

Role = Literal["system", "user", "assistant"]

PromptText = NewType("PromptText", str)
"""Text that may stand in a prompt. Only `generation.injection.untrusted_text` makes it, and so none is forgotten."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat. Its content is always plain text: markup of a chat template in it has no power.

    `segments`, where there are any, are the content, cut: each is tokenized by itself, so that prompts that share the first of
    them share their tokens.
    """

    role: Role
    content: PromptText
    segments: tuple[PromptText, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation, its answer and the answer's sources.

    `searched` is the question as it was searched for, made to stand alone; `asked` is when, in ISO 8601.
    """

    question: str
    answer: str
    citations: tuple[Citation, ...] = ()
    searched: str = ""
    abstained: bool = False
    asked: str = ""

    @property
    def standalone(self) -> str:
        """The question as it stands alone; of several readings the first."""
        return self.searched.split(READINGS)[0] or self.question


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that the person asked to remember; `said` is when, in ISO 8601."""

    number: int
    said: str
    text: str


@dataclass(frozen=True, slots=True)
class Session:
    """A kept conversation; `started` is in ISO 8601."""

    name: str
    library: str
    started: str
    turns: tuple[Turn, ...]

"""Prompt messages, conversation turns, saved sessions and remembered facts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NewType

from assistant.datatypes.answers import Citation

QUERY_SEPARATOR = " / "  # separates alternative rewritten queries of a question

CITED = re.compile(r" ?\[\d{1,3}\]")

Role = Literal["system", "user", "assistant"]

PromptText = NewType("PromptText", str)
"""Text that may be part of a prompt. Only `generation.untrusted_text` creates it, so none goes unsanitized."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat prompt.

    content: plain text; chat template markup in it has no effect
    segments: the content in pieces that are tokenized separately; empty if it is one piece
    """

    role: Role
    content: PromptText
    segments: tuple[PromptText, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation with its answer.

    searched: the rewritten query; "" if the question was used as it is
    abstained: True if the answer is a refusal
    asked: time of the question, ISO 8601
    """

    question: str
    answer: str
    citations: tuple[Citation, ...] = ()
    searched: str = ""
    abstained: bool = False
    asked: str = ""

    @property
    def standalone(self) -> str:
        """The question rewritten to stand alone; the first of several rewritten queries."""
        return self.searched.split(QUERY_SEPARATOR)[0] or self.question


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that the user asked to remember.

    number: its id
    said: when it was added, ISO 8601
    """

    number: int
    said: str
    text: str


@dataclass(frozen=True, slots=True)
class Session:
    """A saved conversation.

    name: its id, for example "20240314-2"
    library: name of the library it is with
    started: time of the first question, ISO 8601
    """

    name: str
    library: str
    started: str
    turns: tuple[Turn, ...]

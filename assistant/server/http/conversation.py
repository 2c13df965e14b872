"""Turn the messages of OpenAI's APIs into a question and the turns before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.datatypes import Turn
from assistant.errors import UsageError
from assistant.server.reading import Fields, field, objects

SOURCES = "\n\nSources:\n"
APPENDED = re.compile(rf"{SOURCES}\[\d+\] .*\Z", re.DOTALL)
IGNORED_ROLES = frozenset({"system", "developer", "tool", "function"})
TEXT_PARTS = frozenset({"text", "input_text", "output_text"})


@dataclass(frozen=True, slots=True)
class ParsedConversation:
    """A question and the turns before it."""

    question: str
    turns: tuple[Turn, ...]


def conversation_of(messages: Sequence[Fields]) -> ParsedConversation:
    """Return the conversation of chat messages: the last one is the question. Raises UsageError if it is not the user's.

    Instructions (`system`) have no effect: the program's own prompt keeps answers to the files.
    """
    said = list(spoken(messages))
    if not said or said[-1][0] != "user":
        raise UsageError("The last message must be a question: one with the role user.",
                         'Send {"role": "user", "content": "..."}.')
    turns: list[Turn] = []
    asked = ""
    for role, text in said[:-1]:
        if role == "user":
            asked = text
        elif asked:
            turns.append(Turn(asked, without_sources(text)))
            asked = ""
    return ParsedConversation(said[-1][1], tuple(turns))


def spoken(messages: Sequence[Fields]) -> Iterator[tuple[str, str]]:
    """Yield the role and text of each message of the user or the assistant; an empty one is passed over."""
    for message in messages:
        role = field(message, "role", "user")
        if field(message, "type", "message") != "message" or role in IGNORED_ROLES:
            continue
        if role not in {"user", "assistant"}:
            raise UsageError(f"{role[:50]!r} is not a role.", "Roles: system, user, assistant.")
        if text := text_of(message):
            yield role, text


def text_of(message: Fields) -> str:
    """Return the text of a message, whose content is a text or a list of parts. Raises UsageError for pictures and files."""
    content = message.get("content")
    if content is None or isinstance(content, str):
        return content or ""
    parts = objects(message, "content")
    for part in parts:
        if field(part, "type", "text") not in TEXT_PARTS | {"refusal"}:
            raise UsageError("A message can hold text only.", "Add files to a library instead: assistant add FILE")
    return "\n".join(field(part, "text", "") for part in parts if part.get("type") != "refusal")


def without_sources(text: str) -> str:
    """Return an answer without the list of sources that this server put after it."""
    return APPENDED.sub("", text)

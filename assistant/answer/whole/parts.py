"""A file's passages in; parts out that a model can read at once."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answer.untrusted import as_read
from assistant.datatypes import ChatModel, Hit, Message

PART_TOKENS = 1400  # small models lose the thread in more
SPARE = 300  # tokens for the instructions


def cut(passages: Sequence[Hit], chat: ChatModel, reply_tokens: int) -> list[tuple[Hit, ...]]:
    """Return the passages in groups of neighbours, each as large as the model reads well and its context allows."""
    room = min(PART_TOKENS, chat.context_tokens - reply_tokens - SPARE)
    parts: list[list[Hit]] = []
    held = 0
    for hit in passages:
        size = chat.count_tokens((Message("user", as_read(hit.chunk.searchable)),))
        if not parts or held + size > room:
            parts.append([])
            held = 0
        parts[-1].append(hit)
        held += size
    return [tuple(part) for part in parts]

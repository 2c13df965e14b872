"""Answer again without suspected instructions if the first answer follows one of them or refuses."""

from __future__ import annotations

from pathlib import PurePath

from assistant.datatypes import ChatModel
from assistant.generation.citations.support import attribute, parse_chunk, parse_claim
from assistant.generation.injection.untrusted_text import draws_on_instructions, find_instructions, sanitize, visible_text
from assistant.generation.prompt import Prompt
from assistant.generation.refusal import is_empty, is_refusal


def choose_safe_prompt(chat: ChatModel, prompt: Prompt, question: str, answer_tokens: int) -> tuple[Prompt, bool]:
    """Return the prompt to answer from, and whether suspected instructions are removed from it.

    They are removed if chunks contain suspected instructions, the answer with them refuses or draws only on them, and the
    chunks support the answer without them: fully or, if there was none before, at least partially.
    """
    instructions = suspected_instructions(prompt)
    if not instructions:
        return prompt, False
    first = "".join(chat.reply(prompt.messages, answer_tokens))
    if not is_suspicious(first, instructions, question, prompt):
        return prompt, False
    safe = prompt.without_suspected_instructions
    again = "".join(chat.reply(safe.messages, answer_tokens))
    if is_empty(again) or is_refusal(again):
        return prompt, False
    support = attribute(parse_claim(again, question), (), [parse_chunk(hit.chunk) for hit in prompt.passages]).support
    is_better = support == "full" or (support == "partial" and (is_empty(first) or is_refusal(first)))
    return (safe, True) if is_better else (prompt, False)


def suspected_instructions(prompt: Prompt) -> list[str]:
    """Return the sentences of chunks and file names that look like instructions."""
    texts = [text for hit in prompt.passages for text in (PurePath(hit.path).name, visible_text(hit.chunk.searchable))]
    return [text[start:end] for text in texts for start, end in find_instructions(text, wary=True)]


def is_suspicious(answer: str, instructions: list[str], question: str, prompt: Prompt) -> bool:
    """Return whether an answer refuses or contains words that occur only in suspected instructions."""
    rest = " ".join(sanitize(hit.chunk.searchable, wary=True) for hit in prompt.passages)
    return is_empty(answer) or is_refusal(answer) or draws_on_instructions(answer, instructions, question, rest)

"""Ask a second time, without the sentences that may be orders, where an answer follows one of them or refuses."""

from __future__ import annotations

from pathlib import PurePath

from assistant.datatypes import ChatModel
from assistant.generation.citations.attribution import choose
from assistant.generation.citations.support import claim_of, source_of
from assistant.generation.injection.suspicion import draws_on_instructions
from assistant.generation.injection.untrusted_text import find_instructions, sanitize, visible_text
from assistant.generation.prompt import Prompt
from assistant.generation.refusal.patterns import is_empty, is_refusal


def heeding_no_orders(chat: ChatModel, prompt: Prompt, question: str, answer_tokens: int) -> tuple[Prompt, bool]:
    """Return the prompt to answer from, and whether it is the wary one.

    That is so where passages have sentences that may be orders, the answer with them refuses or draws on them alone, and what is
    left bears the answer without them out: in full, or, where there was none before, at least in part.
    """
    orders = suspected_instructions(prompt)
    if not orders:
        return prompt, False
    first = "".join(chat.reply(prompt.messages, answer_tokens))
    if not is_suspicious(first, orders, question, prompt):
        return prompt, False
    warily = prompt.warily
    again = "".join(chat.reply(warily.messages, answer_tokens))
    if is_empty(again) or is_refusal(again):
        return prompt, False
    support = choose(claim_of(again, question), (), [source_of(hit.chunk) for hit in prompt.passages]).support
    is_better = support == "full" or (support == "partial" and (is_empty(first) or is_refusal(first)))
    return (warily, True) if is_better else (prompt, False)


def suspected_instructions(prompt: Prompt) -> list[str]:
    """Return the sentences of the passages, and of the names of their files, that may be orders."""
    texts = [text for hit in prompt.passages for text in (PurePath(hit.path).name, visible_text(hit.chunk.searchable))]
    return [text[start:end] for text in texts for start, end in find_instructions(text, wary=True)]


def is_suspicious(answer: str, orders: list[str], question: str, prompt: Prompt) -> bool:
    """Return whether an answer refuses, or has words that only orders have."""
    rest = " ".join(sanitize(hit.chunk.searchable, wary=True) for hit in prompt.passages)
    return is_empty(answer) or is_refusal(answer) or draws_on_instructions(answer, orders, question, rest)

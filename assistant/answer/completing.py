"""A question that names two things in; what the model is asked first, and what it says of the other, asked for alone, out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.answer.abstain import is_empty, is_refusal
from assistant.answer.choose import choose
from assistant.answer.language import language
from assistant.answer.parts import Part, separate
from assistant.answer.prompt import Prompt
from assistant.answer.support import claim_of, source_of
from assistant.datatypes import ChatModel, Message

COLON = {"zh": "：", "ja": "："}


def asked_alone(question: str, prompt: Prompt) -> tuple[Part, ...]:
    """Return the parts of a question that are asked one after the other; none where it is asked whole."""
    return separate(question, "\n".join(hit.chunk.searchable for hit in prompt.passages))


def first_asked(parts: Sequence[Part], prompt: Prompt) -> tuple[Message, ...]:
    """Return what the model is asked first: the first part, or the whole question."""
    return prompt.about(parts[0].question) if parts else prompt.messages


def others(parts: Sequence[Part], said: str, chat: ChatModel, prompt: Prompt, answer_tokens: int) -> Iterator[str]:
    """Yield a line for each part but the first, where a passage bears it out in full and it was not said before."""
    for part in parts[1:]:
        more = "".join(chat.reply(prompt.about(part.question), answer_tokens)).strip()
        if is_empty(more) or is_refusal(more) or more in said:
            continue
        line = titled(part, more)
        if is_borne_out(line, part, prompt):
            yield f"\n{line}"


def titled(part: Part, more: str) -> str:
    """Return the reply with the name of what it is about, where it does not say that itself."""
    return more if part.name in more else f"{part.name}{COLON.get(language(part.question), ': ')}{more}"


def is_borne_out(line: str, part: Part, prompt: Prompt) -> bool:
    """Return whether passages bear the line out in full: nothing has asked the model whether it stands by it."""
    return choose(claim_of(line, part.question), (), [source_of(hit.chunk) for hit in prompt.passages]).support == "full"

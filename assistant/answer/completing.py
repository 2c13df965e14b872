"""An answer to a question that names two things in; what the passages say of the one that it leaves out, asked for alone, out."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.answer.abstain import is_empty, is_refusal
from assistant.answer.choose import choose
from assistant.answer.parts import Part, unanswered
from assistant.answer.prompt import Prompt
from assistant.answer.support import claim_of, source_of
from assistant.datatypes import ChatModel
from assistant.text.languages import language

COLON = {"zh": "：", "ja": "："}


def left_out(question: str, said: str, chat: ChatModel, prompt: Prompt, answer_tokens: int) -> Iterator[str]:
    """Yield a line for each thing that the question names and the answer does not, where a passage bears it out in full."""
    read = "\n".join(hit.chunk.searchable for hit in prompt.passages)
    for part in unanswered(question, said, read):
        more = "".join(chat.reply(prompt.about(part.question), answer_tokens)).strip()
        if is_empty(more) or is_refusal(more) or more in said:
            continue
        line = titled(part, more, question)
        if is_borne_out(line, part, prompt):
            yield f"\n{line}"


def titled(part: Part, more: str, question: str) -> str:
    """Return the reply with the name of what it is about, where it does not say that itself."""
    return more if part.name in more else f"{part.name}{COLON.get(language(question), ': ')}{more}"


def is_borne_out(line: str, part: Part, prompt: Prompt) -> bool:
    """Return whether passages bear the line out in full: nothing has asked the model whether it stands by it."""
    return choose(claim_of(line, part.question), (), [source_of(hit.chunk) for hit in prompt.passages]).support == "full"

"""A model and a prompt in; the answer, and what reading the prompt took, in each of several ways of reusing key/values, out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import checkout  # noqa: F401 - the program of this checkout comes first

from assistant.answer import Prompt
from assistant.backends.llama import LlamaChat, LlamaReply
from assistant.backends.llama.joining import Policy
from assistant.backends.llama.runs import shared_prefix

UNSURE = 0.5  # probability of the first token below which the way "checked" reads the prompt in full


JOINED = Policy()


@dataclass(frozen=True, slots=True)
class Way:
    """How a prompt is read: in full, or joined with so much computed in its place; with so many passages (0: all)."""

    name: str
    policy: Policy | None = JOINED
    passages: int = 0
    checked: bool = False


WAYS = (
    Way("full", None), Way("joined"), Way("first 8 fresh", Policy(fresh=8)), Way("first 24 fresh", Policy(fresh=24)),
    Way("best two exact", Policy(exact=2)), Way("three passages", passages=3), Way("three in full", None, 3),
    Way("checked", checked=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one way: `computed` of the prompt's tokens, seconds until the first token was known."""

    text: str
    prompt: int
    computed: int
    seconds: float


def go(chat: LlamaChat, way: Way, prompt: Prompt, answer_tokens: int) -> Outcome:
    """Return the outcome of a way, everything that can be warm being warm."""
    engine, joiner = chat._engine, chat._joiner
    assert joiner is not None
    runs = chat._template.runs(prompt.messages)
    tokens = [token for run in runs for token in run.tokens]
    if way.policy is None:
        return timed(chat, tokens, (), answer_tokens, lambda: len(tokens) - engine.prefill(tokens))
    joiner.policy = JOINED
    joiner.prepare(runs)  # whatever was not kept yet is now
    joiner.policy = way.policy

    def read() -> int:
        computed = joiner.prepare(runs).computed
        if way.checked and engine.probability(engine.sample()) < UNSURE:
            engine.keep(0)
            computed += len(tokens) - engine.prefill(tokens)
        return computed

    return timed(chat, tokens, shared_prefix(runs), answer_tokens, read)


def timed(chat: LlamaChat, tokens: list[int], held: Sequence[int], answer_tokens: int, read: Callable[[], int]) -> Outcome:
    """Return the outcome of reading a prompt in one way, so many tokens of it being held already, and writing the answer."""
    engine = chat._engine
    engine.keep(0)
    engine.read(held)
    started = time.perf_counter()
    computed = read()
    engine.sample()
    seconds = time.perf_counter() - started
    text = "".join(LlamaReply(engine, lambda: 0, tokens, answer_tokens))
    engine.keep(0)
    return Outcome(text, len(tokens), computed, seconds)

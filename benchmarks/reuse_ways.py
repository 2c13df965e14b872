"""A model and a prompt in; the answer, and what reading the prompt took, in each of several ways of reusing key/values, out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import checkout  # noqa: F401 - the program of this checkout comes first

from assistant.generation import Prompt
from assistant.models.llama.chat import LlamaChat, LlamaReply, Reading
from assistant.models.llama.chat_template import Run, shared_prefix
from assistant.models.llama.generate import DRAFT
from assistant.models.llama.kv_reuse import Policy
from assistant.models.llama.load import has_amx

JOINED = Policy()
PLAIN: dict[Path, Any] = {}  # models that the bindings opened


@dataclass(frozen=True, slots=True)
class Way:
    """How a prompt is read: in full, or joined with so much computed in its place; with so many passages (0: all).

    `checked`: as the program does, in full from the first token on that the model is not sure of.
    `just_read`: exactly, the same passages having stood in the prompt before. `by_bindings`: in full, by
    `Llama.create_chat_completion` of llama-cpp-python as it comes.
    """

    name: str
    policy: Policy | None = JOINED
    passages: int = 0
    checked: bool = False
    just_read: bool = False
    by_bindings: bool = False


WAYS = (
    Way("full", None), Way("joined"), Way("numbers fresh", Policy(numbers=True)),
    Way("first 8 fresh", Policy(fresh=8, numbers=True)), Way("first 24 fresh", Policy(fresh=24, numbers=True)),
    Way("best two exact", Policy(exact=2)), Way("three passages", passages=3), Way("three in full", None, 3),
    Way("checked", checked=True), Way("just read", None, just_read=True), Way("llama-cpp-python", None, by_bindings=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one way: `computed` of the prompt's tokens, seconds until the first of the answer and until its end.

    `again`: of the answer's tokens, how many were said before the prompt was read in full; -1 where that was not done.
    """

    text: str
    prompt: int
    computed: int
    seconds: float
    whole: float
    again: int = -1


def go_by_bindings(path: Path, chat: LlamaChat, prompt: Prompt, answer_tokens: int) -> Outcome:
    """Return the outcome of the bindings' own chat, whose cache is emptied before."""
    from llama_cpp import Llama

    if path not in PLAIN:
        with plain_layout():
            PLAIN[path] = Llama(str(path), n_ctx=chat.context_tokens, n_threads=chat._engine._threads.reading,
                                n_threads_batch=chat._engine._threads.reading, verbose=False)
    model = PLAIN[path]
    model.reset()
    said = [{"role": message.role, "content": message.content} for message in prompt.messages]
    started, text, seconds = time.perf_counter(), "", 0.0
    for piece in model.create_chat_completion(said, temperature=0.0, max_tokens=answer_tokens, stream=True):
        words = piece["choices"][0]["delta"].get("content") or ""
        seconds = seconds or (time.perf_counter() - started if words else 0.0)
        text += words
    tokens = chat.count_tokens(prompt.messages)
    return Outcome(text, tokens, tokens, seconds, time.perf_counter() - started)


@contextlib.contextmanager
def plain_layout() -> Iterator[None]:
    """Let the bindings open models as the program does where the processor has AMX, whose kernel can crash."""
    import llama_cpp

    usual = llama_cpp.llama_model_default_params

    def parameters() -> Any:  # noqa: ANN401 - a C structure
        found = usual()
        found.use_extra_bufts = not has_amx()
        return found

    llama_cpp.llama_model_default_params = llama_cpp.llama_cpp.llama_model_default_params = parameters
    try:
        yield
    finally:
        llama_cpp.llama_model_default_params = llama_cpp.llama_cpp.llama_model_default_params = usual


def go(chat: LlamaChat, way: Way, prompt: Prompt, answer_tokens: int) -> Outcome:
    """Return the outcome of a way, everything that can be warm being warm."""
    engine, joiner = chat._engine, chat._joiner
    assert joiner is not None
    runs = chat._template.runs(prompt.messages)
    tokens, prefix = [token for run in runs for token in run.tokens], shared_prefix(runs)
    engine.make_room(len(tokens) + answer_tokens + DRAFT)
    again: list[int] = []
    if way.policy is None:
        held = tokens[: end_of_passages(runs)] if way.just_read else ()
        return timed(chat, tokens, held, answer_tokens, lambda: Reading(engine.prefill(tokens)), again)
    joiner.policy = JOINED
    joiner.make_ready(runs)
    joiner.prepare(runs)  # the numbers between the passages as well
    joiner.policy = way.policy

    def read_in_full(so_far: Sequence[int]) -> int:
        again.append(len(so_far) - len(tokens))
        return joiner.read_in_full(prefix, so_far)

    def read() -> Reading:
        computed = joiner.prepare(runs).computed
        return Reading(len(tokens) - computed, again=read_in_full if way.checked else None)

    return timed(chat, tokens, prefix, answer_tokens, read, again)


def end_of_passages(runs: Sequence[Run]) -> int:
    """Return how many tokens there are up to the end of the last passage."""
    at = last = 0
    for run in runs:
        at += len(run.tokens)
        last = at if run.reusable else last
    return last


def timed(chat: LlamaChat, tokens: list[int], held: Sequence[int], answer_tokens: int, read: Callable[[], Reading],
          again: Sequence[int]) -> Outcome:
    """Return the outcome of reading a prompt in one way, so many tokens of it being held already, and writing the answer."""
    assert chat._joiner is not None
    chat._joiner.forget()
    chat._engine.read(held)
    reply, started, text, seconds = LlamaReply(chat._engine, read, tokens, answer_tokens), time.perf_counter(), "", 0.0
    for piece in reply:
        seconds = seconds or time.perf_counter() - started
        text += piece
    whole = time.perf_counter() - started
    chat._joiner.forget()
    computed = reply.prompt_tokens - reply.reused_tokens + reply.supposed_tokens
    return Outcome(text, len(tokens), computed, seconds or whole, whole, *again)

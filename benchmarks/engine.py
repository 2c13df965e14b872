"""Measure what the resident engine adds to the model's own computation.

    ASSISTANT_HOME=… python benchmarks/engine.py --library NAME --questions FILE.jsonl [--count 20]

A command is started for each question as a person starts it, its notices on a terminal. Measured from the start of its process:
processor time, evidence on screen, first word; with passages that are new, and that the model has just read.
Then the second question of a conversation, writing against a bare loop of llama_decode, and the engine's memory.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import re
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from assistant import Settings, load_settings
from assistant.app.models import chat_spec
from assistant.datatypes import Message, Turn
from assistant.generation.untrusted_text import own_words
from assistant.models.llama.chat import LlamaChat
from assistant.server.client import EngineClient
from assistant.server.remote_assistant import open_assistant

COUNTS = re.compile(r"tokens: ([\d,]+) read, ([\d,]+) reused, ([\d,]+) written")
WRITTEN = 64
PLAIN = "Write a story of two hundred words about a keeper of a lighthouse who learns to bake bread."
TEXT = (
    "The tenant shall keep the premises in repair and shall permit the landlord to enter at all reasonable times. The deposit of "
    "15500 pounds is held by the agent and returned within thirty days of the end of the term, less the cost of any damage."
)
QUOTING = f"{TEXT}\n\nRepeat the text above word for word, and nothing else."


@dataclass(frozen=True, slots=True)
class Asked:
    """One question through the command line: seconds from the start of its process, and tokens of its prompt."""

    processor: float
    evidence: float
    word: float
    read: int
    reused: int


def ask(question: str, library: str) -> Asked:
    """Ask as a person does; return what it took."""
    terminal, other = pty.openpty()
    started = time.perf_counter()
    terminal_kind = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"}
    process = subprocess.Popen([sys.executable, "-m", "assistant", "ask", question, "-L", library], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=other, env=terminal_kind)
    os.close(other)
    assert process.stdout is not None
    said, evidence, word = b"", 0.0, 0.0
    for source, piece in pieces(process.stdout.fileno(), terminal):
        now = time.perf_counter() - started
        said += piece if source == terminal else b""
        evidence = evidence or (now if b"[1]" in said else 0.0)
        word = word or (now if source != terminal else 0.0)
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    os.close(terminal)
    counts = COUNTS.search(said.decode("utf-8", "replace"))
    read, reused = (int(counts[number].replace(",", "")) for number in (1, 2)) if counts else (0, 0)
    return Asked(used.ru_utime + used.ru_stime, evidence, word, read, reused)


def pieces(output: int, terminal: int) -> Iterator[tuple[int, bytes]]:
    """Yield what comes from a command as it comes, with where it comes from, until both ends are closed."""
    ends = {output, terminal}
    while ends:
        for source in select.select(list(ends), [], [])[0]:
            try:
                piece = os.read(source, 65536)
            except OSError:  # a terminal's way to say that nobody writes to it any more
                piece = b""
            if not piece:
                ends.discard(source)
            else:
                yield source, piece


def commands(questions: Sequence[str], library: str) -> dict[str, float]:
    """Measure questions over new passages, each followed by another over the same."""
    ask(questions[0], library)  # loads the models
    new, same = [], []
    for question in questions[1:]:
        new.append(ask(question, library))
        same.append(ask(f"Tell me briefly: {question}", library))
    every = [*new, *same]
    return {
        "questions": len(every),
        "processor time of the client, s": median(every, "processor"), "evidence after, s": median(every, "evidence"),
        "first word after, new passages, s": median(new, "word"), "tokens read, new passages": median(new, "read"),
        "first word after, passages just read, s": median(same, "word"), "tokens read, passages just read": median(same, "read"),
        "tokens reused, passages just read": median(same, "reused"),
    }


def median(asked: Sequence[Asked], field: str) -> float:
    """Return the median of one of the measures, where there is something to measure: a refusal has no evidence."""
    return round(float(statistics.median([getattr(each, field) for each in asked if getattr(each, field)] or [0.0])), 3)


def conversation(settings: Settings, questions: Sequence[str]) -> dict[str, float]:
    """Measure the second question of conversations, which is about the passages of the first."""
    shares, own = [], []
    with open_assistant(settings) as assistant:
        for question in questions:
            first = assistant.ask(question).answer
            turns = (Turn(first.question, first.text, first.citations),)
            timings = assistant.ask("Where does it say so?", turns).answer.timings
            if timings.prompt_tokens:
                own.append(timings.prompt_tokens - timings.reused_tokens)
                shares.append(timings.reused_tokens / timings.prompt_tokens)
    return {"second question: tokens computed": statistics.median(own or [0]),
            "second question: share of the prompt reused": round(statistics.median(shares or [0.0]), 3)}


def writing(settings: Settings) -> dict[str, float]:
    """Measure replies against a bare loop of llama_decode with the same model, build, context and threads."""
    spec = chat_spec(settings)
    chat = LlamaChat(spec.name, spec.path, spec.context_tokens, spec.threads, spec.gpu_layers)
    found: dict[str, float] = {}
    for kind, text in (("plain", PLAIN), ("quoting", QUOTING)):
        asked = own_words(text)
        ours, bare = [], []
        for _ in range(3):  # in turns: other programs disturb both alike
            reply = chat.reply([Message("user", asked)], WRITTEN)
            reply.likelihood("A")
            started = time.perf_counter()
            list(reply)
            ours.append(reply.generated_tokens / (time.perf_counter() - started))
            bare.append(loop(chat, chat._template.tokenize([Message("user", asked)])))
        found |= {f"{kind}: tokens/s": round(max(ours), 2), f"{kind}: bare loop, tokens/s": round(max(bare), 2),
                  f"{kind}: times the bare loop": round(max(ours) / max(bare), 3)}
    chat.close()
    return found


def loop(chat: LlamaChat, prompt: Sequence[int]) -> float:
    """Return the tokens a second of llama_decode and a greedy sampler, one token after the other and nothing else."""
    api, model, threads = chat._engine._api, chat._engine._model, chat._engine._threads
    parameters = api.llama_context_default_params()
    parameters.n_ctx = chat._engine.context_size
    parameters.n_threads, parameters.n_threads_batch = threads.writing, threads.reading
    parameters.flash_attn_type, parameters.no_perf = 1, True
    context, sampler = api.llama_init_from_model(model, parameters), api.llama_sampler_init_greedy()
    decode(api, context, prompt)
    token = int(api.llama_sampler_sample(sampler, context, -1))
    started = time.perf_counter()
    for _ in range(WRITTEN):
        decode(api, context, [token])
        token = int(api.llama_sampler_sample(sampler, context, -1))
    taken = time.perf_counter() - started
    api.llama_sampler_free(sampler)
    api.llama_free(context)
    return WRITTEN / taken


def decode(api: Any, context: Any, tokens: Sequence[int]) -> None:  # noqa: ANN401 - the bindings have no types
    """Compute tokens."""
    held = (api.llama_token * len(tokens))(*tokens)
    api.llama_decode(context, api.llama_batch_get_one(held, len(tokens)))


def memory(settings: Settings) -> dict[str, float]:
    """Measure what the engine's process holds that is neither a model's file nor the context."""
    report = EngineClient(settings).report()
    spec = chat_spec(settings)
    process = psutil.Process(report.process)
    files = sum(each.rss for each in process.memory_maps() if each.path.endswith((".gguf", ".safetensors")))
    chat = LlamaChat(spec.name, spec.path, spec.context_tokens, spec.threads, spec.gpu_layers)
    context = context_bytes(chat)
    chat.close()
    held = process.memory_info().rss
    return {"engine, MB": megabytes(held), "of it files of models, mapped, MB": megabytes(files),
            "of it the context, MB": megabytes(context), "the rest, MB": megabytes(held - files - context)}


def context_bytes(chat: LlamaChat) -> int:
    """Return the bytes of keys and values of the context as most questions need it, two bytes a number."""
    api, model = chat._engine._api, chat._engine._model
    head = api.llama_model_n_embd(model) // api.llama_model_n_head(model)
    return int(api.llama_model_n_layer(model) * chat._engine.context_size * api.llama_model_n_head_kv(model) * head * 2 * 2)


def megabytes(count: int) -> float:
    """Return bytes as megabytes."""
    return round(count / 1e6, 1)


def questions_in(file: Path, count: int) -> list[str]:
    """Return the first questions of a file of JSON lines."""
    entries = (json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip())
    return [entry["question"] for entry in entries][:count]


def main() -> None:
    """Print one JSON object, a part after the other as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--only", choices=("commands", "conversation", "writing", "memory"), action="append")
    arguments = parser.parse_args()
    settings = load_settings({"library": arguments.library})
    asked = questions_in(arguments.questions, arguments.count)
    parts: dict[str, Callable[[], object]] = {"commands": lambda: commands(asked, arguments.library),
             "conversation": lambda: conversation(settings, asked[:6]), "memory": lambda: memory(settings),
             "writing": lambda: writing(settings)}
    for name, part in parts.items():
        if not arguments.only or name in arguments.only:
            print(json.dumps({name: part()}), flush=True)


if __name__ == "__main__":
    main()

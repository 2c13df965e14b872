"""Measure what reading a model's hidden states adds to the time of a prompt and of each token of a reply.

    python benchmarks/probe_cost.py MODEL.gguf [--words 200] [--rounds 20] [--threads 2]

Opens one model file twice, with and without the callback that copies hidden states, and lets both read new prompts and write in
turns, so that other load concerns both alike. Reports the ratio of the medians, with a 95 % interval by resampling.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from unittest.mock import patch

import checkout  # noqa: F401

from assistant.datatypes import Message
from assistant.generation.untrusted_text import own_words
from assistant.models.llama.chat import LlamaChat

WORDS = "pump valve gasket torque invoice tenant deposit river winter copper signal ledger harvest window engine".split()
REPLY_TOKENS = 24
RESAMPLES = 2000


def opened(model: Path, threads: int, *, reads_layers: bool) -> LlamaChat:
    """Return the chat model with or without the callback."""
    with patch("assistant.models.llama.chat.can_read_layers", return_value=reads_layers):
        return LlamaChat(model.stem, model, context_tokens=4096, threads=threads, gpu_layers=0)


def times(chat: LlamaChat, words: int, seed: int) -> tuple[float, float]:
    """Return the seconds in which the model reads a new prompt, and those for each token of its reply."""
    text = " ".join(random.Random(seed).choices(WORDS, k=words))
    reply = chat.reply([Message("user", own_words(f"{text}\n\nWrite a long story with these words."))], REPLY_TOKENS)
    started = time.perf_counter()
    reply.likelihood("A")
    read = time.perf_counter()
    list(reply)
    return read - started, (time.perf_counter() - read) / max(1, reply.generated_tokens)


def ratio_line(name: str, with_callback: Sequence[float], without: Sequence[float]) -> str:
    """Return the ratio of the medians and its interval, by resampling the rounds."""
    drawn, places = random.Random(0), range(len(without))
    ratios = sorted(median(with_callback[place] for place in sample) / median(without[place] for place in sample)
                    for sample in ([drawn.choice(places) for _ in places] for _ in range(RESAMPLES)))
    low, high = ratios[RESAMPLES // 40], ratios[-RESAMPLES // 40]
    return (f"{name}: {median(with_callback):.4f} s with, {median(without):.4f} s without; ratio "
            f"{median(with_callback) / median(without):.4f} ({low:.4f} to {high:.4f}), {len(without)} rounds")


def main() -> None:
    """Measure both in turns, each first in every other round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a GGUF file for which a probe is shipped")
    parser.add_argument("--words", type=int, default=200, help="words of a prompt (default 200)")
    parser.add_argument("--rounds", type=int, default=20, help="default 20")
    parser.add_argument("--threads", type=int, default=2, help="default 2")
    arguments = parser.parse_args()
    chats = {reads: opened(arguments.model, arguments.threads, reads_layers=reads) for reads in (True, False)}
    taken: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for number in range(arguments.rounds + 1):
        for reads in (True, False) if number % 2 else (False, True):
            taken[reads].append(times(chats[reads], arguments.words, number))
    for place, name in enumerate(("prompt", "token")):
        print(ratio_line(name, *([each[place] for each in taken[reads][1:]] for reads in (True, False))))  # the first warms up


if __name__ == "__main__":
    main()

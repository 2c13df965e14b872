"""Settings in; how fast the models and the search of a library are on this machine, measured here and now, out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import psutil

from assistant.app.assistant import Assistant
from assistant.app.models.cache import Models, chat_spec
from assistant.config import Settings
from assistant.datatypes import ChatModel, Embedder, Message
from assistant.errors import NothingIndexed
from assistant.generation.injection.untrusted_text import filled, own_words

PROMPT_WORDS, DECODE_TOKENS = 450, 48
PASSAGES, PASSAGE_WORDS = 64, 150
QUESTIONS = 20
Result = TypeVar("Result")
TARGET = "a 7B model (Q4_K_M)"
TARGET_BYTES = 4_680_000_000  # Qwen2.5-7B-Instruct Q4_K_M: each token reads all of them once, so speed falls as size grows
TARGET_PROMPT = 1000
SUBJECTS = ("pump", "valve", "lease", "invoice", "sensor", "boiler", "contract", "engine", "archive", "bridge", "garden")
DEEDS = ("was checked", "was moved", "was paid", "was read", "was closed", "was mended", "was signed")
PLACES = ("in the north hall", "by the river", "under clause four", "at noon", "on the second floor", "in the annex")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One thing that was measured. `unit` is a rate ("tokens/s") or a time ("ms", "s") or "bytes"."""

    name: str
    value: float
    unit: str


def measure(settings: Settings) -> Iterator[Measurement]:
    """Yield figure after figure. Raises ModelMissing or ModelUnusable; a library without passages has no search to measure."""
    spec = chat_spec(settings)
    models = Models(settings)
    load, embedder = timed(lambda: models.embedder)
    yield Measurement("load the embedding model", load, "s")
    yield from measure_embedding(embedder)
    load, chat = timed(lambda: models.chat)
    yield Measurement("load the chat model", load, "s")
    models.tune(lambda: False)
    figures = list(measure_generation(chat))
    yield from figures
    size = spec.path.stat().st_size if spec.path.is_file() else 0
    if size:
        yield from project_to_7b({figure.name: figure.value for figure in figures}, TARGET_BYTES / size)
    yield from measure_search(settings, models)
    yield Measurement("memory of this process", psutil.Process().memory_info().rss, "bytes")


def measure_embedding(embedder: Embedder) -> Iterator[Measurement]:
    """Measure passages and questions."""
    embedder.embed_passages([filler_text(PASSAGE_WORDS, 10_000)])  # what is done once is not counted
    seconds, _ = timed(lambda: embedder.embed_passages([filler_text(PASSAGE_WORDS, number) for number in range(PASSAGES)]))
    yield Measurement("passages embedded", PASSAGES / seconds, "passages/s")
    yield Measurement("a question embedded", 1000 * median_seconds(lambda number: embedder.embed_question(filler_text(9, number))), "ms")


def measure_generation(chat: ChatModel) -> Iterator[Measurement]:
    """Measure reading and writing; the warm first token is that of another question over the same passages."""
    list(chat.reply([Message("user", own_words("Say yes."))], 2))
    passages = filler_text(PROMPT_WORDS, 77)
    messages = question_messages(passages, "How often was the pump checked? Answer at length.")
    reply = chat.reply(messages, DECODE_TOKENS)
    cold, _ = timed(lambda: reply.likelihood("I"))
    yield Measurement("prompt read", (reply.prompt_tokens - reply.reused_tokens) / cold, "tokens/s")
    yield Measurement(f"first token, {reply.prompt_tokens} new tokens", cold, "s")
    seconds, _ = timed(lambda: list(reply))
    yield Measurement("reply written", max(reply.generated_tokens, 1) / seconds, "tokens/s")
    again = chat.reply(question_messages(passages, "Who paid the invoice?"), DECODE_TOKENS)
    warm, _ = timed(lambda: again.likelihood("I"))
    yield Measurement(f"first token, {again.prompt_tokens - again.reused_tokens} new tokens", warm, "s")


def question_messages(passages: str, question: str) -> list[Message]:
    """Return the messages of a question about passages."""
    parts = {"passages": own_words(passages), "question": own_words(question)}
    return [Message("user", filled("{passages}\n\nQuestion: {question}", parts))]


def project_to_7b(measured: dict[str, float], times: float) -> Iterator[Measurement]:
    """Say what a larger model would do, by its size in bytes: an estimate, true where memory is large enough."""
    reading, writes = measured["prompt read"] / times, measured["reply written"] / times
    yield Measurement(f"estimate for {TARGET}: prompt read", reading, "tokens/s")
    yield Measurement(f"estimate for {TARGET}: first token, {TARGET_PROMPT} new tokens", TARGET_PROMPT / reading, "s")
    yield Measurement(f"estimate for {TARGET}: reply written", writes, "tokens/s")


def measure_search(settings: Settings, models: Models) -> Iterator[Measurement]:
    """Measure searches of the library, with questions that have words of its passages."""
    with Assistant(settings, models) as assistant:
        try:
            found = assistant.search("pump lease invoice 合同 报告", QUESTIONS).hits
        except NothingIndexed:
            return
        texts = [" ".join(hit.chunk.text.split()[:12])[:200] for hit in found] or [filler_text(9, 1)]
        seconds = [timed(partial(assistant.search, text))[0] for text in texts]
    yield Measurement("search, median", 1000 * statistics.median(seconds), "ms")
    yield Measurement("search, 95th percentile", 1000 * percentile(seconds, 0.95), "ms")


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Return the seconds that the work took, never 0, and its result."""
    started = time.perf_counter()
    result = work()
    return max(time.perf_counter() - started, 1e-9), result


def median_seconds(work: Callable[[int], object]) -> float:
    """Return the median seconds of many runs of the work."""
    return statistics.median(timed(partial(work, number))[0] for number in range(QUESTIONS))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of the values lies, the nearest rank."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def filler_text(words: int, seed: int) -> str:
    """Return so many words of plain English that no other seed begins with: nothing in it was computed before."""
    sentences: list[str] = []
    number = seed * 7919
    while sum(sentence.count(" ") + 1 for sentence in sentences) < words:
        subject, deed, place = SUBJECTS[number % 11], DEEDS[number % 7], PLACES[number % 6]
        sentences.append(f"The {subject} {number % 1009} {deed} {place} by {number % 97} people.")
        number += 31
    return " ".join(" ".join(sentences).split()[:words])

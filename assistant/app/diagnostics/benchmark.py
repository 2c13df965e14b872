"""Measure the speed of the models and of searches on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import psutil

from assistant.app.assistant import Assistant
from assistant.app.models import ModelProvider, chat_spec
from assistant.config import Settings
from assistant.datatypes import ChatModel, Embedder, Message, Timings
from assistant.errors import NothingIndexed, UsageError
from assistant.generation.untrusted_text import fill_template, own_words

PROMPT_WORDS, DECODE_TOKENS = 450, 48
PASSAGES, PASSAGE_WORDS = 64, 150
QUESTIONS = 20
ASKED, ANSWER_TOKENS = 3, 24  # questions that are answered, and the length of their answers
Result = TypeVar("Result")
TARGET = "a 7B model (Q4_K_M)"
TARGET_BYTES = 4_680_000_000  # Qwen2.5-7B-Instruct Q4_K_M: each token reads all bytes once, so time grows with size
TARGET_PROMPT = 1000
SUBJECTS = ("pump", "valve", "lease", "invoice", "sensor", "boiler", "contract", "engine", "archive", "bridge", "garden")
DEEDS = ("was checked", "was moved", "was paid", "was read", "was closed", "was mended", "was signed")
PLACES = ("in the north hall", "by the river", "under clause four", "at noon", "on the second floor", "in the annex")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured value. `unit` is a rate ("tokens/s"), a time ("ms", "s"), a number ("passages", "tokens") or "bytes"."""

    name: str
    value: float
    unit: str


def measure(settings: Settings) -> Iterator[Measurement]:
    """Yield the measurements. Raises ModelMissing or ModelUnusable. Searches are skipped if the library is empty."""
    spec = chat_spec(settings)
    models = ModelProvider(settings)
    load, embedder = timed(lambda: models.embedder)
    yield Measurement("load the embedding model", load, "s")
    yield from measure_embedding(embedder)
    load, chat = timed(lambda: models.chat)
    yield Measurement("load the chat model", load, "s")
    models.tune(lambda: False, anew=True)
    figures = list(measure_generation(chat))
    yield from figures
    size = spec.path.stat().st_size if spec.path.is_file() else 0
    if size:
        yield from project_to_7b({figure.name: figure.value for figure in figures}, TARGET_BYTES / size)
    yield from measure_search(settings, models)
    yield from measure_questions(settings, models)
    yield Measurement("memory of this process", psutil.Process().memory_info().rss, "bytes")


def measure_embedding(embedder: Embedder) -> Iterator[Measurement]:
    """Measure the embedding of chunks and of questions."""
    embedder.embed_passages([filler_text(PASSAGE_WORDS, 10_000)])  # warm-up
    seconds, _ = timed(lambda: embedder.embed_passages([filler_text(PASSAGE_WORDS, number) for number in range(PASSAGES)]))
    yield Measurement("passages embedded", PASSAGES / seconds, "passages/s")
    each = [timed(partial(embedder.embed_question, filler_text(9, number)))[0] for number in range(QUESTIONS)]
    yield Measurement("a question embedded", 1000 * statistics.median(each), "ms")


def measure_generation(chat: ChatModel) -> Iterator[Measurement]:
    """Measure prefill and generation; the second first-token time is for another question over the same passages."""
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
    """Return the prompt messages for a question about passages."""
    parts = {"passages": own_words(passages), "question": own_words(question)}
    return [Message("user", fill_template("{passages}\n\nQuestion: {question}", parts))]


def project_to_7b(measured: dict[str, float], times: float) -> Iterator[Measurement]:
    """Estimate the speed of a larger model from its size in bytes, provided that it fits the memory."""
    reading, writes = measured["prompt read"] / times, measured["reply written"] / times
    yield Measurement(f"estimate for {TARGET}: prompt read", reading, "tokens/s")
    yield Measurement(f"estimate for {TARGET}: first token, {TARGET_PROMPT} new tokens", TARGET_PROMPT / reading, "s")
    yield Measurement(f"estimate for {TARGET}: reply written", writes, "tokens/s")


def measure_search(settings: Settings, models: ModelProvider) -> Iterator[Measurement]:
    """Measure searches of the library, with questions made of words from its chunks."""
    with Assistant(settings, models) as assistant:
        try:
            texts = questions_of_library(assistant) or [filler_text(9, 1)]
        except NothingIndexed:
            return
        seconds = [timed(partial(assistant.search, text))[0] for text in texts]
    yield Measurement("search, median", 1000 * statistics.median(seconds), "ms")
    yield Measurement("search, 95th percentile", 1000 * percentile(seconds, 0.95), "ms")


def measure_questions(settings: Settings, models: ModelProvider) -> Iterator[Measurement]:
    """Measure answers to a few questions about the library, then the same asked again: what is read, and the time until then.

    None is asked if a model on another machine may answer: the passages of the library would be sent there.
    """
    if models.uses_remote:
        return
    with Assistant(replace(settings, answer_tokens=ANSWER_TOKENS), models) as assistant:
        try:
            texts = questions_of_library(assistant)[:ASKED]
        except NothingIndexed:
            return
        for kind in ("question", "question asked again"):
            timings = [each for text in texts for each in timings_of_answer(assistant, text)]
            yield from summarize_timings(kind, [each for each in timings if each.read_passages])


def timings_of_answer(assistant: Assistant, text: str) -> tuple[Timings, ...]:
    """Return the timings of an answer from passages; an empty tuple if the text would be a question about whole files."""
    try:
        stream = assistant.ask(text)
    except UsageError:  # it is unclear which files are meant
        return ()
    return (stream.answer.timings,) if stream.hits else ()


def summarize_timings(kind: str, timings: Sequence[Timings]) -> Iterator[Measurement]:
    """Return the medians of the timings of answers that a model wrote, if there are any."""
    if not timings:
        return
    yield Measurement(f"{kind}: evidence found", statistics.median(each.retrieve_ms for each in timings) / 1000, "s")
    yield Measurement(f"{kind}: first word", statistics.median(each.first_token_ms or 0.0 for each in timings) / 1000, "s")
    yield Measurement(f"{kind}: passages read", statistics.median_low(each.read_passages for each in timings), "passages")
    yield Measurement(f"{kind}: tokens read", statistics.median_low(each.read_tokens for each in timings), "tokens")
    yield Measurement(f"{kind}: tokens cached", statistics.median_low(each.reused_tokens for each in timings), "tokens")


def questions_of_library(assistant: Assistant) -> list[str]:
    """Return questions made of words from chunks of the library. Raises NothingIndexed."""
    found = assistant.search("pump lease invoice 合同 报告", QUESTIONS).hits
    return [" ".join(hit.chunk.text.split()[:12])[:200] for hit in found]


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Return the time of a call in seconds (above 0) and its result."""
    started = time.perf_counter()
    result = work()
    return max(time.perf_counter() - started, 1e-9), result


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile by nearest rank; `share` is between 0 and 1."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def filler_text(words: int, seed: int) -> str:
    """Return `words` words of English text, different for each seed, so that no cache has it."""
    sentences: list[str] = []
    number = seed * 7919
    while sum(sentence.count(" ") + 1 for sentence in sentences) < words:
        subject, deed, place = SUBJECTS[number % 11], DEEDS[number % 7], PLACES[number % 6]
        sentences.append(f"The {subject} {number % 1009} {deed} {place} by {number % 97} people.")
        number += 31
    return " ".join(" ".join(sentences).split()[:words])

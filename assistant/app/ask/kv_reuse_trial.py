"""A library and a chat model in; whether its answers stay the same where passages are joined, question by question, out."""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.app.ask.calibrate import SHORTEST, shuffled
from assistant.app.library.library import Library
from assistant.config import Settings
from assistant.datatypes import ChatModel, Comparing
from assistant.errors import AssistantError
from assistant.generation import compose, terms, write_question
from assistant.models.llama.kv_reuse_measured import note_trial, read_verdict
from assistant.retrieval import STEPS

ANSWER_TOKENS = 32
ALIKE = 0.6  # of the words of two answers, that are in both
NUMBER = re.compile(r"\d+")
FEWEST_PASSAGES = 2  # with one there is nothing to join


def try_joining(library: Library, chat: ChatModel, settings: Settings, model: str, should_stop: Callable[[], bool]) -> bool:
    """Ask one question of the library's own in both ways, and note the outcome; return whether there is more to try.

    Raises KeyboardInterrupt where the model is interrupted; that trial is made again.
    """
    if not isinstance(chat, Comparing) or chat.joins or settings.reuse != "auto" or not library.holds_text():
        return False
    verdict = read_verdict(settings.home, model)
    places = shuffled(library.store.paths_of_chunks())
    if verdict.is_decided or verdict.attempts >= len(places) or should_stop():
        return False
    try:
        outcome = outcome_of(library, chat, settings, places[verdict.attempts][0])
    except AssistantError:  # whatever it is, a question will meet it too, and say it
        outcome = "none"
    note_trial(settings.home, model, outcome)
    return True


def outcome_of(library: Library, chat: Comparing, settings: Settings, number: int) -> str:
    """Return whether the answer to a question about a passage is the "same" in both ways or "changed"; "none" without one."""
    stored = library.store.chunks([number]).get(number)
    if stored is None or len(stored.chunk.text) < SHORTEST:
        return "none"
    question = write_question(chat, stored.chunk)
    hits = library.searcher().search(question, settings.context_chunks, STEPS) if question else ()
    if len(hits) < FEWEST_PASSAGES:
        return "none"
    prompt = compose(chat, question, hits, (), settings.context_chunk_tokens, settings.answer_tokens, library.shelf_of)
    return "same" if are_alike(question, *chat.compare(prompt.messages, ANSWER_TOKENS)) else "changed"


def are_alike(question: str, one: str, other: str) -> bool:
    """Return whether two answers say the same, as far as their numbers and words tell; words of the question say nothing."""
    first, second = terms(one) - terms(question), terms(other) - terms(question)
    if set(NUMBER.findall(one)) != set(NUMBER.findall(other)):
        return False
    if not first or not second:
        return first == second
    return 2 * len(first & second) / (len(first) + len(second)) >= ALIKE


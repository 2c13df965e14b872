"""Calibrate the refusal threshold for one library: ask about its own chunks with and without their file, fit an offset."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from assistant.app.library.library import CALIBRATION_KEY, Library
from assistant.config import Settings
from assistant.datatypes import Calibration, ChatModel, Hit, OnProgress, Progress
from assistant.errors import UsageError
from assistant.generation import (
    GENERATED_QUESTION_OFFSET,
    CalibrationTrial,
    compose,
    fit_calibration,
    question_log_odds,
    write_question,
)
from assistant.retrieval import STEPS

FEWEST_TRIALS = 6
SEED = 1
SHORTEST = 120  # characters of a chunk that is worth a question
DEPTH = 5  # the chunk's file must be among so many hits, or the question does not find it


def calibrate(library: Library, chat: ChatModel, settings: Settings, count: int, on_progress: OnProgress) -> Calibration:
    """Fit the log-odds offset of a library to questions about its own chunks, and store it in the library.

    Continues a calibration that was stopped. Raises NothingIndexed, or UsageError if the library is too small.
    """
    if chat.machine:
        raise UsageError("A chat model on another machine cannot be calibrated: it does not score texts.",
                         "Calibrate a model of this machine: --chat NAME")
    done: list[CalibrationTrial] = []
    for trial in calibration_trials(library, chat, settings):
        done.append(trial)
        on_progress(Progress("asking", len(done), count, current=trial.question))
        if len(done) >= count:
            break
    if len(done) < FEWEST_TRIALS:
        raise UsageError(f"Only {len(done)} questions could be made from this library, too few to calibrate by.",
                         "Add more files; without a calibration the shipped values hold.")
    found = fit_calibration(done, settings.refusal_threshold / 100)
    library.writable.set_meta(CALIBRATION_KEY, str(found.offset))
    return found


def calibration_trials(library: Library, chat: ChatModel, settings: Settings) -> Iterator[CalibrationTrial]:
    """Yield trials, those of an earlier run first; new ones are about chunks drawn at random from the whole library."""
    searcher, log = library.searcher(), library.trial_log(chat.name)

    def odds(question: str, hits: Sequence[Hit]) -> float:
        read = hits[: settings.context_chunks]
        prompt = compose(chat, question, read, (), settings.context_chunk_tokens, settings.answer_tokens)
        return question_log_odds(chat, prompt, question)

    kept, readable = log.trials(), library.store.ledger()
    yield from (trial for chunk, trial in kept.items() if chunk.rpartition("#")[0] in readable)
    chunks = list(library.store.paths_of_chunks())
    random.Random(SEED).shuffle(chunks)
    for chunk, path in chunks:
        name = f"{path}#{chunk}"
        stored = library.store.chunks([chunk]).get(chunk)
        if name in kept or stored is None or len(stored.chunk.text) < SHORTEST:
            continue
        question = write_question(chat, stored.chunk)
        hits = searcher.search(question, settings.top_k + settings.context_chunks, STEPS) if question else ()
        others = [hit for hit in hits if not is_from(hit, path)]
        if others and any(is_from(hit, path) for hit in hits[:DEPTH]):
            trial = CalibrationTrial(question, odds(question, hits) + GENERATED_QUESTION_OFFSET, odds(question, others))
            log.keep(name, trial)
            yield trial


def is_from(hit: Hit, path: str) -> bool:
    """Return whether a hit is of this file, or a near-duplicate of it is."""
    return path in {hit.path, *(other for other, _ in hit.also)}

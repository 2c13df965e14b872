"""Calibrate the refusal threshold for one library: ask about its own chunks with and without their file, fit an offset."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from assistant.app.library.library import CALIBRATION_KEY, Library, TrialLog
from assistant.config import Settings
from assistant.datatypes import Calibration, ChatModel, Hit, OnProgress, Progress
from assistant.errors import UsageError
from assistant.generation import (
    GENERATED_QUESTION_OFFSET,
    CalibrationTrial,
    Prompt,
    compose,
    fit_calibration,
    question_log_odds,
    write_question,
)
from assistant.index import Store
from assistant.retrieval import STEPS

FEWEST_TRIALS = 6
SEED = 1
SHORTEST = 120  # characters of a chunk that is worth a question
DEPTH = 5  # the chunk's file must be among so many hits, or the question does not find it

Find = Callable[[str], Sequence[Hit]]
Compose = Callable[[str, Sequence[Hit]], Prompt]


def calibrate(library: Library, chat: ChatModel, settings: Settings, count: int, on_progress: OnProgress) -> Calibration:
    """Fit the log-odds offset of a library to questions about its own chunks, and store it in the library.

    Continues a calibration that was stopped. Raises NothingIndexed, or UsageError if the library is too small.
    """
    searcher, store = library.searcher(), library.store
    limit = settings.top_k + settings.context_chunks
    done: list[CalibrationTrial] = []
    for trial in calibration_trials(chat, store, library.trial_log(chat.name),
                        lambda question: searcher.search(question, limit, STEPS),
                        lambda question, hits: compose(chat, question, hits[: settings.context_chunks], (),
                                                       settings.context_chunk_tokens, settings.answer_tokens)):
        done.append(trial)
        on_progress(Progress("asking", len(done), count, current=trial.question))
        if len(done) >= count:
            break
    if len(done) < FEWEST_TRIALS:
        raise UsageError(f"Only {len(done)} questions could be made from this library, too few to calibrate by.",
                         "Add more files; without a calibration the shipped values hold.")
    found = fit_calibration(done, settings.refusal_threshold / 100)
    store.set_meta(CALIBRATION_KEY, str(found.offset))
    return found


def calibration_trials(chat: ChatModel, store: Store, notebook: TrialLog, find: Find,
                       compose: Compose) -> Iterator[CalibrationTrial]:
    """Yield trials, those of an earlier run first; new ones are about chunks drawn at random from the whole library."""
    kept = notebook.trials()
    yield from kept.values()
    for chunk, path in shuffled(store.paths_of_chunks()):
        name = f"{path}#{chunk}"
        stored = store.chunks([chunk]).get(chunk)
        if name in kept or stored is None or len(stored.chunk.text) < SHORTEST:
            continue
        question = write_question(chat, stored.chunk)
        hits = find(question) if question else ()
        others = [hit for hit in hits if not is_from(hit, path)]
        if others and any(is_from(hit, path) for hit in hits[:DEPTH]):
            answered = question_log_odds(chat, compose(question, hits), question) + GENERATED_QUESTION_OFFSET
            trial = CalibrationTrial(question, answered, question_log_odds(chat, compose(question, others), question))
            notebook.keep(name, trial)
            yield trial


def shuffled(chunks: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the chunks shuffled, with the same seed each time."""
    order = list(chunks)
    random.Random(SEED).shuffle(order)
    return order


def is_from(hit: Hit, path: str) -> bool:
    """Return whether a hit is of this file, or a near-duplicate of it is."""
    return path in {hit.path, *(other for other, _ in hit.also)}

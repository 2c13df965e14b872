"""Calibrate the refusals of one chat model for one library: ask about its own chunks with and without their file.

For a model with shipped constants, an offset of its estimate is fitted; for another one the estimate itself: see train_probe.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from assistant.app.library.calibrations import SIGNALS, offset_key
from assistant.app.library.library import Library
from assistant.app.library.trials import TrialLog, passage_name, path_of
from assistant.config import Settings
from assistant.datatypes import Calibration, ChatModel, Gate, Hit, OnProgress, ProbeCalibration, Probing, Progress
from assistant.errors import UsageError
from assistant.generation import (
    GENERATED_QUESTION_OFFSET,
    PROMPT_VERSION,
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


def calibrate(library: Library, chat: ChatModel, settings: Settings, count: int,
              on_progress: OnProgress) -> Calibration | ProbeCalibration:
    """Fit the refusals of a chat model to `count` questions about the library's own chunks, and store the result in the library.

    Continues a calibration that was stopped. Raises NothingIndexed, or UsageError if the library is too small or the model cannot
    be calibrated.
    """
    if chat.machine:
        raise UsageError("A chat model on another machine cannot be calibrated: it does not show its hidden states.",
                         "Calibrate a model of this machine: --chat NAME")
    if chat.gate is not None:
        return fit_offset_of(library, chat, chat.gate, settings, count, on_progress)
    if not isinstance(chat, Probing) or not chat.layers:
        raise UsageError(f"{chat.name} cannot be calibrated: this build of llama.cpp does not show hidden states.",
                         "Install the version of llama-cpp-python that this program requires.")
    from assistant.app.ask.train_probe import train_probe  # it needs numpy, which no other command here does

    return train_probe(library, chat, settings, count, on_progress)


def fit_offset_of(library: Library, chat: ChatModel, gate: Gate, settings: Settings, count: int,
                  on_progress: OnProgress) -> Calibration:
    """Fit the log-odds offset of a library for a model with shipped constants. Raises UsageError if the library is too small."""
    done: list[CalibrationTrial] = []
    for trial in calibration_trials(library, chat, gate, settings):
        done.append(trial)
        on_progress(Progress("asking", len(done), count, current=trial.question))
        if len(done) >= count:
            break
    if len(done) < FEWEST_TRIALS:
        raise UsageError(f"Only {len(done)} questions could be made from this library, too few to calibrate by.",
                         "Add more files; without a calibration the shipped values hold.")
    found = fit_calibration(done, settings.refusal_threshold / 100)
    library.writable.set_meta(offset_key(chat.fingerprint), str(found.offset))
    return found


def calibration_trials(library: Library, chat: ChatModel, gate: Gate, settings: Settings) -> Iterator[CalibrationTrial]:
    """Yield trials, those of an earlier run first; new ones are about chunks drawn at random from the whole library."""
    searcher = library.searcher()
    log = library.trial_log(f"{chat.fingerprint} {PROMPT_VERSION} {SIGNALS} {GENERATED_QUESTION_OFFSET}")

    def odds(question: str, hits: Sequence[Hit]) -> float:
        read = hits[: settings.context_chunks]
        prompt = compose(chat, question, read, (), settings.context_chunk_tokens, settings.answer_tokens)
        return question_log_odds(chat, gate, prompt, question)

    kept, readable = kept_trials(log), library.store.ledger()
    yield from (trial for passage, trial in kept.items() if path_of(passage) in readable)
    chunks = list(library.store.paths_of_chunks())
    random.Random(SEED).shuffle(chunks)
    for chunk, path in chunks:
        name = passage_name(path, chunk)
        stored = library.store.chunks([chunk]).get(chunk)
        if name in kept or stored is None or len(stored.chunk.text) < SHORTEST:
            continue
        question = write_question(chat, stored.chunk)
        hits = searcher.search(question, settings.top_k + settings.context_chunks, STEPS) if question else ()
        others = [hit for hit in hits if not is_from(hit, path)]
        if others and any(is_from(hit, path) for hit in hits[:DEPTH]):
            trial = CalibrationTrial(question, odds(question, hits) + GENERATED_QUESTION_OFFSET, odds(question, others))
            log.keep(name, asdict(trial))
            yield trial


def is_from(hit: Hit, path: str) -> bool:
    """Return whether a hit is of this file, or a near-duplicate of it is."""
    return path in {hit.path, *(other for other, _ in hit.also)}


def kept_trials(log: TrialLog) -> dict[str, CalibrationTrial]:
    """Return the trials of earlier runs, by chunk; damaged ones are left out."""
    parsed = {name: trial_of(value) for name, value in log.trials().items()}
    return {name: trial for name, trial in parsed.items() if trial is not None}


def trial_of(value: object) -> CalibrationTrial | None:
    """Parse a trial; return None if the value is not one."""
    if not isinstance(value, dict):
        return None
    question, answered, held_out = (value.get(name) for name in ("question", "answered", "held_out"))
    if isinstance(question, str) and isinstance(answered, int | float) and isinstance(held_out, int | float):
        return CalibrationTrial(question, float(answered), float(held_out))
    return None

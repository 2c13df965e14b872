"""Train the probe of a chat model on questions that it writes about a library, each read with its file and without it.

The hidden states of a question's prompts are kept in the library's trial log, so that a stopped run continues, and leave it with
the file that they are about. The fitted probe is kept with the library, by the fingerprint of the model.
"""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from assistant.app.library.calibrations import calibrated_gate, drop_gate, store_gate
from assistant.app.library.library import Library
from assistant.app.library.trials import TrialLog, passage_name, path_of
from assistant.config import Settings
from assistant.datatypes import Hit, OnProgress, ProbeCalibration, Probing, Progress
from assistant.errors import ModelUnusable, UsageError
from assistant.generation import PROMPT_VERSION, Prompt, compose, write_question
from assistant.generation.answerability import log_odds
from assistant.generation.probe_fitting import (
    Floats,
    acceptance_bound,
    area_interval,
    area_under_curve,
    fit_weights,
    held_out_scores,
    refusal_bound,
)
from assistant.generation.probe_prompts import ALONE, AMONG, AMONG_OTHERS, ANOTHER, OTHERS, passage_sets
from assistant.retrieval import STEPS

if TYPE_CHECKING:
    from assistant.datatypes import Vectors

KINDS = (ALONE, AMONG_OTHERS, ANOTHER, OTHERS)  # the rows of a trial's states
ANSWERABLE = np.array([True, True, False, False])
FEWEST_QUESTIONS, FEWEST_FILES = 6, 3
FOUND = 30  # hits from which the other passages are taken
SHORTEST = 120  # characters of a chunk that is worth a question
SEED = 1
CHANCE = 0.5  # area under the curve of a probe that knows nothing


@dataclass(frozen=True, slots=True, eq=False)
class ProbeTrial:
    """A question about a file, with the hidden states at the end of its prompts, shape (kinds, width)."""

    path: str
    question: str
    states: Vectors


def train_probe(library: Library, chat: Probing, settings: Settings, count: int, on_progress: OnProgress) -> ProbeCalibration:
    """Fit a probe to `count` questions about a library's own chunks, and store it if it is clearly better than chance.

    Continues a run that was stopped. Raises ModelUnusable if the layer cannot be read, UsageError if the library is too small.
    """
    trainer = Trainer(library, chat, settings)
    done: list[ProbeTrial] = []
    for trial in islice(trainer.trials(), count):
        done.append(trial)
        on_progress(Progress("asking", len(done), count, current=trial.question))
    require_enough(done)
    fit = ProbeFit(done, best_first=settings.best_first)
    found = fit.calibration(trainer.layer, settings.refusal_threshold / 100)
    if found.is_stored:
        store_gate(library.writable, chat.fingerprint, calibrated_gate(trainer.layer, fit.weights(), fit.least()))
    else:
        drop_gate(library.writable, chat.fingerprint)  # an earlier one, from fewer questions
    return found


def require_enough(trials: Sequence[ProbeTrial]) -> None:
    """Raise UsageError if the trials are too few to fit a probe and to test it on other files."""
    files = len({trial.path for trial in trials})
    if len(trials) < FEWEST_QUESTIONS or files < FEWEST_FILES:
        raise UsageError(f"Only {len(trials)} questions about {files} files could be made from this library, too few to "
                         "calibrate by.", "Add more files; without a calibration only the checks of the finished answer decide.")


def probe_layer(layers: int) -> int:
    """Return the layer at two thirds of a model's depth, counted from 0."""
    return max(0, round(2 * layers / 3) - 1)


class Trainer:
    """Asks a chat model about the chunks of a library and reads its hidden states."""

    def __init__(self, library: Library, chat: Probing, settings: Settings) -> None:
        self._library, self._chat, self._settings = library, chat, settings
        self.layer = probe_layer(chat.layers)
        self._log = library.trial_log(f"{chat.fingerprint} {PROMPT_VERSION} probe {self.layer}")
        chat.watch(self.layer)

    def trials(self) -> Iterator[ProbeTrial]:
        """Yield trials, those of earlier runs first; new ones are about chunks drawn from all files in turns."""
        kept, readable = kept_trials(self._log), self._library.store.ledger()
        yield from (trial for passage, trial in kept.items() if path_of(passage) in readable)
        for chunk, path in in_turns(self._library.store.paths_of_chunks()):
            name = passage_name(path, chunk)
            stored = self._library.store.chunks([chunk]).get(chunk)
            if name in kept or stored is None or len(stored.chunk.text) < SHORTEST:
                continue
            own = Hit(stored.chunk_id, path, stored.title, stored.chunk)
            for trial in self._trial(own):
                self._log.keep(name, {"question": trial.question, "states": encode_states(trial.states)})
                yield trial

    def _trial(self, own: Hit) -> list[ProbeTrial]:
        """Return the trial about a chunk in a list of one; an empty list if no question, or no other file, was found."""
        question = write_question(self._chat, own.chunk)
        hits = self._library.searcher().search(question, FOUND, STEPS) if question else ()
        others = [hit for hit in hits if own.path not in {hit.path, *(path for path, _ in hit.also)}][:AMONG]
        if not others:
            return []
        sets = passage_sets(own, others, random.Random(f"{SEED} {own.path} {own.chunk_id}"))
        prompts = {kind: self._prompt(question, passages) for kind, passages in sets.items()}
        if own not in prompts[AMONG_OTHERS].passages:  # the others before it are too long
            prompts[AMONG_OTHERS] = self._prompt(question, (own, *others[: AMONG - 1]))
        return [ProbeTrial(own.path, question, np.stack([self._state(prompts[kind]) for kind in KINDS]))]

    def _prompt(self, question: str, passages: Sequence[Hit]) -> Prompt:
        """Return the prompt that the program makes of a question and its passages."""
        return compose(self._chat, question, passages, (), self._settings.context_chunk_tokens, self._settings.answer_tokens)

    def _state(self, prompt: Prompt) -> Vectors:
        """Return the hidden state at the end of a prompt. Raises ModelUnusable if the layer gives no output."""
        state = self._chat.reply(prompt.messages, 1).hidden_state(self.layer)
        if state is None:
            raise ModelUnusable(f"Layer {self.layer} of {self._chat.name} gives no output that can be read.",
                                "This model cannot be calibrated; without it only the checks of the finished answer decide.")
        return state


def in_turns(places: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield (chunk, path) so that each file comes once before any comes again, in an order that is always the same."""
    chance = random.Random(SEED)
    chunks: dict[str, list[int]] = {}
    for chunk, path in places:
        chunks.setdefault(path, []).append(chunk)
    paths = list(chunks)
    chance.shuffle(paths)
    for path in paths:
        chance.shuffle(chunks[path])
    for round_ in zip_longest(*([(chunk, path) for chunk in chunks[path]] for path in paths)):
        yield from (place for place in round_ if place is not None)


def encode_states(states: Vectors) -> str:
    """Return states in half precision as text."""
    limit = float(np.finfo(np.float16).max)
    return base64.b64encode(np.clip(states, -limit, limit).astype("<f2").tobytes()).decode("ascii")


def decode_states(text: str) -> Vectors:
    """Return the states of a trial, shape (kinds, width). Raises ValueError or binascii.Error if the text is damaged."""
    return np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float32).reshape(len(KINDS), -1)


def kept_trials(log: TrialLog) -> dict[str, ProbeTrial]:
    """Return the trials of earlier runs, by chunk; damaged ones are left out."""
    found: dict[str, ProbeTrial] = {}
    for name, value in log.trials().items():
        if isinstance(value, dict) and isinstance(question := value.get("question"), str):
            try:
                found[name] = ProbeTrial(path_of(name), question, decode_states(str(value.get("states"))))
            except (ValueError, binascii.Error):
                continue
    return found


class ProbeFit:
    """A probe that is fitted to trials, with the scores of each trial by probes that were fitted without its file.

    A score is the log-odds that the passages answer the question. The program refuses by the better of the best passage alone and
    all passages if it reads the best one first, else by all passages.
    """

    def __init__(self, trials: Sequence[ProbeTrial], *, best_first: bool) -> None:
        self._trials = trials
        self._states = np.concatenate([trial.states for trial in trials])
        self._answerable = np.tile(ANSWERABLE, len(trials))
        names = {path: number for number, path in enumerate(dict.fromkeys(trial.path for trial in trials))}
        self._files = [names[trial.path] for trial in trials]
        scores = held_out_scores(self._states, self._answerable, np.repeat(self._files, len(KINDS)))
        self._scores = scores.reshape(len(trials), len(KINDS)).T
        self._bound = refusal_bound(self._scores[KINDS.index(AMONG_OTHERS)])
        self._right = self._decisive(ALONE, AMONG_OTHERS, best_first=best_first)
        self._wrong = self._decisive(ANOTHER, OTHERS, best_first=best_first)

    def _decisive(self, alone: str, several: str, *, best_first: bool) -> Floats:
        """Return the scores by which questions are refused."""
        one, all_passages = self._scores[KINDS.index(alone)], self._scores[KINDS.index(several)]
        decisive: Floats = np.maximum(one, all_passages) if best_first else all_passages
        return decisive

    def calibration(self, layer: int, threshold: float) -> ProbeCalibration:
        """Return what the cross-validation found, with the shares that are refused at a refusal threshold (0 to 1)."""
        low, high = area_interval(self._right, self._wrong, self._files)
        least = self._bound - log_odds(threshold)
        refused = [float(np.mean(scores < least)) for scores in (self._right, self._wrong)]
        return ProbeCalibration(len(self._trials), len(set(self._files)), layer, area_under_curve(self._right, self._wrong), low,
                                high, threshold, refused[0], refused[1], low > CHANCE)

    def weights(self) -> npt.NDArray[np.float32]:
        """Return the weights of the probe fitted to all trials; its bias is chosen for a threshold of 50 percent."""
        weights = fit_weights(self._states, self._answerable)
        weights[-1] -= self._bound
        return weights

    def least(self) -> float:
        """Return the log-odds that one in ten prompts without the file reach; at least even odds."""
        return max(0.0, acceptance_bound(self._scores[KINDS.index(ANOTHER)]) - self._bound)

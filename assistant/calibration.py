"""A library's own passages in; questions about them out, with the doubt where their file is found and where it is held out."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.answer import OWN_WORDS, PROMPT_VERSION, Prompt, Trial, calibration, compose, odds_of_doubt, write_question
from assistant.config import Settings
from assistant.datatypes import Calibration, ChatModel, Hit, Progress
from assistant.errors import UsageError
from assistant.index import Store
from assistant.library import DOUBT_OFFSET, Library
from assistant.records import add_record, open_private, read_records, record_in
from assistant.retrieve import STEPS
from assistant.survey import OnProgress

FEWEST_TRIALS = 6
SEED = 1
SHORTEST = 120  # characters of a passage that a question can be about
DEPTH = 5  # the passage's file must be among so many hits, or the question is not about it

Find = Callable[[str], Sequence[Hit]]
Compose = Callable[[str, Sequence[Hit]], Prompt]


@dataclass(frozen=True, slots=True)
class Notebook:
    """Keeps the trials of a library in a file, so that a calibration that was stopped goes on where it was."""

    file: Path
    model: str

    def trials(self) -> dict[str, Trial]:
        """Return the trials with this model and these prompts, by passage; what is damaged is left out."""
        found: dict[str, Trial] = {}
        for record in read_records(self.file) if self.file.exists() else ():
            if record.get("by") == self._by and (trial := trial_of(record.get("trial"))):
                found[str(record.get("passage"))] = trial
        return found

    def keep(self, passage: str, trial: Trial) -> None:
        """Add one trial."""
        add_record(self.file, {"by": self._by, "passage": passage, "trial": asdict(trial)})

    def keep_only(self, paths: Container[str]) -> None:
        """Remove the trials about passages of all other files, whatever model they are with."""
        lines = [line for line in self.file.read_bytes().split(b"\n") if line.strip()]
        kept = [line for line in lines if path_in(line) in paths]
        if len(kept) < len(lines):
            aside = self.file.with_suffix(".partial")
            aside.unlink(missing_ok=True)
            with open(aside, "wb", opener=open_private) as file:
                file.write(b"".join(line + b"\n" for line in kept))
            aside.replace(self.file)

    @property
    def _by(self) -> str:
        return f"{self.model} {PROMPT_VERSION} {OWN_WORDS}"


def notebook_of(library: Path, model: str) -> Notebook:
    """Return the notebook that stands beside a library's file."""
    return Notebook(library.parent / "calibration.jsonl", model)


def calibrate(library: Library, chat: ChatModel, settings: Settings, count: int, on_progress: OnProgress) -> Calibration:
    """Fit the doubt to a library with questions about its own passages, and keep the offset with it.

    Goes on where one was stopped. Raises NothingIndexed, or UsageError where the library is too small.
    """
    searcher, store = library.searcher(), library.store
    limit = settings.results + settings.passages
    done: list[Trial] = []
    for trial in trials(chat, store, notebook_of(library.file, chat.name),
                        lambda question: searcher.search(question, limit, STEPS),
                        lambda question, hits: compose(chat, question, hits[: settings.passages], (),
                                                       settings.passage_tokens, settings.answer_tokens)):
        done.append(trial)
        on_progress(Progress("asking", len(done), count, current=trial.question))
        if len(done) >= count:
            break
    if len(done) < FEWEST_TRIALS:
        raise UsageError(f"Only {len(done)} questions could be made from this library, too few to calibrate by.",
                         "Add more files; without a calibration the shipped values hold.")
    found = calibration(done, settings.doubt_percent / 100)
    store.set_meta(DOUBT_OFFSET, str(found.offset))
    return found


def path_in(line: bytes) -> str:
    """Return the file that a line is about; empty where it cannot be read."""
    return str((record_in(line) or {}).get("passage", "")).rpartition("#")[0]


def trial_of(value: object) -> Trial | None:
    """Return the trial that a record holds; None where it holds none."""
    if not isinstance(value, dict):
        return None
    question, answered, held_out = (value.get(name) for name in ("question", "answered", "held_out"))
    if isinstance(question, str) and isinstance(answered, int | float) and isinstance(held_out, int | float):
        return Trial(question, float(answered), float(held_out))
    return None


def trials(chat: ChatModel, store: Store, notebook: Notebook, find: Find, compose: Compose) -> Iterator[Trial]:
    """Yield trials, those that are kept first, as long as there are passages; passages come from all over the library."""
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
            trial = Trial(question, odds_of_doubt(chat, compose(question, hits), question) + OWN_WORDS,
                          odds_of_doubt(chat, compose(question, others), question))
            notebook.keep(name, trial)
            yield trial


def shuffled(chunks: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the passages in an order of chance that is always the same."""
    order = list(chunks)
    random.Random(SEED).shuffle(order)
    return order


def is_from(hit: Hit, path: str) -> bool:
    """Return whether a hit is of this file, or stands there as well."""
    return path in {hit.path, *(other for other, _ in hit.also)}

"""Trials of joining with one model in; whether it may join on this machine, as far as that can be told from them, out.

A trial asks a question of the person's own passages twice, read in full and joined. Twenty trials find a model that joining
breaks; they cannot show a loss of a point or two, which is what `measured.py` stands for.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assistant.backends.measured import identity
from assistant.records import add_record, read_records

TRIALS = 20
MOST_CHANGED = 3  # answers that come out otherwise: of a model that is safe (docs/engine.md) fewer than one in seven do
MOST_ATTEMPTS = 60  # not every passage makes a question
FILE = "cache/joining.jsonl"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the trials came to so far: of `attempts`, so many made a trial, and in so many of these the answer changed."""

    attempts: int = 0
    trials: int = 0
    changed: int = 0

    @property
    def is_decided(self) -> bool:
        """Whether nothing more is to be tried."""
        return self.trials >= TRIALS or self.changed > MOST_CHANGED or self.attempts >= MOST_ATTEMPTS

    @property
    def may_join(self) -> bool:
        """Whether passages may be joined."""
        return self.trials >= TRIALS and self.changed <= MOST_CHANGED


def key_of(path: Path) -> str:
    """Return what a verdict is about: the model file, the build of llama.cpp, and how joined passages are answered from."""
    from importlib.metadata import version

    return f"{identity(path)} {version('llama-cpp-python')} checked"


def read_verdict(home: Path, model: str) -> Verdict:
    """Return the verdict on a model; a line that cannot be read counts for nothing."""
    outcomes: list[str] = []
    with suppress(OSError):
        outcomes = [str(record.get("outcome")) for record in read_records(home / FILE) if record.get("model") == model]
    return Verdict(len(outcomes), outcomes.count("same") + outcomes.count("changed"), outcomes.count("changed"))


def note_trial(home: Path, model: str, outcome: str) -> None:
    """Keep the outcome of a trial: "same", "changed", or "none" where there was no question."""
    file = home / FILE
    with suppress(OSError):  # a full or closed disk costs the verdict, not the answer
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        add_record(file, {"model": model, "outcome": outcome})

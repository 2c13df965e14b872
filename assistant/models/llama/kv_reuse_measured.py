"""A model file in; whether it was measured to lose answers, or none, where passages are joined, out."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assistant.system.records import add_record, read_records

SAMPLE = 2**20  # bytes of a model file that are looked at, at either end
# benchmarks/reuse.py, see docs/engine.md: the identity of the file, and what it is
LOSES_NOTHING: dict[str, str] = {}
LOSES_ANSWERS = {"d5cde8a7e219b5f28732ef256184502d": "Qwen2.5-Coder-1.5B-Instruct Q4_K_M: 4 of 126, 5 fewer and 1 more"}


def loses_nothing(path: Path) -> bool:
    """Return whether this very model was measured, and lost no more than chance by joining."""
    return path.is_file() and identity(path) in LOSES_NOTHING


def loses_answers(path: Path) -> bool:
    """Return whether this very model was measured, and lost answers by joining: a few trials on one machine say less."""
    return path.is_file() and identity(path) in LOSES_ANSWERS


def identity(path: Path) -> str:
    """Return what tells a model file from another without reading gigabytes: its size, its beginning and its end, hashed."""
    known = path.stat()
    return hashed_ends(path, known.st_size, known.st_mtime_ns)


@cache
def hashed_ends(path: Path, size: int, _changed: int) -> str:
    """Return the hash of a file's size and ends; once for a file as it is, since every question asks for it."""
    with path.open("rb") as file:
        ends = file.read(SAMPLE)
        file.seek(max(0, size - SAMPLE))
        ends += file.read(SAMPLE)
    return hashlib.sha256(f"{size}".encode() + ends).hexdigest()[:32]


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

"""What commands and the engine say to each other. Both sides run the same program: a stamp makes sure of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from assistant.config import Settings
from assistant.datatypes import Hit, Progress, Sentence


@dataclass(frozen=True, slots=True)
class Call:
    """Something to do: a method of Assistant with its arguments, or one of the engine's own."""

    stamp: str
    method: str
    settings: Settings
    arguments: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer has its passages; its text follows."""

    question: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some more text of an answer, and all its sentences that were over before it."""

    text: str
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work before the first word is."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a call, with its result."""

    result: object


@dataclass(frozen=True, slots=True)
class Failed:
    """The end of a call that could not be done; `kind` names a class of assistant.errors."""

    kind: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Outdated:
    """The engine runs another version of the program; it ends, and another must be started."""


Message = Begun | Step | Piece | Done | Failed | Outdated


@dataclass(frozen=True, slots=True)
class Report:
    """How the engine is. Memory in bytes, `seconds` since its start.

    `joins`: passages are joined from what was computed of them before, of which `kept_bytes` are on the disk; so many of them
    were read beforehand, while nobody waited.
    """

    process: int
    seconds: float
    memory: int
    chat: str
    embedders: tuple[str, ...]
    answers: int
    searches: int
    waiting: int
    prompt_tokens: int
    reused_tokens: int
    idle_minutes: int
    joins: bool = False
    kept_bytes: int = 0
    read_beforehand: int = 0


def stamp() -> str:
    """Return what changes with every change of the program's files."""
    package = Path(__file__).parents[1]
    newest = max(entry.stat().st_mtime_ns for folder in subfolders(package) for entry in os.scandir(folder)
                 if entry.name.endswith(".py"))
    return f"{package}@{newest}"


def subfolders(folder: Path) -> list[str]:
    """Return the folder and all below it."""
    return [name for name, _, _ in os.walk(folder) if not name.endswith("__pycache__")]

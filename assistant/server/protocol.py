"""What commands and the engine say to each other. Both sides run the same program: a stamp makes sure of it (see `wire`)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from assistant.config import Settings
from assistant.datatypes import Hit, Progress, Sentence


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an operation (see `operations`), by its name."""

    operation: str
    settings: Settings
    arguments: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """An answer has its passages; its text follows."""

    question: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class TokenDelta:
    """Some more text of an answer, and all its sentences that were over before it."""

    text: str
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class ProgressUpdate:
    """How far the work before the first word is."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a call, with its result."""

    result: object


@dataclass(frozen=True, slots=True)
class Failed:
    """The end of a call that could not be done; `kind` names a class of assistant.errors."""

    kind: str
    message: str
    hint: str


EngineMessage = Started | ProgressUpdate | TokenDelta | Result | Failed


@dataclass(frozen=True, slots=True)
class Report:
    """How the engine is. Memory in bytes, `seconds` since its start.

    What an engine of another version does not say is 0, empty or False.
    """

    process: int = 0
    seconds: float = 0.0
    memory: int = 0
    chat: str = ""
    embedders: tuple[str, ...] = ()
    answers: int = 0
    searches: int = 0
    waiting: int = 0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    idle_minutes: int = 0
    leaving: bool = False  # it ends after the calls that it is answering
    other_version: bool = False  # than the program that asks


def report_fields(report: Report) -> dict[str, object]:
    """Return a report as the fields of a JSON object."""
    return asdict(report)


def report_from(said: Mapping[str, Any]) -> Report:
    """Return a report from the fields of a JSON object. Those of another type, or unknown ones, are passed over."""
    known = {**said, "embedders": tuple(map(str, said["embedders"]))} if isinstance(said.get("embedders"), list) else dict(said)
    fitting = {field.name: known[field.name] for field in fields(Report)
               if field.name in known and has_type_of(known[field.name], field.default)}
    return Report(**fitting)


def has_type_of(value: object, default: object) -> bool:
    """Return whether a value has the type of a default; a whole number is a number, too."""
    return type(value) is type(default) or (isinstance(default, float) and type(value) is int)


def stamp() -> bytes:
    """Return 32 bytes that change with every change of the program's files: a hash of their paths, sizes and times."""
    package = Path(__file__).parents[1]
    found = hashlib.sha256(os.fsencode(package))
    for path in sorted(modules_below(package)):
        with suppress(OSError):  # a file that an installer has just removed
            known = os.stat(path)  # noqa: PTH116 - for every command, of hundreds of files
            found.update(os.fsencode(f"{path}\0{known.st_size}\0{known.st_mtime_ns}\0"))
    return found.digest()


def modules_below(folder: Path) -> Iterator[str]:
    """Yield the paths of the Python files in a folder and all below it."""
    for parent, _, names in os.walk(folder):
        yield from (f"{parent}{os.sep}{name}" for name in names if name.endswith(".py"))

"""The messages between commands and the engine. A stamp ensures that both sides run the same program (see `wire`)."""

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
    """The first message of an answer: its passages. The text follows."""

    question: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class TokenDelta:
    """More text of an answer, and all its sentences that are finished."""

    text: str
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class ProgressUpdate:
    """The progress of the work before the first word."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class Result:
    """The last message of a call: its result."""

    result: object


@dataclass(frozen=True, slots=True)
class Failed:
    """The last message of a call that failed; `kind` names a class of assistant.errors."""

    kind: str
    message: str
    hint: str


EngineMessage = Started | ProgressUpdate | TokenDelta | Result | Failed


@dataclass(frozen=True, slots=True)
class Report:
    """The status of the engine: memory in bytes, `seconds` since its start.

    Fields that an engine of another version does not send are 0, empty or False.
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
    leaving: bool = False  # it takes no more calls and ends after those in progress
    other_version: bool = False  # another than the client's


def report_fields(report: Report) -> dict[str, object]:
    """Return a report as the fields of a JSON object."""
    return asdict(report)


def report_from(said: Mapping[str, Any]) -> Report:
    """Return a report from the fields of a JSON object. Unknown fields and those of another type are ignored."""
    known = {**said, "embedders": tuple(map(str, said["embedders"]))} if isinstance(said.get("embedders"), list) else dict(said)
    fitting = {field.name: known[field.name] for field in fields(Report)
               if field.name in known and has_type_of(known[field.name], field.default)}
    return Report(**fitting)


def has_type_of(value: object, default: object) -> bool:
    """Return whether a value has the type of a default; an int also passes for a float."""
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

"""Messages between commands and the engine: a fixed header, then JSON for every version of the program or a pickle for one.

Header, 43 bytes, big-endian: magic (8), version of the messages (2), kind (1), stamp (32, see `stamp`). Neither its
layout nor the two kinds will ever change, nor what a control frame means:

    kind J: the body is a JSON object in UTF-8. Any version of the program sends and reads it, whatever version and stamp say.
        {"request": "stop"}    -> {"reply": "stopping"}; the engine ends at once, and with it this connection
        {"request": "status"}  -> {"reply": "status", "process": 4711, "waiting": 0, ...}
        anything else          -> {"reply": "unknown"}
        Said to a call:           {"reply": "leaving", "reason": "version" or "ending"}; the engine takes no more calls, does
                                  those that it has, and ends, and with it this connection
    kind P: the body is a pickle. It is loaded only where magic, version and stamp are this program's own.

Fields may be added to the JSON objects; a reader passes over those that it does not know, and does without missing ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
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
    chat_key: str = field(default="", repr=False)  # of the remote chat model, if one is used


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
    """The progress of the work before the first word, or the passages that the model reads for it."""

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


def report_from(said: Mapping[str, Any]) -> Report:
    """Return a report from the fields of a JSON object. Unknown fields and those of another type are ignored."""
    known = {**said, "embedders": tuple(map(str, said["embedders"]))} if isinstance(said.get("embedders"), list) else dict(said)
    fitting = {field.name: known[field.name] for field in fields(Report) if field.name in known
               and type(known[field.name]) in {type(field.default), *([int] if isinstance(field.default, float) else [])}}
    return Report(**fitting)


def stamp() -> bytes:
    """Return 32 bytes that change with every change of the program's files: a hash of their paths, sizes and times."""
    package = Path(__file__).parents[1]
    found = hashlib.sha256(os.fsencode(package))
    modules = (f"{parent}{os.sep}{name}" for parent, _, names in os.walk(package) for name in names if name.endswith(".py"))
    for path in sorted(modules):
        with suppress(OSError):  # a file that an installer has just removed
            known = os.stat(path)  # noqa: PTH116 - for every command, of hundreds of files
            found.update(os.fsencode(f"{path}\0{known.st_size}\0{known.st_mtime_ns}\0"))
    return found.digest()


HEADER = struct.Struct(">8sHc32s")
MAGIC = b"\x00PRVASST"
VERSION = 1
CONTROL, MESSAGE = b"J", b"P"


class NotAFrame(ValueError):
    """Raised for bytes without the header of this protocol."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message as bytes, of which only the header has been read."""

    version: int
    kind: bytes
    stamp: bytes
    body: bytes

    @property
    def is_control(self) -> bool:
        """Whether every version of the program reads it."""
        return self.kind == CONTROL

    def is_of(self, stamp: bytes) -> bool:
        """Return whether it comes from the program that has this stamp: only then may its pickle be loaded."""
        return self.version == VERSION and self.stamp == stamp


def control_frame(stamp: bytes, said: Mapping[str, object]) -> bytes:
    """Return a JSON object as bytes that every version of the program reads."""
    return HEADER.pack(MAGIC, VERSION, CONTROL, stamp) + json.dumps(said).encode()


def message_frame(stamp: bytes, message: object) -> bytes:
    """Return a message as bytes that the same program reads."""
    return HEADER.pack(MAGIC, VERSION, MESSAGE, stamp) + pickle.dumps(message, pickle.HIGHEST_PROTOCOL)


def parse_frame(data: bytes) -> Frame:
    """Return the frame of these bytes; unpickles nothing. Raises NotAFrame if they do not begin with the header."""
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise NotAFrame("no header of this protocol")
    _, version, kind, stamp = HEADER.unpack_from(data)
    return Frame(version, kind, stamp, data[HEADER.size :])


def load_control(frame: Frame) -> dict[str, object]:
    """Return the body of a control frame. Raises NotAFrame if it is none, or its body is no JSON object."""
    try:
        said = json.loads(frame.body) if frame.kind == CONTROL else None
    except ValueError as error:
        raise NotAFrame("the body is no JSON") from error
    if not isinstance(said, dict):
        raise NotAFrame("the body is no JSON object")
    return said


def load_message(frame: Frame, stamp: bytes) -> object:
    """Return the message of a frame. Raises NotAFrame if it is none, or comes from a program with another stamp."""
    if frame.kind != MESSAGE or not frame.is_of(stamp):
        raise NotAFrame("a message of another version of the program")
    return pickle.loads(frame.body)

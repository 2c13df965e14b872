"""Protocol between the program and a reader worker: length-prefixed JSON frames, validated on receipt.

JSON and not pickle, because a hostile file may take over the parser: it can then send wrong data, but no code. Every value is
checked: types, spans, and hashes, which become folder names. A result must belong to the requested file or to a file inside it
(`is_result_of`). On Linux the worker is also confined (`assistant/system/confinement.py`); elsewhere it has its user's rights.
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, fields
from itertools import chain
from pathlib import PurePath
from typing import IO, Any, TypeVar

from assistant.datatypes import Document, Extraction, Heading, Part, PositionLabel, Shape, Table
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.builder import is_storable, storable_text
from assistant.ingest.workers.read_file import ReadResult, Unchanged
from assistant.system.confinement import Confinement

LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 2**28  # room for the 50 million characters that a reader may return, at three bytes each, and the rest
MAX_COUNT = 2**53
HASH = re.compile(r"(?:[0-9a-f]{64})?")  # SHA-256, or empty

ROWS = {"parts": Part, "headings": Heading, "tables": Table, "marks": PositionLabel}  # sent as the values of their fields
Frame = dict[str, Any]
Value = TypeVar("Value")


class ProtocolError(Exception):
    """The stream has ended, or a frame is invalid."""


class FrameTooLong(Exception):
    """The frame is longer than MAX_FRAME_BYTES."""


def send(stream: IO[bytes], frame: Mapping[str, Any]) -> None:
    """Write one frame. Raises FrameTooLong before anything is written."""
    content = json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    if len(content) > MAX_FRAME_BYTES:
        raise FrameTooLong
    stream.write(LENGTH.pack(len(content)) + content)
    stream.flush()


def receive(stream: IO[bytes]) -> Frame:
    """Read one frame. Raises ProtocolError at the end of the stream and for an invalid frame."""
    length = LENGTH.unpack(_exactly(stream, LENGTH.size))[0]
    if length > MAX_FRAME_BYTES:
        raise ProtocolError("a frame is too long")
    try:
        frame = json.loads(_exactly(stream, length).decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a frame is not JSON") from error
    if not isinstance(frame, dict):
        raise ProtocolError("a frame is not an object")
    return frame


def _exactly(stream: IO[bytes], count: int) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise ProtocolError("the stream has ended")
    return content


def reading_to_frame(reading: ReadResult) -> Frame:
    """Convert a result to a frame."""
    outcome = reading.outcome
    frame: Frame = {"path": reading.path, "hash": reading.content_hash, "size": reading.size, "container": reading.container}
    if isinstance(outcome, Document):
        return {**frame, "title": outcome.title, "document": _extraction_to_frame(outcome.extraction)}
    if isinstance(outcome, Unchanged):
        return {**frame, "unchanged": True}
    reason = storable_text(str(outcome))
    return {**frame, "refused": reason, "known": outcome.content_hash, "skipped": isinstance(outcome, SkippedFile)}


def reading_from_frame(frame: Frame) -> ReadResult:
    """Convert a frame to a result. Raises ProtocolError if a value is missing or invalid."""
    try:
        return ReadResult(_path(frame["path"]), _outcome(frame), _hash(frame["hash"]), _count(frame["size"]),
                       _path(frame["container"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolError("a frame holds no reading") from error


def is_result_of(reading: ReadResult, path: str) -> bool:
    """Return True if the result is for the file `path` or for a file inside it."""
    if reading.path == path:
        return reading.container == ""
    inside = reading.path.removeprefix(path + os.sep)
    return reading.container == path and inside != reading.path and ".." not in PurePath(inside).parts


def confinement_to_frame(confinement: Confinement) -> Frame:
    """Convert a confinement to a frame."""
    return asdict(confinement)


def confinement_from_frame(frame: Frame) -> Confinement:
    """Convert a frame to a confinement. Raises ProtocolError if a value is missing."""
    try:
        restrictions = (frame["network"] is True, frame["files"] is True, frame["programs"] is True)
        return Confinement(*restrictions, tuple(map(_text, frame["means"])))
    except (KeyError, TypeError) as error:
        raise ProtocolError("a frame holds no confinement") from error


def _outcome(frame: Frame) -> Document | UnreadableFile | Unchanged:
    if "document" in frame:
        extraction = _extraction_from_frame(frame["document"])
        return Document(_path(frame["path"]), _text(frame["title"]), _hash(frame["hash"]), extraction)
    if "unchanged" in frame:
        return Unchanged()
    kind = SkippedFile if frame["skipped"] else UnreadableFile
    return kind(_text(frame["refused"]), _hash(frame["known"]))


def _extraction_to_frame(extraction: Extraction) -> Frame:
    values = {each.name: getattr(extraction, each.name) for each in fields(extraction)}
    return values | {name: [astuple(row) for row in values[name]] for name in ROWS}


def _extraction_from_frame(frame: Frame) -> Extraction:
    text = _text(frame["text"])
    rows: dict[str, Any] = {name: tuple(_row(kind, values) for values in _list(frame[name])) for name, kind in ROWS.items()}
    for each in chain(*rows.values()):
        if not each.char_start <= getattr(each, "char_end", len(text)) <= len(text):
            raise ValueError("a span lies outside of the text")
    return Extraction(
        text, title=_text(frame["title"]), shape=Shape(frame["shape"]), encoding=_optional(frame["encoding"], _text),
        empty_pages=tuple(map(_count, _list(frame["empty_pages"]))), ocr_pages=tuple(map(_count, _list(frame["ocr_pages"]))),
        notes=tuple(map(_text, _list(frame["notes"]))), **rows,
    )  # fmt: skip


def _row(kind: type[Any], values: object) -> Any:  # noqa: ANN401 - an object of the kind
    """Return a part, heading, table or mark from the values of its fields, which are checked by their types."""
    pairs = zip(fields(kind), _list(values), strict=True)
    return kind(*(CHECKS[str(each.type)](value) for each, value in pairs))


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _path(value: object) -> str:
    """Return a path, which may hold lone surrogates for bytes that are not UTF-8."""
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _optional(value: object, check: Callable[[object], Value]) -> Value | None:
    return None if value is None else check(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise TypeError("not a count")
    return value


def _hash(value: object) -> str:
    if not HASH.fullmatch(text := _text(value)):
        raise ValueError("not a hash")
    return text


def _text(value: object) -> str:
    """Return a text that can be stored: one without lone surrogates."""
    text = _path(value)
    if not is_storable(text):
        raise ValueError("a text holds a lone surrogate")
    return text


CHECKS: dict[str, Callable[[object], Any]] = {  # by the type of a field
    "int": _count, "str": _text,
    "int | None": lambda value: _optional(value, _count), "str | None": lambda value: _optional(value, _text),
}  # fmt: skip

"""Readings in, frames of bytes out, and back: what a worker process and the program say to each other.

JSON and not pickle: a parser that a hostile file took over can say something wrong, but not make the program run it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any

from assistant.datatypes import Document, Extraction, Heading, Mark, Part, Shape, Table
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.reading import Reading, Unchanged

LENGTH = struct.Struct(">I")
LONGEST_FRAME = 2**28  # bytes: the 50 million characters that a reader may find, three bytes each, and room for the rest

Frame = dict[str, Any]


class WireBroken(Exception):
    """The other side is gone, or what it says makes no sense."""


class FrameTooLong(Exception):
    """What is to be said is longer than the other side takes in."""


def send(stream: IO[bytes], frame: Mapping[str, Any]) -> None:
    """Write one frame. Raises FrameTooLong, before anything is written."""
    content = json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    if len(content) > LONGEST_FRAME:
        raise FrameTooLong
    stream.write(LENGTH.pack(len(content)) + content)
    stream.flush()


def receive(stream: IO[bytes]) -> Frame:
    """Read one frame. Raises WireBroken at the end of the stream and for anything that is no frame."""
    length = LENGTH.unpack(_exactly(stream, LENGTH.size))[0]
    if length > LONGEST_FRAME:
        raise WireBroken("a frame is too long")
    try:
        frame = json.loads(_exactly(stream, length).decode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise WireBroken("a frame is not JSON") from error
    if not isinstance(frame, dict):
        raise WireBroken("a frame is not an object")
    return frame


def _exactly(stream: IO[bytes], count: int) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise WireBroken("the stream has ended")
    return content


def reading_to_frame(reading: Reading) -> Frame:
    """Return a reading as a frame."""
    outcome = reading.outcome
    frame: Frame = {"path": reading.path, "hash": reading.content_hash, "size": reading.size, "container": reading.container}
    if isinstance(outcome, Document):
        return {**frame, "title": outcome.title, "document": _extraction_to_frame(outcome.extraction)}
    if isinstance(outcome, Unchanged):
        return {**frame, "unchanged": True}
    return {**frame, "refused": str(outcome), "known": outcome.content_hash, "skipped": isinstance(outcome, SkippedFile)}


def reading_from_frame(frame: Frame) -> Reading:
    """Return the reading in a frame. Raises WireBroken where there is none."""
    try:
        return Reading(_text(frame["path"]), _outcome(frame), _text(frame["hash"]), int(frame["size"]), _text(frame["container"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WireBroken("a frame holds no reading") from error


def _outcome(frame: Frame) -> Document | UnreadableFile | Unchanged:
    if "document" in frame:
        return Document(frame["path"], _text(frame["title"]), frame["hash"], _extraction_from_frame(frame["document"]))
    if "unchanged" in frame:
        return Unchanged()
    kind = SkippedFile if frame["skipped"] else UnreadableFile
    return kind(_text(frame["refused"]), _text(frame["known"]))


def _extraction_to_frame(extraction: Extraction) -> Frame:
    return {
        **asdict(extraction),
        "headings": [[heading.char_start, heading.level, heading.title] for heading in extraction.headings],
        "marks": [[mark.char_start, mark.cells, mark.time] for mark in extraction.marks],
    }


def _extraction_from_frame(frame: Frame) -> Extraction:
    text, encoding = _text(frame["text"]), frame["encoding"]
    parts = tuple(Part(**part) for part in frame["parts"])
    tables = tuple(Table(**table) for table in frame["tables"])
    spans = [(part.char_start, part.char_end) for part in parts] + [(table.char_start, table.char_end) for table in tables]
    if any(not 0 <= start <= end <= len(text) for start, end in spans):
        raise ValueError("a span lies outside of the text")
    return Extraction(
        text, parts,
        tuple(Heading(int(start), int(level), _text(title)) for start, level, title in frame["headings"]),
        tables,
        tuple(Mark(int(start), cells, time) for start, cells, time in frame["marks"]),
        _text(frame["title"]), Shape(frame["shape"]), None if encoding is None else _text(encoding),
        tuple(map(int, frame["empty_pages"])), tuple(map(int, frame["ocr_pages"])), tuple(map(_text, frame["notes"])),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is none")
    return value

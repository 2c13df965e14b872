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
from assistant.ingest.extract.storable import is_storable, storable_text
from assistant.ingest.reading import Reading, Unchanged

LENGTH = struct.Struct(">I")
LONGEST_FRAME = 2**30

Frame = dict[str, Any]


class WireBroken(Exception):
    """The other side is gone, or what it says makes no sense."""


def send(stream: IO[bytes], frame: Mapping[str, Any]) -> None:
    """Write one frame."""
    content = json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    stream.write(LENGTH.pack(len(content)) + content)
    stream.flush()


def receive(stream: IO[bytes]) -> Frame:
    """Read one frame. Raises WireBroken at the end of the stream and for anything that is no frame."""
    length = LENGTH.unpack(_exactly(stream, LENGTH.size))[0]
    if length > LONGEST_FRAME:
        raise WireBroken("a frame is too long")
    try:
        frame = json.loads(_exactly(stream, length).decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
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
    reason = storable_text(str(outcome))
    return {**frame, "refused": reason, "known": outcome.content_hash, "skipped": isinstance(outcome, SkippedFile)}


def reading_from_frame(frame: Frame) -> Reading:
    """Return the reading in a frame. Raises WireBroken where there is none."""
    try:
        return Reading(_path(frame["path"]), _outcome(frame), _text(frame["hash"]), _number(frame["size"]),
                       _path(frame["container"]))
    except (KeyError, TypeError, ValueError) as error:
        raise WireBroken("a frame holds no reading") from error


def _outcome(frame: Frame) -> Document | UnreadableFile | Unchanged:
    if "document" in frame:
        extraction = _extraction_from_frame(frame["document"])
        return Document(_path(frame["path"]), _text(frame["title"]), _text(frame["hash"]), extraction)
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
    text = _text(frame["text"])
    parts, tables = tuple(map(_part, _list(frame["parts"]))), tuple(map(_table, _list(frame["tables"])))
    spans = [(part.char_start, part.char_end) for part in parts] + [(table.char_start, table.char_end) for table in tables]
    headings, marks = tuple(map(_heading, _list(frame["headings"]))), tuple(map(_mark, _list(frame["marks"])))
    starts = [heading.char_start for heading in headings] + [mark.char_start for mark in marks]
    spans += [(start, len(text)) for start in starts]
    if any(not 0 <= start <= end <= len(text) for start, end in spans):
        raise ValueError("a span lies outside of the text")
    return Extraction(
        text, parts, headings, tables, marks, _text(frame["title"]), Shape(frame["shape"]), _optional_text(frame["encoding"]),
        tuple(map(_number, _list(frame["empty_pages"]))), tuple(map(_number, _list(frame["ocr_pages"]))),
        tuple(map(_text, _list(frame["notes"]))),
    )  # fmt: skip


def _part(frame: Frame) -> Part:
    start, end = _number(frame["char_start"]), _number(frame["char_end"])
    numbers = {name: _optional_number(frame[name]) for name in ("page", "slide", "message")}
    texts = {name: _optional_text(frame[name]) for name in ("page_label", "sheet", "chapter")}
    return Part(start, end, numbers["page"], texts["page_label"], numbers["slide"], texts["sheet"], texts["chapter"],
                numbers["message"])


def _table(frame: Frame) -> Table:
    return Table(_number(frame["char_start"]), _number(frame["char_end"]), _text(frame["header"]))


def _heading(frame: object) -> Heading:
    start, level, title = _list(frame)
    return Heading(_number(start), _number(level), _text(title))


def _mark(frame: object) -> Mark:
    start, cells, time = _list(frame)
    return Mark(_number(start), _optional_text(cells), _optional_text(time))


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list is none")
    return value


def _number(value: object) -> int:
    """Return a whole number that a database takes."""
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise TypeError("a number is none")
    return value


def _optional_number(value: object) -> int | None:
    return None if value is None else _number(value)


def _path(value: object) -> str:
    """Return a path, in which bytes that are no UTF-8 stand as halves of characters."""
    if not isinstance(value, str):
        raise TypeError("a path is none")
    return value


def _text(value: object) -> str:
    """Return a text that a database takes."""
    text = _path(value)
    if not is_storable(text):
        raise ValueError("a text holds half of a character")
    return text


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)

"""Encode messages between commands and the engine: a fixed header, then JSON for every version or a pickle for one.

Header, 43 bytes, big-endian: magic (8), version of the messages (2), kind (1), stamp (32, see `protocol.stamp`). Neither its
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

import json
import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass

HEADER = struct.Struct(">8sHc32s")
MAGIC = b"\x00PRVASST"  # no pickle begins so: an engine of a version without headers refuses it too
VERSION = 1
CONTROL, MESSAGE = b"J", b"P"

# Versions before this header know nothing but pickles of their own classes. These two are only sent to them, never loaded: what
# an engine said to a call of another version, and the call that stops an engine, Call("", "stop", None, ()).
OUTDATED_BEFORE_HEADERS = b"\x80\x02cassistant.engine.messages\nOutdated\n)\x81."
STOP_BEFORE_HEADERS = (b"\x80\x02cassistant.engine.messages\nCall\n)\x81](X\x00\x00\x00\x00X\x04\x00\x00\x00stop"
                       b"N)eb.")
PICKLE = b"\x80"  # how every message of those versions begins


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

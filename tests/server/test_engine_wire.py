"""The header that never changes, and what is loaded because of it, or not."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict, replace

import pytest

from assistant.config import Settings
from assistant.server.protocol import (
    CONTROL,
    HEADER,
    MAGIC,
    VERSION,
    Call,
    Frame,
    NotAFrame,
    Report,
    Result,
    control_frame,
    load_control,
    load_message,
    message_frame,
    parse_frame,
    report_from,
    stamp,
)

OWN, OTHER = b"o" * 32, b"x" * 32
BODY_OF_ANOTHER = b"cassistant.of_another_version\nNothing\n."  # a pickle of a class that is nowhere
TRAP = b"cbuiltins\nexec\n(Vraise SystemExit\ntR."  # a pickle that does something when it is loaded


def test_the_layout_is_what_it_will_be_for_ever() -> None:
    assert control_frame(OWN, {"request": "stop"}) == b'\x00PRVASST\x00\x01J' + OWN + b'{"request": "stop"}'
    assert message_frame(OWN, Result(1))[:11] == b"\x00PRVASST\x00\x01P"
    assert HEADER.size == 43
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(MAGIC)


def test_a_message_comes_back_to_the_same_program(settings: Settings) -> None:
    call = Call("search", settings, ("lease", 3))
    assert load_message(parse_frame(message_frame(OWN, call)), OWN) == call


@pytest.mark.parametrize("frame", [Frame(VERSION, b"P", OTHER, TRAP), Frame(VERSION + 1, b"P", OWN, TRAP),
                                   Frame(VERSION, b"J", OWN, TRAP), Frame(VERSION, b"?", OWN, TRAP)])
def test_nothing_is_loaded_that_is_of_another_program(frame: Frame) -> None:
    with pytest.raises(NotAFrame):
        load_message(frame, OWN)
    with pytest.raises(SystemExit):
        load_message(replace(frame, version=VERSION, kind=b"P", stamp=OWN), OWN)  # so it would show


@pytest.mark.parametrize("data", [b"", MAGIC, pickle.dumps(Result(1)), TRAP, b"{}", MAGIC[:-1] + b"?" + bytes(40)])
def test_bytes_without_the_header_are_no_frame(data: bytes) -> None:
    with pytest.raises(NotAFrame):
        parse_frame(data)


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{", b"\xff\xfe", BODY_OF_ANOTHER])
def test_a_control_frame_is_a_json_object(body: bytes) -> None:
    with pytest.raises(NotAFrame):
        load_control(Frame(VERSION + 5, CONTROL, OTHER, body))


def test_a_control_frame_of_any_version_is_read() -> None:
    assert load_control(Frame(VERSION + 5, CONTROL, OTHER, b'{"request": "stop", "new": [1]}')) == {"request": "stop", "new": [1]}


def test_a_report_survives_json() -> None:
    report = Report(1, 2.5, 3, "chat", ("one", "two"), 4, 5, 6, 7, 8, 9, leaving=True)
    assert report_from(json.loads(json.dumps(asdict(report)))) == report


def test_a_report_of_another_version_is_read_as_far_as_it_goes() -> None:
    said = {"process": 7, "seconds": 3, "chat": 5, "embedders": "none", "new": {"a": 1}, "waiting": True}
    assert report_from(said) == Report(process=7, seconds=3)


def test_a_stamp_is_of_this_length_and_the_same_twice() -> None:
    assert stamp() == stamp()
    assert len(stamp()) == 32

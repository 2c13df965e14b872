"""What a worker and the program say to each other, and what the program makes of nonsense."""

import io
import os
from dataclasses import replace

import pytest

from assistant.datatypes import Document, Extraction, Heading, Part, PositionLabel, Shape, Table
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.workers import protocol as wire
from assistant.ingest.workers import worker
from assistant.ingest.workers.protocol import (
    LENGTH,
    ProtocolError,
    confinement_from_frame,
    confinement_to_frame,
    is_result_of,
    reading_from_frame,
    reading_to_frame,
    receive,
    send,
)
from assistant.ingest.workers.read_file import ReadResult, Unchanged
from assistant.system.confinement import Confinement

HASH = "0123456789abcdef" * 4
EXTRACTION = Extraction(
    "Name | Age\nAnn | 30 \U0001f600", (Part(0, 21, page=2, page_label="ii", sheet="S", message=3),), (Heading(0, 1, "Name"),),
    (Table(0, 21, "Name | Age"),), (PositionLabel(0, "A1:B1"), PositionLabel(11, None, "00:12")), "Title", Shape.TABLE,
    "gb18030", (1,), (2,),
    ("note",),
)  # fmt: skip


def through(reading: ReadResult) -> ReadResult:
    stream = io.BytesIO()
    send(stream, reading_to_frame(reading))
    stream.seek(0)
    return reading_from_frame(receive(stream))


def test_a_document_comes_through_whole():
    reading = ReadResult("/a.zip/b.xlsx", Document("/a.zip/b.xlsx", "b", HASH, EXTRACTION), HASH, 12, "/a.zip")
    assert through(reading) == reading


def test_a_long_text_comes_through_in_pieces(monkeypatch):
    monkeypatch.setattr(wire, "PIECE", 10)
    table = replace(EXTRACTION.tables[0], is_continued=True)
    extraction = replace(EXTRACTION, tables=(table,), marks=(PositionLabel(0, line=3),))
    reading = ReadResult("/a.txt", Document("/a.txt", "a", HASH, extraction), HASH, 12)
    pieces = [wire.piece_of(frame) for frame in wire.text_frames(reading)]
    assert max(map(len, pieces)) == 10
    assert reading_to_frame(reading)["document"]["text"] == ""
    stream = io.BytesIO()
    send(stream, reading_to_frame(reading))
    stream.seek(0)
    assert reading_from_frame(receive(stream), pieces) == reading
    for wrong in ({"text": 1}, {"text": "\ud800"}, {}):
        with pytest.raises(ProtocolError):
            wire.piece_of(wrong)


@pytest.mark.parametrize("kind", [UnreadableFile, SkippedFile])
def test_a_refusal_comes_through_with_its_kind(kind):
    found = through(ReadResult("/a", kind("damaged: 坏了", HASH), HASH, 3)).outcome
    assert (type(found), str(found), found.content_hash) == (kind, "damaged: 坏了", HASH)


def test_an_unchanged_file_comes_through():
    assert through(ReadResult("/a", Unchanged(), HASH, 3)) == ReadResult("/a", Unchanged(), HASH, 3)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0", LENGTH.pack(5) + b"{}", LENGTH.pack(2) + b"[]", LENGTH.pack(1) + b"{", LENGTH.pack(2**31),
     LENGTH.pack(1) + b"\xff", LENGTH.pack(200_000) + b"[" * 200_000],
)
def test_what_is_no_frame_is_refused(content):
    with pytest.raises(ProtocolError):
        receive(io.BytesIO(content))


@pytest.mark.parametrize(
    "change",
    [
        {"path": 3}, {"size": "many"}, {"document": {}}, {"document": None}, {"title": None},
        {"hash": "short"}, {"hash": HASH.upper()}, {"hash": "../" * 20}, {"hash": None},
        {"size": True}, {"size": -1}, {"size": 2**63},
        {"document": {"parts": [{"char_start": 0, "char_end": 1, "page": {}}]}}, {"document": {"marks": [[0, ["A1"], None]]}},
        {"document": {"tables": [{"char_start": 0, "char_end": 1}]}}, {"document": {"headings": [[0, "1", "x"]]}},
        {"document": {"text": "short", "parts": [{"char_start": 0, "char_end": 900}]}},
        {"size": float("inf")}, {"size": 2**63}, {"size": True}, {"hash": None}, {"container": []}, {"title": "half \ud800"},
        {"document": {"text": "half \ud800", "parts": [], "tables": [], "headings": [], "marks": []}},
        {"document": {"headings": [[900, 1, "beyond the text"]]}}, {"document": {"headings": [[0.5, 1, "between"]]}},
        {"document": {"marks": [[0, 5, None]]}}, {"document": {"marks": {}}}, {"document": {"empty_pages": [1e400]}},
        {"document": {"parts": [{"char_start": 0, "char_end": 1}]}}, {"document": {"shape": []}}, {"document": [1]},
    ],
)  # fmt: skip
def test_what_is_no_reading_is_refused(change):
    frame = reading_to_frame(ReadResult("/a", Document("/a", "a", HASH, EXTRACTION), HASH, 3))
    if isinstance(change.get("document"), dict) and change["document"]:
        change = {"document": {**frame["document"], **change["document"]}}
    with pytest.raises(ProtocolError):
        reading_from_frame({**frame, **change})


def test_spans_outside_of_the_text_are_refused():
    wrong = replace(EXTRACTION, tables=(Table(5, 400),))
    with pytest.raises(ProtocolError):
        reading_from_frame(reading_to_frame(ReadResult("/a", Document("/a", "a", HASH, wrong), HASH, 3)))


@pytest.mark.parametrize("change", [{"known": "../../etc"}, {"known": "hash"}, {"hash": "/etc"}])
def test_a_refusal_with_no_hash_is_refused(change):
    frame = reading_to_frame(ReadResult("/a", UnreadableFile("damaged", HASH), HASH, 3))
    with pytest.raises(ProtocolError):
        reading_from_frame({**frame, **change})


def test_no_hash_at_all_is_allowed():
    assert through(ReadResult("/a", SkippedFile("empty"), "", 0)).content_hash == ""


@pytest.mark.parametrize(
    ("path", "container", "belongs"),
    [
        ("/d/a.zip", "", True), ("/d/a.zip/b/c.txt", "/d/a.zip", True), ("/d/other.txt", "", False), ("/d/a.zip", "/d", False),
        ("/d/a.zip/b.txt", "", False), ("/d/other.txt", "/d/a.zip", False), ("/d/a.zip/../other.txt", "/d/a.zip", False),
        ("/d/a.zipped", "/d/a.zip", False), ("/d/a.zip/b.txt", "/d/other.zip", False),
    ],
)  # fmt: skip
def test_a_reading_belongs_to_the_file_that_was_asked_for(path, container, belongs):
    native = [each.replace("/", os.sep) for each in (path, container, "/d/a.zip")]
    assert is_result_of(ReadResult(native[0], Unchanged(), HASH, 3, native[1]), native[2]) is belongs


def test_what_a_worker_is_kept_from_comes_through():
    found = Confinement(True, True, False, ("seccomp",))
    assert confinement_from_frame(confinement_to_frame(found)) == found
    for wrong in ({}, {**confinement_to_frame(found), "means": [3]}):
        with pytest.raises(ProtocolError):
            confinement_from_frame(wrong)


def test_a_document_that_is_too_long_for_the_pipe_becomes_a_reason(monkeypatch):
    monkeypatch.setattr(wire, "MAX_FRAME_BYTES", 300)
    stream = io.BytesIO()
    text = "x" * 1000
    long = ReadResult("/a", Document("/a", "a", HASH, Extraction(text, (Part(0, len(text)),))), HASH, 1000)
    worker.send_result(long, lambda frame: send(stream, frame))
    stream.seek(0)
    found = reading_from_frame(receive(stream)["reading"])
    assert (str(found.outcome), found.content_hash) == ("its text and its tables are too long", HASH)
    assert stream.read() == b""

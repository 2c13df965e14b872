"""What a worker and the program say to each other, and what the program makes of nonsense."""

import io
from dataclasses import replace

import pytest

from assistant.datatypes import Document, Extraction, Heading, Mark, Part, Shape, Table
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.reading import Reading, Unchanged
from assistant.ingest.wire import LENGTH, WireBroken, reading_from_frame, reading_to_frame, receive, send

EXTRACTION = Extraction(
    "Name | Age\nAnn | 30 \U0001f600", (Part(0, 21, page=2, page_label="ii", sheet="S", message=3),), (Heading(0, 1, "Name"),),
    (Table(0, 21, "Name | Age"),), (Mark(0, "A1:B1"), Mark(11, None, "00:12")), "Title", Shape.TABLE, "gb18030", (1,), (2,),
    ("note",),
)  # fmt: skip


def through(reading: Reading) -> Reading:
    stream = io.BytesIO()
    send(stream, reading_to_frame(reading))
    stream.seek(0)
    return reading_from_frame(receive(stream))


def test_a_document_comes_through_whole():
    reading = Reading("/a.zip/b.xlsx", Document("/a.zip/b.xlsx", "b", "hash", EXTRACTION), "hash", 12, "/a.zip")
    assert through(reading) == reading


@pytest.mark.parametrize("kind", [UnreadableFile, SkippedFile])
def test_a_refusal_comes_through_with_its_kind(kind):
    found = through(Reading("/a", kind("damaged: 坏了", "hash"), "hash", 3)).outcome
    assert (type(found), str(found), found.content_hash) == (kind, "damaged: 坏了", "hash")


def test_an_unchanged_file_comes_through():
    assert through(Reading("/a", Unchanged(), "hash", 3)) == Reading("/a", Unchanged(), "hash", 3)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0", LENGTH.pack(5) + b"{}", LENGTH.pack(2) + b"[]", LENGTH.pack(1) + b"{", LENGTH.pack(2**31),
     LENGTH.pack(1) + b"\xff", LENGTH.pack(200_000) + b"[" * 200_000],
)
def test_what_is_no_frame_is_refused(content):
    with pytest.raises(WireBroken):
        receive(io.BytesIO(content))


@pytest.mark.parametrize(
    "change",
    [
        {"path": 3}, {"size": "many"}, {"document": {}}, {"document": None}, {"title": None},
        {"document": {"text": "short", "parts": [{"char_start": 0, "char_end": 900}]}},
        {"size": float("inf")}, {"size": 2**63}, {"size": True}, {"hash": None}, {"container": []}, {"title": "half \ud800"},
        {"document": {"text": "half \ud800", "parts": [], "tables": [], "headings": [], "marks": []}},
        {"document": {"headings": [[900, 1, "beyond the text"]]}}, {"document": {"headings": [[0.5, 1, "between"]]}},
        {"document": {"marks": [[0, 5, None]]}}, {"document": {"marks": {}}}, {"document": {"empty_pages": [1e400]}},
        {"document": {"parts": [{"char_start": 0, "char_end": 1}]}}, {"document": {"shape": []}}, {"document": [1]},
    ],
)  # fmt: skip
def test_what_is_no_reading_is_refused(change):
    frame = reading_to_frame(Reading("/a", Document("/a", "a", "hash", EXTRACTION), "hash", 3))
    if isinstance(change.get("document"), dict) and change["document"]:
        change = {"document": {**frame["document"], **change["document"]}}
    with pytest.raises(WireBroken):
        reading_from_frame({**frame, **change})


def test_spans_outside_of_the_text_are_refused():
    wrong = replace(EXTRACTION, tables=(Table(5, 400),))
    with pytest.raises(WireBroken):
        reading_from_frame(reading_to_frame(Reading("/a", Document("/a", "a", "hash", wrong), "hash", 3)))

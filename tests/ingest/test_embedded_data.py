"""Pictures and other data inside of text."""

from __future__ import annotations

import base64
import json
import random
import time

import pytest

from assistant.datatypes import Document
from assistant.ingest import chunk
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.embedded_data import replace_embedded_data
from assistant.ingest.extractors.registry import extract
from assistant.models.fake import FakeEmbedder

PICTURE = base64.b64encode(random.Random(7).randbytes(6000)).decode()
WRAPPED = "\n".join(PICTURE[start : start + 76] for start in range(0, len(PICTURE), 76))


@pytest.mark.parametrize(("text", "left"), [
    (f"a ![x](data:image/png;base64,{PICTURE}) b", "a ![x]([picture]) b"), (f"key: {PICTURE} end", "key: [data] end"),
    ("hash " + "0123456789abcdef" * 40, "hash [data]"), (f"({WRAPPED})", "([data]" + "\n" * WRAPPED.count("\n") + ")"),
    (f"data:application/pdf;name=a.pdf;base64,{PICTURE}", "[data]"),
])
def test_data_becomes_a_placeholder_and_lines_keep_their_numbers(text: str, left: str) -> None:
    assert replace_embedded_data(text) == left


@pytest.mark.parametrize("text", [
    "ACGT" * 100, "-" * 300, "a/long/path-to_the" * 20, "Donaudampfschifffahrt" * 20, PICTURE[:150], "9" * 400,
    "sha256 " + "a1" * 32, "data:text/plain,hello", "国" * 300,
])
def test_long_words_and_short_keys_stay(text: str) -> None:
    assert replace_embedded_data(text) == text


@pytest.mark.parametrize(("name", "content"), [
    ("a.md", f"The yard.\n\n![crane](data:image/png;base64,{PICTURE})\n\nIts end.\n"),
    ("a.txt", f"The yard.\n\n{WRAPPED}\n\nIts end.\n"),
    ("a.html", f"<p>The yard.</p><p>data:image/png;base64,{PICTURE}</p><p>Its end.</p>"),
    ("a.json", json.dumps({"text": "The yard.", "picture": PICTURE, "end": "Its end."})),
    ("a.eml", f"Subject: x\n\nThe yard.\n\n{WRAPPED}\n\nIts end.\n"),
])
def test_no_passage_holds_data_and_each_stands_where_it_says(name: str, content: str) -> None:
    extraction = extract(Source(content.encode(), name))
    chunks = chunk(Document(f"/{name}", "a", "0" * 64, extraction), FakeEmbedder().count_tokens, 200)
    assert len(chunks) <= 2
    assert all(PICTURE[:20] not in found.text for found in chunks)
    assert "The yard." in chunks[0].text
    assert "Its end." in chunks[-1].text
    for found in chunks:
        assert extraction.text[found.location.char_start : found.location.char_end] == found.text
    if name in ("a.md", "a.txt"):
        assert chunks[-1].location.line_end == content.count("\n")


def test_hostile_text_takes_no_time() -> None:
    started = time.monotonic()
    for text in ("a" * 10**6, ("A1b" * 20 + "\n") * 10_000, "data:a/b" + ";a=b" * 10**5, ("A" * 39 + "\n") * 10**4):
        replace_embedded_data(text)
    assert time.monotonic() - started < 10

"""JSON that is laid out: its lines stay those of the file, its numbers what they are."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from assistant.datatypes import Document
from assistant.ingest import chunk
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.text.json import read_json
from assistant.ingest.extractors.text.json_layout import lay_out
from assistant.models.fake import FakeEmbedder

VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9),
                      lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3))


@given(VALUES, st.sampled_from([None, 1, 4]), st.booleans())
def test_the_layout_is_that_of_the_standard_library(value: object, indent: int | None, ascii_only: bool) -> None:
    found = lay_out(json.dumps(value, indent=indent, ensure_ascii=ascii_only), 10**6)
    assert found
    assert json.loads(found.text) == value
    assert found.text.count("\n") == json.dumps(value, indent=1).count("\n")


def test_numbers_and_repeated_keys_stay_and_each_value_has_its_line() -> None:
    found = lay_out('{\n"a": 0.10, "a": 12345678901234567890.50,\n"b":2}', 999)
    assert found
    assert found.text == '{\n "a": 0.10,\n "a": 12345678901234567890.50,\n "b": 2\n}'
    assert [(mark.line, found.text[mark.char_start :][:3]) for mark in found.marks] == [(1, "{\n "), (2, '"a"'), (3, '"b"')]


def test_the_places_are_lines_of_the_file() -> None:
    records = [{"id": f"G{n}", "height": f"{n} metres é"} for n in range(90)]
    for content, lines in ((json.dumps(records), {1}), ("[" + ",\n".join(map(json.dumps, records)) + "]", set(range(1, 91)))):
        document = Document("/a.json", "a", "0" * 64, read_json(Source(content.encode(), "a.json")))
        chunks = chunk(document, FakeEmbedder().count_tokens, 60)
        assert len(chunks) > 2
        assert {line for found in chunks for line in range(found.location.line_start, found.location.line_end + 1)} == lines
        for found in chunks:
            first = content.split("\n")[found.location.line_start - 1 : found.location.line_end]
            assert found.text.split('"G')[1].split('"')[0] in "\n".join(first)

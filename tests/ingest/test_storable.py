from __future__ import annotations

import base64

import pytest

from assistant.datatypes import Extraction, Heading, Part, PositionLabel, Table
from assistant.ingest.extractors.builder import Source, storable, storable_text
from assistant.ingest.extractors.registry import extract, members

HALF = "\ud800"


def test_halves_of_characters_are_replaced_and_places_stay():
    assert storable_text(f"a{HALF}b\udfff😀") == "a\ufffdb\ufffd😀"


def test_every_text_of_an_extraction_is_made_storable():
    found = storable(
        Extraction(
            f"x{HALF}y", (Part(0, 3, page_label=HALF, sheet=HALF, chapter=HALF),), (Heading(0, 1, HALF),), (Table(0, 3, HALF),),
            (PositionLabel(0, HALF, HALF),), HALF, notes=(HALF,),
        )
    )  # fmt: skip
    repr(found).encode("utf-8")
    assert HALF not in found.text + found.title + "".join(found.notes)
    assert "\\ud800" not in repr(found) and found.text == "x\ufffdy"


def test_an_extraction_of_whole_characters_is_returned_as_it_is():
    sound = Extraction("会议 😀", (Part(0, 4),))
    assert storable(sound) is sound


UTF_7 = base64.b64encode(HALF.encode("utf-16-be", "surrogatepass")).rstrip(b"=")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.ipynb", b'{"cells": [{"cell_type": "markdown", "source": "# x \\ud800"}]}'),
        ("a.boxnote", b'{"atext": {"text": "x \\ud800"}}'),
        ("a.jsonl", b'{"a": "\\ud800 \\u4e00"}\n'),
        ("a.json", b'["\\ud800", "%s"]' % (b"x" * 2000)),
        ("a.eml", b"Subject: =?utf-8?Q?a?= \\ud800\r\nContent-Type: text/plain; charset=utf-7\r\n\r\nx +%s- y\r\n" % UTF_7),
        ("a.html", b"<html><head><meta charset=utf-7></head><body>x +%s- \xff\xfe\xfd</body></html>" % UTF_7),
    ],
)
def test_what_files_spell_is_storable(name, data):
    found = extract(Source(data, name))
    repr(found).encode("utf-8")
    for text in (found.text, found.title, *(heading.title for heading in found.headings)):
        text.encode("utf-8")


def test_names_of_attachments_are_storable():
    letter = b"Subject: a\r\nContent-Type: application/pdf; name*=utf-7''+%s-.pdf\r\nContent-Disposition: attachment\r\n\r\nx"
    (member,) = members(Source(letter % UTF_7, "a.eml"))
    member.name.encode("utf-8")

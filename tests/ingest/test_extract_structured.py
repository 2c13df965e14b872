from __future__ import annotations

import json
import time

import pytest

from assistant.datatypes import Shape
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.text import json as structured
from assistant.ingest.extractors.text.calendar import read_content_lines
from assistant.ingest.extractors.text.json import read_json, read_json_lines, read_note
from assistant.ingest.extractors.web.xml import read_xml

SENTENCE = "A sentence of some length, which nobody would take for a value in a table."


def source(text: str, name: str) -> Source:
    return Source(text.encode(), name)


def titles(found):
    assert all(found.text[heading.char_start :].startswith(heading.title) for heading in found.headings)
    return [(heading.level, heading.title) for heading in found.headings]


def test_json_is_kept_as_it_is():
    text = '{\n  "name": "Ann",  "age": 3\n}\n'
    found = read_json(source(text, "a.json"))
    assert (found.text, found.shape, found.title) == (text, Shape.CODE, "a.json")


def test_json_that_nobody_could_read_is_laid_out():
    long = json.dumps({"names": ["Ann"] * 500})
    assert read_json(source(long, "a.json")).text.count("\n") > 500
    assert '"日本"' in read_json(source('{"a": "\\u65e5\\u672c"}', "a.json")).text
    broken = '{"a": "\\u65e5", '
    assert read_json(source(broken, "a.json")).text == broken


def test_json_lines_keep_their_numbers_and_repeated_keys():
    record = '{"a": "caf%s", "price": 12.50, "share":1.0e3, "k": 1, "k": 2, "path": "C:\\\\users"}\n'
    assert read_json_lines(source(record % "\\u00e9", "a.jsonl")).text == record % "é"


def test_json_lines_keep_their_lines():
    found = read_json_lines(source('{"a": "\\u65e5"}\n{"a":1}\n{"a": "\\u65e5"\n', "a.jsonl"))
    assert found.text == '{"a": "日"}\n{"a":1}\n{"a": "\\u65e5"\n'


def test_notes_of_an_editor():
    def text(value: str) -> dict[str, object]:
        return {"type": "text", "text": value}

    def block(kind: str, *content: object, **attributes: object) -> dict[str, object]:
        return {"type": kind, "content": list(content), "attrs": attributes}

    item = block("list_item", block("paragraph", text("first")), block("paragraph", text("more")))
    row = block(
        "table_row", block("table_cell", block("paragraph", text("a"))), block("table_cell", block("paragraph", text("b")))
    )
    items = block("bullet_list", item, block("list_item", block("paragraph", text("second"))))
    paragraph = block("paragraph", text("one "), text("two"))
    doc = block("doc", block("heading", text("Plan"), level=2), paragraph, items, block("table", row))
    found = read_note(source(json.dumps({"version": 1, "doc": doc}), "a.boxnote"))
    assert found.text == "Plan\n\none two\n- first\n\nmore\n- second\n\na | b"
    assert titles(found) == [(2, "Plan")]
    assert read_note(source('{"atext": {"text": "old note"}}', "a.boxnote")).text == "old note"
    with pytest.raises(UnreadableFile, match="no note"):
        read_note(source("{", "a.boxnote"))


def test_documents_in_xml_are_read_without_tags():
    text = f"""<?xml version="1.0"?><!DOCTYPE article PUBLIC "x" "http://example.org/none.dtd"><article><front>
    <article-title>On <i>birds</i></article-title><name><surname>Lee</surname><given>Ann</given></name></front>
    <body><sec><title>Methods</title><p>{SENTENCE} <b>Bold</b>ly so.</p>
    <sec><title>Birds</title><table><tr><th>Bird</th><th>Count</th></tr>
    <tr><td>wren</td><td>3</td></tr></table></sec></sec>
    </body></article>"""
    found = read_xml(source(text, "a.nxml"))
    table = "Bird | Count\nwren | 3"
    assert found.text == f"On birds\n\nLee Ann\n\nMethods\n\n{SENTENCE} Boldly so.\n\nBirds\n\n{table}"
    assert titles(found) == [(1, "On birds"), (1, "Methods"), (2, "Birds")]
    assert found.tables[0].header == "Bird | Count" and found.title == "On birds"


def test_tables_in_xml_keep_their_titles():
    docbook = "<row><entry>Bird</entry><entry>Count</entry></row><row><entry>wren</entry><entry>3</entry></row>"
    table = f"<table><title>Birds of 2024</title><tgroup><colspec/><tbody>{docbook}</tbody></tgroup></table>"
    assert read_xml(source(f"<article><p>{SENTENCE}</p>{table}</article>", "a.xml")).text == (
        f"{SENTENCE}\n\nBirds of 2024\n\nBird | Count\nwren | 3"
    )
    tei = "<row><cell>Bird</cell><cell>Count</cell></row><row><cell>wren</cell><cell>3</cell></row>"
    table = f"<table><head>Birds</head>{tei}</table>"
    assert read_xml(source(f"<TEI><p>{SENTENCE}</p>{table}</TEI>", "a.xml")).text.endswith("Birds\n\nBird | Count\nwren | 3")


def test_feeds_are_read_with_the_html_in_them():
    link = "<title>One</title><link>http://x.org/1</link>"
    item = f"{link}<description>&lt;p&gt;{SENTENCE}&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;</description>"
    text = f"<rss><channel><title>News</title><item>{item}</item></channel></rss>"
    found = read_xml(source(text, "a.rss"))
    assert found.text == f"News\n\nOne\nhttp://x.org/1\n\n{SENTENCE}"
    assert titles(found) == [(1, "News"), (2, "One")]


def test_tables_in_cells_of_xml_are_written_once():
    inner = "<table><tr><td>wren</td><td>3</td></tr></table>"
    table = f"<table><tr><td>Birds</td><td>{inner}</td></tr><tr><td>Bees</td><td>4</td></tr></table>"
    found = read_xml(source(f"<article><p>{SENTENCE}</p>{table}</article>", "a.xml"))
    assert found.text.count("wren") == 1 and found.text.endswith("Bees | 4")


def test_prose_in_xml_is_read_however_long_its_words_are():
    linked = f"{SENTENCE} See https://example.org/?{'page=next&amp;' * 30}."
    thai = "ประชุมวันพุธ" * 20  # written without spaces
    data = "".join(map(chr, range(48, 58))) + "aBcDeF" * 50
    found = read_xml(source(f"<article><p>{linked}</p><p>{thai}</p><p>{data}</p></article>", "a.xml"))
    assert found.text == f"{linked.replace('&amp;', '&')}\n\n{thai}\n\n[data]"


def test_data_in_xml_is_kept_as_it_is():
    text = '<config>\n  <add key="port" value="80"/>\n  <host>example.org</host>\n</config>\n'
    found = read_xml(source(text, "a.xml"))
    assert (found.text, found.shape) == (text, Shape.CODE)


def test_xml_is_decoded_as_it_declares():
    found = read_xml(Source('<?xml version="1.0" encoding="gb2312"?><feed><p>短句朱镕基</p></feed>'.encode("gb18030"), "a.xml"))
    assert (found.text, found.encoding) == ("短句朱镕基", "gb18030")


def test_entities_are_never_resolved(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    text = f'<!DOCTYPE a [<!ENTITY f SYSTEM "{secret.as_uri()}">]><article><p>{SENTENCE} &f; caf&eacute; A&amp;B</p></article>'
    assert read_xml(source(text, "a.xml")).text == f"{SENTENCE} café A&B"
    grown = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else SENTENCE}">' for n in range(12))
    text = f"<!DOCTYPE a [{grown}]><article><p>{SENTENCE} &e11;</p></article>"
    assert read_xml(source(text, "a.xml")).text == text


@pytest.mark.parametrize(
    "text",
    [
        "no xml at all",
        f"<rss><p>{SENTENCE}</p></rss><rss><p>{SENTENCE}</p></rss>",
        "<rss>" + "<a>" * 1000 + SENTENCE,
    ],
)
def test_xml_that_cannot_be_understood_is_kept_as_it_is(text):
    assert read_xml(source(text, "a.xml")).text == text


def test_little_damage_does_not_matter():
    assert read_xml(source(f"<rss><p>{SENTENCE}</p><p>A & B</p><p>cut o", "a.rss")).text == f"{SENTENCE}\n\nA B\n\ncut o"


CALENDAR = """BEGIN:VCALENDAR\r
X-WR-CALNAME:Work\r
BEGIN:VTIMEZONE\r
DTSTART:19700101T000000\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
UID:1@x\r
DTSTART;TZID=Europe/Berlin:20240105T100000\r
DTEND;VALUE=DATE:20240106\r
SUMMARY;LANGUAGE=en:Team meet\r
 ing\\, weekly\r
DESCRIPTION:One\\nTwo: three\r
ATTENDEE;CN="Lee, Ann";ROLE=CHAIR:mailto:ann@example.org\r
BEGIN:VALARM\r
DESCRIPTION:ring\r
END:VALARM\r
END:VEVENT\r
BEGIN:VTODO\r
SUMMARY:Buy milk\r
END:VTODO\r
END:VCALENDAR\r
"""


def test_calendars():
    found = read_content_lines(source(CALENDAR, "a.ics"))
    assert found.text == (
        "DTSTART:2024-01-05 10:00 (Europe/Berlin)\nDTEND:2024-01-06\nSUMMARY:Team meeting, weekly\nDESCRIPTION:One\nTwo: three\n"
        "ATTENDEE:Lee, Ann <ann@example.org>\n\nSUMMARY:Buy milk"
    )
    assert found.title == "Work"
    with pytest.raises(UnreadableFile, match="no calendar"):
        read_content_lines(source("text", "a.ics"))


@pytest.mark.parametrize("summary", ["Größe der Räume", "采购合同付款安排的会议"])
def test_folds_inside_a_character(summary):
    folded = b"\r\n ".join(summary.encode()[at : at + 2] for at in range(0, len(summary.encode()), 2))
    found = read_content_lines(Source(b"BEGIN:VEVENT\r\nSUMMARY:" + folded + b"\r\nEND:VEVENT\r\n", "a.ics"))
    assert (found.text, found.notes) == (f"SUMMARY:{summary}", ())


def test_contacts():
    card = (
        "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg=20=\nLee\nitem1.TEL;TYPE=CELL:20240105\n"
        "ADR:;;Main St 1;Bern;;3000;CH\nPHOTO;ENCODING=b:AAAA\nEND:VCARD\n"
    )
    assert read_content_lines(source(card, "a.vcf")).text == "FN:Jörg Lee\nTEL:20240105\nADR:Main St 1; Bern; 3000; CH"


def test_contacts_without_a_whole_name_are_shown_with_its_parts():
    cards = (
        "BEGIN:VCARD\nVERSION:2.1\nN:Lee;Ann;;Dr.\nTEL;CELL:1\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:3.0\nN:May;Bo;;;\nFN:\nTEL:2\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:3.0\nN:Day;Cy;;;\nFN:Cy Day\nTEL:3\nEND:VCARD\n"
    )
    text = "N:Lee; Ann; Dr.\nTEL:1\n\nN:May; Bo\nTEL:2\n\nFN:Cy Day\nTEL:3"
    assert read_content_lines(source(cards, "a.vcf")).text == text


def test_json_whose_indentation_would_fill_the_memory_is_kept_as_it_is(monkeypatch):
    text = "[" * 100 + "1," * 2000 + "1" + "]" * 100
    monkeypatch.setattr(structured, "MAX_CHARACTERS", 50_000)
    assert read_json(source(text, "a.json")).text == text


def test_tags_that_never_end_take_no_time():
    text = "<article><p>" + "&lt;p " * 100_000 + "</p></article>"
    started = time.process_time()
    read_xml(source(text, "a.xml"))
    assert time.process_time() - started < 5

from __future__ import annotations

import io
import zipfile

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.office.odf import read_opendocument

SPACES = " ".join(f'xmlns:{name}="{name}"' for name in "office text table draw svg presentation dc meta".split())


def document(body: str, kind: str = "text") -> str:
    return f"<office:document {SPACES}><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>"


def packed(body: str, kind: str = "text", **entries: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.xml", document(body, kind))
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return buffer.getvalue()


def read(body: str, kind: str = "text"):
    return read_opendocument(Source(packed(body, kind), "a.odt"))


def cell(text: str, **attributes: int) -> str:
    more = " ".join(f'table:number-columns-{name}="{value}"' for name, value in attributes.items())
    return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"


def row(*cells: str, times: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


def test_headings_paragraphs_and_lists():
    items = "<text:list-item><text:p>one</text:p><text:p>still one</text:p></text:list-item>"
    items += "<text:list-item><text:p>two</text:p></text:list-item>"
    found = read(f'<text:h text:outline-level="2">Big\n news</text:h><text:p>Now:</text:p><text:list>{items}</text:list>')
    assert found.text == "Big news\n\nNow:\n- one\n\nstill one\n- two"
    assert [(heading.level, heading.title) for heading in found.headings] == [(2, "Big news")]


def test_white_space_is_as_the_format_means_it():
    body = 'a\n   b<text:s text:c="2"/>c<text:tab/>d<text:line-break/><text:span>e</text:span><text:s text:c="999999999"/>f'
    assert read(f"<text:p>{body}</text:p>").text == "a b  c\td\ne" + " " * 100 + "f"


def test_what_was_deleted_is_left_out_and_notes_follow_their_paragraph():
    deletion = "<text:deletion><text:p>gone</text:p></text:deletion>"
    deleted = f"<text:tracked-changes><text:changed-region>{deletion}</text:changed-region></text:tracked-changes>"
    body = "<text:note-body><text:p>the note</text:p></text:note-body>"
    note = f"<text:note><text:note-citation>1</text:note-citation>{body}</text:note>"
    comment = "<office:annotation><dc:creator>Ann</dc:creator><text:p>why?</text:p></office:annotation>"
    box = "<draw:frame><draw:text-box><text:p>boxed</text:p></draw:text-box></draw:frame>"
    found = read(f"{deleted}<text:p>be{note}fore{comment}<text:a>{box} end</text:a></text:p>")
    assert found.text == "before end\n\nthe note\n\n[Ann] why?\n\nboxed"


def test_what_is_anchored_in_a_cell_follows_the_table():
    note = "<text:note><text:note-body><text:p>without tax</text:p></text:note-body></text:note>"
    box = "<draw:frame><draw:text-box><text:p>boxed</text:p></draw:text-box></draw:frame>"
    found = read(f"<table:table>{row(cell('Sales'), cell(f'10{note}'))}{row(cell('Cost'), cell(f'4{box}'))}</table:table>")
    assert found.text == "Sales | 10\nCost | 4\n\nwithout tax\n\nboxed"


def test_tables_with_spans_and_repeats():
    head = f"<table:table-header-rows>{row(cell('Year'), cell('Sales'), cell('Cost'))}</table:table-header-rows>"
    wide = row(cell("2023", spanned=2), "<table:covered-table-cell/>", cell("4"))
    found = read(f"<table:table>{head}{wide}{row(cell('5', repeated=3))}</table:table>")
    assert found.text == "Year | Sales | Cost\n2023 |  | 4\n5 | 5 | 5"
    assert found.tables[0].header == "Year | Sales | Cost"


def test_repeats_are_bounded():
    bomb = row(cell("x", repeated=999_999_999), times=999_999_999)
    assert len(read(f"<table:table>{bomb}</table:table>").text) < 5_000


def test_tables_that_are_there_for_the_layout():
    inner = f"<table:table>{row(cell('a'), cell('b'))}</table:table>"
    framed = row(f"<table:table-cell><text:h>Head</text:h>{inner}</table:table-cell>")
    found = read(f"<table:table>{framed}</table:table>")
    assert found.text == "Head\n\na | b"
    assert found.headings[0].title == "Head"


def frame(text: str, role: str = "", x: str = "", y: str = "") -> str:
    place = f'svg:x="{x}" svg:y="{y}" svg:height="1cm"' if x else ""
    box = f"<draw:text-box><text:p>{text}</text:p></draw:text-box>"
    return f'<draw:frame presentation:class="{role}" {place}>{box}</draw:frame>'


def test_slides_have_a_title_an_order_and_notes():
    first = frame("low", x="1cm", y="9cm") + frame("right", x="2in", y="3cm") + frame("left", x="1cm", y="3.1cm")
    first += frame("Title", "title", x="1cm", y="5cm") + frame("9", "page-number", "1cm", "1cm")
    first += f"<presentation:notes>{frame('Say so.', 'notes')}{frame('x', 'page')}</presentation:notes>"
    items = "<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>"
    listed = f"<draw:custom-shape>{items}</draw:custom-shape>"
    found = read(f"<draw:page>{first}</draw:page><draw:page>{listed}</draw:page>", "presentation")
    assert found.text == "Title\n\nleft\n\nright\n\nlow\n\nNotes\n\nSay so.\n- item"
    assert [part.slide for part in found.parts] == [1, 2]
    assert found.text[found.parts[1].char_start :] == "- item"
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "Title"), (2, "Notes")]


def test_drawings_have_pages():
    found = read(f"<draw:page>{frame('a')}</draw:page><draw:page><draw:g>{frame('b')}</draw:g></draw:page>", "drawing")
    assert [(part.page, found.text[part.char_start : part.char_end]) for part in found.parts] == [(1, "a"), (2, "b")]


def test_the_title_is_that_of_the_properties():
    meta = f"<office:document-meta {SPACES}><office:meta><dc:title>Set title</dc:title></office:meta></office:document-meta>"
    assert read_opendocument(Source(packed("<text:p>x</text:p>", meta=meta), "a.odt")).title == "Set title"


def test_flat_files():
    assert read_opendocument(Source(document("<text:p>flat</text:p>").encode(), "a.fodt")).text == "flat"
    with pytest.raises(UnreadableFile, match="damaged: it is cut off or no OpenDocument file"):
        read_opendocument(Source(b"<office:document", "a.fodt"))
    with pytest.raises(UnreadableFile, match="trap"):
        read_opendocument(Source('<!DOCTYPE a [<!ENTITY b "c">]><a/>'.encode("utf-16"), "a.fodt"))


def test_what_cannot_be_read_is_refused_with_its_reason():
    manifest = "<m><file-entry><encryption-data/></file-entry></m>"
    with pytest.raises(UnreadableFile, match="it is encrypted: a password is needed"):
        read_opendocument(Source(packed("", **{"META-INF__manifest": manifest}), "a.odt"))
    data = packed("<text:p>x</text:p>")
    for bad in (data[: len(data) // 2], b"no zip"):
        with pytest.raises(UnreadableFile, match="damaged: it is cut off or no OpenDocument file"):
            read_opendocument(Source(bad, "a.odt"))
    with pytest.raises(UnreadableFile, match="no body"):
        read_opendocument(Source(b"<office:document xmlns:office='office'/>", "a.fodt"))


def test_a_table_of_too_many_repeated_cells_is_refused():
    rows = row(*(cell("x", repeated=1000) for _ in range(20))) * 700
    with pytest.raises(UnreadableFile, match="too large: a table"):
        read(f"<table:table>{rows}</table:table>")


def test_numbers_of_thousands_of_digits_and_of_other_scripts():
    for digits in ("9" * 5000, "²", "-1", "x"):
        found = read(f'<text:h text:outline-level="{digits}">Big</text:h><text:p>a<text:s text:c="{digits}"/>b</text:p>')
        assert found.headings[0].level == 1 and found.text == "Big\n\na b"


@pytest.mark.parametrize("encoding", ["TTF-8", "gb18030", "hex", "idna"])
def test_encodings_that_nobody_knows_are_damage(encoding):
    flat = f'<?xml version="1.0" encoding="{encoding}"?>' + document("<text:p>x</text:p>")
    with pytest.raises(UnreadableFile, match="damaged: it is cut off or no OpenDocument file"):
        read_opendocument(Source(flat.encode(), "a.fodt"))
    meta = f'<?xml version="1.0" encoding="{encoding}"?><m/>'
    assert read_opendocument(Source(packed("<text:p>x</text:p>", meta=meta), "a.odt")).text == "x"

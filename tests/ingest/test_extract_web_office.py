from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors import zip_package as package
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.office.docx import read_docx
from assistant.ingest.extractors.web.html import read_html

PAGE = """<?xml version="1.0"?><!DOCTYPE html><html><head><title>My page</title><style>p{}</style></head><body>
<nav><a href="/">Home</a></nav>
<h1>Big <em>news</em></h1>
<p>One   <b>bold</b>
word.<br>Next line</p><script>var x = "<p>no</p>";</script>
<ul><li>first</li><li><p>second</p></li></ul>
<h2>Numbers</h2>
<table><tr><th>Year</th><th>Sales</th></tr><tr><td>2023</td><td>1 <i>000</i></td></tr></table>
<pre>a
  b</pre><!-- hidden --><p hidden>hidden</p>
<footer>imprint</footer></body></html>"""
SEEN = """Big news

One bold word.
Next line

- first
- second

Numbers

Year | Sales
2023 | 1 000

a
  b"""


def test_html_is_what_a_reader_sees():
    found = read_html(Source(PAGE.encode(), "a.html"))
    assert found.text == SEEN
    assert found.title == "My page"
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "Big news"), (2, "Numbers")]
    for heading in found.headings:
        assert found.text[heading.char_start :].startswith(heading.title)


def test_html_main_text_is_preferred_where_it_holds_most():
    menu, text = "<div>menu menu</div>", "The story itself is long enough to be most of the page."
    assert read_html(Source(f"<body>{menu}<main><p>{text}</p></main></body>".encode(), "a.html")).text == text
    assert "menu" in read_html(Source(f"<body>{menu * 30}<main>short</main></body>".encode(), "a.html")).text


def test_html_encodings():
    declared = '<meta charset="gb2312"><p>短句</p>'.encode("gb18030")
    assert read_html(Source(declared, "a.html")).text == "短句"
    assert read_html(Source("<p>naïve</p>".encode("utf-16"), "a.html")).text == "naïve"


def test_html_that_is_no_html():
    assert read_html(Source(b"just/a/name.txt", "a.html")).text == "just/a/name.txt"
    assert read_html(Source(b"<p>a<p>b<b>c", "a.html")).text == "a\n\nbc"


def paragraph(text: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def row(*cells: str) -> str:
    return "<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in cells) + "</w:tr>"


def test_docx_keeps_paragraphs_and_tables_in_order(make_docx):
    table = "<w:tbl>" + row("Year", "Sales") + row("2023", "10") + "</w:tbl>"
    body = paragraph("Report", "H1") + paragraph("Before") + table + paragraph("Detail", "Own") + paragraph("After")
    found = read_docx(Source(make_docx(body, title="Set title"), "a.docx"))
    assert found.text == "Report\n\nBefore\n\nYear | Sales\n2023 | 10\n\nDetail\n\nAfter"
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "Report"), (2, "Detail")]
    assert found.text[found.headings[1].char_start :].startswith("Detail")
    assert found.title == "Set title"


def test_docx_reads_what_is_easily_missed(make_docx):
    item = "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>item</w:t></w:r></w:p>"
    changed = "<w:p><w:del><w:r><w:t>old</w:t></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>"
    control = f"<w:sdt><w:sdtContent>{paragraph('controlled')}</w:sdtContent></w:sdt>"
    box = f"<w:p><w:r><w:t>around</w:t><w:pict><w:txbxContent>{paragraph('boxed')}</w:txbxContent></w:pict></w:r></w:p>"
    assert read_docx(Source(make_docx(item + changed + control + box), "a.docx")).text == (
        "- item\n\nnew\n\ncontrolled\n\naround\n\nboxed"
    )


def test_docx_of_the_strict_variant(make_docx):
    data = make_docx(paragraph("strict"), word="http://purl.oclc.org/ooxml/wordprocessingml/main")
    assert read_docx(Source(data, "a.docx")).text == "strict"


def test_docx_that_is_cut_off_or_none(make_docx):
    data = make_docx(paragraph("x"))
    for bad in (data[: len(data) // 2], b"no zip", b"PK\x03\x04"):
        with pytest.raises(UnreadableFile, match="damaged: it is cut off or no Word document"):
            read_docx(Source(bad, "a.docx"))
    with pytest.raises(UnreadableFile, match="its XML cannot be read"):
        read_docx(Source(make_docx("<w:p>"), "a.docx"))
    with pytest.raises(UnreadableFile, match="damaged: it is cut off or no Word document"):
        read_docx(Source(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.docx"))


def test_docx_bombs_are_refused_before_they_unpack(make_docx, monkeypatch):
    monkeypatch.setattr(package, "MAX_UNPACKED_BYTES", 10_000)
    with pytest.raises(UnreadableFile, match="unpacks to more than"):
        read_docx(Source(make_docx(paragraph("a" * 20_000)), "a.docx"))
    entities = '<!DOCTYPE w [<!ENTITY a "aaaa">]>'
    with pytest.raises(UnreadableFile, match="trap"):
        read_docx(Source(make_docx(paragraph("&a;"), head=entities), "a.docx"))


def with_entries(data: bytes, **entries: str) -> bytes:
    """Add parts to a Word document, each named without folder and suffix."""
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, content in entries.items():
            archive.writestr(f"word/{name}.xml", f'<w:x xmlns:w="w">{content}</w:x>')
    return buffer.getvalue()


def test_docx_comments_and_notes_come_after_the_text(make_docx):
    comment = f'<w:comment w:author="Ann">{paragraph("Is this")}{paragraph("so?")}</w:comment>'
    data = with_entries(make_docx(paragraph("text")), comments=comment, footnotes=paragraph("noted"))
    assert read_docx(Source(data, "a.docx")).text == "text\n\nnoted\n\n[Ann] Is this\nso?"


def test_docx_headers_are_read_once_behind_the_body(make_docx):
    relation = '<R Id="1" Type="x/header" Target="header1.xml"/><R Id="2" Target="gone.xml" Type="x/footer"/>'

    def letter(body: str) -> str:
        data = with_entries(make_docx(body), header1=paragraph("Letterhead"))
        buffer = io.BytesIO(data)
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr("word/_rels/document.xml.rels", f"<Relationships>{relation}</Relationships>")
        return read_docx(Source(buffer.getvalue(), "a.docx")).text

    assert letter(paragraph("Dear")) == "Dear\n\nLetterhead"
    assert letter(paragraph("Letterhead of the yard")) == "Letterhead of the yard"
    assert letter("") == "Letterhead"


def test_docx_is_found_where_the_package_says():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("_rels/.rels", '<R><r Id="1" Type="http://x/officeDocument" Target="/word/document2.xml"/></R>')
        archive.writestr("word/document2.xml", f'<w:d xmlns:w="w"><w:body>{paragraph("here")}</w:body></w:d>')
    assert read_docx(Source(buffer.getvalue(), "a.docx")).text == "here"


def test_docx_tables_that_are_there_for_the_layout(make_docx):
    frame = f"<w:tbl><w:tr><w:tc>{paragraph('Boxed', 'H1')}{paragraph('text')}</w:tc></w:tr></w:tbl>"
    assert read_docx(Source(make_docx(frame), "a.docx")).text == "Boxed\n\ntext"
    inner = "<w:tbl>" + row("Year", "Sales") + row("2023", "10") + "</w:tbl>"
    nested = f"<w:tbl>{row('a', 'b')}<w:tr><w:tc>{paragraph('left')}</w:tc><w:tc>{inner}</w:tc></w:tr></w:tbl>"
    found = read_docx(Source(make_docx(nested), "a.docx"))
    assert found.text == "a | b\n\nleft\n\nYear | Sales\n2023 | 10"
    assert [table.header for table in found.tables] == ["", "Year | Sales"]


def test_docx_exponents_are_no_digits_of_the_number_before(make_docx):
    raised = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
    runs = [("5 x 10", ""), ("3", raised), (" m", ""), ("-2", raised), (", the 1", ""), ("st", raised)]
    body = "".join(f"<w:r>{properties}<w:t xml:space='preserve'>{text}</w:t></w:r>" for text, properties in runs)
    assert read_docx(Source(make_docx(f"<w:p>{body}</w:p>"), "a.docx")).text == "5 x 10³ m⁻², the 1st"


def test_docx_text_boxes_in_cells_are_read(make_docx):
    inner = f"<w:txbxContent>{paragraph('12 March')}</w:txbxContent>"
    box = f"<w:p><w:r><w:t>Due:</w:t><w:pict>{inner}</w:pict></w:r></w:p>"
    table = f"<w:tbl><w:tr><w:tc>{paragraph('Rent')}</w:tc><w:tc>{box}</w:tc></w:tr></w:tbl>"
    assert read_docx(Source(make_docx(table), "a.docx")).text == "Rent | Due: 12 March"


def test_docx_symbols_are_read(make_docx):
    symbols = [("Symbol", "F0B3"), ("Symbol", "F06D"), ("Wingdings", "F0FC"), ("Wingdings", "F0A8"), ("Webdings", "F0E1")]
    symbols += [("Segoe UI Symbol", "2611"), ("Symbol", ""), ("Symbol", "0007")]
    runs = "".join(f"<w:r><w:sym w:font='{font}' w:char='{code}'/></w:r>" for font, code in symbols)
    assert read_docx(Source(make_docx(f"<w:p>{runs}</w:p>"), "a.docx")).text == "≥μ✓☐•☑\ufffd\ufffd"


def test_private_characters_in_a_symbol_font_are_symbols(make_docx):
    def run(font: str, text: str) -> str:
        return f"<w:r><w:rPr><w:b/><w:rFonts w:ascii='{font}' w:hAnsi='{font}'/></w:rPr><w:t>{text}</w:t></w:r>"

    runs = run("Wingdings", "\uf0fc yes \uf0a8") + run("Symbol", "\uf0b3\uf06d") + run("Wingdings 2", "\uf052")
    own = run("Own Icons", "\uf0fc") + "<w:r><w:t>\uf0fc</w:t></w:r>"  # what these show is not known
    assert read_docx(Source(make_docx(f"<w:p>{runs}{own}</w:p>"), "a.docx")).text == "✓ yes ☐≥μ☑\uf0fc\uf0fc"


def test_private_characters_on_a_slide_are_symbols():
    run = "<a:r xmlns:a='urn:a'><a:rPr><a:latin typeface='Arial'/><a:sym typeface='Wingdings'/></a:rPr><a:t>\uf0fc</a:t></a:r>"
    assert package.running_text(ElementTree.fromstring(f"<p>{run}</p>")) == "✓"


def test_docx_rows_that_begin_in_a_later_column_keep_their_cells_below_the_header(make_docx):
    late = row("40", "5").replace("<w:tr>", "<w:tr><w:trPr><w:gridBefore w:val='1'/></w:trPr>")
    table = f"<w:tbl>{row('Item', 'Price', 'Tax')}{row('Chair', '10', '2')}{late}</w:tbl>"
    assert read_docx(Source(make_docx(table), "a.docx")).text == "Item | Price | Tax\nChair | 10 | 2\n | 40 | 5"


def test_docx_cells_that_span_columns_keep_the_others_in_place(make_docx):
    wide = f"<w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr>{paragraph('wide')}</w:tc>"
    table = f"<w:tbl><w:tr>{wide}<w:tc>{paragraph('c')}</w:tc></w:tr>{row('1', '2', '3')}</w:tbl>"
    assert read_docx(Source(make_docx(table), "a.docx")).text == "wide |  | c\n1 | 2 | 3"


def test_a_zip_that_is_no_docx():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(UnreadableFile, match="holds no Word document"):
        read_docx(Source(buffer.getvalue(), "a.docx"))


@pytest.mark.parametrize("digits", ["9" * 5000, "²", "-1", "x", ""])
def test_docx_numbers_that_are_none(make_docx, digits):
    heading = f'<w:p><w:pPr><w:outlineLvl w:val="{digits}"/></w:pPr><w:r><w:t>text</w:t></w:r></w:p>'
    cell = f'<w:tc><w:tcPr><w:gridSpan w:val="{digits}"/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>'
    found = read_docx(Source(make_docx(f"{heading}<w:tbl><w:tr>{cell}{cell}</w:tr></w:tbl>"), "a.docx"))
    assert found.text == "text\n\na | a" and not found.headings

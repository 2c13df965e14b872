from __future__ import annotations

import io
import time
import zipfile

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.web.epub import read_epub

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
OPF = """<package xmlns="http://www.idpf.org/2007/opf">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Birds</dc:title>
</metadata><manifest>
<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="x" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="a" href="text/a%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="b" href="text/b.xhtml" media-type="application/xhtml+xml"/>
<item id="c" href="text/lost.xhtml" media-type="application/xhtml+xml"/>
<item id="p" href="p.png" media-type="image/png"/></manifest>
<spine toc="x"><itemref idref="n"/><itemref idref="b"/><itemref idref="a"/><itemref idref="c"/></spine></package>"""
NAV = """<html xmlns:epub="http://www.idpf.org/2007/ops"><body><h1>Contents</h1><nav epub:type="toc"><ol>
<li><a href="text/b.xhtml">One <i>bird</i></a></li><li><a href="text/b.xhtml#two">Two birds</a></li></ol></nav>
<nav epub:type="page-list"><ol><li><a href="text/a%20b.xhtml">17</a></li></ol></nav></body></html>"""
NCX = (
    """<ncx><navMap><navPoint><navLabel><text>Last</text></navLabel><content src="text/a%20b.xhtml"/></navPoint></navMap></ncx>"""
)
ENCRYPTION = """<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>
<e:EncryptionMethod Algorithm="{method}"/>
<e:CipherData><e:CipherReference URI="OEBPS/text/b.xhtml"/></e:CipherData></e:EncryptedData></encryption>"""


def book(**changed: str) -> bytes:
    entries = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": OPF,
        "OEBPS/nav.xhtml": NAV,
        "OEBPS/toc.ncx": NCX,
        "OEBPS/text/b.xhtml": '<?xml version="1.0"?><html><body>'
        '<h1>First</h1><p>robin</p><h2 id="two">Second</h2><p>wren</p></body></html>',
        "OEBPS/text/a b.xhtml": "<html><body><p>owl</p></body></html>",
    } | changed
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_chapters_in_reading_order():
    found = read_epub(Source(book(), "a.epub"))
    assert found.text == "First\n\nrobin\n\nSecond\n\nwren\n\nowl"
    parts = [(part.chapter, found.text[part.char_start : part.char_end]) for part in found.parts]
    assert parts == [("One bird", "First\n\nrobin"), ("Two birds", "Second\n\nwren"), ("Last", "owl")]
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "First"), (2, "Second")]
    assert found.title == "Birds" and found.notes == ("1 chapters are missing in the file",)


@pytest.mark.parametrize("wrong", ["Last &amp; &nbsp; least", "Last & least", "Last"])
def test_a_damaged_table_of_contents_costs_only_its_titles(wrong):
    damaged = NCX.replace("Last", wrong) if wrong != "Last" else NCX[:40]
    found = read_epub(Source(book(**{"OEBPS/toc.ncx": damaged}), "a.epub"))
    assert found.text.endswith("wren\n\nowl")
    assert [part.chapter for part in found.parts] == ["One bird", "Two birds", "Two birds"]


def test_protected_books_are_refused():
    with pytest.raises(UnreadableFile, match="protected"):
        read_epub(Source(book(**{"META-INF/encryption.xml": ENCRYPTION.format(method="aes256-cbc")}), "a.epub"))
    fonts = ENCRYPTION.format(method="http://www.idpf.org/2008/embedding")
    assert "robin" in read_epub(Source(book(**{"META-INF/encryption.xml": fonts}), "a.epub")).text


def test_what_is_no_book():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x")
    for data, reason in ((buffer.getvalue(), "it is no e-book"), (b"text", "cut off or no e-book"), (book()[:200], "cut off")):
        with pytest.raises(UnreadableFile, match=reason):
            read_epub(Source(data, "a.epub"))
    with pytest.raises(UnreadableFile, match="does not say"):
        read_epub(Source(book(**{"META-INF/container.xml": "<container/>"}), "a.epub"))


def test_a_page_that_the_spine_names_again_is_read_once():
    again = OPF.replace('<itemref idref="b"/>', '<itemref idref="b"/>' * 50)
    assert read_epub(Source(book(**{"OEBPS/book.opf": again}), "a.epub")).text == read_epub(Source(book(), "a.epub")).text


def test_links_within_links_make_no_endless_titles():
    nested = "".join(f'<a href="text/b.xhtml#{number}">x' for number in range(30_000)) + "</a>" * 30_000
    started = time.process_time()
    read_epub(Source(book(**{"OEBPS/nav.xhtml": f"<html><body><nav>{nested}</nav></body></html>"}), "a.epub"))
    assert time.process_time() - started < 5

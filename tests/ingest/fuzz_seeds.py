"""Collect small sound files of every kind, as the other tests write them: what a fuzz test begins with."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
from collections.abc import Callable, Iterable
from email.message import EmailMessage
from typing import TYPE_CHECKING

from assistant.datatypes import Document
from assistant.errors import SkippedFile
from assistant.ingest.workers.protocol import reading_to_frame, send
from assistant.ingest.workers.read_file import ReadResult, Unchanged
from tests.ingest import (
    test_extract_archive,
    test_extract_ebook,
    test_extract_mail,
    test_extract_onenote,
    test_extract_opendocument,
    test_extract_outlook,
    test_extract_rtf,
    test_extract_sheets,
    test_extract_slides,
    test_extract_structured,
    test_extract_subtitles,
    test_extract_text,
    test_extract_web_office,
    test_wire,
)
from tests.ingest import test_extract_old_slides as old_slides
from tests.ingest import test_extract_old_word as old_word
from tests.ingest.compound_files import compound
from tests.ingest.conftest import docx_of, parquet_of, pdf_of

if TYPE_CHECKING:
    from PIL import Image

CELLS = (
    '<table:table table:name="S"><table:table-row table:number-rows-repeated="2">'
    '<table:table-cell table:number-columns-repeated="3"><text:p>x</text:p></table:table-cell></table:table-row></table:table>'
)
SHEET_2003 = """<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Old"><Table><Row ss:Index="3">
<Cell ss:Index="2"><Data ss:Type="String">a</Data></Cell><Cell ss:MergeAcross="1"><Data ss:Type="Number">5</Data></Cell>
</Row></Table></Worksheet></Workbook>"""
NOTEBOOK = b"""{"cells": [{"cell_type": "markdown", "source": ["# Title\\n", "text ![a](attachment:b.png)"]},
{"cell_type": "code", "source": "1 + 1",
"outputs": [{"output_type": "stream", "text": ["\\u001b[31m2"]}, {"data": {"text/plain": "2"}}]}],
"worksheets": [{"cells": [{"cell_type": "heading", "level": 2, "source": "Old"}]}], "nbformat": 4}"""
NOTE = b"""{"type": "doc", "content": [{"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "Plan"}]},
{"type": "bullet_list", "content": [{"type": "list_item",
"content": [{"type": "paragraph", "content": [{"type": "text", "text": "one"}]}]}]},
{"type": "table", "content": [{"type": "table_row",
"content": [{"type": "table_cell", "content": [{"type": "text", "text": "a"}]}]}]}]}"""
PAGE = b"""<html><head><title>T</title></head><body><nav>menu</nav><main><h1 id="a">Big</h1>
<p style="display:none">no</p><ul><li>one
<li>two</ul><table><caption>C</caption><tr><th rowspan="2" colspan="3">Year</th><th>Sales</th></tr>
<tr><td>1</td><td>2</td></tr></table>
<pre> code </pre>10<sup>5</sup><math alttext="x^2"><mi>x</mi></math><footer>end</footer></main></body></html>"""


def _drawn(mode: str) -> Image.Image:
    from PIL import Image, ImageDraw

    image = Image.new(mode, (40, 20), 1)
    ImageDraw.Draw(image).line((0, 0, 39, 19), fill=200)
    return image


def _pictures(kind: str, *modes: str) -> list[bytes]:
    made = []
    for mode in modes or ("RGB", "P", "L"):
        buffer, image = io.BytesIO(), _drawn(mode)
        image.save(buffer, kind, **({"save_all": True, "append_images": [image]} if kind in ("TIFF", "GIF") else {}))
        made.append(buffer.getvalue())
    return made


def _structured_pdf() -> bytes:
    """Write a PDF with an outline, page labels and an attachment."""
    from pypdf import PdfReader, PdfWriter

    writer, buffer = PdfWriter(), io.BytesIO()
    writer.append_pages_from_reader(PdfReader(io.BytesIO(pdf_of("Chapter one\ntext", "More"))))
    chapter = writer.add_outline_item(title="Chapter one", page_number=0)
    writer.add_outline_item(title="More", page_number=1, parent=chapter)
    writer.set_page_label(page_index_from=0, page_index_to=1, style="/r", start=3)
    writer.add_attachment(filename="b.txt", data=b"attached")
    writer.write(buffer)
    return buffer.getvalue()


def _letters() -> list[bytes]:
    message = test_extract_mail.letter("=?utf-8?B?5Lya6K6u?=")
    message.add_alternative("<p>The <b>rich</b> form</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="预算.pdf")
    message.add_attachment(test_extract_mail.letter("Re: old/new", "inside"))
    flowed = (
        b"Subject: a\r\nContent-Type: text/plain; format=flowed; delsp=yes; charset=utf-7\r\n\r\nOne +2AA- \r\nin two lines.\r\n"
    )
    return [bytes(message), flowed, test_extract_mail.PLAIN, *(bytes(data) for data in test_extract_mail.ENCRYPTED)]


def _saved_page() -> bytes:
    message = EmailMessage()
    message["Subject"] = "Page"
    message.set_content(PAGE.decode(), subtype="html")
    message.make_related()
    return bytes(message)


def _messages() -> list[bytes]:
    head, folder = test_extract_outlook.HEAD, test_extract_outlook.folder
    binary, text, records = test_extract_outlook.binary, test_extract_outlook.text, test_extract_outlook.records
    rich = b"{\\rtf1\\ansi Only rich.}"
    packed = struct.pack("<II4sI", len(rich) + 12, len(rich), b"MELA", 0) + rich
    attached = folder("__attach_version1.0_#00000000", records(8), text(0x3707, "b.pdf"), binary(0x3701, b"%PDF"))
    plain = compound(dict([*head, records(32, test_extract_outlook.SENT), text(0x1000, "See you.\r\n"), *attached]))
    return [plain, compound(dict([*head, records(32, (3, 0x3FDE, 1252)), binary(0x1009, packed), binary(0x1013, b"<p>x</p>")]))]


def _words() -> list[bytes]:
    document = old_word.Doc(
        ("Title\r", 1), ("one\r", 0, old_word.item()), ("a\x07", 0, b"\x16\x24\x01"), hidden=(1, 3, b"\x3c\x08\x01")
    )
    return [
        compound(document.streams()),
        old_word.word_6(b"a\x07b\x07\x07text\r", 0x804),
        compound(old_word.Doc(("x\x13 y\x14z\x15\r", 2)).streams()),
    ]


def _presentations() -> list[bytes]:
    shape, text = old_slides.shape, old_slides.text
    page = old_slides.slide(shape(text("box")), old_slides.table((0, 0, "a"), (9, 0, "b"), (0, 9, "c")), notes=5)
    notes = old_slides.notes_page(shape(text("Say so.", 2)))
    return [old_slides.presentation([(page, text("Growth", 0) + text("Only\rhere", 1))], notes=notes, title="Results")]


def _slides() -> list[bytes]:
    slides = test_extract_slides
    cell = "<a:tc><a:txBody><a:p><a:r><a:t>x</a:t></a:r></a:p></a:txBody></a:tc>"
    frame = f"<p:graphicFrame><a:tbl><a:tr>{cell}{cell}</a:tr></a:tbl></p:graphicFrame>"
    frame += '<p:graphicFrame><c:chart r:id="c"/></p:graphicFrame>'
    chart = f"""<c:chart {slides.SPACES}><c:ser><c:tx><c:pt idx="0"><c:v>mm</c:v></c:pt></c:tx>
    <c:cat><c:pt idx="0"><c:v>May</c:v></c:pt>
    </c:cat><c:val><c:pt idx="1"><c:v>7</c:v></c:pt></c:val></c:ser></c:chart>"""
    first = slides.tree(slides.shape("One", role="title", place=(1, 2)), slides.shape("a", "b", role="body", index="1"), frame)
    related = slides.relation("c", "chart", "../charts/c.xml")
    return [slides.deck(first, slides.tree(slides.shape("Two")), related=related, **{"charts/c.xml": chart})]


def _documents() -> list[bytes]:
    table = "<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    heading = "<w:p><w:pPr><w:pStyle w:val='H1'/><w:outlineLvl w:val='2'/></w:pPr><w:r><w:t>Big</w:t></w:r></w:p>"
    box = "<w:p><w:r><w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent></w:r></w:p>"
    return [docx_of(heading + table + box, "The title")]


def _texts_of_open_documents(kind: str, make: Callable[[str, str], bytes]) -> list[bytes]:
    bodies = {
        "text": '<text:h text:outline-level="2">Big</text:h><text:p>a<text:s text:c="2"/>b</text:p><text:list><text:list-item>'
                '<text:p>one</text:p></text:list-item></text:list>' + CELLS,
        "presentation": f"<draw:page>{test_extract_opendocument.frame('low', x='1cm', y='9cm')}<draw:g>"
                        f"{test_extract_opendocument.frame('Title', 'title')}</draw:g></draw:page>",
        "spreadsheet": CELLS,
    }  # fmt: skip
    return [make(bodies[kind], kind)]


def _frames() -> list[bytes]:
    stream = io.BytesIO()
    for outcome in (Document("/a", "a", "hash", test_wire.EXTRACTION), SkippedFile("empty", "hash"), Unchanged()):
        send(stream, {"reading": reading_to_frame(ReadResult("/a", outcome, "hash", 3, "/c.zip"))})
    return [stream.getvalue()]


def _flat(body: str, kind: str) -> bytes:
    return test_extract_opendocument.document(body, kind).encode()


TAR = test_extract_archive.tarred(test_extract_archive.ENTRIES | test_extract_archive.UNSAFE)
ENCODED = [text.encode(encoding) for text, encoding in (
    (test_extract_text.CHINESE, "gb18030"), (test_extract_text.JAPANESE, "iso2022_jp"), (test_extract_text.RUSSIAN, "koi8-r"),
    (test_extract_text.FRENCH, "utf-16"), (test_extract_text.GERMAN, "utf-32"), (test_extract_text.THAI, "cp874"),
)]  # fmt: skip
CODE = [b"import a\n\n@b\nclass C(D):\n    async def e(self):\n        pass\n", b"public static int main(String[] a) {\n}\n",
        b"\\section{One}\n\\subsection*{Two}\n", b"key:\n  inner: 1\n", b"export const f = async (a) => 1\n"]  # fmt: skip

SEEDS: dict[str, Callable[[], Iterable[bytes]]] = {
    ".pdf": lambda: [pdf_of("Hello\nWorld", "", "Second"), pdf_of("x", picture=True), _structured_pdf()],
    ".png": lambda: _pictures("PNG"),
    ".jpg": lambda: _pictures("JPEG", "RGB", "L"),
    ".tiff": lambda: _pictures("TIFF"),
    ".webp": lambda: _pictures("WEBP", "RGB"),
    ".bmp": lambda: _pictures("BMP"),
    ".gif": lambda: _pictures("GIF"),
    ".docx": _documents,
    ".pptx": _slides,
    ".xlsx": lambda: [test_extract_sheets.workbook({"A1": "Year", "B2": 3.5, "C9": True}, {"ZZ99": "x"}, hidden=2)],
    ".xlsb": lambda: [test_extract_archive.zipped({"xl/worksheets/sheet1.bin": b"\x94\x01\x10" + bytes(16)})],
    ".xls": lambda: [SHEET_2003.encode(), PAGE,
                     b"Year\tSales\n2023\t10\n", compound({"Workbook": test_extract_sheets.old_workbook((0, 1), (2, 2))})],
    ".odt": lambda: _texts_of_open_documents("text", test_extract_opendocument.packed),
    ".odp": lambda: _texts_of_open_documents("presentation", test_extract_opendocument.packed),
    ".ods": lambda: _texts_of_open_documents("spreadsheet", test_extract_opendocument.packed),
    ".fodt": lambda: _texts_of_open_documents("text", _flat),
    ".fods": lambda: _texts_of_open_documents("spreadsheet", _flat),
    ".rtf": lambda: [test_extract_rtf.rtf(b"{\\stylesheet{\\s1 heading 1;}}\\pard\\s1 Big\\par"
                                          b"\\trowd\\intbl a\\cell b\\cell\\row\\pard"
                                          b"{\\footnote note}\\u20013?\\'e9{\\upr{x}{\\*\\ud y}}\\par", test_extract_rtf.FONTS)],
    ".doc": _words,
    ".ppt": _presentations,
    ".one": lambda: [test_extract_onenote.section()],
    ".html": lambda: [PAGE, test_extract_web_office.PAGE.encode()],
    ".epub": lambda: [test_extract_ebook.book()],
    ".eml": _letters,
    ".emlx": lambda: [b"%d\n%s<plist/>" % (len(letter), letter) for letter in _letters()],
    ".mbox": lambda: [test_extract_mail.MBOX, b"\n".join(b"From a Mon Jan 1 00:00:00 2024\n" + letter for letter in _letters())],
    ".mhtml": lambda: [_saved_page()],
    ".msg": _messages,
    ".ics": lambda: [test_extract_structured.CALENDAR.encode()],
    ".vcf": lambda: [b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg=\r\n X\r\n"
                     b"TEL:1\r\nEND:VCARD\r\n"],
    ".srt": lambda: [test_extract_subtitles.SRT.encode()],
    ".vtt": lambda: [test_extract_subtitles.VTT.encode()],
    ".csv": lambda: [b"Name;Age\nAnn;30\n", b'"a ""b""",c\n1,2\n'],
    ".tsv": lambda: [b"Name\tAge\nAnn\t30\n"],
    ".json": lambda: [b'{"a": "\\u4f1a", "b": [1, 2.5, null, {"c": ""}]}', NOTE],
    ".parquet": lambda: [parquet_of("FROM (VALUES (1, 'a', DATE '2026-01-05', [1, 2]), (2, NULL, NULL, [])) t(a, b, c, d)"),
                         parquet_of("SELECT i, 'x' || i % 3 AS x, {'a': i} AS s FROM range(300) r(i)")],
    ".jsonl": lambda: [b'{"a": "\\u4f1a"}\n{"b": 1}\n'],
    ".boxnote": lambda: [NOTE, b'{"atext": {"text": "old"}}'],
    ".ipynb": lambda: [NOTEBOOK],
    ".xml": lambda: [b"<?xml version='1.0' encoding='utf-8'?><article><title>T</title><p>A sentence.</p>"
                     b"<table><tr><td>1</td></tr></table>"
                     b"<ref>x</ref></article>", 
                     b"<rss><item><title>a</title><description>&lt;p&gt;b&lt;/p&gt;</description></item></rss>",
                     test_extract_web_office.PAGE.encode()],
    ".txt": lambda: [*ENCODED, "第一章 总则\n第一条 内容\nARTICLE 5\n1.2 Title\n".encode()],
    ".md": lambda: [test_extract_text.MARKDOWN.encode(), b"---\ntitle: a\n---\n# B\n"],
    ".rst": lambda: [b"Title\n=====\n\nSub\n---\ntext\n"],
    **dict.fromkeys((".py", ".java", ".js", ".tex", ".yaml"), lambda: CODE),
    ".zip": lambda: [test_extract_archive.zipped(test_extract_archive.ENTRIES | test_extract_archive.UNSAFE),
                     test_extract_archive.locked_zip(b"a.txt", b"secret text", b"secret")],
    ".tar": lambda: [TAR],
    ".gz": lambda: [gzip.compress(b"text " * 50)],
    ".tgz": lambda: [gzip.compress(TAR)],
    ".bz2": lambda: [bz2.compress(b"text " * 50)],
    ".xz": lambda: [lzma.compress(TAR)],
    ".lzfu": lambda: [bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")],
    ".frames": _frames,
}  # fmt: skip


def seeds_for(suffixes: Iterable[str]) -> list[bytes]:
    """Return the seeds of some suffixes."""
    return [seed for suffix in suffixes for seed in SEEDS[suffix]()]

"""Small files of every kind, written by code."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import pytest

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STYLES = """<w:styles xmlns:w="{word}">
<w:style w:styleId="Title"><w:name w:val="Title"/></w:style>
<w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="H2"><w:name w:val="heading 2"/></w:style>
<w:style w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="H2"/></w:style>
</w:styles>"""
CORE = """<core xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></core>"""


def pdf_of(*pages: str, picture: bool = False) -> bytes:
    """Write a PDF with one page to each text (lines are kept); "" is an empty page."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for text in pages:
        lines = "".join(f"({line}) Tj T* " for line in text.split("\n")) if text else ""
        drawing = "0 0 100 100 re f " if picture else ""
        content = f"{drawing}BT /F1 12 Tf 72 720 Td 14 TL {lines}ET".encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    return _assemble(objects)


def _assemble(objects: list[bytes]) -> bytes:
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def docx_of(body: str, title: str = "", word: str = WORD, head: str = "") -> bytes:
    """Wrap the XML of a body (prefix `w:`) in a Word document."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        document = f'{head}<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>'
        archive.writestr("word/document.xml", document)
        archive.writestr("word/styles.xml", STYLES.format(word=word))
        archive.writestr("docProps/core.xml", CORE.format(title=title))
    return buffer.getvalue()


def parquet_of(select: str) -> bytes:
    """Write the result of a SELECT statement as a Parquet file."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        file = Path(folder) / "a.parquet"
        connection.execute(f"COPY ({select}) TO '{file}' (FORMAT parquet)")
        return file.read_bytes()


@pytest.fixture
def make_pdf():
    """Return the function that writes a PDF."""
    return pdf_of


@pytest.fixture
def make_docx():
    """Return the function that writes a Word document."""
    return docx_of


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file under the test's folder and returns its path."""

    def write_file(name: str, content: bytes | str = b"text"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file

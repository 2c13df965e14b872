"""Build small PDF, Word, Excel and PowerPoint files, as the cases need them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
PLACED = tuple[int, int, str]  # x, y and text on a page of 612 by 792 points
STYLES = (f'<styleSheet xmlns="{MAIN}"><numFmts count="1">'
          '<numFmt numFmtId="164" formatCode="#,##0.00\\ &quot;€&quot;"/></numFmts>'
          '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="10"/><xf numFmtId="164"/></cellXfs></styleSheet>')
PERCENT, EURO = 1, 2  # cell formats of `workbook`


def package(files: Mapping[str, str]) -> bytes:
    """Return a zip file of these texts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def relations(**targets: tuple[str, str]) -> str:
    """Return a relationships part: (kind, target) by id."""
    lines = (f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}"/>' for key, (kind, target) in targets.items())
    return f'<Relationships xmlns="{PACKAGE}">{"".join(lines)}</Relationships>'


def pdf_file(pages: Sequence[Sequence[PLACED]], extra: Sequence[str] = (), catalog: str = "", page: str = "") -> bytes:
    """Return a PDF of placed texts. `extra` are objects from number 4; `catalog` and `page` are added to those dictionaries."""
    objects = ["", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", *extra]
    kids = []
    for placed in pages:
        drawn = "".join(f"BT /F1 11 Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n" for x, y, text in placed)
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
                       f"/Resources << /Font << /F1 3 0 R >> >> {page} >>")
        kids.append(f"{len(objects)} 0 R")
    objects[0] = f"<< /Type /Catalog /Pages 2 0 R {catalog} >>"
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    return assembled([text.encode("latin-1") for text in objects])


def assembled(objects: Sequence[bytes]) -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is the catalog."""
    out, offsets = b"%PDF-1.6\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in offsets)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def table_pages(rows: Sequence[Sequence[str]], per_page: int) -> list[list[PLACED]]:
    """Return the pages of a table with columns 150 points apart and so many rows to a page."""
    pages = [rows[start : start + per_page] for start in range(0, len(rows), per_page)]
    return [[(60 + 150 * column, 740 - 16 * line, text) for line, row in enumerate(page) for column, text in enumerate(row)]
            for page in pages]


def prose_page(lines: Sequence[str]) -> list[PLACED]:
    """Return a page of these lines."""
    return [(60, 740 - 14 * number, line) for number, line in enumerate(lines)]


def word_file(body: str, header: str = "") -> bytes:
    """Return a Word document of this body (XML, prefix `w:`), with a page header if there is one."""
    section = '<w:sectPr><w:headerReference w:type="default" r:id="h1"/></w:sectPr>' if header else ""
    files = {
        "_rels/.rels": relations(r1=("officeDocument", "word/document.xml")),
        "word/document.xml": f'<w:document xmlns:w="{WORD}" xmlns:r="{OFFICE}"><w:body>{body}{section}</w:body></w:document>',
    }
    if header:
        files["word/_rels/document.xml.rels"] = relations(h1=("header", "header1.xml"))
        files["word/header1.xml"] = f'<w:hdr xmlns:w="{WORD}">{paragraph(header)}</w:hdr>'
    return package(files)


def paragraph(text: str) -> str:
    """Return a paragraph of a Word document."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def word_table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table of a Word document; a cell "^" continues the one above it."""
    def cell(text: str, below: str) -> str:
        merge = '<w:vMerge w:val="restart"/>' if below == "^" and text != "^" else "<w:vMerge/>" if text == "^" else ""
        return f"<w:tc><w:tcPr>{merge}</w:tcPr>{paragraph('' if text == '^' else text)}</w:tc>"

    following = [*rows[1:], [""] * len(rows[0])]
    lines = ("".join(cell(*pair) for pair in zip(row, below, strict=True)) for row, below in zip(rows, following, strict=True))
    return f"<w:tbl>{''.join(f'<w:tr>{line}</w:tr>' for line in lines)}</w:tbl>"


Cell = str | int | float | tuple[int, float]  # (format, number); a text that begins with "=" is a formula without a value


def workbook(*sheets: Mapping[str, Cell], hidden: int = 0, merged: str = "") -> bytes:
    """Return a workbook: the cells of each sheet by reference, row by row. `merged` is a range of the first sheet."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}" state="{"hidden" if n == hidden else "visible"}"/>'
                     for n in numbers)
    files = {
        "_rels/.rels": relations(r=("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(**{f"r{n}": ("worksheet", f"worksheets/sheet{n}.xml") for n in numbers},
                                                s=("styles", "styles.xml")),
        "xl/styles.xml": STYLES,
    }
    for number, cells in enumerate(sheets, 1):
        merge = f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged and number == 1 else ""
        files[f"xl/worksheets/sheet{number}.xml"] = (f'<worksheet xmlns="{MAIN}"><sheetData>{sheet_rows(cells)}</sheetData>'
                                                     f"{merge}</worksheet>")
    return package(files)


def sheet_rows(cells: Mapping[str, Cell]) -> str:
    """Return the rows of a sheet."""
    rows: dict[str, str] = {}
    for place, value in cells.items():
        number = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        rows[number] = rows.get(number, "") + sheet_cell(place, value)
    return "".join(f'<row r="{number}">{made}</row>' for number, made in rows.items())


def sheet_cell(place: str, value: Cell) -> str:
    """Return one cell."""
    if isinstance(value, tuple):
        return f'<c r="{place}" s="{value[0]}"><v>{value[1]}</v></c>'
    if isinstance(value, str):
        return f'<c r="{place}"><f>{value[1:]}</f></c>' if value.startswith("=") else \
            f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def slides_file(slides: Sequence[tuple[str, str]]) -> bytes:
    """Return a presentation: (title or "", text) of each slide."""
    def shape(text: str, kind: str) -> str:
        return (f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="x"/><p:cNvSpPr/><p:nvPr>{kind}</p:nvPr></p:nvSpPr><p:spPr/>'
                f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>") if text else ""

    numbers = range(1, len(slides) + 1)
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="r{n}"/>' for n in numbers)
    spaces = f'xmlns:p="{SLIDES}" xmlns:a="{DRAWING}" xmlns:r="{OFFICE}"'
    files = {
        "_rels/.rels": relations(r=("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {spaces}><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(**{f"r{n}": ("slide", f"slides/slide{n}.xml") for n in numbers}),
    }
    for number, (title, text) in enumerate(slides, 1):
        shapes = shape(title, '<p:ph type="title"/>') + shape(text, "")
        files[f"ppt/slides/slide{number}.xml"] = (f"<p:sld {spaces}><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id=\"1\" name=\"\"/>"
                                                  "<p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>"
                                                  f"{shapes}</p:spTree></p:cSld></p:sld>")
    return package(files)

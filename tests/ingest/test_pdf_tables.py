"""Tables, form values and annotations of PDF files."""

from __future__ import annotations

from assistant.datatypes import Document
from assistant.ingest import chunk
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.pdf.pdf import read_pdf
from assistant.models.fake import FakeEmbedder
from tests.ingest.conftest import _assemble

Placed = tuple[float, float, str]
VALVES = [["Code", "Pressure", "Hall"], *([f"K-{n}", f"{n % 9 + 1} bar", f"hall {n % 4}"] for n in range(20, 60))]


def pdf(*pages: list[Placed], annotations: str = "", catalog: str = "") -> Source:
    """Write a PDF of texts at places; `annotations` is the dictionary of one annotation on each page."""
    objects = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", annotations.encode()]
    kids = []
    for placed in pages:
        drawn = "".join(f"BT /F1 11 Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n" for x, y, text in placed).encode()
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn))
        more = b"/Annots [4 0 R]" if annotations else b""
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
                       b"/Resources << /Font << /F1 3 0 R >> >> %s >>" % (len(objects), more))
        kids.append(b"%d 0 R" % len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog.encode()
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    return Source(_assemble(objects), "a.pdf")


def table(rows: list[list[str]], top: float = 740, widths: float = 150) -> list[Placed]:
    return [(60 + widths * column, top - 16 * line, text) for line, row in enumerate(rows) for column, text in enumerate(row)]


def prose(lines: list[str], left: float = 60, top: float = 740) -> list[Placed]:
    return [(left, top - 14 * number, line) for number, line in enumerate(lines)]


def test_rows_are_lines_of_cells_with_their_header_behind_the_page_break() -> None:
    found = read_pdf(pdf(table(VALVES[:22]), table(VALVES[22:40]), table(VALVES[40:])))
    assert [(entry.header, entry.is_continued) for entry in found.tables] == [
        ("Code | Pressure | Hall", False), ("Code | Pressure | Hall", True), ("Code | Pressure | Hall", True)]
    assert found.text.split("\n")[:2] == ["Code | Pressure | Hall", "K-20 | 3 bar | hall 0"]
    for entry, rows in zip(found.tables, (VALVES[:22], VALVES[22:40], VALVES[40:]), strict=True):
        assert found.text[entry.char_start : entry.char_end] == "\n".join(map(" | ".join, rows))
    chunks = chunk(Document("/a.pdf", "a", "0" * 64, found), FakeEmbedder().count_tokens, 400)
    assert all("Pressure" in piece.searchable for piece in chunks)


def test_no_row_is_taken_for_a_page_header_because_its_digits_differ() -> None:
    found = read_pdf(pdf(*(table(VALVES[start : start + 8]) for start in range(0, 40, 8))))
    assert [line for line in found.text.split("\n") if line] == [" | ".join(row) for row in VALVES[:40]]


def test_a_table_between_prose_with_signs_and_leaders() -> None:
    rows = [["Oak . . . . . . .", "$", "1,200"], ["Ash . . . . . .", "$", "900"], ["Elm, of the north", "$", "85"]]
    placed = [(left, y, text) for number, row in enumerate(rows) for left, y, text in zip(
        (60, 300, 340), (600 - 16 * number,) * 3, row, strict=True)]
    found = read_pdf(pdf([*prose(["The prices of wood in the yard of Tolne."]), *placed]))
    assert found.text.split("\n")[1:] == ["Oak . . . . . . . | $ 1,200", "Ash . . . . . . | $ 900", "Elm, of the north | $ 85"]


def test_what_may_be_something_else_stays_as_it_is() -> None:
    left = [f"Line {n} of the left column goes on and on" for n in range(9)]
    columns = [*prose(left), *prose([line.replace("left", "right") for line in left], 330)]
    listed = table([[f"{n}.", f"Point of the list with number {n}"] for n in range(1, 7)], widths=40)
    ragged = [place for n in range(6) for place in (
        (60, 740 - 14 * n, "words"), (150 + 31 * (n % 4), 740 - 14 * n, "and far away more words"))]
    pairs = [place for n, text in enumerate(left) for place in ((60, 740 - 14 * n, text), (330, 740 - 14 * n, text))]
    for placed in (columns, listed, ragged, pairs, table(VALVES[:2])):
        found = read_pdf(pdf(placed))
        assert (found.tables, " | " in found.text) == ((), False)


def annotated(kind: str, more: str, catalog: str = "") -> tuple[str, tuple[str, ...]]:
    annotation = f"<< /Type /Annot /Subtype /{kind} /Rect [200 600 400 620] {more} >>"
    found = read_pdf(pdf(prose(["Delivery note of the yard"]), annotations=annotation, catalog=catalog))
    return found.text, found.notes


def test_form_values_and_typewriter_text_are_read_and_comments_counted() -> None:
    fields = "/AcroForm << /Fields [4 0 R] >>"
    assert annotated("Widget", "/FT /Tx /T (name) /V (Hanna Voss)", fields)[0] == "Delivery note of the yard\nname: Hanna Voss"
    assert annotated("Widget", "/FT /Tx /T (n) /TU (Number) /V (5)", fields)[0] == "Delivery note of the yard\nNumber: 5"
    assert annotated("Widget", "/FT /Tx /T (empty)", fields)[0] == "Delivery note of the yard"
    assert annotated("FreeText", "/Contents (Received 14 pallets) /DA (/Helv 11 Tf)")[0].endswith("\nReceived 14 pallets")
    assert annotated("FreeText", "/Contents (Delivery note of the yard) /DA (/Helv 11 Tf)")[0] == "Delivery note of the yard"
    assert annotated("Text", "/Contents (Clause four must go.)") == ("Delivery note of the yard", ("1 comment not read",))

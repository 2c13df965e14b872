"""Values that were changed or lost on reading: merged cells, delimiters, stray bytes, titles."""

from __future__ import annotations

import pytest

from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.encoding import decode
from assistant.ingest.extractors.office.docx import read_docx
from assistant.ingest.extractors.office.pptx import read_slides
from assistant.ingest.extractors.text.plain import read_csv
from tests.ingest.conftest import docx_of
from tests.ingest.test_extract_opendocument import read as read_opendocument
from tests.ingest.test_extract_slides import deck, shape, tree


def test_merged_cells_of_a_word_table_are_repeated() -> None:
    def cell(text: str, merge: str = "") -> str:
        return f"<w:tc><w:tcPr>{merge}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"

    start, more = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    rows = [cell("Yard") + cell("Crane"), cell("Tolne", start) + cell("C-1"), cell("", more) + cell("C-2"),
            cell("", more) + cell(""), cell("Ardlea") + cell("C-3"), cell("") + cell("C-4")]
    table = "".join(f"<w:tr>{row}</w:tr>" for row in rows)
    text = read_docx(Source(docx_of(f"<w:tbl>{table}</w:tbl>"), "a.docx")).text
    assert text.split("\n") == ["Yard | Crane", "Tolne | C-1", "Tolne | C-2", "Ardlea | C-3", " | C-4"]


def test_merged_cells_of_a_slide_are_repeated() -> None:
    def cell(text: str, merge: str = "") -> str:
        return f"<a:tc {merge}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"

    rows = [cell("Tolne", 'rowSpan="2"') + cell("C-1"), cell("", 'vMerge="1"') + cell("C-2"), cell("Ardlea") + cell("C-3")]
    table = "<p:graphicFrame><a:tbl>" + "".join(f"<a:tr>{row}</a:tr>" for row in rows) + "</a:tbl></p:graphicFrame>"
    assert read_slides(Source(deck(tree(table)), "a.pptx")).text == "Tolne | C-1\nTolne | C-2\nArdlea | C-3"


def test_merged_cells_of_an_opendocument_table_are_repeated() -> None:
    def cell(text: str, rows: int = 1) -> str:
        return f'<table:table-cell table:number-rows-spanned="{rows}"><text:p>{text}</text:p></table:table-cell>'

    covered = "<table:covered-table-cell/>"
    rows = [cell("Tolne", 2) + cell("C-1"), covered + cell("C-2"), cell("Ardlea") + cell("C-3")]
    body = "<table:table>" + "".join(f"<table:table-row>{row}</table:table-row>" for row in rows) + "</table:table>"
    assert read_opendocument(body).text == "Tolne | C-1\nTolne | C-2\nArdlea | C-3"


def test_the_delimiter_that_a_table_names() -> None:
    found = read_csv(Source(b"sep=;\nitem, of wood;price\noak;1,5\nash;2\n", "a.csv"))
    assert found.tables[0].header == "item, of wood | price"
    assert found.text[found.parts[0].char_start :].startswith("item, of wood")


@pytest.mark.parametrize(("data", "encoding", "text"), [
    ("Die Gebühr beträgt vier Euro.".encode() + b"\xff\n", "utf-8", "Die Gebühr beträgt vier Euro.\ufffd\n"),
    ("Плата за воду".encode() + b"\xff", "utf-8", "Плата за воду\ufffd"),
    ("水费每月四元".encode() + b"\xff", "utf-8", "水费每月四元\ufffd"),
    (b"The rent is 900 euros\0 a month.\n", "utf-8", "The rent is 900 euros\ufffd a month.\n"),
    (b"Ann\0 Bo", "utf-8", "Ann\ufffd Bo"), ("rent 9".encode("utf-16-le"), "utf-16-le", "rent 9"),
    ("Die Gebühr beträgt fünf.".encode("cp1252"), "cp1252", "Die Gebühr beträgt fünf."),
    ("Плата за воду".encode("cp1251"), "cp1251", "Плата за воду"),
])
def test_a_stray_byte_does_not_change_the_encoding(data: bytes, encoding: str, text: str) -> None:
    found = decode(data, ".txt")
    assert (found.encoding, found.text) == (encoding, text)
    assert bool(found.notes) == ("\ufffd" in text)


def test_the_title_of_a_presentation_is_on_its_first_slide() -> None:
    later = deck(tree(shape("Budget of the yard")), tree(shape("Any questions?", role="title")))
    assert read_slides(Source(later, "a.pptx")).title == ""
    first = deck(tree(shape("Budget", role="ctrTitle")), tree(shape("Any questions?", role="title")))
    assert read_slides(Source(first, "a.pptx")).title == "Budget"

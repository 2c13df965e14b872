"""Numbers in the formats of a workbook."""

from __future__ import annotations

import io
import zipfile

import pytest

from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.office.number_formats import parse_format
from assistant.ingest.extractors.office.xlsx import read_sheets
from tests.ingest.test_extract_sheets import MAIN, workbook

ACCOUNTING = '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)'


@pytest.mark.parametrize(("code", "value", "shown"), [
    ("0.0%", 0.185, "18.5%"), ("0%", 0.19, "19%"), ("#.##%", 0.5, "50%"), ("0.0%;[Red]0.0%", -0.1, "-10.0%"),
    ('#,##0.00\\ "€"', 1249.5, "1,249.50 €"), ('#,##0.00\\ "€"', -1249.5, "-1,249.50 €"), ("[$CHF] #,##0", 1000, "CHF 1,000"),
    (ACCOUNTING, -1234.5, "$(1,234.50)"), (ACCOUNTING, 0, "$0.00"),
    ("[$€-407]\\ #,##0.00;[Red]\\-[$€-407]\\ #,##0.00", -5.5, "-€ 5.50"),
    ('0.0" bar"', 6, "6.0 bar"), ('General" kg"', 4.25, "4.25 kg"), ("00000", 1234, "01234"), ("0.00%", 0.12345, "12.35%"),
])
def test_a_format_that_says_something_is_shown(code: str, value: float, shown: str) -> None:
    found = parse_format(code)
    assert found
    assert found.show(value) == shown


@pytest.mark.parametrize("code", ["General", "0.00", "#,##0", "yyyy-mm-dd", "0.00E+00", "# ?/?", '0.0,,"M"', "0000-00", "@", "",
                                  "[>100]0%;0", "#,##0.00_);[Red](#,##0.00)"])
def test_a_format_that_only_rounds_or_is_of_another_kind_is_left(code: str) -> None:
    assert parse_format(code) is None


def with_parts(data: bytes, styles: str = "", sheet: str = "") -> Source:
    """Replace the styles and the first sheet of a workbook."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, sheet if sheet and name.endswith("sheet1.xml") else old.read(name))
        new.writestr("xl/styles.xml", styles)
    return Source(buffer.getvalue(), "a.xlsx")


STYLES = (f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="0&quot; bar&quot;"/></numFmts>'
          '<cellXfs><xf numFmtId="0"/><xf numFmtId="10"/><xf numFmtId="164"/></cellXfs></styleSheet>')


def test_cells_are_read_as_they_are_shown_and_long_numbers_exactly() -> None:
    cells = ('<row r="1"><c r="A1" s="1"><v>0.185</v></c><c r="B1" s="2"><v>6</v></c><c r="C1"><v>4929000000005678</v></c>'
             '<c r="D1"><v>12345678901234567890</v></c><c r="E1"><v>0.5</v></c></row>')
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    found = read_sheets(with_parts(workbook({"A1": 1}), STYLES, sheet))
    assert found.text == "18.50% | 6 bar | 4929000000005678 | 12345678901234567890 | 0.5"


def test_a_merged_cell_stands_in_each_of_its_rows_and_nothing_is_silent() -> None:
    def text(place: str, words: str) -> str:
        return f'<c r="{place}" t="inlineStr"><is><t>{words}</t></is></c>'

    rows = (f'<row r="1">{text("A1", "Yard")}{text("B1", "Crane")}</row><row r="2">{text("A2", "Tolne")}{text("B2", "C-1")}</row>'
            f'<row r="3">{text("B3", "C-2")}</row><row r="4"/><row r="5"><c r="B5"><f>B4*2</f></c></row>')
    merged = '<mergeCells count="1"><mergeCell ref="A2:A4"/></mergeCells>'
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{merged}</worksheet>'
    found = read_sheets(with_parts(workbook({"A1": 1}, {"A1": "old"}, hidden=2), STYLES, sheet))
    assert found.text == "Yard | Crane\nTolne | C-1\nTolne | C-2\n\nold"
    assert [mark.cells for mark in found.marks] == ["A1:B1", "A2:B2", "A3:B3", "A1"]
    assert found.notes == ("the sheet S2 is hidden in the workbook; it was read",
                           "1 formula without a value: open the file in a spreadsheet program and save it")

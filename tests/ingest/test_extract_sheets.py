from __future__ import annotations

import io
import struct
import zipfile
from datetime import date, datetime, time, timedelta

import pytest
from olefile import OleFileIO

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.office import workbook_bounds, xlsx
from assistant.ingest.extractors.office.xlsx import column_name, format_value, read_opendocument_sheets, read_sheets
from tests.ingest.compound_files import compound

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table")
)


def cell(place: str, value: object) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    kind = ' t="b"' if isinstance(value, bool) else ""
    return f'<c r="{place}"{kind}><v>{int(value) if isinstance(value, bool) else value}</v></c>'


def workbook(*sheets: dict[str, object], hidden: int = -1) -> bytes:
    """Write a workbook from the cells of each sheet by their reference, in order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        numbers = range(1, len(sheets) + 1)
        states = ["hidden" if number == hidden else "visible" for number in numbers]
        listed = "".join(
            f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}" state="{state}"/>' for n, state in zip(numbers, states, strict=True)
        )
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>')
        related = "".join(
            f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>')
        root = f'<Relationship Id="r" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGE}">{root}</Relationships>')
        for number, cells in enumerate(sheets, 1):
            rows: dict[str, str] = {}
            for place, value in cells.items():
                row = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
                rows[row] = rows.get(row, "") + cell(place, value)
            content = "".join(f'<row r="{row}">{made}</row>' for row, made in rows.items())
            sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{content}</sheetData></worksheet>'
            archive.writestr(f"xl/worksheets/sheet{number}.xml", sheet)
    return buffer.getvalue()


def area_of_cells(content: bytes) -> int:
    return workbook_bounds._read_cells(content, ())[0]


def read(data: bytes, name: str = "a.xlsx"):
    return read_sheets(Source(data, name))


def marked(found) -> dict[str, str]:
    """Return the line at each mark."""
    return {mark.cells: found.text[mark.char_start :].split("\n")[0] for mark in found.marks}


def test_rows_are_lines_with_the_range_of_their_cells():
    found = read(workbook({"C4": "Name", "E4": "Age", "C5": "Ann", "E5": 41.0, "C6": "Bob", "E6": 0.5}))
    assert found.text == "Name | Age\nAnn | 41\nBob | 0.5"
    assert marked(found) == {"C4:E4": "Name | Age", "C5:E5": "Ann | 41", "C6:E6": "Bob | 0.5"}
    assert found.tables[0].header == "Name | Age"


def test_sheets_are_parts_hidden_ones_too():
    steps: list[str] = []
    data = workbook({"A1": "first"}, {"B2": True}, hidden=2)
    found = read_sheets(Source(data, "a.xlsx", on_step=steps.append))
    texts = {part.sheet: found.text[part.char_start : part.char_end] for part in found.parts}
    assert texts == {"S1": "first", "S2": "TRUE"}
    assert steps == ["sheet S1", "sheet S2"]
    assert marked(found) == {"A1": "first", "B2": "TRUE"}


def test_titles_above_a_header_are_no_part_of_the_table():
    cells = {"A1": "Annual report", "A2": "all in euros", "A3": "Year", "B3": "Sales", "C3": "Cost"}
    found = read(workbook({**cells, "A4": 2023, "B4": 10, "C4": 9, "A5": 2024, "B5": 12, "C5": 8}))
    assert found.text == "Annual report\nall in euros\n\nYear | Sales | Cost\n2023 | 10 | 9\n2024 | 12 | 8"
    assert found.tables[0].header == "Year | Sales | Cost"
    assert list(marked(found)) == ["A1", "A2", "A3:C3", "A4:C4", "A5:C5"]


def test_an_empty_row_ends_a_table():
    cells = {"A1": "Year", "B1": "Sales", "A2": 2023, "B2": 10, "A5": "Name", "B5": "Age", "A6": "Ann", "B6": 4}
    assert [table.header for table in read(workbook(cells)).tables] == ["Year | Sales", "Name | Age"]


def test_values_are_shown_as_a_spreadsheet_shows_them():
    values = (3.0, 0.1 + 0.2, 1e20, True, date(2024, 1, 2), datetime(2024, 1, 2), datetime(2024, 1, 2, 3, 4, 5, 6), time(3, 4))
    assert [format_value(value) for value in values] == [
        *("3", "0.3", "1e+20", "TRUE", "2024-01-02", "2024-01-02", "2024-01-02 03:04:05", "03:04:00"),
    ]
    assert format_value(timedelta(hours=30, seconds=5)) == "30:00:05"
    assert format_value(-timedelta(minutes=2)) == "-0:02:00"


def test_columns_have_letters():
    assert [column_name(index) for index in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]


def test_a_sheet_with_too_much_in_it_is_refused(monkeypatch):
    with pytest.raises(UnreadableFile, match="most of them empty"):
        read(workbook({"A1": "x", "XFD1048576": "y"}))
    monkeypatch.setattr(xlsx, "MOST_CELLS", 3)
    with pytest.raises(UnreadableFile, match="too large"):
        read(workbook({"A1": 1, "B1": 2, "A2": 3, "B2": 4}))


def test_empty_cells_far_out_do_not_count():
    content = b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="1"/></row><row r="1048576"><c s="2" r="A1048576" /></row>'
    assert area_of_cells(content) == 1


def binary_record(kind: int, content: bytes) -> bytes:
    return bytes([kind, len(content)]) + content


def test_the_cells_of_a_binary_sheet_count_and_not_the_bounds_that_it_states():
    first, last = (binary_record(0, struct.pack("<I", row)) + binary_record(5, struct.pack("<I", column) + bytes(12))
                   for row, column in ((3, 2), (12, 6)))  # fmt: skip
    stated = b"\x94\x01\x10" + bytes(16)
    assert workbook_bounds._area_of_records(b"\x81\x01\x00" + stated + first + last) == 50


@pytest.mark.parametrize(
    "cell",
    [
        "<c r='XFD1048576'><v>1</v></c>", '<c r="xfd1048576"><v>1</v></c>', '<c x="/>" r="XFD1048576"><v>1</v></c>',
        f'<c x="{"y" * 999}" r = "XFD1048576"><is><t>1</t></is></c>',
        "</row><row r='1048576'><c><v>1</v></c>" + "<c/>" * 999 + "<c><v>2</v></c>", '<c r="XFD1048576"><v>1</v></c><unclosed>',
    ],
)  # fmt: skip
def test_a_cell_far_out_is_seen_however_it_is_written(cell):
    sheet = f'<x:sheetData xmlns:x="{MAIN}"><row r="1"><c r="A1"><v>1</v></c></row><row>{cell}</row></x:sheetData>'
    assert area_of_cells(sheet.encode()) > 1e9


def old_workbook(*cells: tuple[int, int]) -> bytes:
    """Write the workbook stream of Excel 97 with numbers in its only sheet."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    beginning, end = (record(0x0809, struct.pack("<HHIII", 0x0600, kind, 0, 0, 0)) for kind in (5, 0x10)), record(0x0A, b"")
    book, sheet = beginning
    sheet += b"".join(record(0x0203, struct.pack("<HHHd", row, column, 0, 1.5)) for row, column in cells) + end
    start = len(book) + len(record(0x85, bytes(9))) + len(end)
    return book + record(0x85, struct.pack("<IBBBB", start, 0, 0, 1, 0) + b"S") + end + sheet


def test_old_workbooks_are_read_from_a_file_of_our_own():
    found = read(compound({"Workbook": old_workbook((0, 1), (2, 2))}), "a.xls")
    assert marked(found) == {"B1": "1.5", "C3": "1.5"} and found.parts[0].sheet == "S"
    with pytest.raises(UnreadableFile, match="most of them empty"):
        read(compound({"Workbook": old_workbook((0, 0), (65535, 65535))}), "a.xls")


def test_an_allocation_table_that_runs_in_a_circle_ends():
    data = bytearray(compound({"Workbook": old_workbook((0, 0)), "Other": b"x"}))
    other = 512 + 4 * (2 + 8)  # the table is the first sector, the directory the second; the workbook has 8
    struct.pack_into("<I", data, other, 2 + 8)
    assert read(bytes(data), "a.xls").text == "1.5"
    struct.pack_into("<I", data, 512 + 4 * 1, 1)  # the directory itself
    assert read(bytes(data), "a.xls").text == "1.5"


def test_a_workbook_of_any_size_fits_the_file_of_our_own():
    for size in (1, 4096, 4097, 5_000_000):
        content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        with OleFileIO(io.BytesIO(workbook_bounds.write_compound("Workbook", content))) as file:
            assert file.openstream("Workbook").read().rstrip(b"\0") == content.rstrip(b"\0")


def ods(body: str, **entries: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        content = f"<office:body><office:spreadsheet>{body}</office:spreadsheet></office:body>"
        archive.writestr("content.xml", f"<office:document-content {ODF}>{content}</office:document-content>")
        for name, entry in entries.items():
            archive.writestr(name, entry)
    return buffer.getvalue()


def test_opendocument_cells_as_they_are_shown():
    nothing = '<table:table-cell table:number-columns-repeated="16384"/>'
    empty = f'<table:table-row table:number-rows-repeated="3">{nothing}</table:table-row>'
    price = '<table:table-cell office:value-type="currency" office:value="12.5"><text:p>12.50 €</text:p></table:table-cell>'
    bare = '<table:table-cell office:value-type="float" office:value="7"/>'
    row = f'<table:table-row><table:table-cell table:number-columns-repeated="2"/>{price}{bare}</table:table-row>'
    data = ods(f'<table:table table:name="Prices">{empty}{row}</table:table>')
    for found in (read_opendocument_sheets(Source(data, "a.ods")), read(data)):
        assert found.text == "12.50 € | 7"
        assert marked(found) == {"C4:D4": "12.50 € | 7"}
        assert found.parts[0].sheet == "Prices"


def test_opendocument_repeats_are_bounded():
    bomb = '<table:table-cell table:number-columns-repeated="999999999"><text:p>x</text:p></table:table-cell>'
    table = f'<table:table><table:table-row table:number-rows-repeated="999999999">{bomb}</table:table-row></table:table>'
    assert len(read_opendocument_sheets(Source(ods(table), "a.ods")).text) < 5_000_000


def test_opendocument_that_is_encrypted():
    data = ods("", **{"META-INF/manifest.xml": "<m><encryption-data/></m>"})
    with pytest.raises(UnreadableFile, match="it is encrypted: a password is needed"):
        read_opendocument_sheets(Source(data, "a.ods"))


def test_other_files_that_are_called_xls():
    xml = """<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
    xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Old"><Table><Row ss:Index="3">
    <Cell ss:Index="2"><Data ss:Type="String">a</Data></Cell><Cell ss:MergeAcross="1">
    <Data ss:Type="DateTime">2024-01-02T00:00:00.000</Data></Cell>
    <Cell><Data ss:Type="Number">5</Data></Cell></Row></Table></Worksheet></Workbook>"""
    found = read(xml.encode(), "a.xls")
    assert found.parts[0].sheet == "Old"
    assert marked(found) == {"B3:E3": "a | 2024-01-02 | 5"}
    page = b"<html><table><tr><th>Year</th><th>Sales</th></tr><tr><td>2023</td><td>10</td></tr></table></html>"
    assert read(page, "a.xls").text == "Year | Sales\n2023 | 10"
    assert read(b"Year\tSales\n2023\t10\n", "a.xls").tables[0].header == "Year | Sales"


def test_what_cannot_be_read_is_refused_with_its_reason():
    data = workbook({"A1": 1})
    for bad in (data[: len(data) // 2], b"PK\x03\x04"):
        with pytest.raises(UnreadableFile, match="damaged: it is cut off or no spreadsheet"):
            read(bad)
    with pytest.raises(UnreadableFile, match="Excel 4 or older"):
        read(b"\x09\x04\x06\x00\x00\x00\x10\x00" + bytes(100), "a.xls")
    with pytest.raises(UnreadableFile, match="damaged"):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls")


@pytest.mark.parametrize("digits", ["9" * 5000, "²", "-1", "x"])
def test_numbers_of_excel_2003_that_are_none(digits):
    xml = f"""<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table><Row Index="{digits}">
    <Cell Index="{digits}" MergeAcross="{digits}"><Data>a</Data></Cell><Cell><Data>b</Data></Cell></Row></Table>
    </Worksheet></Workbook>"""
    assert marked(read(xml.encode(), "a.xls")) == {"A1:B1": "a | b"}


@pytest.mark.parametrize("encoding", ["TTF-8", "gb18030", "hex", "idna"])
def test_a_sheet_in_an_encoding_that_nobody_knows(encoding):
    sheet = f'<?xml version="1.0" encoding="{encoding}"?><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>'
    assert area_of_cells(sheet.encode()) == 1


FORMULA_CELLS = {
    '<c r="B2"><f>A2*2</f><v></v></c>': 1,  # openpyxl
    '<c r="B2"><f>A2*2</f><v/></c>': 1,
    '<c r="B2" s="1"><f>A2*2</f><v xml:space="preserve"> </v></c>': 1,
    '<c r="B2"><f>A2*2</f></c>': 1,
    '<c r="B2"><v></v></c>': 0,
    '<c r="B2"><f>A2*2</f><v>4</v></c>': 0,
    '<c r="B2" t="str"><f>IF(A2,"","x")</f><v></v></c>': 0,  # Excel: the result is an empty string
    '<c r="B2" t="e"><f>A2/0</f><v>#DIV/0!</v></c>': 0,
}


@pytest.mark.parametrize(("cells", "count"), FORMULA_CELLS.items())
def test_formulas_of_an_xlsx_without_a_value_are_counted(cells, count):
    rows = f'<row r="1"><c r="A1" t="str"><v>Net</v></c></row><row r="2"><c r="A2"><v>2</v></c>{cells}</row>'
    notes = [note for note in read(workbook_of(rows)).notes if "formula" in note]
    assert tuple(notes) == notes_on_formulas(count)


def workbook_of(rows: str) -> bytes:
    """Write a workbook with the XML of the rows of its only sheet."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook({"A1": 1}))) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            is_sheet = name.endswith("sheet1.xml")
            sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
            new.writestr(name, sheet if is_sheet else old.read(name))
    return buffer.getvalue()


@pytest.mark.parametrize("error", ["#REF!", "#SPILL!"])  # calamine does not know the second
def test_errors_in_cells_of_an_xlsx_are_read_and_counted(error):
    head = '<row r="3"><c r="B3" t="str"><v>Item</v></c><c r="C3" t="str"><v>Price</v></c></row>'
    first = '<row r="4"><c r="B4" t="str"><v>Desk</v></c><c r="C4" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    second = f'<row r="5"><c r="B5" t="str"><v>Lamp</v></c><c r="C5" t=\'e\' s="0"><v>{error}</v></c></row>'
    found = read(workbook_of(head + first + second))
    assert marked(found) == {"B3:C3": "Item | Price", "B4:C4": "Desk | #DIV/0!", "B5:C5": f"Lamp | {error}"}
    assert found.notes == (f"2 cells of the sheet S1 hold an error: #DIV/0!, {error}",)
    assert read(workbook_of(head + first)).notes == ("1 cell of the sheet S1 holds an error: #DIV/0!",)


def test_errors_in_cells_of_an_ods_are_counted():
    error = '<table:table-cell table:formula="of:=1/0" office:value-type="float" office:value="0"><text:p>#DIV/0!</text:p>'
    calc = '<table:table-cell xmlns:c="urn:c" office:value-type="string" c:value-type="error" table:number-columns-repeated="2">'
    cells = f"{error}</table:table-cell>{calc}<text:p>Err:502</text:p></table:table-cell>"
    written = "<table:table-cell><text:p>#N/A</text:p></table:table-cell>"  # a text that somebody typed
    found = read(ods(f'<table:table table:name="Prices"><table:table-row>{cells}{written}</table:table-row></table:table>'))
    assert found.text == "#DIV/0! | Err:502 | Err:502 | #N/A"
    assert found.notes == ("3 cells of the sheet Prices hold an error: #DIV/0!, Err:502",)


def test_errors_in_cells_of_an_excel_2003_workbook_are_counted():
    name = "urn:schemas-microsoft-com:office:spreadsheet"
    row = '<Row><Cell><Data ss:Type="String">a</Data></Cell><Cell><Data ss:Type="Error">#N/A</Data></Cell></Row>'
    sheet = f'<Worksheet ss:Name="Old"><Table>{row}</Table></Worksheet>'
    found = read(f'<Workbook xmlns="{name}" xmlns:ss="{name}">{sheet}</Workbook>'.encode())
    assert (found.text, found.notes) == ("a | #N/A", ("1 cell of the sheet Old holds an error: #N/A",))


ODS_CELLS = {
    '<table:table-cell table:formula="of:=[.A1]*2"/>': 1,
    '<table:table-cell table:formula="of:=[.A1]*2" office:value-type="float" table:number-columns-repeated="3"/>': 3,
    '<table:table-cell table:formula="of:=[.A1]*2" office:value-type="float" office:value="4"/>': 0,
    '<table:table-cell table:formula="of:=IF(1;&quot;&quot;;2)" office:value-type="string"/>': 0,
    "<table:table-cell/>": 0,
}


@pytest.mark.parametrize(("cells", "count"), ODS_CELLS.items())
def test_formulas_of_an_ods_without_a_value_are_counted(cells, count):
    row = f"<table:table-row><table:table-cell><text:p>2</text:p></table:table-cell>{cells}</table:table-row>"
    assert read(ods(f'<table:table table:name="Prices">{row}</table:table>')).notes == notes_on_formulas(count)


@pytest.mark.parametrize(("cells", "count"), [
    ('<Cell ss:Formula="=RC[-1]*2"/>', 1),
    ('<Cell ss:Formula="=RC[-1]*2"><Data ss:Type="Number"></Data></Cell>', 1),
    ('<Cell ss:Formula="=RC[-1]*2"><Data ss:Type="Number">4</Data></Cell>', 0),
    ('<Cell ss:Formula="=&quot;&quot;"><Data ss:Type="String"></Data></Cell>', 0),
])
def test_formulas_of_an_excel_2003_workbook_without_a_value_are_counted(cells, count):
    name = "urn:schemas-microsoft-com:office:spreadsheet"
    row = f'<Row><Cell><Data ss:Type="Number">2</Data></Cell>{cells}</Row>'
    xml = f'<Workbook xmlns="{name}" xmlns:ss="{name}"><Worksheet><Table>{row}</Table></Worksheet></Workbook>'
    assert read(xml.encode()).notes == notes_on_formulas(count)


def notes_on_formulas(count):
    hint = "without a value: open the file in a spreadsheet program and save it"
    return (f"{count} formula{'s' if count > 1 else ''} {hint}",) if count else ()

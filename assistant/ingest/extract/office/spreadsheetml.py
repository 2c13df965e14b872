"""Workbooks in the XML of Excel 2003 (SpreadsheetML, urn:schemas-microsoft-com:office:spreadsheet) in; their sheets out."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.datatypes import Extraction, Part
from assistant.ingest.extract.office.odf import flat_xml
from assistant.ingest.extract.office.ranges import NumberedRow, write_rows
from assistant.ingest.extract.package import attribute, local, whole_number
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.writing import Writing

NAMESPACE = b"urn:schemas-microsoft-com:office:spreadsheet"
WIDEST = 16384


def is_spreadsheetml(head: bytes) -> bool:
    """Say whether a file that begins so is such a workbook."""
    return NAMESPACE in head and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def read_spreadsheetml(source: Source) -> Extraction:
    """Read a workbook of one XML file."""
    writing = Writing()
    for sheet in flat_xml(source.data, "spreadsheet"):
        if local(sheet) == "Worksheet":
            writing.begin(Part(0, 0, sheet=attribute(sheet, "Name")))
            for table in sheet:
                if local(table) == "Table":
                    write_rows(_rows(table), writing)
    return writing.finish()


def _rows(table: Element) -> Iterator[NumberedRow]:
    number = 0
    for row in table:
        if local(row) == "Row":
            number = _index(row, number + 1)
            yield number, _cells(row)


def _cells(row: Element) -> list[str]:
    """Return the cells up to the last with text; one may say which column it is in, and those before it are empty."""
    cells: list[str] = []
    column = 0
    for cell in row:
        if local(cell) != "Cell":
            continue
        column, text = _index(cell, column + 1), _value(cell)
        if column > WIDEST:
            break
        if text:
            cells += [""] * (column - 1 - len(cells)) + [text]
        column += whole_number(attribute(cell, "MergeAcross"))
    return cells


def _value(cell: Element) -> str:
    data = next((node for node in cell if local(node) == "Data"), Element("Data"))
    text = "".join(data.itertext()).strip()
    return text.removesuffix("T00:00:00.000") if attribute(data, "Type") == "DateTime" else text


def _index(node: Element, following: int) -> int:
    return max(following, whole_number(attribute(node, "Index")))

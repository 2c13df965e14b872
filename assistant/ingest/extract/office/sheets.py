"""Spreadsheets of every kind in; one part to a sheet, one row to a line with its cells' range out."""

from __future__ import annotations

import re

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extract.office.grid import numbered_rows
from assistant.ingest.extract.office.odf import opened_content
from assistant.ingest.extract.office.protected import old_suffix, opened
from assistant.ingest.extract.office.ranges import write_rows
from assistant.ingest.extract.office.spreadsheetml import is_spreadsheetml, read_spreadsheetml
from assistant.ingest.extract.office.workbook import KIND, read_workbook
from assistant.ingest.extract.package import OLD_CONTAINER, attribute, local, opened_package
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.text.table import read_csv
from assistant.ingest.extract.web.web import read_html
from assistant.ingest.extract.writing import Writing

PACKAGE = b"PK"
ANCIENT = re.compile(rb"\x09[\x00\x02\x04\x08][\x04-\x10]\x00")  # how a workbook begins that is older than the container
HTML = re.compile(rb"<\s*(?:!doctype html|html|head|body|table|meta|div|style)\b", re.I)
SAMPLE = 2048


def read_sheets(source: Source) -> Extraction:
    """Read an Excel workbook by what it is, whatever its suffix: also web pages and text that were given such a name."""
    source = opened(source)
    head = source.data[:SAMPLE]
    if head.startswith(OLD_CONTAINER):
        return _read_old(source)
    if head.startswith(PACKAGE):
        return _read_package(source)
    if ANCIENT.match(head):
        raise UnreadableFile("a workbook of Excel 4 or older: save it anew as .xlsx")
    if is_spreadsheetml(head):
        return read_spreadsheetml(source)
    return read_html(source) if HTML.search(head) else read_csv(source)


def read_opendocument_sheets(source: Source) -> Extraction:
    """Read an OpenDocument spreadsheet: its cells as they are shown."""
    content, writing = opened_content(source), Writing()
    for table in content.body:
        if local(table) == "table":
            name = attribute(table, "name")
            source.on_step(f"sheet {name}")
            writing.begin(Part(0, 0, sheet=name))
            write_rows(numbered_rows(table), writing)
    return writing.finish(content.title)


def _read_old(source: Source) -> Extraction:
    suffix = old_suffix(source.data)
    if suffix not in ("", ".xls"):
        raise UnreadableFile(f"it is an old {suffix} file under a new name, no {KIND}")
    return read_workbook(source)


def _read_package(source: Source) -> Extraction:
    with opened_package(source.data, KIND) as archive:
        is_opendocument = "content.xml" in archive.namelist()
    return read_opendocument_sheets(source) if is_opendocument else read_workbook(source)

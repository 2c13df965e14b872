"""Spreadsheets of every kind in; one part to a sheet, one row to a line with its cells' range out."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeVar
from xml.etree.ElementTree import Element

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Writing
from assistant.ingest.extractors.office.encryption import old_suffix, opened
from assistant.ingest.extractors.office.odf import flat_xml, numbered_rows, opened_content
from assistant.ingest.extractors.office.ooxml import core_title
from assistant.ingest.extractors.office.sheet_tables import NumberedRow, refuse_sparse, write_rows
from assistant.ingest.extractors.office.xls import resealed
from assistant.ingest.extractors.source import Source
from assistant.ingest.extractors.text.plain import read_csv
from assistant.ingest.extractors.web.html import read_html
from assistant.ingest.extractors.zip_package import OLD_CONTAINER, attribute, local, opened_package, whole_number

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

PACKAGE = b"PK"
ANCIENT = re.compile(rb"\x09[\x00\x02\x04\x08][\x04-\x10]\x00")  # how a workbook begins that is older than the container
HTML = re.compile(rb"<\s*(?:!doctype html|html|head|body|table|meta|div|style)\b", re.I)
HEAD_BYTES = 2048


def read_sheets(source: Source) -> Extraction:
    """Read an Excel workbook by what it is, whatever its suffix: also web pages and text that were given such a name."""
    source = opened(source)
    head = source.data[:HEAD_BYTES]
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


KIND = "spreadsheet"
MIDNIGHT = time()
EXACT = 1e15  # whole numbers beyond are not exact, and Excel shows them by their powers of ten
Value = str | float | bool | date | datetime | time | timedelta
Result = TypeVar("Result")


def read_workbook(source: Source) -> Extraction:
    """Read a workbook; hidden sheets too. Raises UnreadableFile where it is damaged, or too large."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    is_old = source.data.startswith(OLD_CONTAINER)
    title, data = ("", resealed(source.data, KIND)) if is_old else (_checked(source), source.data)
    try:
        workbook = _calm(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    except PasswordError as error:
        raise UnreadableFile("it is encrypted in a way that cannot be undone here") from error
    except (CalamineError, OSError) as error:
        raise UnreadableFile(f"damaged: it is cut off or no {KIND}") from error
    writing, notes = Writing(), []
    for name in _names(workbook):
        source.on_step(f"sheet {name}")
        try:
            sheet = _calm(lambda name=name: workbook.get_sheet_by_name(name))  # type: ignore[misc]
        except (CalamineError, UnreadableFile):
            notes.append(f"the sheet {name} is damaged")
            continue
        writing.begin(Part(0, 0, sheet=name))
        write_rows(_rows(sheet), writing, sheet.start[1] if sheet.start else 0)
    if notes and not writing.length:
        raise UnreadableFile("damaged: none of its sheets can be read")
    return writing.finish(title, tuple(notes))


def _checked(source: Source) -> str:
    """Return the title of a package. Raises UnreadableFile where a sheet would take up memory without end."""
    with opened_package(source.data, KIND) as archive:
        refuse_sparse(archive)
        return core_title(archive)


def _names(workbook: CalamineWorkbook) -> list[str]:
    from python_calamine import SheetTypeEnum

    return [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]


def _calm(action: Callable[[], Result]) -> Result:
    """Return what the library gives. Where it breaks off in its own language, that is no ordinary exception."""
    try:
        return action()
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableFile(f"damaged, or written by a program that is not understood: {error}") from error


def _rows(sheet: CalamineSheet) -> Iterator[NumberedRow]:
    """Yield the rows from the first of the sheet on, with their numbers; their cells begin at the sheet's first column."""
    for number, row in enumerate(sheet.iter_rows(), 1):
        yield number, [shown(value) for value in row]


def shown(value: Value) -> str:
    """Return a value as a spreadsheet shows it, dates in ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == MIDNIGHT else value.isoformat(" ", "seconds")
    return value.isoformat()


def _number(value: float) -> str:
    return str(int(value)) if value == value and abs(value) < EXACT and value == int(value) else f"{value:.15g}"


def _duration(value: timedelta) -> str:
    seconds = round(abs(value.total_seconds()))
    sign = "-" if value < timedelta() else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


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
                    write_rows(_xml_rows(table), writing)
    return writing.finish()


def _xml_rows(table: Element) -> Iterator[NumberedRow]:
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

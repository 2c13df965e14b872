"""Read spreadsheets (.xlsx, .xlsm, .xlsb, .xls, .ods, Excel 2003 XML): a part per sheet, a row per line with its cell range.

Excel workbooks go through calamine, after `refuse_sparse` and `rebuild_workbook` have bounded the memory it can take. A file is
read by its content, whatever its suffix: web pages and text are often called .xls.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from statistics import median_high
from typing import TYPE_CHECKING, TypeVar
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from assistant.datatypes import WITHOUT_VALUE, Extraction, Part, PositionLabel
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, ExtractionBuilder, Source, as_row, header_of
from assistant.ingest.extractors.legacy.ole import UNSUPPORTED, decrypt, legacy_suffix
from assistant.ingest.extractors.office.cell_errors import errors_of_spreadsheetml, note_on_errors, with_known_errors
from assistant.ingest.extractors.office.number_formats import NumberFormat, formats_of_styles
from assistant.ingest.extractors.office.odf import (
    count_errors,
    formulas_without_value,
    numbered_rows,
    parse_flat_xml,
    read_content,
)
from assistant.ingest.extractors.office.workbook_bounds import LARGEST_AREA, SheetDetails, rebuild_workbook, refuse_sparse
from assistant.ingest.extractors.text.plain import read_csv
from assistant.ingest.extractors.web.html import read_html
from assistant.ingest.extractors.zip_package import (
    OLD_CONTAINER,
    Relation,
    attribute,
    child_of,
    core_title,
    main_part,
    open_package,
    optional_xml,
    relations,
    tag_name,
    targets,
    whole_number,
)

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

KIND = "spreadsheet"
ANCIENT = re.compile(rb"\x09[\x00\x02\x04\x08][\x04-\x10]\x00")  # a BOF record without compound file: Excel 4 or older
HTML = re.compile(rb"<\s*(?:!doctype html|html|head|body|table|meta|div|style)\b", re.I)
SPREADSHEETML = b"urn:schemas-microsoft-com:office:spreadsheet"
HEAD_BYTES = 2048
MIDNIGHT = time()
EXACT = 2.0**53  # larger whole numbers are not exact, and Excel shows them in scientific notation
EXACT_DECIMALS = 1e15  # larger numbers have no digits behind the point
WIDEST = 16384  # columns, the limit of Excel

MOST_CELLS = 3_000_000
LATEST_HEADER = 10  # title rows that may stand above the header
ROWS_BELOW = 20

NumberedRow = tuple[int, Sequence[str]]
CellRange = tuple[tuple[int, int], tuple[int, int]]
NO_DETAILS = SheetDetails({}, {}, 0, {})
CellValue = str | float | bool | date | datetime | time | timedelta
Returned = TypeVar("Returned")


def read_sheets(source: Source) -> Extraction:
    """Read a workbook by its content: Excel, OpenDocument, Excel 2003 XML, HTML or CSV."""
    source = decrypt(source)
    head = source.data[:HEAD_BYTES]
    if head.startswith(OLD_CONTAINER):
        suffix = legacy_suffix(source.data)
        if suffix not in ("", ".xls"):
            raise UnreadableFile(f"it is an old {suffix} file under a new name, no {KIND}")
        return _read_workbook(source)
    if head.startswith(b"PK"):
        with open_package(source.data, KIND) as archive:
            is_opendocument = "content.xml" in archive.namelist()
        return read_opendocument_sheets(source) if is_opendocument else _read_workbook(source)
    if ANCIENT.match(head):
        raise UnreadableFile("a workbook of Excel 4 or older: save it anew as .xlsx")
    if SPREADSHEETML in head and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _read_spreadsheetml(source)
    return read_html(source) if HTML.search(head) else read_csv(source)


def read_opendocument_sheets(source: Source) -> Extraction:
    """Read an OpenDocument spreadsheet: its cells as displayed."""
    (body, title), writing = read_content(source), ExtractionBuilder()
    notes: list[str] = []
    for table in body:
        if tag_name(table) == "table":
            name = attribute(table, "name")
            source.on_step(f"sheet {name}")
            writing.begin(Part(0, 0, sheet=name))
            write_rows(numbered_rows(table), writing)
            notes.extend(note_on_errors(name, count_errors(table)))
    return writing.finish(title, (*notes, *_note_on_formulas(formulas_without_value(body))))


def _read_workbook(source: Source) -> Extraction:
    """Read an Excel workbook, hidden sheets included. Raises UnreadableFile if it is damaged or too large."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    package, data = _Package(), source.data
    if source.data.startswith(OLD_CONTAINER):
        data = rebuild_workbook(source.data, KIND)
    else:
        with open_package(source.data, KIND) as archive:
            package = _read_package(archive)
            data = with_known_errors(data, package.errors)
    try:
        workbook = _catch_panic(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    except PasswordError as error:
        raise UnreadableFile(UNSUPPORTED) from error
    except (CalamineError, OSError) as error:
        raise UnreadableFile(f"damaged: it is cut off or no {KIND}") from error
    writing, notes = ExtractionBuilder(), []
    for listed in (sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet):
        source.on_step(f"sheet {listed.name}")
        try:
            sheet = _catch_panic(lambda name=listed.name: workbook.get_sheet_by_name(name))  # type: ignore[misc]
        except (CalamineError, UnreadableFile):
            notes.append(f"the sheet {listed.name} is damaged")
            continue
        writing.begin(Part(0, 0, sheet=listed.name))
        length = writing.length
        _write_sheet(sheet, package, writing)
        if listed.visible != SheetVisibleEnum.Visible and writing.length > length:
            notes.append(f"the sheet {listed.name} is hidden in the workbook; it was read")
        notes += note_on_errors(listed.name, Counter(package.sheets.get(listed.name, NO_DETAILS).errors.values()))
    if notes and not writing.length:
        raise UnreadableFile("damaged: none of its sheets can be read")
    return writing.finish(package.title, (*notes, *_note_on_formulas(package.formulas_without_value)))


@dataclass(frozen=True, slots=True)
class _Package:
    """What the parts of an .xlsx tell beside its values."""

    title: str = ""
    formats: Mapping[int, NumberFormat] = field(default_factory=dict)  # by cell style
    sheets: Mapping[str, SheetDetails] = field(default_factory=dict)  # by name
    errors: Mapping[str, frozenset[str]] = field(default_factory=dict)  # in the cells of each sheet, by the name of its part

    @property
    def formulas_without_value(self) -> int:
        """The number of formulas whose result is not stored."""
        return sum(sheet.formulas_without_value for sheet in self.sheets.values())


def _read_package(archive: ZipFile) -> _Package:
    """Read the title, the number formats and the details of the sheets. Raises UnreadableFile for a sparse sheet."""
    main = main_part(archive, "xl/workbook.xml")
    related = {} if main.endswith(".bin") else relations(archive, main)
    formats = formats_of_styles(archive, next(iter(targets(related, "styles")), "xl/styles.xml"))
    details = refuse_sparse(archive, formats)
    listed = child_of(optional_xml(archive, main), "sheets") if related else ()
    targets_of = {attribute(sheet, "name"): related.get(_relation_id(sheet), Relation("", "")).target for sheet in listed}
    sheets = {name: details[part] for name, part in targets_of.items() if part in details}
    errors = {part: frozenset(sheet.errors.values()) for part, sheet in details.items()}
    return _Package(core_title(archive), formats, sheets, errors)


def _relation_id(sheet: Element) -> str:
    """Return the identifier of a sheet's relationship: the attribute `id` with a namespace."""
    return next((value for key, value in sheet.attrib.items() if key.endswith("}id")), "")


def _note_on_formulas(count: int) -> tuple[str, ...]:
    return (f"{count} formula{'s' if count > 1 else ''} {WITHOUT_VALUE}",) if count else ()


def _write_sheet(sheet: CalamineSheet, package: _Package, writing: ExtractionBuilder) -> None:
    first = sheet.start[1] if sheet.start else 0
    details = package.sheets.get(sheet.name, NO_DETAILS)

    def show(value: CellValue, number: int, index: int) -> str:
        place = (number, first + index + 1)
        if place in details.errors:
            return details.errors[place]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if place in details.long_numbers:
                return details.long_numbers[place]
            if place in details.styles and abs(value) < EXACT_DECIMALS:
                return package.formats[details.styles[place]].show(value)
        return format_value(value)

    rows = ((number, [show(value, number, index) for index, value in enumerate(row)])
            for number, row in enumerate(sheet.iter_rows(), 1))
    write_rows(repeat_merged(rows, sheet.merged_cell_ranges or (), first), writing, first)


def repeat_merged(rows: Iterable[tuple[int, list[str]]], merged: Iterable[CellRange], first_column: int) -> Iterator[NumberedRow]:
    """Yield the rows with the text of a merged cell in each row that it spans, at its first column.

    A row without other text stays empty. `merged` are ranges of (row, column) from 0 to the last ones, both included.
    """
    starting: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in merged:
        if bottom > top and left >= first_column:
            starting.setdefault(top + 1, []).append((bottom + 1, left - first_column))
    open_cells: list[tuple[int, int, str]] = []  # last row, index, text
    for number, cells in rows:
        open_cells = [cell for cell in open_cells if cell[0] >= number]
        if any(cells):
            for _, index, text in open_cells:
                cells[index] = cells[index] or text
        begun = ((last, index) for last, index in starting.get(number, ()) if index < len(cells) and cells[index])
        open_cells += [(last, index, cells[index]) for last, index in begun]
        yield number, cells


def _catch_panic(action: Callable[[], Returned]) -> Returned:
    """Run an action of calamine; a Rust panic, which is no Exception, becomes UnreadableFile."""
    try:
        return action()
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableFile(f"damaged, or written by a program that is not understood: {error}") from error


def format_value(value: CellValue) -> str:
    """Return a value as a spreadsheet displays it, dates in ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        is_whole = value == value and abs(value) <= EXACT and value == int(value)
        return str(int(value)) if is_whole else f"{value:.15g}"
    if isinstance(value, timedelta):
        seconds, sign = round(abs(value.total_seconds())), "-" if value < timedelta() else ""
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == MIDNIGHT else value.isoformat(" ", "seconds")
    return value.isoformat()


def _read_spreadsheetml(source: Source) -> Extraction:
    """Read an Excel 2003 workbook of one XML file (SpreadsheetML)."""
    writing, count = ExtractionBuilder(), 0
    notes: list[str] = []
    for sheet in parse_flat_xml(source.data, KIND):
        if tag_name(sheet) == "Worksheet":
            name, errors = attribute(sheet, "Name"), Counter[str]()
            writing.begin(Part(0, 0, sheet=name))
            for table in sheet:
                if tag_name(table) == "Table":
                    write_rows(_xml_rows(table), writing)
                    count += sum(_lacks_value(cell) for row in table for cell in row)
                    errors += errors_of_spreadsheetml(table)
            notes.extend(note_on_errors(name, errors))
    return writing.finish(notes=(*notes, *_note_on_formulas(count)))


def _lacks_value(cell: Element) -> bool:
    """Return whether a cell has a formula, but no result; a string may be empty."""
    data = child_of(cell, "Data")
    return bool(attribute(cell, "Formula")) and not "".join(data.itertext()).strip() and attribute(data, "Type") != "String"


def _xml_rows(table: Element) -> Iterator[NumberedRow]:
    number = 0
    for row in table:
        if tag_name(row) == "Row":
            number = _index(row, number + 1)
            yield number, _xml_cells(row)


def _xml_cells(row: Element) -> list[str]:
    """Return the cells up to the last with text; a cell may state its column, then those before it are empty."""
    cells: list[str] = []
    column = 0
    for cell in row:
        if tag_name(cell) != "Cell":
            continue
        column, data = _index(cell, column + 1), child_of(cell, "Data")
        text = "".join(data.itertext()).strip()
        if attribute(data, "Type") == "DateTime":
            text = text.removesuffix("T00:00:00.000")
        if column > WIDEST:
            break
        if text:
            cells += [""] * (column - 1 - len(cells)) + [text]
        column += whole_number(attribute(cell, "MergeAcross"))
    return cells


def _index(node: Element, following: int) -> int:
    """Return the row or column number that a node states, `following` if it states none or a lower one."""
    return max(following, whole_number(attribute(node, "Index")))


def write_rows(rows: Iterable[NumberedRow], writing: ExtractionBuilder, first_column: int = 0) -> None:
    """Write the numbered rows of a sheet; their first cell is in column `first_column` (from 0).

    Raises UnreadableFile if there are too many cells.
    """
    filled = spread = 0
    table: list[NumberedRow] = []
    for number, cells in rows:
        count = _count(cells)
        filled += count
        spread += len(cells) if count else 0
        if filled > MOST_CELLS or spread > LARGEST_AREA:
            raise UnreadableFile(f"too large: a sheet of more than {MOST_CELLS / 1e6:.0f} million cells")
        if count and table and number > table[-1][0] + 1:
            _write_table(table, writing, first_column)
            table = []
        if count:
            table.append((number, cells))
    _write_table(table, writing, first_column)


def _write_table(table: Sequence[NumberedRow], writing: ExtractionBuilder, first_column: int) -> None:
    """Write the titles above the header as lines, then the table without its empty columns."""
    columns = sorted({index for _, cells in table for index, cell in enumerate(cells) if cell})
    rows = [[cells[index] for index in columns if index < len(cells)] for _, cells in table]
    marks = [PositionLabel(0, cells=_range(number, cells, first_column)) for number, cells in table]
    start = _header_row(rows)
    for position in range(start):
        writing.add(as_row(rows[position]), LINE if position else PARAGRAPH, marks[position])
    writing.add_table(rows[start:], marks[start:])


def _header_row(rows: Sequence[Sequence[str]]) -> int:
    """Return the index of the header: below emptier title rows, with most of the columns filled below it. By default 0."""
    fullest = 0
    for number in range(min(LATEST_HEADER, len(rows) - 1)):
        names = _count(rows[number])
        typical = median_high(_count(row) for row in rows[number + 1 : number + 1 + ROWS_BELOW])
        if names >= 2 * fullest and 3 * names >= 2 * typical and header_of(rows[number : number + 2]):
            return number
        fullest = max(fullest, names)
    return 0


def _count(cells: Sequence[str]) -> int:
    return sum(map(bool, cells))


def _range(number: int, cells: Sequence[str], first_column: int) -> str:
    """Return the range from the first to the last cell with text, such as "B4:F4"."""
    filled = [index for index, cell in enumerate(cells) if cell]
    first, last = (f"{column_name(first_column + index)}{number}" for index in (filled[0], filled[-1]))
    return first if first == last else f"{first}:{last}"


def column_name(index: int) -> str:
    """Return the letters of a column counted from 0: 0 is "A", 26 is "AA"."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name

"""Write the rows of a sheet as tables, each with its header and the cell range of every row, and refuse sparse sheets.

An empty row ends a table; title rows above the header become lines of their own. calamine allocates the whole area that the
cells of a sheet span, so that area is measured before (`refuse_sparse`): two cells could ask for gigabytes.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_high
from xml.parsers import expat

from assistant.datatypes import PositionLabel
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, ExtractionBuilder, as_row, header_of
from assistant.ingest.extractors.zip_package import read_entry, whole_number

MOST_CELLS = 3_000_000
LARGEST_AREA = 10_000_000  # cells, empty ones included
LATEST_HEADER = 10  # title rows that may stand above the header
ROWS_BELOW = 20

SHEET = re.compile(r"xl/worksheets/[^/]+\.(xml|bin)$", re.I)
CELL = re.compile(rb"""<(?:\w{1,9}:)?c\s[^<>]{0,200}?\br\s*=\s*["']([A-Za-z]{1,9}\d{1,9})["'][^<>]{0,200}(?<!/)>""")
PLACE = re.compile(r"([A-Za-z]{1,9})(\d{1,9})$")
VALUES = frozenset({"v", "is", "f"})  # elements of a cell that is not empty
ROW_RECORD, CELL_RECORDS = 0, frozenset({*range(2, 12), 62})  # BrtRowHdr; BrtCellRk to BrtFmlaError, BrtCellRString

NumberedRow = tuple[int, Sequence[str]]


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


def refuse_sparse(archive: zipfile.ZipFile) -> None:
    """Raise UnreadableFile if the non-empty cells of a sheet in an .xlsx or .xlsb lie too far apart."""
    for name in filter(SHEET.match, archive.namelist()):
        content = read_entry(archive, name)
        refuse_area(_area_of_records(content) if name.lower().endswith(".bin") else _area_of_cells(content))


def refuse_area(area: int) -> None:
    """Raise UnreadableFile if an area is larger than the limit."""
    if area > LARGEST_AREA:
        raise UnreadableFile(f"too large: a sheet spreads over {area / 1e6:,.0f} million cells, most of them empty")


@dataclass(slots=True)
class CellBounds:
    """The rows and columns that cells span."""

    top: int = 0
    bottom: int = -1
    left: int = 0
    right: int = -1

    @property
    def area(self) -> int:
        """The number of cells in the bounds."""
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)

    def include(self, row: int, column: int) -> None:
        """Extend the bounds to a cell."""
        if self.bottom < self.top:
            self.top = self.bottom = row
            self.left = self.right = column
        self.top, self.bottom = min(self.top, row), max(self.bottom, row)
        self.left, self.right = min(self.left, column), max(self.right, column)


def _area_of_cells(content: bytes) -> int:
    """Return the area that the non-empty cells of sheet XML span; malformed XML is searched by regular expression as well."""
    cells = _CellParser()
    parser = expat.ParserCreate()
    parser.StartElementHandler = cells.begin
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError):  # the last two: an encoding unknown to Python or expat
        for match in CELL.finditer(content):
            cells.begin("c", {"r": match[1].decode("ascii")})
            cells.begin("v", {})
    return cells.bounds.area


class _CellParser:
    """Collects the bounds of cells from the elements of a sheet; a row or cell without reference follows the one before."""

    def __init__(self) -> None:
        self.bounds = CellBounds()
        self._row = self._column = 0

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Handle a start tag."""
        name = tag.rpartition(":")[2]
        if name == "row":
            self._row, self._column = whole_number(attributes.get("r", ""), self._row + 1), 0
        elif name == "c":
            place = PLACE.match(attributes.get("r", ""))
            self._column = _column_number(place[1]) if place else self._column + 1
            self._row = int(place[2]) if place else self._row
        elif name in VALUES:
            self.bounds.include(self._row, self._column)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _area_of_records(content: bytes) -> int:
    """Return the area of the cells in the records of an .xlsb sheet ([MS-XLSB]); the stated bounds may be wrong."""
    bounds, row = CellBounds(), 0
    for kind, at, end in _records(content):
        if kind == ROW_RECORD and end - at >= 4:
            row = int.from_bytes(content[at : at + 4], "little")
        elif kind in CELL_RECORDS and end - at >= 4:
            bounds.include(row, int.from_bytes(content[at : at + 4], "little"))
    return bounds.area


def _records(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the type of each record and the bounds of its content; type and length are 7-bit groups."""
    at = 0
    while at < len(content):
        kind, at = _varint(content, at, 2)
        length, at = _varint(content, at, 4)
        yield kind, at, min(len(content), at + length)
        at += length


def _varint(content: bytes, at: int, most: int) -> tuple[int, int]:
    """Return a number of at most `most` groups of 7 bits, lowest first, and where it ends."""
    number = 0
    for place, byte in enumerate(content[at : at + most]):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number, at + place + 1
    return number, at + most

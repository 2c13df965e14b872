"""Bound the memory that calamine takes for a workbook: refuse sparse sheets, and rebuild workbooks of Excel 97 to 2003 (.xls).

The same pass over the cells of an .xlsx notes what calamine does not tell of them (`SheetDetails`).

calamine allocates the whole area that the cells of a sheet span: two cells could ask for gigabytes. So that area is measured
before, in the XML or records of a sheet ([MS-XLSB], [MS-XLS] 2.1.4). It also follows a cyclic sector chain of a compound file
forever, so olefile takes out the workbook stream, which is written into a new compound file ([MS-CFB]).
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from xml.parsers import expat

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.legacy.ole import open_compound, read_stream
from assistant.ingest.extractors.zip_package import OLD_CONTAINER, read_entry, whole_number

LARGEST_AREA = 10_000_000  # cells, empty ones included
SHEET = re.compile(r"xl/worksheets/[^/]+\.(xml|bin)$", re.I)
CELL = re.compile(rb"""<(?:\w{1,9}:)?c\s[^<>]{0,200}?\br\s*=\s*["']([A-Za-z]{1,9}\d{1,9})["'][^<>]{0,200}(?<!/)>""")
PLACE = re.compile(r"([A-Za-z]{1,9})(\d{1,9})$")
Place = tuple[int, int]
LONG_NUMBER = re.compile(rb">-?\d{16,}<")  # in a cell that is a number or a text
ERROR = re.compile(rb"""\bt\s{0,9}=\s{0,9}["']e["']""")  # the type of a cell that holds an error
EMPTY_VALUE = re.compile(rb"<(?:\w{1,9}:)?v(?:\s[^<>]{0,200})?(?:/>|>\s{0,9}</)")  # openpyxl writes one for every formula
WHOLE = re.compile(r"-?\d{16,400}\Z")
MOST_STYLED = 2_000_000  # cells whose style is noted
VALUES = frozenset({"v", "is", "f"})  # elements of a cell that is not empty
ROW_RECORD, CELL_RECORDS = 0, frozenset({*range(2, 12), 62})  # BrtRowHdr; BrtCellRk to BrtFmlaError, BrtCellRString

NAMES = ("Workbook", "Book")
SECTOR, SMALLEST = 4096, 4096  # bytes of a sector; a stream shorter than SMALLEST would have to be in the mini stream
FREE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD  # entries of the file allocation table (FAT)
IN_TABLE, IN_HEADER = SECTOR // 4, 109  # sectors that one FAT sector describes; FAT sectors that the header names
HEADER = struct.Struct("<8s16s5H6x10I")
BOF = frozenset({0x0809, 0x0409, 0x0209, 0x0009})
CELLS = frozenset({*range(0x0001, 0x0007), 0x00BD, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E})
MUL_RK = 0x00BD  # several cells: the last column is at its end


@dataclass(frozen=True, slots=True)
class SheetDetails:
    """What calamine does not tell of the cells of an .xlsx sheet; a place is (row from 1, column from 1)."""

    styles: Mapping[Place, int]  # the styles that were asked for, by cell
    long_numbers: Mapping[Place, str]  # whole numbers with more digits than a float keeps
    formulas_without_value: int
    errors: Mapping[Place, str]  # error values such as #DIV/0!, which calamine leaves out


def refuse_sparse(archive: zipfile.ZipFile, styles: Container[int] = ()) -> dict[str, SheetDetails]:
    """Raise UnreadableFile if the non-empty cells of a sheet in an .xlsx or .xlsb lie too far apart.

    Return the details of the .xlsx sheets by part name, with the cells that have one of these styles.
    """
    found: dict[str, SheetDetails] = {}
    for name in filter(SHEET.match, archive.namelist()):
        content = read_entry(archive, name)
        if name.lower().endswith(".bin"):
            refuse_area(_area_of_records(content))
        else:
            area, found[name] = _read_cells(content, styles)
            refuse_area(area)
    return found


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


def _read_cells(content: bytes, styles: Container[int]) -> tuple[int, SheetDetails]:
    """Return the area that the non-empty cells of sheet XML span, and the details of its cells.

    Malformed XML is searched by regular expression as well.
    """
    cells = _CellParser(styles)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = cells.begin, cells.end
    if any(pattern.search(content) for pattern in (LONG_NUMBER, EMPTY_VALUE, ERROR)):
        parser.buffer_text = cells.reads_text = True
        parser.CharacterDataHandler = cells.add_text
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError):  # the last two: an encoding unknown to Python or expat
        for match in CELL.finditer(content):
            cells.begin("c", {"r": match[1].decode("ascii")})
            cells.begin("v", {})
    return cells.bounds.area, SheetDetails(cells.styles, cells.long_numbers, cells.formulas_without_value, cells.errors)


class _CellParser:
    """Collects the bounds of cells from the elements of a sheet; a row or cell without reference follows the one before.

    It also notes the cells with some styles, long whole numbers, error values, and formulas without a value.
    """

    def __init__(self, styles: Container[int]) -> None:
        self.bounds = CellBounds()
        self.styles: dict[Place, int] = {}
        self.long_numbers: dict[Place, str] = {}
        self.errors: dict[Place, str] = {}
        self.formulas_without_value = 0
        self._row = self._column = 0
        self._wanted_styles = styles
        self._has_formula = self._has_value = self._is_number = self._is_string = self._is_error = False
        self._text = ""
        self.reads_text = False  # whether `add_text` is called

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Handle a start tag."""
        name = tag.rpartition(":")[2]
        if name == "row":
            self._row, self._column = whole_number(attributes.get("r", ""), self._row + 1), 0
        elif name == "c":
            self._begin_cell(attributes)
        elif name in VALUES:
            self.bounds.include(self._row, self._column)
            self._has_formula |= name == "f"
            self._has_value |= name != "f" and not self.reads_text
            self._text = ""

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        place = PLACE.match(attributes.get("r", ""))
        letters = place[1].upper() if place else ""
        number = reduce(lambda number, letter: number * 26 + ord(letter) - ord("A") + 1, letters, 0)
        self._column = number or self._column + 1
        self._row = int(place[2]) if place else self._row
        self._has_formula = self._has_value = False
        self._is_number, self._is_string = attributes.get("t", "n") == "n", attributes.get("t") == "str"
        self._is_error = attributes.get("t") == "e"
        style = whole_number(attributes.get("s", "0"))
        if self._is_number and style in self._wanted_styles and len(self.styles) < MOST_STYLED:
            self.styles[self._row, self._column] = style

    def add_text(self, text: str) -> None:
        """Handle the text of an element."""
        self._text += text

    def end(self, tag: str) -> None:
        """Handle an end tag. An empty `v` is no value, but of a formula whose result is a string it is the empty one."""
        name = tag.rpartition(":")[2]
        self._has_value |= name == "is" or (name == "v" and (self._is_string or bool(self._text.strip())))
        if name == "v" and self._is_number and WHOLE.match(self._text):
            self.long_numbers[self._row, self._column] = self._text
        elif name == "v" and self._is_error and self._text.strip():
            self.errors[self._row, self._column] = self._text.strip()
        elif name == "c" and self._has_formula and not self._has_value:
            self.formulas_without_value += 1


def _area_of_records(content: bytes) -> int:
    """Return the area of the cells in the records of an .xlsb sheet ([MS-XLSB]); the stated bounds may be wrong."""
    bounds, row = CellBounds(), 0
    for kind, at, end in _xlsb_records(content):
        if kind == ROW_RECORD and end - at >= 4:
            row = int.from_bytes(content[at : at + 4], "little")
        elif kind in CELL_RECORDS and end - at >= 4:
            bounds.include(row, int.from_bytes(content[at : at + 4], "little"))
    return bounds.area


def _xlsb_records(content: bytes) -> Iterator[tuple[int, int, int]]:
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


def rebuild_workbook(data: bytes, kind: str) -> bytes:
    """Return a new compound file with the workbook stream. Raises UnreadableFile if there is none, or a sparse or huge one."""
    with open_compound(data, kind) as file:
        found = [(name, read_stream(file, name)) for name in NAMES]
    name, workbook = next((pair for pair in found if pair[1]), ("", b""))
    if not workbook:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}")
    _refuse_sparse(workbook)
    return write_compound(name, workbook)


def _refuse_sparse(workbook: bytes) -> None:
    """Raise UnreadableFile if the cells of a sheet lie too far apart."""
    bounds = CellBounds()
    for kind, at, end in _xls_records(workbook):
        if kind in BOF:
            bounds = CellBounds()
        elif kind in CELLS and end - at >= 4:
            row, first = struct.unpack_from("<HH", workbook, at)
            bounds.include(row, first)
            if kind == MUL_RK:
                bounds.include(row, struct.unpack_from("<H", workbook, end - 2)[0])
            refuse_area(bounds.area)


def _xls_records(workbook: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the type of each record and the bounds of its content."""
    at = 0
    while at + 4 <= len(workbook):
        kind, length = struct.unpack_from("<HH", workbook, at)
        yield kind, at + 4, min(len(workbook), at + 4 + length)
        at += 4 + length


def write_compound(name: str, content: bytes) -> bytes:
    """Write a compound file with one stream, in sectors of 4096 bytes, so that the header can name all FAT sectors."""
    content = content.ljust(max(SMALLEST, -(-len(content) // SECTOR) * SECTOR), b"\0")
    count = len(content) // SECTOR
    tables = next(number for number in range(1, IN_HEADER + 2) if number * IN_TABLE >= number + 1 + count or number > IN_HEADER)
    if tables > IN_HEADER:
        raise UnreadableFile("too large: a workbook of more than 400 MB")
    chain = [*range(tables + 2, tables + 1 + count), END]
    table = [TABLE] * tables + [END, *chain]
    table += [FREE] * (tables * IN_TABLE - len(table))
    places = [*range(tables), *[FREE] * (IN_HEADER - tables)]
    sizes = (0x3E, 4, 0xFFFE, 12, 6)  # version 4, sectors of 2**12 bytes
    header = HEADER.pack(OLD_CONTAINER, bytes(16), *sizes, 1, tables, tables, 0, SMALLEST, END, 0, END, 0, places[0])
    header += struct.pack(f"<{IN_HEADER - 1}I", *places[1:])
    # calamine needs a start of the mini stream, though it is empty: the sector of the directory
    directory = _directory_entry("Root Entry", 5, 1, tables, 0) + _directory_entry(name, 2, FREE, tables + 1, len(content))
    return header.ljust(SECTOR, b"\0") + struct.pack(f"<{len(table)}I", *table) + directory.ljust(SECTOR, b"\0") + content


def _directory_entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    links = struct.pack("<HBBIII", len(text), kind, 1, FREE, FREE, child)
    return text.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)

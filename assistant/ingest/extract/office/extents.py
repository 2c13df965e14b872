"""An Excel package in; a refusal where a sheet reaches so far out that the library, which fills the gaps, cannot hold it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.parsers import expat

from assistant.errors import UnreadableFile
from assistant.ingest.extract.office.ranges import LARGEST_AREA
from assistant.ingest.extract.package import entry, whole_number

SHEET = re.compile(r"xl/worksheets/[^/]+\.(xml|bin)$", re.I)
CELL = re.compile(rb"""<(?:\w{1,9}:)?c\s[^<>]{0,200}?\br\s*=\s*["']([A-Za-z]{1,9}\d{1,9})["'][^<>]{0,200}(?<!/)>""")
PLACE = re.compile(r"([A-Za-z]{1,9})(\d{1,9})$")
VALUES = frozenset({"v", "is", "f"})  # what a cell that is not empty holds
ROW_RECORD, CELL_RECORDS = 0, frozenset({*range(2, 12), 62})  # of MS-XLSB: BrtRowHdr, BrtCellRk to BrtFmlaError, BrtCellRString


def refuse_sparse(archive: zipfile.ZipFile) -> None:
    """Raise UnreadableFile where the cells of a sheet with something in them lie too far apart."""
    for name in filter(SHEET.match, archive.namelist()):
        content = entry(archive, name)
        area = _area_of_records(content) if name.lower().endswith(".bin") else _area_of_cells(content)
        if area > LARGEST_AREA:
            raise UnreadableFile(f"too large: a sheet spreads over {area / 1e6:,.0f} million cells, most of them empty")


def _area_of_cells(content: bytes) -> int:
    """Return the area of the cells in XML that hold something. What is no XML to its end is searched for them as text, too."""
    cells = _Cells()
    parser = expat.ParserCreate()
    parser.StartElementHandler = cells.begin
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError):  # the last two: an encoding that is not known, or not known to expat
        for match in CELL.finditer(content):
            cells.begin("c", {"r": match[1].decode("ascii")})
            cells.begin("v", {})
    return cells.bounds.area


@dataclass(slots=True)
class _Bounds:
    """The rows and columns that cells span."""

    top: int = 0
    bottom: int = -1
    left: int = 0
    right: int = -1

    @property
    def area(self) -> int:
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)

    def take(self, row: int, column: int) -> None:
        """Take a cell in."""
        if self.bottom < self.top:
            self.top = self.bottom = row
            self.left = self.right = column
        self.top, self.bottom = min(self.top, row), max(self.bottom, row)
        self.left, self.right = min(self.left, column), max(self.right, column)


class _Cells:
    """Follows the elements of a sheet: rows and cells that do not say where they are stand behind the one before."""

    def __init__(self) -> None:
        self.bounds = _Bounds()
        self._row = self._column = 0

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take an element by its beginning."""
        name = tag.rpartition(":")[2]
        if name == "row":
            self._row, self._column = whole_number(attributes.get("r", ""), self._row + 1), 0
        elif name == "c":
            place = PLACE.match(attributes.get("r", ""))
            self._column = _column_number(place[1]) if place else self._column + 1
            self._row = int(place[2]) if place else self._row
        elif name in VALUES:
            self.bounds.take(self._row, self._column)


def _area_of_records(content: bytes) -> int:
    """Return the area of the cells in the records of MS-XLSB; the bounds that a sheet states may be a lie."""
    bounds, row = _Bounds(), 0
    for kind, at, end in _records(content):
        if kind == ROW_RECORD and end - at >= 4:
            row = int.from_bytes(content[at : at + 4], "little")
        elif kind in CELL_RECORDS and end - at >= 4:
            bounds.take(row, int.from_bytes(content[at : at + 4], "little"))
    return bounds.area


def _records(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the kind of each record, and where its content begins and ends; both numbers are written in groups of 7 bits."""
    at = 0
    while at < len(content):
        kind, at = _grouped(content, at, 2)
        length, at = _grouped(content, at, 4)
        yield kind, at, min(len(content), at + length)
        at += length


def _grouped(content: bytes, at: int, most: int) -> tuple[int, int]:
    """Return a number of groups of 7 bits, the lowest first, and where it ends."""
    number = 0
    for place, byte in enumerate(content[at : at + most]):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number, at + place + 1
    return number, at + most


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number

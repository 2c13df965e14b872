"""An Excel package in; a refusal where a sheet reaches so far out that the library, which fills the gaps, cannot hold it."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator

from assistant.errors import UnreadableFile
from assistant.ingest.extract.office.ranges import LARGEST_AREA
from assistant.ingest.extract.package import entry

SHEET = re.compile(r"xl/worksheets/[^/]+\.(xml|bin)$", re.I)
CELL = re.compile(rb'<(?:\w{1,9}:)?c\s[^<>/]{0,200}?\br="([A-Z]{1,3})(\d{1,7})"[^<>/]{0,200}>')
BOUNDS = re.compile(rb"\x94\x01\x10(.{16})", re.S)  # the record BrtWsDim of MS-XLSB: rows and columns, first and last
BOUNDS_WITHIN = 4096


def refuse_sparse(archive: zipfile.ZipFile) -> None:
    """Raise UnreadableFile where the cells of a sheet with something in them lie too far apart."""
    for name in filter(SHEET.match, archive.namelist()):
        content = entry(archive, name)
        area = _area_of_records(content) if name.lower().endswith(".bin") else _area_of_cells(content)
        if area > LARGEST_AREA:
            raise UnreadableFile(f"too large: a sheet spreads over {area / 1e6:,.0f} million cells, most of them empty")


def _area_of_cells(content: bytes) -> int:
    """Return the area of the cells in XML; those that close themselves are empty, and do not count."""
    columns: set[bytes] = set()
    top, bottom = 10**7, 0
    for letters, row in _places(content):
        columns.add(letters)
        top, bottom = min(top, row), max(bottom, row)
    numbers = [_column_number(letters) for letters in columns]
    return (bottom - top + 1) * (max(numbers) - min(numbers) + 1) if numbers else 0


def _places(content: bytes) -> Iterator[tuple[bytes, int]]:
    for match in CELL.finditer(content):
        yield match[1], int(match[2])


def _area_of_records(content: bytes) -> int:
    found = BOUNDS.search(content, 0, BOUNDS_WITHIN)
    if not found:
        return 0
    top, bottom, left, right = map(int, struct.unpack("<4I", found[1]))
    return max(0, bottom - top + 1) * max(0, right - left + 1)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number

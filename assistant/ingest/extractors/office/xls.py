"""Make workbooks of Excel 97 to 2003 (.xls, [MS-XLS]) safe for calamine.

calamine follows a cyclic sector chain of a compound file forever, and allocates the whole area that the cells of a sheet span.
So olefile takes out the workbook stream, the area of its cells is checked ([MS-XLS] 2.1.4), and the stream is written into a
new compound file ([MS-CFB]).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.legacy.ole import open_compound, read_stream
from assistant.ingest.extractors.office.sheet_tables import CellBounds, refuse_area
from assistant.ingest.extractors.zip_package import OLD_CONTAINER

NAMES = ("Workbook", "Book")
SECTOR, SMALLEST = 4096, 4096  # bytes of a sector; a stream shorter than SMALLEST would have to be in the mini stream
FREE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD  # entries of the file allocation table (FAT)
IN_TABLE, IN_HEADER = SECTOR // 4, 109  # sectors that one FAT sector describes; FAT sectors that the header names
HEADER = struct.Struct("<8s16s5H6x10I")
BOF = frozenset({0x0809, 0x0409, 0x0209, 0x0009})
CELLS = frozenset({*range(0x0001, 0x0007), 0x00BD, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E})
MUL_RK = 0x00BD  # several cells: the last column is at its end


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
    for kind, at, end in _records(workbook):
        if kind in BOF:
            bounds = CellBounds()
        elif kind in CELLS and end - at >= 4:
            row, first = struct.unpack_from("<HH", workbook, at)
            bounds.include(row, first)
            if kind == MUL_RK:
                bounds.include(row, struct.unpack_from("<H", workbook, end - 2)[0])
            refuse_area(bounds.area)


def _records(workbook: bytes) -> Iterator[tuple[int, int, int]]:
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

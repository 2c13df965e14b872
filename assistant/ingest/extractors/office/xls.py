"""Make workbooks of Excel before 2007 (.xls) safe for the library that reads them.

calamine follows the allocation table of a compound file without end where it runs in a circle, and makes room for the whole
area that the cells of a sheet span. So the stream of the workbook, as olefile takes it out, is written into a compound file of
our own, by [MS-CFB], and its cells are looked at before, by [MS-XLS] 2.1.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.legacy.ole import opened_compound, stream
from assistant.ingest.extractors.office.sheet_tables import LARGEST_AREA
from assistant.ingest.extractors.zip_package import OLD_CONTAINER

NAMES = ("Workbook", "Book")
SECTOR, SMALLEST = 4096, 4096  # bytes of a sector; what is shorter than SMALLEST would have to be stored in another way
FREE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
IN_TABLE, IN_HEADER = SECTOR // 4, 109  # sectors that one sector of the table describes; sectors of the table in the header
HEADER = struct.Struct("<8s16s5H6x10I")
BEGINNING = frozenset({0x0809, 0x0409, 0x0209, 0x0009})
CELLS = frozenset({*range(0x0001, 0x0007), 0x00BD, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E})
SEVERAL_CELLS = 0x00BD  # MulRk: the last column stands at its end


def resealed(data: bytes, kind: str) -> bytes:
    """Return a compound file with the workbook of another in it. Raises UnreadableFile where there is none, or a huge one."""
    with opened_compound(data, kind) as file:
        found = [(name, stream(file, name)) for name in NAMES]
    name, workbook = next((pair for pair in found if pair[1]), ("", b""))
    if not workbook:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}")
    refuse_sparse(workbook)
    return compound(name, workbook)


def refuse_sparse(workbook: bytes) -> None:
    """Raise UnreadableFile where the cells of a sheet lie too far apart."""
    rows, columns = [0, 0], [0, 0]
    is_empty = True
    for kind, at, end in _records(workbook):
        if kind in BEGINNING:
            is_empty = True
        elif kind in CELLS and end - at >= 4:
            row, first = struct.unpack_from("<HH", workbook, at)
            last = struct.unpack_from("<H", workbook, end - 2)[0] if kind == SEVERAL_CELLS else first
            rows = [row, row] if is_empty else [min(rows[0], row), max(rows[1], row)]
            columns = [first, last] if is_empty else [min(columns[0], first), max(columns[1], first, last)]
            is_empty = False
            area = (rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1)
            if area > LARGEST_AREA:
                raise UnreadableFile(f"too large: a sheet spreads over {area / 1e6:,.0f} million cells, most of them empty")


def _records(workbook: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the kind of each record, and where its content begins and ends."""
    at = 0
    while at + 4 <= len(workbook):
        kind, length = struct.unpack_from("<HH", workbook, at)
        yield kind, at + 4, min(len(workbook), at + 4 + length)
        at += 4 + length


def compound(name: str, content: bytes) -> bytes:
    """Write a compound file with one stream; sectors of 4096 bytes, so that the header names all sectors of the table."""
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
    # calamine wants the stream of the small ones to begin somewhere, though there are none: with the directory
    directory = _entry("Root Entry", 5, 1, tables, 0) + _entry(name, 2, FREE, tables + 1, len(content))
    return header.ljust(SECTOR, b"\0") + struct.pack(f"<{len(table)}I", *table) + directory.ljust(SECTOR, b"\0") + content


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    links = struct.pack("<HBBIII", len(text), kind, 1, FREE, FREE, child)
    return text.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)

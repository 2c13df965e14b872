"""Write OLE compound files ([MS-CFB]) with given streams, as test data."""

from __future__ import annotations

import struct

SECTOR, SHORTEST, FREE, END, FAT = 512, 4096, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
HEADER = struct.Struct("<8s16sHHHHH6s10I")


def compound(streams: dict[str, bytes]) -> bytes:
    """Write a compound file; "a/b" is a stream in a storage. Streams are padded, so that none is a small one."""
    entries, chains, at = _entries(streams), [], 1
    contents = [content.ljust(SHORTEST, b"\0") for content in streams.values()]
    directory_sectors = -(-len(entries) // 4)
    chains.append((at, directory_sectors))
    at += directory_sectors
    starts = {}
    for name, content in zip(streams, contents, strict=True):
        count = -(-len(content) // SECTOR)
        starts[name] = (at, len(content))
        chains.append((at, count))
        at += count
    table = [FAT] + [FREE] * 127
    assert at <= 128, "one sector of allocation is all that this writer knows"
    for start, count in chains:
        for number in range(start, start + count):
            table[number] = number + 1 if number + 1 < start + count else END
    directory = b"".join(_entry(*entry, *starts.get(path, (END if not path else 0, 0))) for path, *entry in entries)
    header = HEADER.pack(
        bytes.fromhex("d0cf11e0a1b11ae1"), bytes(16), 0x3E, 3, 0xFFFE, 9, 6, bytes(6), 0, 1, 1, 0, SHORTEST, END, 0, END, 0, 0
    ) + struct.pack("<108I", *[FREE] * 108)  # fmt: skip
    sectors = b"".join(content.ljust(-(-len(content) // SECTOR) * SECTOR, b"\0") for content in contents)
    return header + struct.pack("<128I", *table) + directory.ljust(SECTOR * directory_sectors, b"\0") + sectors


def _entries(streams: dict[str, bytes]) -> list[list]:
    """Return path, name, kind, right neighbour and first child of each entry; brothers are a chain to the right."""
    entries: list[list] = [["", "Root Entry", 5, FREE, FREE]]
    folders = {"": 0}
    last: dict[str, int] = {}
    for path in streams:
        folder, _, name = path.rpartition("/")
        if folder not in folders:
            folders[folder] = len(entries)
            _add(entries, last, folders, "", [folder + "/", folder, 1, FREE, FREE])
        _add(entries, last, folders, folder, [path, name, 2, FREE, FREE])
    return entries


def _add(entries: list[list], last: dict[str, int], folders: dict[str, int], folder: str, entry: list) -> None:
    number = len(entries)
    entries.append(entry)
    if folder in last:
        entries[last[folder]][3] = number
    else:
        entries[folders[folder]][4] = number
    last[folder] = number


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    links = struct.pack("<HBBIII", len(text), kind, 1, FREE, right, child)
    return text.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)


def summary(title: str) -> bytes:
    """Write the summary stream of a file with a title, by [MS-OLEPS]."""
    text = title.encode("cp1252") + b"\0"
    value = struct.pack("<II", 30, len(text)) + text.ljust(-(-len(text) // 4) * 4, b"\0")
    page = struct.pack("<II", 2, 1252)
    properties = struct.pack("<IIIIII", 24 + len(page) + len(value), 2, 1, 24, 2, 24 + len(page)) + page + value
    return struct.pack("<HHI16sI", 0xFFFE, 0, 2, bytes(16), 1) + bytes(16) + struct.pack("<I", 48) + properties

from __future__ import annotations

import struct

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.legacy.onenote import RevisionStore, _PageContent, read_one

MAGIC, FOOTER = (0xA4567AB1F5F7F4C4).to_bytes(8, "little"), (0x8BC215C38233BA4B).to_bytes(8, "little")
SECTION, PAGE, IDS = b"S" * 16, b"P" * 16, b"I" * 16
ARRAY, NUMBER = 9 << 26, {"elements": 0x1C20, "content": 0x1C1F, "titles": 0x1D5F}


def node(kind: int, content: bytes, refers_to: int = 0) -> bytes:
    return struct.pack("<I", kind | (4 + len(content)) << 10 | 1 << 23 | refers_to << 27) + content


class OneNote:
    """Builds a section file: `put` appends node lists and property sets and returns the reference to them."""

    def __init__(self) -> None:
        self.data = bytearray(1024)
        self.data[:16] = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
        self.data[48:64] = bytes.fromhex("3fdd9a101b91f549a5d01791edc8aed8")

    def put(self, content: bytes) -> bytes:
        place = struct.pack("<II", len(self.data), len(content))
        self.data += content
        return place

    def put_list(self, *nodes: bytes) -> bytes:
        return self.put(MAGIC + bytes(8) + b"".join(nodes) + bytes(4) + b"\xff" * 8 + bytes(4) + FOOTER)

    def declare(
        self, number: int, kind: int, children: dict[str, list[int]] | None = None, spaces: int = 0, **texts: str
    ) -> bytes:
        children = children or {}
        identities, data = [], b""
        objects = [child for group in children.values() for child in group]
        for name, group in children.items():
            identities.append(ARRAY | NUMBER[name])
            data += struct.pack("<I", len(group))
        if spaces:
            identities.append(11 << 26 | 0x1D63)
            data += struct.pack("<I", spaces)
        for name, text in texts.items():
            content = text.encode("utf-16-le") if name == "wide" else text.encode("cp1252")
            identities.append(7 << 26 | (0x1C22 if name == "wide" else 0x3498))
            data += struct.pack("<I", len(content)) + content
        head = struct.pack("<I", len(objects) | (0 if spaces else 1 << 31)) + b"".join(compact(child) for child in objects)
        head += struct.pack("<I", spaces) + struct.pack("<I", 2 << 8) * spaces if spaces else b""
        listed = struct.pack(f"<H{len(identities)}I", len(identities), *identities)
        return node(0xA4, self.put(head + listed + data) + compact(number) + struct.pack("<IBB", 0x60000 | kind, 0, 1), 1)

    def space(self, identity: bytes, *nodes: bytes) -> bytes:
        ids = [node(0x22, b"\0"), *(node(0x24, struct.pack("<I", number) + one) for number, one in ((1, IDS), (2, PAGE)))]
        root = node(0x5A, IDS + struct.pack("<II", 1, 1))
        revisions = self.put_list(node(0xB0, self.put_list(*ids, *nodes), 2), root)
        manifest = self.put_list(node(0x10, revisions, 2))
        return node(0x08, manifest + identity + bytes(4), 2)

    def finish(self, *nodes: bytes) -> bytes:
        self.data[172:184] = (place := self.put_list(*nodes))[:4] + bytes(4) + place[4:]
        return bytes(self.data)


def compact(number: int) -> bytes:
    return struct.pack("<I", 1 << 8 | number)


def section(extra: list[bytes] | None = None, note: OneNote | None = None) -> bytes:
    one = note or OneNote()
    page = one.space(
        PAGE,
        one.declare(1, 0x0B, {"titles": [2], "elements": [5, 6]}),
        one.declare(2, 0x2C, {"elements": [3]}),
        one.declare(3, 0x0E, wide="会议 notes"),
        one.declare(4, 0x0E, wide="deleted, nothing leads to it"),
        one.declare(5, 0x0D, {"content": [7]}),
        one.declare(6, 0x22, {"elements": [8]}),
        one.declare(7, 0x0E, narrow="an earlier text"),
        one.declare(7, 0x0E, wide='see \ufddfHYPERLINK "http://x"the page'),
        one.declare(8, 0x23, {"elements": [9, 10]}),
        one.declare(9, 0x24, {"elements": [11]}),
        one.declare(10, 0x24, {"elements": [12]}),
        one.declare(11, 0x0E, narrow="left"),
        one.declare(12, 0x0E, narrow="right"),
        *(extra or []),
    )
    contents = one.space(SECTION, one.declare(1, 0x08, spaces=1))
    return one.finish(node(0x04, SECTION + bytes(4)), contents, page)


def test_onenote_pages_with_title_text_and_table():
    found = read_one(Source(section(), "a.one"))
    assert found.text == "会议 notes\n\nsee the page\n\nleft | right"
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "会议 notes")]
    assert [part.chapter for part in found.parts] == ["会议 notes"] and len(found.tables) == 1


def test_onenote_objects_that_lead_to_themselves_are_read_once():
    one = OneNote()
    extra = [one.declare(5, 0x0D, {"content": [7, 5, 1]})]
    assert read_one(Source(section(extra, one), "a.one")).text.count("see the page") == 1


def test_onenote_sections_that_cannot_be_read_say_so():
    data = section()
    with pytest.raises(UnreadableFile, match="no OneNote section"):
        read_one(Source(b"x" * 2000, "a.one"))
    with pytest.raises(UnreadableFile, match="as OneDrive keeps it"):
        read_one(Source(data[:48] + bytes(16) + data[64:], "a.one"))
    one = OneNote()
    locked = one.space(PAGE, node(0x7C, bytes(8)), one.declare(1, 0x0E, narrow="x"))
    with pytest.raises(UnreadableFile, match="it is encrypted"):
        read_one(Source(one.finish(locked), "a.one"))


def test_a_row_that_many_tables_share_is_read_once():
    one = OneNote()
    tables = range(20, 120)
    extra = [one.declare(5, 0x0D, {"content": list(tables)})]
    extra += [one.declare(number, 0x22, {"elements": [8]}) for number in tables]
    store = RevisionStore(section(extra, one))
    blocks = [block for space in store.spaces.values() for block in _PageContent(space).blocks if isinstance(block, list)]
    assert [block for block in blocks if block] == [[["left", "right"]]]

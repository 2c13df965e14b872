from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extract.legacy.dbase import read_dbf
from assistant.ingest.extract.legacy.hangul import read_hwp
from assistant.ingest.extract.legacy.hangul_package import read_hwpx
from assistant.ingest.extract.legacy.onenote import read_one
from assistant.ingest.extract.source import Source
from tests.ingest.compound_files import compound


def record(tag: int, level: int, content: bytes = b"") -> bytes:
    size = min(len(content), 0xFFF)
    head = struct.pack("<I", tag | level << 10 | size << 20)
    return head + (struct.pack("<I", len(content)) if size == 0xFFF else b"") + content


def paragraph(text: str, level: int = 0, style: int = 0) -> bytes:
    return record(66, level, bytes(10) + bytes([style]) + bytes(11)) + record(67, level + 1, (text + "\r").encode("utf-16-le"))


def control(kind: bytes, level: int) -> bytes:
    return record(71, level, kind[::-1])


def hwp(*records: bytes, flags: int = 1, styles: tuple[str, ...] = ()) -> bytes:
    def packed(data: bytes) -> bytes:
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(data) + packer.flush() if flags & 1 else data

    names = b"".join(record(26, 0, struct.pack("<H", len(name)) + name.encode("utf-16-le")) for name in styles)
    header = b"HWP Document File".ljust(32, b"\0") + struct.pack("<II", 0x05000300, flags)
    return compound({"FileHeader": header, "DocInfo": packed(names), "BodyText/Section0": packed(b"".join(records))})


def cell(column: int, row: int, *texts: str) -> bytes:
    return record(72, 2, struct.pack("<HHIHHHH", 1, 0, 0, column, row, 1, 1)) + b"".join(paragraph(text, 2) for text in texts)


@pytest.mark.parametrize("flags", [0, 1])
def test_hangul_paragraphs_and_headings(flags):
    wide = "가\x02abcdefg나\x09\0\0\0\0\0\0\x09다\n라"
    found = read_hwp(
        Source(
            hwp(paragraph("제목", 0, 1), paragraph(wide), paragraph("x" * 5000), flags=flags, styles=("바탕글", "개요 1")),
            "a.hwp",
        )
    )
    assert found.text == "제목\n\n가나\t다\n라\n\n" + "x" * 5000
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "제목")]


def test_hangul_tables_notes_and_headers():
    table = control(b"tbl ", 1) + record(77, 2) + cell(0, 0, "이름") + cell(1, 0, "합계") + cell(1, 1, "1", "2")
    note = control(b"fn  ", 1) + record(72, 2, bytes(8)) + paragraph("각주", 2)
    header = control(b"head", 1) + record(72, 2, bytes(8)) + paragraph("머리말", 2)
    found = read_hwp(Source(hwp(paragraph("앞") + table + header, paragraph("뒤") + note), "a.hwp"))
    assert found.text == "앞\n\n이름 | 합계\n | 1 2\n\n뒤\n\n각주"
    assert found.tables[0].header == "이름 | 합계"


@pytest.mark.parametrize(
    ("flags", "reason"), [(2, "it is encrypted: a password is needed"), (4, "saved it for distribution only")]
)
def test_locked_hangul_documents_say_so(flags, reason):
    with pytest.raises(UnreadableFile, match=reason):
        read_hwp(Source(hwp(paragraph("x"), flags=flags), "a.hwp"))


def test_damaged_hangul_documents_say_so():
    for data in (b"x" * 100, compound({"Other": b"x"}), hwp(paragraph("x"))[:800]):
        with pytest.raises(UnreadableFile, match="damaged"):
            read_hwp(Source(data, "a.hwp"))


HWPX = """<hs:sec xmlns:hs="s" xmlns:hp="p"><hp:p><hp:run><hp:secPr><hp:t>no</hp:t></hp:secPr><hp:t>한<hp:tab/>글</hp:t></hp:run>
<hp:run><hp:tbl><hp:tr><hp:tc><hp:subList><hp:p><hp:run><hp:t>가</hp:t></hp:run></hp:p></hp:subList></hp:tc>
<hp:tc><hp:subList><hp:p><hp:run><hp:t>나</hp:t></hp:run></hp:p></hp:subList></hp:tc></hp:tr></hp:tbl></hp:run></hp:p></hs:sec>"""


def hwpx(*sections: str, manifest: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, section in enumerate(sections):
            archive.writestr(f"Contents/section{number}.xml", section)
        archive.writestr("Contents/content.hpf", "<package xmlns='o'><metadata><title>제목</title></metadata></package>")
        archive.writestr("META-INF/manifest.xml", manifest)
    return buffer.getvalue()


def test_hangul_packages():
    found = read_hwpx(Source(hwpx(HWPX), "a.hwpx"))
    assert (found.text, found.title) == ("한\t글\n\n가 | 나", "제목")
    with pytest.raises(UnreadableFile, match="encrypted"):
        read_hwpx(Source(hwpx(HWPX, manifest="<encryption-data/>"), "a.hwpx"))
    with pytest.raises(UnreadableFile, match="damaged"):
        read_hwpx(Source(hwpx(), "a.hwpx"))


def dbf(fields: list[tuple[str, str, int]], rows: list[bytes], driver: int = 3, version: int = 3) -> bytes:
    described = b"".join(
        name.encode("ascii").ljust(11, b"\0") + kind.encode() + bytes(4) + bytes([length]) + bytes(15)
        for name, kind, length in fields
    )
    header, size = 32 + len(described) + 1, 1 + sum(length for _, _, length in fields)
    head = struct.pack("<B3sIHH", version, bytes(3), len(rows), header, size).ljust(29, b"\0") + bytes([driver])
    return head.ljust(32, b"\0") + described + b"\r" + b"".join(rows) + b"\x1a"


def test_dbase_records_are_rows_under_their_fields():
    fields = [("NAME", "C", 6), ("BORN", "D", 8), ("PAID", "L", 1), ("MEMO", "M", 10), ("SUM", "N", 5)]
    rows = [b" Caf\xe9  19991231T0000000001 12.5", b"*gone  19991231F          00.00", b" Bob           ?              3"]
    found = read_dbf(Source(dbf(fields, rows), "a.dbf"))
    assert found.text == "NAME | BORN | PAID | SUM\nCafé | 1999-12-31 | T | 12.5\nBob |  |  | 3"
    assert found.tables[0].header == "NAME | BORN | PAID | SUM" and found.encoding == "cp1252"


def test_dbase_encodings_are_stated_or_guessed():
    text = "这是我们公司的年度报告".encode("gbk")
    for driver in (0x4D, 0):
        found = read_dbf(Source(dbf([("A", "C", len(text)), ("B", "C", 1)], [b" " + text + b"x"], driver), "a.dbf"))
        assert found.text == "A | B\n这是我们公司的年度报告 | x" and found.encoding == "gb18030"


def test_foxpro_values_that_are_stored_in_binary():
    row = b" " + struct.pack("<i", -7) + struct.pack("<ii", 2460311, 45_000_000) + struct.pack("<q", -12345)
    fields = [("COUNT", "I", 4), ("AT", "T", 8), ("COST", "Y", 8)]
    assert read_dbf(Source(dbf(fields, [row], version=0x30), "a.dbf")).text.endswith("\n-7 | 2024-01-01 12:30 | -1.2345")


def test_damaged_dbase_files_say_so():
    whole = dbf([("A", "C", 5)], [b" aaaaa", b" bbbbb"])
    assert read_dbf(Source(whole[:-8], "a.dbf")).notes == ("it is cut off: records are missing at its end",)
    for data in (b"x" * 100, whole[:33], b"\x03" + bytes(60)):
        with pytest.raises(UnreadableFile, match="damaged"):
            read_dbf(Source(data, "a.dbf"))


MAGIC, FOOTER = (0xA4567AB1F5F7F4C4).to_bytes(8, "little"), (0x8BC215C38233BA4B).to_bytes(8, "little")
SECTION, PAGE, IDS = b"S" * 16, b"P" * 16, b"I" * 16
ARRAY, NUMBER = 9 << 26, {"elements": 0x1C20, "content": 0x1C1F, "titles": 0x1D5F}


def node(kind: int, content: bytes, refers_to: int = 0) -> bytes:
    return struct.pack("<I", kind | (4 + len(content)) << 10 | 1 << 23 | refers_to << 27) + content


class OneNote:
    """A section file that grows: lists of nodes and sets of properties are appended, and referred to by what `put` returns."""

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

from __future__ import annotations

import io
import struct

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.legacy.doc import read_doc
from assistant.ingest.extractors.legacy.doc_formatting import _HugeProperties, _paragraph_runs, _read_level
from assistant.ingest.extractors.legacy.doc_pieces import Fib, read_text
from tests.ingest.compound_files import compound, summary

TEXT_AT, PAGE_AT = 0x800, 0x600
STYLE_NAMES = {0: 0, 1: 1, 2: 2, 15: 62}  # number in the sheet: number among those that Word knows
IN_TABLE, ROW_END = struct.pack("<HB", 0x2416, 1), struct.pack("<HBHB", 0x2416, 1, 0x2417, 1)


def item(level: int = 0) -> bytes:
    return struct.pack("<HHHB", 0x460B, 1, 0x260A, level)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def sheet() -> bytes:
    found = struct.pack("<HHH", 4, 16, 10)
    for number in range(16):
        if number not in STYLE_NAMES:
            found += struct.pack("<H", 0)
            continue
        style = struct.pack("<5H", STYLE_NAMES[number], 0xFFF1, 1, 0, 0) + struct.pack("<HHH", 1, ord("x"), 0)
        style += struct.pack("<HH", 2, number)
        found += struct.pack("<H", len(style)) + style
    return found


def level_of_list(start: int, number_format: int, pattern: str) -> bytes:
    text = pattern.encode("utf-16-le")
    return struct.pack("<iB", start, number_format).ljust(28, b"\0") + struct.pack("<H", len(pattern)) + text


class Doc:
    """A Word 97 file with one PAPX page; a paragraph is its text with end mark, the index of its style, its SPRMs."""

    def __init__(self, *paragraphs: tuple, counts: tuple = (), compressed: bool = False, hidden: tuple = ()) -> None:
        self.paragraphs = [paragraph + (0, b"")[len(paragraph) - 1 :] for paragraph in paragraphs]
        self.text = "".join(paragraph[0] for paragraph in self.paragraphs)
        self.compressed, self.hidden = compressed, hidden
        self.counts = counts or (units(self.text),)

    def streams(self) -> dict[str, bytes]:
        width = 1 if self.compressed else 2
        text = self.text.encode("cp1252" if self.compressed else "utf-16-le")
        piece = (TEXT_AT * 2) | 0x40000000 if self.compressed else TEXT_AT
        table, places = bytearray(100), {}
        parts = {
            33: b"\x02" + struct.pack("<IIIHIH", 16, 0, len(text) // width, 0, piece, 0),
            13: struct.pack("<III", TEXT_AT, TEXT_AT + len(text), PAGE_AT // 512),
            12: struct.pack("<III", TEXT_AT, TEXT_AT + len(text), PAGE_AT // 512 - 1) if self.hidden else b"",
            1: sheet(),
            74: struct.pack("<Ii12x", 1, 77),
            73: struct.pack("<Hi22xBx", 1, 77, 0),
        }
        for number, part in parts.items():
            places[number] = (len(table), len(part))
            table += part
        table += level_of_list(1, 0, "\0.") + level_of_list(1, 4, "\x01)") + level_of_list(1, 23, "·") * 7
        main = bytearray(0x600) + self.paragraph_page(width) + text
        struct.pack_into("<6H", main, 0, 0xA5EC, 193, 0, 0x409, 0, 0x0200)
        struct.pack_into(f"<{len(self.counts)}I", main, 0x4C, *self.counts)
        for number, place in places.items():
            struct.pack_into("<II", main, 0x9A + 8 * number, *place)
        if self.hidden:
            main[0x400:0x600] = self.character_page(width)
        return {"WordDocument": bytes(main), "1Table": bytes(table), "\x05SummaryInformation": summary("The title")}

    def paragraph_page(self, width: int) -> bytes:
        bounds, page, end = [TEXT_AT], bytearray(512), 510
        for number, (text, style, properties) in enumerate(self.paragraphs):
            bounds.append(bounds[-1] + width * units(text))
            stored = struct.pack("<H", style) + properties
            stored = bytes([0, len(stored) // 2]) + stored if len(stored) % 2 == 0 else bytes([(len(stored) + 1) // 2]) + stored
            end = (end - len(stored)) // 2 * 2
            page[end : end + len(stored)] = stored
            page[4 * (len(self.paragraphs) + 1) + 13 * number] = end // 2
        struct.pack_into(f"<{len(bounds)}I", page, 0, *bounds)
        page[511] = len(self.paragraphs)
        return bytes(page).ljust(512, b"\0")

    def character_page(self, width: int) -> bytes:
        start, end, properties = self.hidden
        page = bytearray(512)
        struct.pack_into("<II", page, 0, TEXT_AT + width * start, TEXT_AT + width * end)
        page[8], page[400], page[401 : 401 + len(properties)] = 200, len(properties), properties
        page[511] = 1
        return bytes(page)


def read(document: Doc):
    return read_doc(Source(compound(document.streams()), "a.doc"))


@pytest.mark.parametrize("compressed", [False, True])
def test_paragraphs_headings_and_title(compressed):
    found = read(
        Doc(("Report\r", 15), ("Scope\r", 1), ("Some “text”\x0bhere\r",), ("Detail\r", 2), ("\r",), compressed=compressed)
    )
    assert found.text == "Report\n\nScope\n\nSome “text”\nhere\n\nDetail"
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "Report"), (1, "Scope"), (2, "Detail")]
    assert found.title == "The title"


def test_letters_of_every_script():
    assert read(Doc(("中文 𠮷野 русский é\r",), ("after\r", 1))).text == "中文 𠮷野 русский é\n\nafter"


def test_tables_are_rows_of_cells():
    cells = [(text, 0, IN_TABLE) for text in ("Name\x07", "Sum\x07")], [(text, 0, IN_TABLE) for text in ("a\r", "b\x07", "\x07")]
    end = ("\x07", 0, ROW_END)
    found = read(Doc(("before\r",), *cells[0], end, *cells[1], end, ("after\r",)))
    assert found.text == "before\n\nName | Sum\na b\n\nafter" and found.tables[0].header == "Name | Sum"


def test_lists_are_counted():
    found = read(
        Doc(("one\r", 0, item()), ("two\r", 0, item()), ("deeper\r", 0, item(1)), ("three\r", 0, item()), ("x\r", 0, item(2)))
    )
    assert found.text == "1. one\n2. two\na) deeper\n3. three\n- x"


def test_fields_show_their_result():
    text = 'See \x13 HYPERLINK "http://x" \x14the \x13 REF a \x14page\x15\x15 and \x13 TC hidden \x15end \x13 open\r'
    assert read(Doc((text,))).text == "See the page and end  open"


def test_hidden_and_deleted_text_is_left_out():
    for number in (0x083C, 0x0800):
        assert read(Doc(("keep gone keep\r",), hidden=(5, 10, struct.pack("<HB", number, 1)))).text == "keep keep"


def test_notes_follow_and_headers_stand_in_only_where_nothing_else_is():
    main, note, header = "Text\x02\r", "\x02 The note\r", "At the top\r"
    counts = (len(main), len(note), len(header))
    assert read(Doc((main,), (note,), (header,), counts=counts)).text == "Text\n\nThe note"
    assert read(Doc(("\r",), (header,), counts=(1, 0, len(header)))).text == "At the top"


def word_6(text: bytes, language: int) -> bytes:
    main = bytearray(0x300) + text
    struct.pack_into("<6H", main, 0, 0xA5DC, 101, 0, language, 0, 0)
    struct.pack_into("<II", main, 0x18, 0x300, 0x300 + len(text))
    struct.pack_into("<I", main, 0x34, len(text))
    return compound({"WordDocument": bytes(main)})


def test_word_6_is_in_the_encoding_of_its_language():
    assert read_doc(Source(word_6("Le café\r“x”\r".encode("cp1252"), 0x40C), "a.doc")).text == "Le café\n\n“x”"
    assert read_doc(Source(word_6("中文标题\r正文\r".encode("gbk"), 0x804), "a.doc")).text == "中文标题\n\n正文"
    table = read_doc(Source(word_6("a\x07b\x07\x07c\x07d\x07\x07Русский\r".encode("cp1251"), 0x419), "a.doc"))
    assert table.text == "a | b\nc | d\n\nРусский"


def encrypted(password: str) -> bytes:
    from hashlib import md5

    from msoffcrypto.method.rc4 import DocumentRC4

    def turn(data: bytes) -> bytes:
        return DocumentRC4.decrypt(password, salt, io.BytesIO(data)).read()

    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    streams = Doc(("Secret text\r",)).streams()
    both = turn(verifier + md5(verifier).digest())
    header = struct.pack("<HH", 1, 1) + salt + both
    main, table = bytearray(streams["WordDocument"]), bytes(len(header)) + streams["1Table"][len(header) :]
    plain = bytearray(main[:0x44])
    struct.pack_into("<H", plain, 0x0A, 0x0300)
    struct.pack_into("<I", plain, 0x0E, len(header))
    streams["WordDocument"] = bytes(plain) + turn(bytes(main))[0x44:]
    streams["1Table"] = header + turn(table)[len(header) :]
    return compound(streams)


def test_encrypted_files_need_their_password():
    data = encrypted("open sesame")
    assert read_doc(Source(data, "a.doc", ("wrong", "open sesame"))).text == "Secret text"
    with pytest.raises(UnreadableFile, match="it is encrypted: a password is needed"):
        read_doc(Source(data, "a.doc"))
    with pytest.raises(UnreadableFile, match="it is encrypted: none of the given passwords opens it"):
        read_doc(Source(data, "a.doc", ("wrong",)))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"{\\rtf1\\ansi Rich text\\par}", "Rich text"),
        (b"\xef\xbb\xbf<html><body><p>From the web</p></body></html>", "From the web"),
        ("\ufeff<html><body><p>Wide web</p></body></html>".encode("utf-16-le"), "Wide web"),
        (b"Just plain text", "Just plain text"),
        (
            b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n"
            b"--x\nContent-Type: text/html\n\n<p>From a wiki</p>\n--x--\n",
            "From a wiki",
        ),
    ],
)
def test_other_kinds_go_by_that_name_too(data, text):
    assert read_doc(Source(data, "a.doc")).text == text


def test_newer_documents_go_by_that_name_too(make_docx):
    assert "hello" in read_doc(Source(make_docx("<w:p><w:r><w:t>hello</w:t></w:r></w:p>"), "a.doc")).text


def test_damaged_and_ancient_files_say_so():
    whole = compound(Doc(("Some text\r",)).streams())
    for data in (whole[:600], compound({"Other": b"x"}), compound({"WordDocument": bytes(5000)})):
        with pytest.raises(UnreadableFile, match="damaged"):
            read_doc(Source(data, "a.doc"))
    with pytest.raises(UnreadableFile, match="older than Word 6"):
        read_doc(Source(b"\xdb\xa5\x2d\x00" + bytes(100), "a.doc"))


def test_a_table_of_pieces_cannot_make_text_without_end():
    streams = Doc(("x" * 200 + "\r",), compressed=True).streams()
    count, table, main = 5000, bytearray(streams["1Table"]), bytearray(streams["WordDocument"].ljust(20_000, b"y"))
    clx = b"\x02" + struct.pack("<I", 12 * count + 4) + struct.pack(f"<{count + 1}I", *range(0, 20_000 * (count + 1), 20_000))
    clx += struct.pack("<HIH", 0, 0x40000000, 0) * count
    struct.pack_into("<II", main, 0x9A + 8 * 33, len(table), len(clx))
    streams |= {"1Table": bytes(table) + clx, "WordDocument": bytes(main)}
    with pytest.raises(UnreadableFile, match="unpacks to more than"):
        read_text(Fib(streams["WordDocument"], streams["1Table"]))


def test_a_page_of_properties_is_read_once():
    streams = Doc(("text\r", 1)).streams()
    fib = Fib(streams["WordDocument"], streams["1Table"])
    start, length = fib.part(13)
    page_number = fib.table[start + length - 4 : start + length]
    struct.pack_into("<II", main := bytearray(fib.main), 0x9A + 8 * 13, len(fib.table), 4 + 8 * 500)
    many = Fib(bytes(main), fib.table + bytes(4 * 501) + page_number * 500)
    assert len(list(_paragraph_runs(many))) == len(list(_paragraph_runs(fib))) == 1


def test_properties_that_are_stored_elsewhere_cannot_overlap_without_end():
    lists = _HugeProperties(struct.pack("<H", 500) * 300)
    assert all(lists.at(bytes(4)) is lists.at(bytes(4)) for _ in range(100))
    with pytest.raises(UnreadableFile, match="overlap"):
        for at in range(0, 100, 2):
            lists.at(struct.pack("<I", at))


def test_the_pattern_of_a_label_is_bounded():
    level, _ = _read_level(level_of_list(1, 4, "x" * 5000), 0)
    assert len(level.pattern) == 50

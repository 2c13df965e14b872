from __future__ import annotations

import time

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.legacy.rtf import read_rtf

FONTS = (
    rb"{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset128 Mincho;}{\f2\fcharset134 SimSun;}{\f3\fcharset136 Ming;}"
    rb"{\f4\fcharset129 Batang;}{\f5\fcharset204 Arial Cyr;}{\f6\fcharset2 Symbol;}{\f7\fcharset2 Wingdings;}{\f8\cpg65001 New;}}"
)


def rtf(body: bytes, head: bytes = b"") -> bytes:
    return b"{\\rtf1\\ansi\\ansicpg1252\\deff0" + FONTS + head + b"\n" + body + b"}"


def read(body: bytes, head: bytes = b""):
    return read_rtf(Source(rtf(body, head), "a.rtf"))


def escaped(text: str, encoding: str) -> bytes:
    return "".join(f"\\'{byte:02x}" for byte in text.encode(encoding)).encode()


def test_paragraphs_and_characters():
    found = read(rb"One \b bold\b0  caf\'e9\par \ldblquote two\rdblquote\emdash\{x\}\\ \~y\line z\tab t\par")
    assert found.text == "One bold café\n\n“two”—{x}\\ \u00a0y\nz\tt"
    assert len(found.parts) == 1 and found.notes == ()


@pytest.mark.parametrize(
    ("font", "encoding", "text"),
    [
        (1, "cp932", "日本語の表示ソ"),
        (2, "gbk", "中文标题"),
        (3, "big5", "繁體中文許功蓋"),
        (4, "cp949", "한국어"),
        (5, "cp1251", "Русский"),
    ],
)
def test_the_font_tells_the_encoding_of_bytes(font, encoding, text):
    assert read(b"{\\f%d " % font + escaped(text, encoding) + b"}").text == text
    raw = text.encode(encoding).replace(b"\\", b"\\\\").replace(b"{", b"\\{").replace(b"}", b"\\}")
    assert read(b"{\\f%d " % font + raw + b"}\\par").text == text


def test_the_document_tells_the_encoding_where_the_font_does_not():
    data = (
        b"{\\rtf1\\ansi\\ansicpg936{\\fonttbl{\\f0\\fcharset0 Arial;}}\\f0 "
        + escaped("年度报告", "gbk")
        + b"\\par caf\\'e9, x\\par}"
    )
    assert read_rtf(Source(data, "a.rtf")).text == "年度报告\n\ncafé, x"
    assert read(b"{\\f8 " + escaped("naïve 中", "utf-8") + b"}").text == "naïve 中"
    assert read_rtf(Source(b"{\\rtf1\\mac \\'8e}", "a.rtf")).text == "é"


def test_unicode_and_what_stands_for_it():
    assert read(rb"\u8364?\u-10179?\u-8704?{\uc2\u20013\'d6\'d0x}\uc0\u233 z\u960p").text == "€😀中xézπp"
    assert read(rb"\u-10240? lone \u-9216?").text == "\ufffd lone \ufffd"
    assert read(rb"{\uc1\u8220\ldblquote}a{\upr{wrong}{\*\ud{right}}}").text == "“aright"


def test_symbol_fonts_look_like_what_they_show():
    assert read(rb"{\f6 a\'b3b} {\f7\'fc}\u-3913?").text == "α≥β ✓•"


def test_headings_by_outline_level_and_style_name():
    styles = rb"{\stylesheet{\s0 Normal;}{\s3\outlinelevel1 Mine;}{\s4 heading 3;}{\*\cs5 heading 1;}{\s6 Title;}}"
    body = rb"\pard\s6 Report\par\pard\s3 Scope\par\pard\s4 Detail\par\pard\s0\outlinelevel0 Direct\par\pard plain\par"
    found = read(body, styles)
    assert [(heading.level, heading.title) for heading in found.headings] == [
        (1, "Report"),
        (2, "Scope"),
        (3, "Detail"),
        (1, "Direct"),
    ]
    assert found.title == "Report" and "heading" not in found.text


def test_the_title_is_that_of_the_information_group():
    found = read(rb"text\par", rb"{\info{\title Annual \'e9tude}{\author Somebody}{\*\company X}}")
    assert (found.title, found.text) == ("Annual étude", "text")


def test_tables_are_rows_of_cells():
    row = rb"\trowd\cellx1\cellx2\pard\intbl %s\cell %s\cell\row"
    found = read(rb"before\par" + row % (b"Name", b"Sum") + row % (rb"a\par b", b"1") + row % (b"c", b"") + rb"\pard after\par")
    assert found.text == "before\n\nName | Sum\na b | 1\nc\n\nafter"
    assert found.tables[0].header == "Name | Sum"
    assert found.text[found.tables[0].char_start : found.tables[0].char_end].endswith("c")


def test_inner_tables_are_words_of_their_cell():
    inner = rb"\itap2 x\nestcell y\nestcell{\*\nesttableprops\nestrow}{\nonesttables\par}"
    assert read(rb"\pard\intbl " + inner + rb"\cell z\cell\row\pard").text == "x y | z"


def test_lists_keep_their_labels():
    body = rb"\pard{\pntext\f7\'b7\tab}{\*\pn\pnlvlblt}first\par{\listtext\tab 2.\tab}second\par\pard end\par"
    assert read(body).text == "- first\n2. second\n\nend"


def test_notes_and_boxes_follow_their_paragraph():
    body = rb"one{\super\chftn}{\footnote\pard\chftn  the note\par} two{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt boxed\par}}"
    assert read(body + rb"{\shprslt boxed\par}}\par three\par").text == "one two\n\nthe note\n\nboxed\n\nthree"


def test_what_is_not_seen_is_left_out():
    picture = rb"{\pict\wmetafile8 0102ff}{\*\shppict{\pict 00}}{\object{\*\objdata 00ff}{\result shown}}"
    field = (
        rb"{\field{\*\fldinst{HYPERLINK x}}{\fldrslt link}}{\v hidden}{\deleted gone}{\*\unknown{\b deep} gone}{\header top\par}"
    )
    assert read(picture + rb" and " + field + rb"\bin5 {}\\{ end").text == "shown and link end"


def test_a_file_that_is_cut_off_says_so():
    found = read_rtf(Source(rtf(rb"first\par second")[:-1], "a.rtf"))
    assert found.text == "first\n\nsecond" and found.notes == ("it is cut off: its end is missing",)


@pytest.mark.parametrize("data", [b"plain text", b"{\\rt", b"{\\rtf1\\ansi{\\fonttbl{\\f0 Ti", b"x{\\rtf1 a}"])
def test_what_is_no_rich_text_is_refused(data):
    with pytest.raises(UnreadableFile, match="damaged: it is cut off or no Rich Text document"):
        read_rtf(Source(data, "a.rtf"))


def test_depth_and_time_are_bounded():
    with pytest.raises(UnreadableFile, match="nested too deeply"):
        read_rtf(Source(b"{\\rtf1 " + b"{" * 100_000, "a.rtf"))
    began = time.perf_counter()
    read_rtf(Source(b"{\\rtf1 " + b"\\'" * 200_000 + b"{\\*\\x " * 500 + b"\\u1 " * 50_000, "a.rtf"))
    assert time.perf_counter() - began < 20

"""Numbers of code pages, languages and character sets in; names of codecs out."""

from __future__ import annotations

import codecs

CODE_PAGES = {
    936: "gb18030", 950: "big5hkscs", 1200: "utf-16-le", 1361: "johab", 10000: "mac_roman", 10001: "cp932", 54936: "gb18030",
    65001: "utf-8",
}  # fmt: skip
DOUBLE_BYTE = frozenset({"cp932", "cp949", "gb18030", "big5hkscs", "johab"})
WESTERN = "cp1252"
# primary languages of Windows whose programs did not write Western text
LANGUAGES = {
    0x01: 1256, 0x02: 1251, 0x04: 950, 0x05: 1250, 0x08: 1253, 0x0D: 1255, 0x0E: 1250, 0x11: 932, 0x12: 949, 0x15: 1250,
    0x18: 1250, 0x19: 1251, 0x1A: 1250, 0x1B: 1250, 0x1C: 1250, 0x1E: 874, 0x1F: 1254, 0x20: 1256, 0x22: 1251, 0x23: 1251,
    0x24: 1250, 0x25: 1257, 0x26: 1257, 0x27: 1257, 0x29: 1256, 0x2A: 1258, 0x2F: 1251,
}  # fmt: skip
SIMPLIFIED, CYRILLIC_SERBIAN = frozenset({0x0804, 0x1004}), 0x0C1A


def codec_of(code_page: int) -> str:
    """Return the name of the codec of a Windows code page; Western where it is unknown."""
    name = CODE_PAGES.get(code_page, f"cp{code_page}")
    try:
        codecs.lookup(name)
    except LookupError:
        return WESTERN
    return name


def codec_of_language(language: int) -> str:
    """Return the name of the codec of the language that Windows calls by a number."""
    if language in SIMPLIFIED:
        return "gb18030"
    return codec_of(1251 if language == CYRILLIC_SERBIAN else LANGUAGES.get(language & 0x3FF, 1252))

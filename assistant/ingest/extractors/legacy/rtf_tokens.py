"""Tokenize Rich Text Format into groups, control words and text, and decode text by its font (RTF Specification 1.9.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from assistant.ingest.extractors.legacy.ole import DOUBLE_BYTE

TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?"  # a control word and the one space that ends it
    rb"|\\'([0-9a-fA-F]{2})"
    rb"|\\([^a-zA-Z'])"
    rb"|([{}])"
    rb"|[\r\n\0]+"
    rb"|([^\\{}\r\n\0]+)"
    rb"|\\",  # a lone backslash, as at the end of a truncated file
    re.S,
)
CHARSETS = {
    0: "cp1252", 77: "mac_roman", 78: "cp932", 79: "cp949", 80: "gb18030", 81: "big5hkscs", 128: "cp932", 129: "cp949",
    130: "johab", 134: "gb18030", 136: "big5hkscs", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255",
    178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
SYMBOL_CHARSET = 2
HIGH_RUN = re.compile(rb"[\x80-\xff]+")
GREEK = str.maketrans("ABGDEZHQIKLMNXOPRSTUFCYWabgdezhqiklmnxoprstufcyw", "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω")
PICTOGRAM, BULLET = re.compile(r"[\x80-\xff]"), "•"
ADOBE_SYMBOL = str.maketrans(
    {0xA3: "≤", 0xA5: "∞", 0xAE: "→", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×", 0xB6: "∂", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡",
     0xBB: "≈", 0xC7: "∩", 0xC8: "∪", 0xCE: "∈", 0xD5: "∏", 0xD6: "√", 0xE5: "∑", 0xF2: "∫"}
)  # fmt: skip


class TokenKind(Enum):
    """The kinds of tokens."""

    OPEN = auto()
    CLOSE = auto()
    WORD = auto()
    SYMBOL = auto()
    BYTE = auto()
    TEXT = auto()


class RtfToken(NamedTuple):
    """One token: a control word or symbol has a `name`, a word may have a `number`; a byte or text has `data`."""

    kind: TokenKind
    name: str = ""
    number: int | None = None
    data: bytes = b""


OPEN, CLOSE = RtfToken(TokenKind.OPEN), RtfToken(TokenKind.CLOSE)


def tokenize(data: bytes) -> Iterator[RtfToken]:
    r"""Yield the tokens of a file; binary data (\bin) is skipped."""
    at = 0
    while at < len(data):
        found = TOKEN.match(data, at)
        assert found  # every byte begins one of the alternatives
        at = found.end()
        word, number, code, symbol, brace, text = found.groups()
        if text:
            yield RtfToken(TokenKind.TEXT, data=text)
        elif word == b"bin":
            at += max(0, int(number or 0))
        elif word:
            yield RtfToken(TokenKind.WORD, word.decode("ascii"), int(number) if number else None)
        elif code:
            yield RtfToken(TokenKind.BYTE, data=bytes.fromhex(code.decode("ascii")))
        elif symbol:
            yield RtfToken(TokenKind.SYMBOL, symbol.decode("latin-1"))
        elif brace:
            yield OPEN if brace == b"{" else CLOSE


@dataclass(slots=True)
class Font:
    r"""An entry of the font table: its \fcharset, the codec of its \cpg if it has one, and its name."""

    charset: int = 1  # DEFAULT_CHARSET: that of the document
    code_page: str = ""
    name: str = ""

    def decode(self, data: bytes, document: str) -> str:
        """Decode bytes in this font; `document` is the encoding of the document."""
        if self.charset == SYMBOL_CHARSET:
            return decode_symbols(data.decode("latin-1"), self.name)
        encoding = self.code_page or CHARSETS.get(self.charset, document)
        # East Asian programs write their own encoding into fonts with ANSI_CHARSET
        if self.charset == 0 and document in DOUBLE_BYTE and _is_double_byte(data, document):
            encoding = document
        return data.decode(encoding, "replace")


def decode_symbols(text: str, font: str) -> str:
    """Map the letters of a symbol font to Unicode: Greek and operators of Symbol, a bullet for other pictograms."""
    if font.strip().lower().startswith("symbol"):
        text = text.translate(GREEK).translate(ADOBE_SYMBOL)
    return PICTOGRAM.sub(BULLET, text)


def _is_double_byte(data: bytes, encoding: str) -> bool:
    runs = HIGH_RUN.findall(data)
    try:
        return bool(runs) and all(len(run) % 2 == 0 for run in runs) and bool(data.decode(encoding))
    except UnicodeDecodeError:
        return False

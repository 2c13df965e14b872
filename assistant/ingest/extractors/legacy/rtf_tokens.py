"""The bytes of a Rich Text file in; its groups, control words and runs of text out, in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from assistant.ingest.extractors.legacy.ole import DOUBLE_BYTE

PIECE = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?"  # a control word and the one space that ends it
    rb"|\\'([0-9a-fA-F]{2})"
    rb"|\\([^a-zA-Z'])"
    rb"|([{}])"
    rb"|[\r\n\0]+"
    rb"|([^\\{}\r\n\0]+)"
    rb"|\\",  # one that begins nothing, as at the end of a file that is cut off
    re.S,
)


class Kind(Enum):
    """What a token is."""

    OPEN = auto()
    CLOSE = auto()
    WORD = auto()
    SYMBOL = auto()
    BYTE = auto()
    TEXT = auto()


class Token(NamedTuple):
    """One token: a word or symbol has a `name`, and a word may have a `number`; a byte or text has `data`."""

    kind: Kind
    name: str = ""
    number: int | None = None
    data: bytes = b""


OPEN, CLOSE = Token(Kind.OPEN), Token(Kind.CLOSE)


def tokens(data: bytes) -> Iterator[Token]:
    """Yield the tokens of a file, by the rules of the Rich Text Format Specification 1.9; binary data is left out."""
    at = 0
    while at < len(data):
        piece = PIECE.match(data, at)
        assert piece  # every byte begins one of the alternatives
        at = piece.end()
        word, number, code, symbol, brace, text = piece.groups()
        if text:
            yield Token(Kind.TEXT, data=text)
        elif word == b"bin":
            at += max(0, int(number or 0))
        elif word:
            yield Token(Kind.WORD, word.decode("ascii"), int(number) if number else None)
        elif code:
            yield Token(Kind.BYTE, data=bytes.fromhex(code.decode("ascii")))
        elif symbol:
            yield Token(Kind.SYMBOL, symbol.decode("latin-1"))
        elif brace:
            yield OPEN if brace == b"{" else CLOSE


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


@dataclass(slots=True)
class Font:
    """A font of the font table: its character set as the file states it, and what that means."""

    charset: int = 1  # the default: that of the document
    code_page: str = ""
    name: str = ""

    def decode(self, data: bytes, document: str) -> str:
        """Return the text of a run of bytes; `document` is the encoding of the document."""
        if self.charset == SYMBOL_CHARSET:
            return symbols(data.decode("latin-1"), self.name)
        encoding = self.code_page or CHARSETS.get(self.charset, document)
        # programs of East Asia write their own encoding into fonts that they call Western
        if self.charset == 0 and document in DOUBLE_BYTE and _is_pairs(data, document):
            encoding = document
        return data.decode(encoding, "replace")


def symbols(text: str, font: str) -> str:
    """Return what the letters of a symbol font look like: Greek and operators, or a bullet for a pictogram."""
    if font.strip().lower().startswith("symbol"):
        text = text.translate(GREEK).translate(ADOBE_SYMBOL)
    return PICTOGRAM.sub(BULLET, text)


def _is_pairs(data: bytes, encoding: str) -> bool:
    runs = HIGH_RUN.findall(data)
    try:
        return bool(runs) and all(len(run) % 2 == 0 for run in runs) and bool(data.decode(encoding))
    except UnicodeDecodeError:
        return False

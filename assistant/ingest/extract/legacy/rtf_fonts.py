"""Bytes and the font that they stand in, in; text out. The character sets are those of the Rich Text specification 1.9."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.ingest.extract.legacy.codepages import DOUBLE_BYTE

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

"""Map the characters of symbol fonts (Symbol, Wingdings) to Unicode."""

from __future__ import annotations

import re

PRIVATE = range(0xF020, 0xF100)  # private use characters that stand for letters of symbol fonts
PRIVATE_CHARACTER = re.compile("[\uf020-\uf0ff]")
BULLET = "•"  # for other pictograms
SYMBOL = str.maketrans(
    "ABGDEZHQIKLMNXOPRSTUFCYWabgdezhqiklmnxoprstufcywJVjv",
    "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψωϑςϕϖ",
) | {
    0x22: "∀", 0x24: "∃", 0x27: "∋", 0x40: "≅", 0x5C: "∴", 0x5E: "⊥", 0x7E: "∼", 0xA0: "€", 0xA2: "′", 0xA3: "≤", 0xA4: "⁄",
    0xA5: "∞", 0xA6: "ƒ", 0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB2: "″", 0xB3: "≥",
    0xB4: "×", 0xB5: "∝", 0xB6: "∂", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡", 0xBB: "≈", 0xBC: "…", 0xC4: "⊗", 0xC5: "⊕", 0xC6: "∅",
    0xC7: "∩", 0xC8: "∪", 0xC9: "⊃", 0xCA: "⊇", 0xCB: "⊄", 0xCC: "⊂", 0xCD: "⊆", 0xCE: "∈", 0xCF: "∉", 0xD0: "∠", 0xD1: "∇",
    0xD2: "®", 0xD3: "©", 0xD4: "™", 0xD5: "∏", 0xD6: "√", 0xD7: "⋅", 0xD8: "¬", 0xD9: "∧", 0xDA: "∨", 0xDB: "⇔", 0xDC: "⇐",
    0xDD: "⇑", 0xDE: "⇒", 0xDF: "⇓", 0xE2: "®", 0xE3: "©", 0xE4: "™", 0xE5: "∑", 0xF2: "∫",
}  # fmt: skip
WINGDINGS = str.maketrans(
    "\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95",
    "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿",
) | {
    0x28: "☎", 0x2A: "✉", 0x4A: "☺", 0x4C: "☹", 0x6C: "●", 0x6E: "■", 0x6F: "☐", 0x71: "❑", 0x75: "◆", 0x76: "❖", 0xA7: "▪",
    0xA8: "☐", 0xAB: "★", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE7: "←", 0xE8: "→", 0xE9: "↑", 0xEA: "↓",
    0xEF: "⇐", 0xF0: "⇒", 0xF1: "⇑", 0xF2: "⇓", 0xF3: "⇔", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
}  # fmt: skip
FONTS: dict[str, dict[int, int | str]] = {
    "symbol": SYMBOL, "wingdings": WINGDINGS,
    "wingdings 2": {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0xA3: "☐"},
}  # fmt: skip
OTHERS = str.maketrans(dict.fromkeys(map(chr, range(0x80, 0x100)), BULLET))


def decode_symbols(text: str, font: str) -> str:
    """Map the letters of a symbol font to Unicode; a pictogram that is not known becomes a bullet."""
    name = font.strip(" ;").lower()
    table = FONTS["symbol"] if name.startswith("symbol") else FONTS.get(name, {})
    return text.translate({**OTHERS, **table})


def is_symbol_font(name: str) -> bool:
    """Return whether a font shows symbols in place of letters."""
    return name.strip().lower().startswith(("symbol", "wingdings", "webdings"))


def decode_private(text: str, font: str) -> str:
    """Map the private use characters of a text in a symbol font to Unicode."""
    return PRIVATE_CHARACTER.sub(lambda match: show_character(ord(match[0]), font), text)


def show_character(code: int, font: str) -> str:
    """Return the character that a font shows for a code, which is a private use one in symbol fonts."""
    return decode_symbols(chr(code - 0xF000), font) if code in PRIVATE else chr(code)

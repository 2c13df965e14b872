"""Fold spellings that readers take for the same: one folding for the index, questions, claims and quotes.

Folded text serves comparison only. Folding may change the length of a text, so offsets into it are not offsets into the file.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from assistant.text.languages import CJK

# soft hyphen, zero-width characters, direction marks, joiners, variation selectors, tags; a soft hyphen also hides a line end
INVISIBLE = re.compile("\u00ad[^\\S\r\n]*(?:\r\n|\r|\n)[^\\S\r\n]*|"
                       "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]")
LETTERS = {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d",
           "Đ": "D", "ı": "i", "\u2010": "-"}  # what no Unicode normalization decomposes
WORD = f"[^\\W_{CJK}]"
HYPHENATED = re.compile(f"(?<!{WORD}){WORD}++(?:-(?:\r\n|\r|\n)?{WORD}++)++")  # possessive: linear in a long word
HYPHEN = re.compile("[-\r\n]+")


@cache
def folding_table() -> dict[int, str]:
    """Return the characters that are replaced, by code point."""
    from assistant.text.traditional_chinese import SIMPLIFIED

    return {**{ord(letter): plain for letter, plain in LETTERS.items()}, **SIMPLIFIED}


def fold_characters(text: str) -> str:
    """Return a text in NFKC, without invisible characters, ß as ss, traditional Chinese characters as simplified ones."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).translate(folding_table())


def joined_compounds(text: str) -> list[str]:
    """Return the hyphenated words of a folded text written as one ("back-up": "backup"), each once, in order."""
    return list(dict.fromkeys(HYPHEN.sub("", match.group()) for match in HYPHENATED.finditer(text)))

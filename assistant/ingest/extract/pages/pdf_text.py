"""The raw text of a PDF's pages in; the same with plain letters, plain line ends and mended hyphens out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

LINE_END_HYPHEN = re.compile(r"[\ufffe\x02](?:\r?\n)?")
WORD_BEFORE, WORD_AFTER = re.compile(r"\w*$"), re.compile(r"\w*")
# Characters that stand for others: radicals, old code points, ligatures, the drawn forms of Hebrew and Arabic letters.
COMPATIBLE = re.compile(r"[\u2e80-\u2fdf\uf900-\ufaff\ufb00-\ufb06\ufb1d-\ufdff\ufe70-\ufefc]")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\ufeff\ufffe\uffff\ud800-\udfff]")
UNMAPPED = re.compile(r"[\x00-\x08\x0e-\x1f\ue000-\uf8ff\ufffd\uffff\U000f0000-\U0010fffd]")
MOST_UNMAPPED = 0.6  # of a page's characters; a few bullets and arrows are in every file


def tidy(texts: Sequence[str]) -> list[str]:
    """Normalise line ends and letters, and decide what becomes of the hyphens at line ends that PDFium marks.

    "third-party" broken at its hyphen keeps it, "informa-tion" does not: the rest of the document knows which is
    a word, and where it does not, the document's habit decides.
    """
    if not any(LINE_END_HYPHEN.search(text) for text in texts):
        return [_clean(text) for text in texts]
    words = set(re.findall(r"\w+(?:-\w+)*", " ".join(texts).lower()))
    halves = [_halves(match) for text in texts for match in LINE_END_HYPHEN.finditer(text)]
    joined = sum((left + right).lower() in words for left, right in halves)
    hyphenated = sum(f"{left}-{right}".lower() in words for left, right in halves)

    def mend(match: re.Match[str]) -> str:
        left, right = _halves(match)
        if f"{left}-{right}".lower() in words or not right[:1].islower():
            return "-"
        return "" if (left + right).lower() in words or joined > hyphenated else "-"

    return [_clean(LINE_END_HYPHEN.sub(mend, text)) for text in texts]


def is_garbage(text: str) -> bool:
    """Say whether nearly all of it are glyphs of which the file does not say what letters they are."""
    marks = len(text) - sum(map(str.isspace, text)) if UNMAPPED.search(text) else 0
    return marks > 0 and len(UNMAPPED.findall(text)) > MOST_UNMAPPED * marks


def _halves(match: re.Match[str]) -> tuple[str, str]:
    """Return the pieces of word on both sides of the break."""
    before = WORD_BEFORE.search(match.string[max(0, match.start() - 40) : match.start()])
    after = WORD_AFTER.match(match.string, match.end(), match.end() + 40)
    return before[0] if before else "", after[0] if after else ""


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    text = COMPATIBLE.sub(lambda match: unicodedata.normalize("NFKC", match[0]).lstrip(" "), text)
    return UNPRINTABLE.sub("", text).strip("\n ")

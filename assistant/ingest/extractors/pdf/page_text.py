"""Clean up the texts of pages: drop repeated headers, footers and page numbers, and mend hyphenated line ends."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from assistant.ingest.extractors.builder import BETWEEN_CELLS

EDGE_LINES = 3  # lines at the top and the bottom of a page that may be a header or footer
MIN_PAGES = 4
MAX_DROPPED = 0.5  # share of a page's characters: a page that would lose more is kept whole
MAX_LINE = 200  # characters; a longer line is body text
DIGITS = re.compile(r"\d+")
PAGE_NUMBER = re.compile(r"[\W_]*(\d{1,5})[\W_]*")
LETTER = re.compile(r"[^\W\d_]")
LINE_END_HYPHEN = re.compile(r"[\ufffe\x02](?:\r?\n)?")
WORD_BEFORE, WORD_AFTER = re.compile(r"\w*$"), re.compile(r"\w*")
# Compatibility characters: radicals, ligatures, presentation forms of Hebrew and Arabic letters.
COMPATIBLE = re.compile(r"[\u2e80-\u2fdf\uf900-\ufaff\ufb00-\ufb06\ufb1d-\ufdff\ufe70-\ufefc]")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\ufeff\ufffe\uffff\ud800-\udfff]")
UNMAPPED = re.compile(r"[\x00-\x08\x0e-\x1f\ue000-\uf8ff\ufffd\uffff\U000f0000-\U0010fffd]")
MAX_UNMAPPED = 0.6  # of a page's characters; a few unmapped bullets and arrows are in every file


def drop_headers_and_footers(texts: Sequence[str]) -> list[str]:
    """Drop lines that repeat at the top or bottom of at least half of all pages, or of all odd or even pages.

    A line with words stays on its first page, as it may name the document or the columns of a table.
    """
    tops = [[line for line in text.split("\n") if line.strip()] for text in texts]
    heads = _repeating_lines(tops)
    feet = _repeating_lines([lines[len(head) :][::-1] for lines, head in zip(tops, heads, strict=True)])
    known: set[str] = set()
    return [
        _without(text, _mark_first(head, number, known), _mark_first(foot, number, known))
        for number, (text, head, foot) in enumerate(zip(texts, heads, feet, strict=True))
    ]


def _repeating_lines(pages: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return for each page the repeating lines at its start, outermost first."""
    found: list[list[str]] = [[] for _ in pages]
    for depth in range(EDGE_LINES):
        keys = [
            _key(lines[depth], number) if len(lines) > depth == len(peeled) else ""
            for number, (lines, peeled) in enumerate(zip(pages, found, strict=True))
        ]
        repeating = _repeating(keys)
        for lines, peeled, key in zip(pages, found, keys, strict=True):
            if key in repeating:
                peeled.append(lines[depth])
    return found


def _key(line: str, number: int) -> str:
    """Return the part of a line that repeats: digits are masked, and a page number is relative to the page.

    In a table row nothing is masked: rows that differ in their numbers alone are not repeated.
    """
    line = " ".join(line.split())
    alone = PAGE_NUMBER.fullmatch(line)
    if alone:
        return f"#{int(alone[1]) - number}"
    if BETWEEN_CELLS in line:
        return line
    return DIGITS.sub("0", line) if len(line) <= MAX_LINE and LETTER.search(line) else ""


def _repeating(keys: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for pages in (keys, keys[::2], keys[1::2]):
        counts = Counter(key for key in pages if key)
        found |= {key for key, count in counts.items() if count >= max(MIN_PAGES, len(pages) / 2)}
    return found


def _mark_first(lines: Sequence[str], number: int, known: set[str]) -> list[tuple[str, bool]]:
    """Return each line and whether it stays because it has words and appears for the first time."""
    marked = []
    for line in lines:
        key = _key(line, number)
        marked.append((line, not key.startswith("#") and key not in known))
        known.add(key)
    return marked


def _without(text: str, head: Sequence[tuple[str, bool]], foot: Sequence[tuple[str, bool]]) -> str:
    """Remove the lines from the top and bottom of a page, unless too little would be left."""
    body = text
    for line, _ in head:
        body = body[body.index(line) + len(line) :]
    for line, _ in foot:
        body = body[: body.rindex(line)]
    body = body.strip("\n ")
    if len(body) < (1 - MAX_DROPPED) * len(text):
        return text
    above, below = [line for line, stays in head if stays], [line for line, stays in foot if stays][::-1]
    return "\n".join([*above, body, *below])


def normalise_pages(texts: Sequence[str]) -> list[str]:
    """Normalise line ends and characters, and keep or drop the hyphens that PDFium marks at line ends.

    "third-party" keeps its hyphen, "informa-tion" does not: a form that occurs elsewhere in the document decides, otherwise
    the form that is more frequent among its other line ends.
    """
    if not any(LINE_END_HYPHEN.search(text) for text in texts):
        return [clean_text(text) for text in texts]
    words = set(re.findall(r"\w+(?:-\w+)*", " ".join(texts).lower()))
    halves = [_halves(match) for text in texts for match in LINE_END_HYPHEN.finditer(text)]
    joined = sum((left + right).lower() in words for left, right in halves)
    hyphenated = sum(f"{left}-{right}".lower() in words for left, right in halves)

    def mend(match: re.Match[str]) -> str:
        left, right = _halves(match)
        if f"{left}-{right}".lower() in words or not right[:1].islower():
            return "-"
        return "" if (left + right).lower() in words or joined > hyphenated else "-"

    return [clean_text(LINE_END_HYPHEN.sub(mend, text)) for text in texts]


def _halves(match: re.Match[str]) -> tuple[str, str]:
    """Return the parts of the word on both sides of the break."""
    before = WORD_BEFORE.search(match.string[max(0, match.start() - 40) : match.start()])
    after = WORD_AFTER.match(match.string, match.end(), match.end() + 40)
    return before[0] if before else "", after[0] if after else ""


def clean_text(text: str) -> str:
    """Return the text with one kind of line end, ordinary letters for compatibility characters, and no control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    text = COMPATIBLE.sub(lambda match: unicodedata.normalize("NFKC", match[0]).lstrip(" "), text)
    return UNPRINTABLE.sub("", text).strip("\n ")


def is_unmapped(text: str) -> bool:
    """Return True if most characters are glyphs that the file does not map to Unicode."""
    marks = len(text) - sum(map(str.isspace, text)) if UNMAPPED.search(text) else 0
    return marks > 0 and len(UNMAPPED.findall(text)) > MAX_UNMAPPED * marks

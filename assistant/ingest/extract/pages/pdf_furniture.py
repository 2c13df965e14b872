"""The texts of a document's pages in; the same without the headers, footers and page numbers that repeat out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

DEEPEST = 3  # lines from the top or the bottom of a page
FEWEST_PAGES = 4
LARGEST_SHARE = 0.5  # of a page's characters: what would lose more of it keeps all
LONGEST = 200  # characters; a longer line is text
DIGITS = re.compile(r"\d+")
PAGE_NUMBER = re.compile(r"[\W_]*(\d{1,5})[\W_]*")
LETTER = re.compile(r"[^\W\d_]")


def without_furniture(texts: Sequence[str]) -> list[str]:
    """Drop what repeats at the edges of at least half of all pages, or of all odd or even ones.

    A line with words stays on the first page that has it: it may name the document, or the columns of a table.
    """
    tops = [[line for line in text.split("\n") if line.strip()] for text in texts]
    heads = _repeating_lines(tops)
    feet = _repeating_lines([lines[len(head) :][::-1] for lines, head in zip(tops, heads, strict=True)])
    known: set[str] = set()
    return [
        _without(text, _unknown(head, number, known), _unknown(foot, number, known))
        for number, (text, head, foot) in enumerate(zip(texts, heads, feet, strict=True))
    ]


def _repeating_lines(pages: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return of each page the lines at its beginning that repeat, from the outermost on."""
    found: list[list[str]] = [[] for _ in pages]
    for depth in range(DEEPEST):
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
    """Return what is the same on every page: numbers do not count, but a page number must count with the pages."""
    line = " ".join(line.split())
    alone = PAGE_NUMBER.fullmatch(line)
    if alone:
        return f"#{int(alone[1]) - number}"
    return DIGITS.sub("0", line) if len(line) <= LONGEST and LETTER.search(line) else ""


def _repeating(keys: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for pages in (keys, keys[::2], keys[1::2]):
        counts = Counter(key for key in pages if key)
        found |= {key for key, count in counts.items() if count >= max(FEWEST_PAGES, len(pages) / 2)}
    return found


def _unknown(lines: Sequence[str], number: int, known: set[str]) -> list[tuple[str, bool]]:
    """Return each line, and whether it stays because it has words and is the first of its kind."""
    marked = []
    for line in lines:
        key = _key(line, number)
        marked.append((line, not key.startswith("#") and key not in known))
        known.add(key)
    return marked


def _without(text: str, head: Sequence[tuple[str, bool]], foot: Sequence[tuple[str, bool]]) -> str:
    """Take the lines off the top and the bottom of a page, unless little would be left."""
    body = text
    for line, _ in head:
        body = body[body.index(line) + len(line) :]
    for line, _ in foot:
        body = body[: body.rindex(line)]
    body = body.strip("\n ")
    if len(body) < (1 - LARGEST_SHARE) * len(text):
        return text
    above, below = [line for line, stays in head if stays], [line for line, stays in foot if stays][::-1]
    return "\n".join([*above, body, *below])

"""A section's text in, small pieces out that may be put together again: sentences, rows, lines of code.

Sentence ends follow the marks of English and Chinese; a list of abbreviations keeps "Dr. Li" together. The rules are
ours, in the spirit of Kiss and Strunk's observation (2006) that abbreviations are most of the problem.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate
from math import ceil

from assistant.datatypes import Shape
from assistant.ingest.chunking.sections import Section


class Cut(IntEnum):
    """What is before a piece: the smaller, the better a place to cut."""

    PARAGRAPH = 0
    LINE = 1
    SENTENCE = 2
    CLAUSE = 3
    WORD = 4
    ANYWHERE = 5
    HEADING = 6  # a heading: it should stay with what follows


@dataclass(frozen=True, slots=True)
class Piece:
    """A span without white space at its ends."""

    start: int
    end: int
    cut: Cut


# Every alternative begins where a run of its characters begins, so that no text takes more than linear time.
BOUNDARY = re.compile(
    r"(?P<paragraph>\n[^\S\n]*+\n\s*+)"
    r"|(?P<line>\n[^\S\n]*+(?=[-*+•·●▪◦|>][ \t]|\|\S|\d{1,3}[.)、．][ \t]?|[(（]\w{1,3}[)）]))"
    r"|(?P<sentence>(?<![.!?])[.!?]++[\"'”’)\]]*+(?:\[\d{1,3}\])*+(?=\s))"
    r"|(?P<chinese>(?<![。！？；…])[。！？；…]++[\"'”’」』）】》]*+)"
)
CUTS = {"paragraph": Cut.PARAGRAPH, "line": Cut.LINE, "sentence": Cut.SENTENCE, "chinese": Cut.SENTENCE}
SHORTEST_SENTENCE = 16
WORD_BEFORE = re.compile(r"[^\s(\[\"'“‘]*\Z")
NEXT_LETTER = re.compile(r"[\s\"'“‘(\[]*(\w)?")
ABBREVIATED = (
    "dr mr mrs ms prof st jr sr gen gov sen rep rev hon capt col lt sgt inc corp co ltd llc plc no nos vol vols fig "
    "figs eq eqs sec ch chap pp p art arts ed eds vs v cf al approx est dept univ assn ave blvd rd mt ft jan feb mar "
    "apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun ref refs tab viz ca resp incl"
)
ABBREVIATIONS = frozenset(ABBREVIATED.split())
INITIALS = re.compile(r"(?:[A-Za-z]\.)*[A-Za-z]\Z|\d{1,3}\Z")
CLAUSE = re.compile(r".*(?:[,;:)\]](?=\s)|[，、：；）])", re.S)
SPACE = re.compile(r".*\s", re.S)
LINE = re.compile(r"[^\n]+")


def pieces(text: str, section: Section, shape: Shape, size: int) -> Iterator[Piece]:
    """Yield the pieces of a section in order. Rows and lines of code shorter than `size` characters may share one."""
    cut, start = Cut.PARAGRAPH, section.start
    for heading_start, heading_end in section.headings:
        yield from _trimmed(text, heading_start, heading_end, cut)
        cut, start = Cut.HEADING, heading_end
    body = _prose(text, start, section.end) if shape is Shape.PROSE else _rows(text, start, section.end, shape, size)
    for piece in body:
        yield Piece(piece.start, piece.end, cut) if cut is Cut.HEADING else piece
        cut = piece.cut


def split_long(text: str, piece: Piece, size: int) -> Iterator[Piece]:
    """Yield parts of at most `size` characters, cut at the best place in reach: line, clause, word, anywhere."""
    start, cut = piece.start, piece.cut
    while start < piece.end:
        end, next_cut = _reach(text, start, piece.end, size)
        yield from _trimmed(text, start, end, cut)
        start, cut = end, next_cut


def _reach(text: str, start: int, end: int, size: int) -> tuple[int, Cut]:
    if end - start <= size:
        return end, Cut.ANYWHERE
    window = text[start : start + size]
    line = window.rfind("\n")
    if line > 0 and window[:line].strip():
        return start + line, Cut.LINE
    clause, space = CLAUSE.match(window), SPACE.match(window)
    if clause and clause.end() > size // 3:
        return start + clause.end(), Cut.CLAUSE
    if space and space.end() > size // 8:
        return start + space.end(), Cut.WORD
    return start + size, Cut.ANYWHERE


def _prose(text: str, start: int, end: int) -> Iterator[Piece]:
    cut = Cut.PARAGRAPH
    for match in BOUNDARY.finditer(text, start, end):
        kind = CUTS[str(match.lastgroup)]
        if kind is Cut.SENTENCE and (match.end() - start < SHORTEST_SENTENCE or not _ends_sentence(text, match)):
            continue
        if text[start : match.end()].strip():
            yield from _trimmed(text, start, match.end(), cut)
            cut = kind
        cut = min(cut, kind)
        start = match.end()
    yield from _trimmed(text, start, end, cut)


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    if match.lastgroup == "chinese":
        return True
    following = NEXT_LETTER.match(text, match.end(), match.end() + 8)
    if following and following[1] and following[1].islower():
        return False
    if match[0][0] != ".":
        return True
    before = WORD_BEFORE.search(text[max(0, match.start() - 20) : match.start()])
    word = before[0] if before else ""
    return word.lower() not in ABBREVIATIONS and not INITIALS.match(word)


def _rows(text: str, start: int, end: int, shape: Shape, size: int) -> Iterator[Piece]:
    """Yield rows of a table or lines of code, short neighbours together."""
    first, last, cut = start, start, Cut.PARAGRAPH
    for match in LINE.finditer(text, start, end):
        is_blank = not match[0].strip()
        if shape is Shape.CODE and is_blank and last > first:
            yield from _trimmed(text, first, last, cut)
            first, cut = match.end(), Cut.PARAGRAPH
        elif last > first and match.end() - first > size:
            yield from _trimmed(text, first, last, cut)
            first, cut = match.start(), Cut.LINE
        last = first if is_blank and last <= first else match.end()
    yield from _trimmed(text, first, end, cut)


def _trimmed(text: str, start: int, end: int, cut: Cut) -> Iterator[Piece]:
    """Yield the span without white space at its ends, nothing where nothing is left."""
    run = text[start:end]
    left = len(run) - len(run.lstrip())
    if left < len(run):
        yield Piece(start + left, start + len(run.rstrip()), cut)


# In units of a group's ideal length: how far from it a group may end to avoid such a cut.
PENALTY = {
    Cut.PARAGRAPH: 0.0,
    Cut.LINE: 0.15,
    Cut.SENTENCE: 0.25,
    Cut.CLAUSE: 0.6,
    Cut.WORD: 0.8,
    Cut.ANYWHERE: 1.0,
    Cut.HEADING: 9.0,
}
SHORTEST = 0.6


def pack(cuts: Sequence[Cut], lengths: Sequence[int], limit: int) -> list[tuple[int, int]]:
    """Return half-open ranges of pieces, each within the limit unless it is one piece."""
    sums = list(accumulate(lengths, initial=0))
    groups: list[tuple[int, int]] = []
    first = 0
    while first < len(lengths):
        last = _next(cuts, sums, first, limit)
        groups.append((first, last))
        first = last
    return groups


def _next(cuts: Sequence[Cut], sums: Sequence[int], first: int, limit: int) -> int:
    """Choose where the group that begins at `first` ends, so that the rest divides evenly."""
    before = sums[first]
    left = sums[-1] - before
    if left <= limit:
        return len(cuts)
    ideal = left / ceil(left / limit)
    furthest = max(first + 1, bisect_right(sums, before + limit) - 1)
    nearest = max(first + 1, bisect_left(sums, before + SHORTEST * ideal))
    ends = range(min(nearest, furthest), min(furthest, len(cuts) - 1) + 1)
    return min(ends, key=lambda end: PENALTY[cuts[end]] + abs(sums[end] - before - ideal) / ideal)

"""Split a section into text units (sentences, table rows, lines of code) and pack the units into groups within a token limit.

Sentence ends follow English and Chinese punctuation; a list of abbreviations keeps "Dr. Li" together. Abbreviations are the
main source of wrong sentence ends (Kiss and Strunk, "Unsupervised multilingual sentence boundary detection", 2006).
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
from assistant.text.sentences import trim_span

# Every alternative begins at the start of a run of its characters, which keeps matching linear in the length of the text.
BOUNDARY_PATTERN = re.compile(
    r"(?P<paragraph>\n[^\S\n]*+\n\s*+)"
    r"|(?P<line>\n[^\S\n]*+(?=[-*+•·●▪◦|>][ \t]|\|\S|\d{1,3}[.)、．][ \t]?|[(（]\w{1,3}[)）]))"
    r"|(?P<sentence>(?<![.!?])[.!?]++[\"'”’)\]]*+(?:\[\d{1,3}\])*+(?=\s))"
    r"|(?P<chinese>(?<![。！？；…])[。！？；…]++[\"'”’」』）】》]*+)"
)
MIN_SENTENCE = 16
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
MIN_GROUP = 0.6  # of the ideal length


class Boundary(IntEnum):
    """The kind of boundary before a text unit: the lower, the better a place to split."""

    PARAGRAPH = 0
    LINE = 1
    SENTENCE = 2
    CLAUSE = 3
    WORD = 4
    ANYWHERE = 5
    HEADING = 6  # after a heading, which should stay with what follows


@dataclass(frozen=True, slots=True)
class TextUnit:
    """A span of text without white space at its ends, and the boundary before it."""

    start: int
    end: int
    boundary: Boundary


BOUNDARY_KINDS = {"paragraph": Boundary.PARAGRAPH, "line": Boundary.LINE, "sentence": Boundary.SENTENCE,
                  "chinese": Boundary.SENTENCE}
# By boundary: how far a group may deviate from its ideal length, in units of that length, to avoid a split there.
PENALTY = {Boundary.PARAGRAPH: 0.0, Boundary.LINE: 0.15, Boundary.SENTENCE: 0.25, Boundary.CLAUSE: 0.6, Boundary.WORD: 0.8,
           Boundary.ANYWHERE: 1.0, Boundary.HEADING: 9.0}  # fmt: skip


def text_units(text: str, section: Section, shape: Shape, size: int) -> Iterator[TextUnit]:
    """Yield the units of a section in order. Short rows and lines of code share a unit of up to `size` characters."""
    boundary, start = Boundary.PARAGRAPH, section.start
    for heading_start, heading_end in section.headings:
        yield from _trim(text, heading_start, heading_end, boundary)
        boundary, start = Boundary.HEADING, heading_end
    body = _sentences(text, start, section.end) if shape is Shape.PROSE else _rows(text, start, section.end, shape, size)
    for unit in body:
        yield TextUnit(unit.start, unit.end, boundary) if boundary is Boundary.HEADING else unit
        boundary = unit.boundary


def split_unit(text: str, unit: TextUnit, size: int) -> Iterator[TextUnit]:
    """Split a unit into units of at most `size` characters, at the best boundary in reach: line, clause, word, anywhere."""
    start, boundary = unit.start, unit.boundary
    while start < unit.end:
        end, next_boundary = _best_split(text, start, unit.end, size)
        yield from _trim(text, start, end, boundary)
        start, boundary = end, next_boundary


def pack_units(boundaries: Sequence[Boundary], lengths: Sequence[int], limit: int) -> list[tuple[int, int]]:
    """Group units into half-open ranges, each within the limit unless it is a single unit."""
    sums = list(accumulate(lengths, initial=0))
    groups: list[tuple[int, int]] = []
    first = 0
    while first < len(lengths):
        last = _group_end(boundaries, sums, first, limit)
        groups.append((first, last))
        first = last
    return groups


def _sentences(text: str, start: int, end: int) -> Iterator[TextUnit]:
    boundary = Boundary.PARAGRAPH
    for match in BOUNDARY_PATTERN.finditer(text, start, end):
        kind = BOUNDARY_KINDS[str(match.lastgroup)]
        if kind is Boundary.SENTENCE and (match.end() - start < MIN_SENTENCE or not _ends_sentence(text, match)):
            continue
        if text[start : match.end()].strip():
            yield from _trim(text, start, match.end(), boundary)
            boundary = kind
        boundary = min(boundary, kind)
        start = match.end()
    yield from _trim(text, start, end, boundary)


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


def _rows(text: str, start: int, end: int, shape: Shape, size: int) -> Iterator[TextUnit]:
    """Yield the rows of a table or lines of code, short neighbours in one unit."""
    first, last, boundary = start, start, Boundary.PARAGRAPH
    for match in LINE.finditer(text, start, end):
        is_blank = not match[0].strip()
        if shape is Shape.CODE and is_blank and last > first:
            yield from _trim(text, first, last, boundary)
            first, boundary = match.end(), Boundary.PARAGRAPH
        elif last > first and match.end() - first > size:
            yield from _trim(text, first, last, boundary)
            first, boundary = match.start(), Boundary.LINE
        last = first if is_blank and last <= first else match.end()
    yield from _trim(text, first, end, boundary)


def _best_split(text: str, start: int, end: int, size: int) -> tuple[int, Boundary]:
    if end - start <= size:
        return end, Boundary.ANYWHERE
    window = text[start : start + size]
    line = window.rfind("\n")
    if line > 0 and window[:line].strip():
        return start + line, Boundary.LINE
    clause, space = CLAUSE.match(window), SPACE.match(window)
    if clause and clause.end() > size // 3:
        return start + clause.end(), Boundary.CLAUSE
    if space and space.end() > size // 8:
        return start + space.end(), Boundary.WORD
    return start + size, Boundary.ANYWHERE


def _trim(text: str, start: int, end: int, boundary: Boundary) -> Iterator[TextUnit]:
    """Yield the span without white space at its ends, unless it is empty."""
    yield from (TextUnit(*span, boundary) for span in trim_span(text, start, end))


def _group_end(boundaries: Sequence[Boundary], sums: Sequence[int], first: int, limit: int) -> int:
    """Return the end of the group that begins at `first`, chosen so that the rest divides evenly."""
    before = sums[first]
    left = sums[-1] - before
    if left <= limit:
        return len(boundaries)
    ideal = left / ceil(left / limit)
    furthest = max(first + 1, bisect_right(sums, before + limit) - 1)
    nearest = max(first + 1, bisect_left(sums, before + MIN_GROUP * ideal))
    ends = range(min(nearest, furthest), min(furthest, len(boundaries) - 1) + 1)
    return min(ends, key=lambda end: PENALTY[boundaries[end]] + abs(sums[end] - before - ideal) / ideal)

"""The text layer of a PDF page in; its characters with their boxes, each once and in the order they are said, out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from ctypes import c_double
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

MOST_GLYPHS = 60_000
LINE_ENDS = "\r\n"
RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
SAME_PLACE = 0.15  # of its height; fake bold is the same letter twice, a hair apart


class Glyph(NamedTuple):
    """A character and its box; the top is less than the bottom. Those that PDFium adds have no width."""

    character: str
    left: float
    top: float
    right: float
    bottom: float


def glyphs_of(textpage: PdfTextPage, start: int = 0, count: int = MOST_GLYPHS) -> list[Glyph]:
    """Return the characters in the order of the page's content."""
    from pypdfium2 import raw

    left, right, bottom, top = (c_double() for _ in range(4))
    found = []
    for index in range(start, min(start + count, textpage.count_chars())):
        raw.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
        code = raw.FPDFText_GetUnicode(textpage, index)
        if 0 < code < 0x110000:
            found.append(Glyph(chr(code), left.value, -top.value, right.value, -bottom.value))
    return found


def without_overprints(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Leave out a letter that is printed where the same letter stands already: a shadow, or bold made by printing twice."""
    kept: list[Glyph] = []
    places: dict[tuple[str, int, int], list[Glyph]] = {}
    for glyph, is_shared in zip(glyphs, _share_boxes(glyphs), strict=True):
        if glyph.character == " " and kept and kept[-1].character == " ":
            continue
        size = max(1.0, glyph.bottom - glyph.top)
        near = SAME_PLACE * size
        if is_shared or glyph.character in LINE_ENDS or glyph.right <= glyph.left:
            kept.append(glyph)
            continue
        column, row = int(glyph.left // size), int(glyph.top // size)
        around = [(glyph.character, column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        earlier = (other for place in around for other in places.get(place, ()))
        if any(abs(other.left - glyph.left) < near and abs(other.top - glyph.top) < near for other in earlier):
            continue
        places.setdefault((glyph.character, column, row), []).append(glyph)
        kept.append(glyph)
    return kept


def _share_boxes(glyphs: Sequence[Glyph]) -> list[bool]:
    """Say of each whether it has the box of its neighbour: they are one drawing, of which the file says what it says."""
    same = [False, *(_box(first) == _box(second) for first, second in pairwise(glyphs)), False]
    return [before or after for before, after in pairwise(same)]


def in_spoken_order(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Put right-to-left text that stands in the order of the eye, from the left, into the order in which it is said."""
    return [glyph for is_line_end, line in _lines(glyphs) for glyph in (line if is_line_end else _spoken(line))]


def _lines(glyphs: Sequence[Glyph]) -> Iterator[tuple[bool, list[Glyph]]]:
    for is_line_end, line in groupby(glyphs, key=lambda glyph: glyph.character in LINE_ENDS):
        yield is_line_end, list(line)


def _spoken(line: list[Glyph]) -> list[Glyph]:
    is_right_to_left = [bool(RIGHT_TO_LEFT.match(glyph.character)) for glyph in line]
    ordered: list[Glyph] = []
    position = 0
    for start, end in _runs(line, is_right_to_left):
        run = line[start:end]
        ordered += line[position:start]
        ordered += _reversed(run) if _runs_from_the_left(run) else run
        position = end
    return ordered + line[position:]


def _runs(line: Sequence[Glyph], flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield spans of right-to-left letters and what stands between two of them, other letters excepted.

    Letters that share a box are a span of their own: they are one drawing, of which the file says what it stands for.
    """
    start = end = -1
    for index, flag in enumerate(flags):
        glyph = line[index]
        is_break = glyph.character.isalpha() and not flag
        if start >= 0 and (is_break or (flag and _box(glyph) != _box(line[end]) and _is_shared(line, start, end))):
            yield start, end + 1
            start = -1
        if flag:
            start, end = (index if start < 0 else start), index
    if start >= 0:
        yield start, end + 1


def _is_shared(line: Sequence[Glyph], start: int, end: int) -> bool:
    return end > start and _box(line[start]) == _box(line[end])


def _runs_from_the_left(run: Sequence[Glyph]) -> bool:
    letters = [glyph for glyph in run if RIGHT_TO_LEFT.match(glyph.character) and not unicodedata.combining(glyph.character)]
    if len(run) > 1 and len({_box(glyph) for glyph in run if not glyph.character.isspace()}) == 1:
        return True  # the words of one drawing, which PDFium turns round as it does with every right-to-left line
    steps = [second.left + second.right - first.left - first.right for first, second in pairwise(letters)]
    return sum(step > 0 for step in steps) > sum(step < 0 for step in steps)


def _reversed(run: Sequence[Glyph]) -> Iterator[Glyph]:
    """Yield a run from its end; numbers in it are said as they stand."""
    for is_digit, group in groupby(reversed(run), key=lambda glyph: glyph.character.isdigit()):
        piece = list(group)
        yield from reversed(piece) if is_digit else piece


def _box(glyph: Glyph) -> tuple[float, float, float, float]:
    return glyph[1:]

"""The text layer of a PDF page in; its text in reading order out.

PDFium gives the text in the order of the page's content, which is nearly always the order of reading. A cheap look at
the places of a few lines tells where it is not; only there is every character looked at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from ctypes import c_double
from itertools import groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from assistant.ingest.extractors.pdf.reading_order import LONG_LINE, Block, Box, in_reading_order

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

LINE = re.compile(r"[^\r\n]+")
SAMPLES = 8  # lines of a page that are looked at closely
MOST_RECTANGLES = 200  # of one line
DIGIT = re.compile(r"\d")
MOST_DIGITS = 0.08  # of a page's characters; what has more is tables, which are best left as they are
MOST_JUMPS = 3  # from a line up to one above it: to a header, to a second and a third column
Run = tuple[float, float, float]  # left, right, top


def text_in_reading_order(textpage: PdfTextPage) -> str:
    """Return the text of a page."""
    text: str = textpage.get_text_range()
    if RIGHT_TO_LEFT.search(text):
        return _text(in_spoken_order(glyphs_of(textpage)))
    if textpage.count_chars() != len(text):
        return text  # the places in the text are not those in the page
    lines = [match.span() for match in LINE.finditer(text)]
    look = _look(textpage, lines)
    if look.is_overprinted:
        return _text(without_overprints(glyphs_of(textpage)))
    is_prose = len(DIGIT.findall(text)) < MOST_DIGITS * len(text)
    return _rearranged(glyphs_of(textpage)) if look.is_disordered and is_prose else text


class _Look(NamedTuple):
    is_disordered: bool
    is_overprinted: bool


def _look(textpage: PdfTextPage, lines: Sequence[tuple[int, int]]) -> _Look:
    """Look whether lines leap up often, hold the text of two columns, or a second print over the first."""
    boxes = [_line_box(textpage, *line) for line in lines]
    jumps = sum(second[3] < first[1] for first, second in pairwise(boxes))
    widest = max((box[2] - box[0] for box in boxes), default=0.0)
    long = [line for line, box in zip(lines, boxes, strict=True) if box[2] - box[0] > 0.6 * widest]
    sampled = [_runs(textpage, *line) for line in long[:: max(1, len(long) // SAMPLES)][:SAMPLES]]
    woven = sum(_is_woven(*line) for line in sampled)
    return _Look(
        is_disordered=jumps > max(MOST_JUMPS, len(lines) // 10) or woven > max(2, len(sampled) // 2),
        is_overprinted=any(_is_overprinted(*line) for line in sampled),
    )


def _line_box(textpage: PdfTextPage, start: int, end: int) -> Box:
    from pypdfium2 import raw

    left, right, bottom, top = (c_double() for _ in range(4))
    raw.FPDFText_GetCharBox(textpage, end - 1, left, right, bottom, top)
    furthest = right.value
    raw.FPDFText_GetCharBox(textpage, start, left, right, bottom, top)
    return left.value, -top.value, furthest, -bottom.value


def _is_overprinted(runs: Sequence[Run], height: float) -> bool:
    """Say whether a line begins anew over itself; one that goes on in the next line, after a hyphen, does not."""
    pairs = pairwise(runs)
    return any(second[0] < first[1] - height and abs(second[2] - first[2]) < 0.3 * height for first, second in pairs)


def _is_woven(runs: Sequence[Run], height: float) -> bool:
    """Say whether a line is two pieces of running text with one gap between them."""
    gaps = [number for number, (first, second) in enumerate(pairwise(runs), 1) if second[0] - first[1] > height]
    return len(gaps) == 1 and all(_length(side) > LONG_LINE * height for side in (runs[: gaps[0]], runs[gaps[0] :]))


def _runs(textpage: PdfTextPage, start: int, end: int) -> tuple[list[Run], float]:
    """Return from where to where the runs of a line reach, in the order of the content, and the line's height."""
    from pypdfium2 import raw

    left, top, right, bottom = (c_double() for _ in range(4))
    runs, height = [], 1.0
    for index in range(min(MOST_RECTANGLES, raw.FPDFText_CountRects(textpage, start, end - start))):
        raw.FPDFText_GetRect(textpage, index, left, top, right, bottom)
        height = max(height, top.value - bottom.value)
        runs.append((left.value, right.value, top.value))
    return runs, height


def _length(runs: Sequence[Run]) -> float:
    return runs[-1][1] - runs[0][0]


def _rearranged(glyphs: Sequence[Glyph]) -> str:
    segments = _segments(glyphs)
    boxes = [_around(segment) for segment in segments]
    if 2 * sum(_is_upright(segment, box) for segment, box in zip(segments, boxes, strict=True)) > len(boxes):
        return _text(glyphs)  # vertical or turned text, where every letter seems a line
    blocks = in_reading_order(boxes)
    if not _is_scrambled(blocks, boxes):
        return _text(glyphs)
    return "\n".join(" ".join(_text(segments[index]).strip() for index in row) for block in blocks for row in block)


def _segments(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """Return runs of characters that stand close together on one line."""
    segments: list[list[Glyph]] = [[]]
    last: Glyph | None = None
    for glyph in glyphs:
        if glyph.character in LINE_ENDS:
            segments.append([])
            last = None
            continue
        if not glyph.character.isspace():
            if last and not -0.5 <= (glyph.left - last.right) / max(1.0, last.bottom - last.top, glyph.bottom - glyph.top) <= 1.0:
                segments.append([])
            last = glyph
        segments[-1].append(glyph)
    return [segment for segment in segments if any(glyph.right > glyph.left for glyph in segment)]


def _is_upright(segment: Sequence[Glyph], box: Box) -> bool:
    return len(_text(segment).strip()) < 2 or box[3] - box[1] > box[2] - box[0]


def _is_scrambled(blocks: Sequence[Block], boxes: Sequence[Box]) -> bool:
    """Say whether the content leaps between blocks far more often than it must."""
    block_of = {index: number for number, block in enumerate(blocks) for row in block for index in row}
    leaps = sum(block_of[first] != block_of[second] for first, second in pairwise(range(len(boxes))))
    return leaps > 2 * len(blocks) + 2


def _around(segment: Sequence[Glyph]) -> Box:
    drawn = [glyph for glyph in segment if glyph.right > glyph.left]
    return (
        min(glyph.left for glyph in drawn),
        median(glyph.top for glyph in drawn),
        max(glyph.right for glyph in drawn),
        median(glyph.bottom for glyph in drawn),
    )


def _text(glyphs: Sequence[Glyph]) -> str:
    return "".join(glyph.character for glyph in glyphs)


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
    for start, end in _glyph_runs(line, is_right_to_left):
        run = line[start:end]
        ordered += line[position:start]
        ordered += _reversed(run) if _runs_from_the_left(run) else run
        position = end
    return ordered + line[position:]


def _glyph_runs(line: Sequence[Glyph], flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
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

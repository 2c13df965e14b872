"""Extract the text layer of a PDF page in reading order; sort the boxes of lines into columns.

PDFium returns the text in content order, which is nearly always the reading order. The boxes of a few sampled lines show where
it is not; only there are the boxes of all characters read. Boxes are split recursively into bands and columns: the recursive X-Y
cut of Nagy and Seth, "Hierarchical representation of optically scanned documents" (1984). A gap counts as a gutter only if there
is prose on both sides, so tables are read by row.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from ctypes import c_double
from itertools import accumulate, count, groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from assistant.datatypes import Part

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

PAGE_BREAK = "\n\n"
LINE = re.compile(r"[^\r\n]+")
SAMPLES = 8  # lines per page whose boxes are checked
MAX_RECTANGLES = 200  # per line
DIGIT = re.compile(r"\d")
MAX_DIGIT_SHARE = 0.08  # of a page's characters; a page with more holds tables, which are left as they are
MAX_JUMPS = 3  # from a line to one above it: to a header, to a second and a third column
Run = tuple[float, float, float]  # left, right, top
MAX_GLYPHS = 60_000
LINE_ENDS = "\r\n"
RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
OVERPRINT_DISTANCE = 0.15  # of the height: fake bold prints a letter twice within it

Box = tuple[float, float, float, float]  # left, top, right, bottom; the top is less than the bottom
Gap = tuple[float, float]
Row = list[int]
Block = list[Row]

MIN_LINES = 3  # in a column
LONG_LINE = 8.0  # times its height: about fifteen Latin letters, twenty where OCR draws its boxes wide
FULL_LINE = 0.6  # of its column's width
MIN_COLUMN_WIDTH = 0.3  # of the widest
MIN_GUTTER_WIDTH = 0.7  # times the height of a line
MAX_DEPTH = 8
MAX_BOXES = 5000  # more boxes are not prose in columns and would take too long


class Glyph(NamedTuple):
    """A character and its box; the top is less than the bottom. Characters that PDFium inserts have no width."""

    character: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def box(self) -> Box:
        """The box alone."""
        return self[1:]


def text_in_reading_order(textpage: PdfTextPage) -> str:
    """Return the text of a page."""
    text: str = textpage.get_text_range()
    if RIGHT_TO_LEFT.search(text):
        return _text(in_logical_order(glyphs_of(textpage)))
    if textpage.count_chars() != len(text):
        return text  # offsets in the text do not match the characters of the page
    lines = [match.span() for match in LINE.finditer(text)]
    is_disordered, is_overprinted = _check_lines(textpage, lines)
    if is_overprinted:
        return _text(without_overprints(glyphs_of(textpage)))
    is_prose = len(DIGIT.findall(text)) < MAX_DIGIT_SHARE * len(text)
    return _rearranged(glyphs_of(textpage)) if is_disordered and is_prose else text


def _check_lines(textpage: PdfTextPage, lines: Sequence[tuple[int, int]]) -> tuple[bool, bool]:
    """Return whether lines are out of reading order (jump up often, or span two columns), and whether some are printed twice."""
    boxes = [_line_box(textpage, *line) for line in lines]
    jumps = sum(second[3] < first[1] for first, second in pairwise(boxes))
    widest = max((box[2] - box[0] for box in boxes), default=0.0)
    long = [line for line, box in zip(lines, boxes, strict=True) if box[2] - box[0] > 0.6 * widest]
    sampled = [_runs(textpage, *line) for line in long[:: max(1, len(long) // SAMPLES)][:SAMPLES]]
    two_column = sum(_spans_two_columns(*line) for line in sampled)
    is_disordered = jumps > max(MAX_JUMPS, len(lines) // 10) or two_column > max(2, len(sampled) // 2)
    return is_disordered, any(_is_overprinted(*line) for line in sampled)


def _line_box(textpage: PdfTextPage, start: int, end: int) -> Box:
    from pypdfium2 import raw

    left, right, bottom, top = (c_double() for _ in range(4))
    raw.FPDFText_GetCharBox(textpage, end - 1, left, right, bottom, top)
    furthest = right.value
    raw.FPDFText_GetCharBox(textpage, start, left, right, bottom, top)
    return left.value, -top.value, furthest, -bottom.value


def _runs(textpage: PdfTextPage, start: int, end: int) -> tuple[list[Run], float]:
    """Return the runs of a line in content order, and the height of the line."""
    from pypdfium2 import raw

    left, top, right, bottom = (c_double() for _ in range(4))
    runs, height = [], 1.0
    for index in range(min(MAX_RECTANGLES, raw.FPDFText_CountRects(textpage, start, end - start))):
        raw.FPDFText_GetRect(textpage, index, left, top, right, bottom)
        height = max(height, top.value - bottom.value)
        runs.append((left.value, right.value, top.value))
    return runs, height


def _is_overprinted(runs: Sequence[Run], height: float) -> bool:
    """Return True if a line starts again over itself, and not in the next line after a hyphen."""
    pairs = pairwise(runs)
    return any(second[0] < first[1] - height and abs(second[2] - first[2]) < 0.3 * height for first, second in pairs)


def _spans_two_columns(runs: Sequence[Run], height: float) -> bool:
    """Return True if a line is two runs of prose with one gap between them."""
    gaps = [number for number, (first, second) in enumerate(pairwise(runs), 1) if second[0] - first[1] > height]
    return len(gaps) == 1 and all(side[-1][1] - side[0][0] > LONG_LINE * height for side in (runs[: gaps[0]], runs[gaps[0] :]))


def _rearranged(glyphs: Sequence[Glyph]) -> str:
    segments = _segments(glyphs)
    texts, boxes = [_text(segment).strip() for segment in segments], [_around(segment) for segment in segments]
    upright = sum(len(text) < 2 or box[3] - box[1] > box[2] - box[0] for text, box in zip(texts, boxes, strict=True))
    if 2 * upright > len(boxes):
        return _text(glyphs)  # vertical or rotated text, where every letter looks like a line
    blocks = in_reading_order(boxes)
    if not _is_scrambled(blocks, boxes):
        return _text(glyphs)
    return "\n".join(" ".join(texts[index] for index in row) for block in blocks for row in block)


def _segments(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """Return runs of adjacent characters on one line."""
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


def _is_scrambled(blocks: Sequence[Block], boxes: Sequence[Box]) -> bool:
    """Return True if the content order jumps between blocks far more often than necessary."""
    block_of = {index: number for number, block in enumerate(blocks) for row in block for index in row}
    jumps = sum(block_of[first] != block_of[second] for first, second in pairwise(range(len(boxes))))
    return jumps > 2 * len(blocks) + 2


def _around(segment: Sequence[Glyph]) -> Box:
    drawn = [glyph for glyph in segment if glyph.right > glyph.left]
    return (
        min(glyph.left for glyph in drawn), median(glyph.top for glyph in drawn), max(glyph.right for glyph in drawn),
        median(glyph.bottom for glyph in drawn),
    )  # fmt: skip


def glyphs_of(textpage: PdfTextPage) -> list[Glyph]:
    """Return the characters of a page in content order."""
    from pypdfium2 import raw

    left, right, bottom, top = (c_double() for _ in range(4))
    found = []
    for index in range(min(MAX_GLYPHS, textpage.count_chars())):
        raw.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
        code = raw.FPDFText_GetUnicode(textpage, index)
        if 0 < code < 0x110000:
            found.append(Glyph(chr(code), left.value, -top.value, right.value, -bottom.value))
    return found


def without_overprints(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Drop characters printed again at the same place: shadows, and bold made by printing twice."""
    kept: list[Glyph] = []
    places: dict[tuple[str, int, int], list[Glyph]] = {}
    for glyph, is_shared in zip(glyphs, _share_boxes(glyphs), strict=True):
        if glyph.character == " " and kept and kept[-1].character == " ":
            continue
        size = max(1.0, glyph.bottom - glyph.top)
        near = OVERPRINT_DISTANCE * size
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
    """Return for each glyph whether it shares its box with a neighbour: one drawing with the text that the file gives for it."""
    same = [False, *(first.box == second.box for first, second in pairwise(glyphs)), False]
    return [before or after for before, after in pairwise(same)]


def in_logical_order(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Convert right-to-left text from visual to logical order."""
    found: list[Glyph] = []
    for is_line_end, group in groupby(glyphs, key=lambda glyph: glyph.character in LINE_ENDS):
        line = list(group)
        found += line if is_line_end else _logical_line(line)
    return found


def _logical_line(line: list[Glyph]) -> list[Glyph]:
    is_right_to_left = [bool(RIGHT_TO_LEFT.match(glyph.character)) for glyph in line]
    ordered: list[Glyph] = []
    position = 0
    for start, end in _glyph_runs(line, is_right_to_left):
        run = line[start:end]
        ordered += line[position:start]
        ordered += _reversed(run) if _is_in_visual_order(run) else run
        position = end
    return ordered + line[position:]


def _glyph_runs(line: Sequence[Glyph], flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield the spans of right-to-left text, including the neutral characters between two such letters.

    Letters that share a box are a span of their own: one drawing with the text that the file gives for it.
    """
    start = end = -1
    for index, flag in enumerate(flags):
        glyph = line[index]
        is_break = glyph.character.isalpha() and not flag
        is_shared = end > start >= 0 and glyph.box != line[end].box and line[start].box == line[end].box
        if start >= 0 and (is_break or (flag and is_shared)):
            yield start, end + 1
            start = -1
        if flag:
            start, end = (index if start < 0 else start), index
    if start >= 0:
        yield start, end + 1


def _is_in_visual_order(run: Sequence[Glyph]) -> bool:
    letters = [glyph for glyph in run if RIGHT_TO_LEFT.match(glyph.character) and not unicodedata.combining(glyph.character)]
    if len(run) > 1 and len({glyph.box for glyph in run if not glyph.character.isspace()}) == 1:
        return True  # the words of one drawing, which PDFium reverses like every right-to-left line
    steps = [second.left + second.right - first.left - first.right for first, second in pairwise(letters)]
    return sum(step > 0 for step in steps) > sum(step < 0 for step in steps)


def _reversed(run: Sequence[Glyph]) -> Iterator[Glyph]:
    """Yield a run reversed; the digits of a number keep their order."""
    for is_digit, group in groupby(reversed(run), key=lambda glyph: glyph.character.isdigit()):
        piece = list(group)
        yield from reversed(piece) if is_digit else piece


def _text(glyphs: Sequence[Glyph]) -> str:
    return "".join(glyph.character for glyph in glyphs)


def page_parts(texts: Sequence[str], labels: Sequence[str]) -> tuple[Part, ...]:
    """Return a part per page of a text whose pages are joined by PAGE_BREAK."""
    starts = accumulate((len(text) + len(PAGE_BREAK) for text in texts), initial=0)
    pages = zip(count(1), starts, texts, labels, strict=False)
    return tuple(Part(start, start + len(text), page=number, page_label=label or None) for number, start, text, label in pages)


def in_reading_order(boxes: Sequence[Box]) -> list[Block]:
    """Return blocks of rows of indexes: the columns and the bands between them, from top to bottom."""
    everything = list(range(len(boxes)))
    if len(boxes) > MAX_BOXES:
        return [_rows(everything, boxes)]
    return [block for block in _cut(everything, boxes, 0) if block]


def _cut(chosen: Sequence[int], boxes: Sequence[Box], depth: int) -> Iterator[Block]:
    if depth == MAX_DEPTH or len(chosen) < 2 * MIN_LINES:
        yield _rows(chosen, boxes)
        return
    pending: list[int] = []
    for band, gaps in _bands(chosen, boxes):
        columns = _columns(band, gaps, boxes)
        if len(columns) < 2:
            pending += band
            continue
        yield _rows(pending, boxes)
        pending = []
        for column in columns:
            yield from _cut(column, boxes, depth + 1)
    yield _rows(pending, boxes)


def _bands(chosen: Sequence[int], boxes: Sequence[Box]) -> Iterator[tuple[list[int], list[Gap]]]:
    """Yield runs of boxes, from top to bottom, each with the gaps that go down through all of it."""
    left, right = min(boxes[index][0] for index in chosen), max(boxes[index][2] for index in chosen)
    min_width = MIN_GUTTER_WIDTH * _height(chosen, boxes)
    band: list[int] = []
    gaps = [(left, right)]
    for index in sorted(chosen, key=lambda index: (boxes[index][1], boxes[index][0])):
        fewer = _without(gaps, boxes[index], min_width)
        if band and _inner(gaps, left, right) and not _inner(fewer, left, right):
            yield band, gaps
            band, fewer = [], _without([(left, right)], boxes[index], min_width)
        elif band and not _inner(fewer, left, right) and _inner(_without([(left, right)], boxes[index], min_width), left, right):
            yield band, []
            band, fewer = [], _without([(left, right)], boxes[index], min_width)
        band.append(index)
        gaps = fewer
    yield band, gaps


def _without(gaps: Sequence[Gap], box: Box, min_width: float) -> list[Gap]:
    pieces = []
    for start, end in gaps:
        pieces += [(start, min(end, box[0])), (max(start, box[2]), end)]
    return [(start, end) for start, end in dict.fromkeys(pieces) if end - start >= min_width]


def _inner(gaps: Sequence[Gap], left: float, right: float) -> bool:
    """Return True if any gap can be a gutter and not only a margin."""
    width = right - left
    return any(end > left + 0.2 * width and start < right - 0.2 * width for start, end in gaps)


def _columns(band: Sequence[int], gaps: Sequence[Gap], boxes: Sequence[Box]) -> list[list[int]]:
    """Return the columns of a band from left to right, or a single one unless all of them are prose."""
    edges = [float("-inf"), *((start + end) / 2 for start, end in sorted(gaps)), float("inf")]
    middles = {index: (boxes[index][0] + boxes[index][2]) / 2 for index in band}
    columns = [[index for index in band if start < middles[index] <= end] for start, end in pairwise(edges)]
    columns = [column for column in columns if column]
    widths = [_width(column, boxes) for column in columns]
    is_text = min(widths) > MIN_COLUMN_WIDTH * max(widths) and all(_is_prose(column, boxes) for column in columns)
    return columns if is_text else [list(band)]


def _is_prose(column: Sequence[int], boxes: Sequence[Box]) -> bool:
    """Return True if most lines are long and fill their column, unlike those of a table."""
    length = median(boxes[index][2] - boxes[index][0] for index in column)
    is_full = length > max(LONG_LINE * _height(column, boxes), FULL_LINE * _width(column, boxes))
    return is_full and len(_rows(column, boxes)) >= MIN_LINES


def _width(column: Sequence[int], boxes: Sequence[Box]) -> float:
    return max(boxes[index][2] for index in column) - min(boxes[index][0] for index in column)


def _rows(chosen: Sequence[int], boxes: Sequence[Box]) -> Block:
    """Group the boxes into rows from top to bottom, each from left to right."""
    rows: Block = []
    top, bottom = 0.0, 0.0
    for index in sorted(chosen, key=lambda index: boxes[index][1] + boxes[index][3]):
        _, above, _, below = boxes[index]
        overlap = min(bottom, below) - max(top, above)
        if rows and top < (above + below) / 2 < bottom and overlap > 0.5 * min(bottom - top, below - above):
            rows[-1].append(index)
        else:
            rows.append([index])
            top, bottom = above, below
    return [sorted(row, key=lambda index: boxes[index][0]) for row in rows]


def _height(chosen: Sequence[int], boxes: Sequence[Box]) -> float:
    return median(boxes[index][3] - boxes[index][1] for index in chosen)

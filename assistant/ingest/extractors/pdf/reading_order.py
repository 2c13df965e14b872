"""Sort text boxes of a page into reading order, one column after the other.

The page is split recursively into bands and columns: the recursive X-Y cut of Nagy and Seth, "Hierarchical representation of
optically scanned documents" (1984). A gap counts as a gutter only if there is prose on both sides, so tables are read by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

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
    columns = [[index for index in band if start < _middle(boxes[index]) <= end] for start, end in pairwise(edges)]
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
        centre = (boxes[index][1] + boxes[index][3]) / 2
        if rows and top < centre < bottom and min(bottom, boxes[index][3]) - max(top, boxes[index][1]) > 0.5 * (
            min(bottom - top, boxes[index][3] - boxes[index][1])
        ):
            rows[-1].append(index)
        else:
            rows.append([index])
            top, bottom = boxes[index][1], boxes[index][3]
    return [sorted(row, key=lambda index: boxes[index][0]) for row in rows]


def _middle(box: Box) -> float:
    return (box[0] + box[2]) / 2


def _height(chosen: Sequence[int], boxes: Sequence[Box]) -> float:
    return median(boxes[index][3] - boxes[index][1] for index in chosen)

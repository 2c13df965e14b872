"""Boxes of text on a page in; their indexes in reading order out, columns read one after the other.

The page is cut into bands and the bands into columns, again and again: the recursive X-Y cut of Nagy and Seth,
"Hierarchical representation of optically scanned documents" (1984). A gap between boxes is taken for a gutter only
where both sides of it are running text; the columns of a table are not, and its rows are read across.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

Box = tuple[float, float, float, float]  # left, top, right, bottom; the top is less than the bottom
Gap = tuple[float, float]
Row = list[int]
Block = list[Row]

FEWEST_LINES = 3  # in a column
LONG_LINE = 8.0  # times its height: about fifteen Latin letters, twenty where OCR draws its boxes wide
FULL_LINE = 0.6  # of its column's width
NARROWEST_COLUMN = 0.3  # of the widest
NARROWEST_GUTTER = 0.7  # times the height of a line
DEEPEST = 8
MOST_BOXES = 5000  # more are no text in columns, and take their time


def in_reading_order(boxes: Sequence[Box]) -> list[Block]:
    """Return blocks of rows of indexes: the columns and the bands between them, from top to bottom."""
    everything = list(range(len(boxes)))
    if len(boxes) > MOST_BOXES:
        return [_rows(everything, boxes)]
    return [block for block in _cut(everything, boxes, 0) if block]


def _cut(chosen: Sequence[int], boxes: Sequence[Box], depth: int) -> Iterator[Block]:
    if depth == DEEPEST or len(chosen) < 2 * FEWEST_LINES:
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
    narrowest = NARROWEST_GUTTER * _height(chosen, boxes)
    band: list[int] = []
    gaps = [(left, right)]
    for index in sorted(chosen, key=lambda index: (boxes[index][1], boxes[index][0])):
        fewer = _without(gaps, boxes[index], narrowest)
        if band and _inner(gaps, left, right) and not _inner(fewer, left, right):
            yield band, gaps
            band, fewer = [], _without([(left, right)], boxes[index], narrowest)
        elif band and not _inner(fewer, left, right) and _inner(_without([(left, right)], boxes[index], narrowest), left, right):
            yield band, []
            band, fewer = [], _without([(left, right)], boxes[index], narrowest)
        band.append(index)
        gaps = fewer
    yield band, gaps


def _without(gaps: Sequence[Gap], box: Box, narrowest: float) -> list[Gap]:
    pieces = []
    for start, end in gaps:
        pieces += [(start, min(end, box[0])), (max(start, box[2]), end)]
    return [(start, end) for start, end in dict.fromkeys(pieces) if end - start >= narrowest]


def _inner(gaps: Sequence[Gap], left: float, right: float) -> bool:
    """Say whether any gap may yet be a gutter: one that starts left of everything or ends right of it is a margin."""
    width = right - left
    return any(end > left + 0.2 * width and start < right - 0.2 * width for start, end in gaps)


def _columns(band: Sequence[int], gaps: Sequence[Gap], boxes: Sequence[Box]) -> list[list[int]]:
    """Return the columns of a band from left to right: one, where any of them is no running text."""
    edges = [float("-inf"), *((start + end) / 2 for start, end in sorted(gaps)), float("inf")]
    columns = [[index for index in band if start < _middle(boxes[index]) <= end] for start, end in pairwise(edges)]
    columns = [column for column in columns if column]
    widths = [_width(column, boxes) for column in columns]
    is_text = min(widths) > NARROWEST_COLUMN * max(widths) and all(_is_running_text(column, boxes) for column in columns)
    return columns if is_text else [list(band)]


def _is_running_text(column: Sequence[int], boxes: Sequence[Box]) -> bool:
    """Say whether most lines are long and reach across their column, as those of a table's column do not."""
    length = median(boxes[index][2] - boxes[index][0] for index in column)
    is_full = length > max(LONG_LINE * _height(column, boxes), FULL_LINE * _width(column, boxes))
    return is_full and len(_rows(column, boxes)) >= FEWEST_LINES


def _width(column: Sequence[int], boxes: Sequence[Box]) -> float:
    return max(boxes[index][2] for index in column) - min(boxes[index][0] for index in column)


def _rows(chosen: Sequence[int], boxes: Sequence[Box]) -> Block:
    """Return what stands at the same height together, from left to right."""
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

"""Shapes on a slide or page in, with the boxes they take up; their reading order out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Shape = TypeVar("Shape")


@dataclass(frozen=True, slots=True)
class Box:
    """Where a shape is, in any unit. One `is_known` to be nowhere is read after the shape before it."""

    left: float = 0.0
    top: float = 0.0
    height: float = 0.0
    is_known: bool = True


NOWHERE = Box(is_known=False)


def in_reading_order(shapes: Sequence[Shape], boxes: Sequence[Box]) -> list[Shape]:
    """Return the shapes from top to bottom, those side by side from left to right."""
    placed = sorted(zip(_settled(boxes), shapes, strict=True), key=lambda pair: pair[0].top)
    rows: list[list[tuple[Box, Shape]]] = []
    for box, shape in placed:
        if rows and _is_beside(box, rows[-1][0][0]):
            rows[-1].append((box, shape))
        else:
            rows.append([(box, shape)])
    return [shape for row in rows for _, shape in sorted(row, key=lambda pair: pair[0].left)]


def _settled(boxes: Sequence[Box]) -> list[Box]:
    """Give each box without a place that of the box before it."""
    settled: list[Box] = []
    for box in boxes:
        settled.append(box if box.is_known else settled[-1] if settled else Box())
    return settled


def _is_beside(box: Box, first: Box) -> bool:
    """Say whether a box begins above the middle of the one that its row began with."""
    return box.top <= first.top + first.height / 2

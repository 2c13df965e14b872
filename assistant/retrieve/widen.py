"""Hits in, wider hits out for a model to read: neighbours that were both found become one, and text around them comes in.

Small passages are found best, larger ones are understood best. A wider hit is still one verbatim text with an exact Location:
it never leaves its page, slide, sheet, message or section, and where the white space between two passages is not
known for sure they stay apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from assistant.datatypes import Chunk, Hit

WIDE = re.compile(r"[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")
CHARACTERS_PER_TOKEN = 4
AROUND_A_PASSAGE = 25  # tokens of its number, its source and its title

Neighbours = Callable[[Hit], Sequence[Chunk]]  # those right before and right after it in its file


def widen(hits: Sequence[Hit], neighbours: Neighbours, tokens: int) -> tuple[Hit, ...]:
    """Return the hits, joined where they touch, each with the passages right beside it, the best first, as far as `tokens` go."""
    wide = touching_joined(hits)
    left = tokens - sum(cost(hit.chunk) for hit in wide)
    for place, hit in enumerate(wide):
        for chunk in neighbours(hit):
            new = cost(chunk) <= left and not any(holds(one, hit.path, chunk) for one in wide)
            if new and are_neighbours(wide[place].chunk, chunk):
                wide[place] = replace(wide[place], chunk=joined(wide[place].chunk, chunk))
                left -= cost(chunk)
    return tuple(wide)


def touching_joined(hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits, each with those of lower rank that touch it in its file, or touch what touches it."""
    found: list[Hit] = []
    for hit in hits:
        beside = next((at for at, one in enumerate(found) if one.path == hit.path and are_neighbours(one.chunk, hit.chunk)), -1)
        if beside < 0:
            found.append(hit)
        else:
            found[beside] = replace(found[beside], chunk=joined(found[beside].chunk, hit.chunk))
    return touching_joined(found) if len(found) < len(hits) else found


def are_neighbours(one: Chunk, other: Chunk) -> bool:
    """Return whether one follows the other in the same part and section, and what stands between them is known."""
    first, second = in_order(one, other)
    here, there = first.location, second.location
    same = ("page", "slide", "sheet", "chapter", "message", "heading")
    if one.context != other.context or any(getattr(here, name) != getattr(there, name) for name in same):
        return False
    if any((here.cells, here.time, there.cells, there.time)) or here.char_end > there.char_start:
        return False
    return len(between(first, second)) == there.char_start - here.char_end


def between(first: Chunk, second: Chunk) -> str:
    """Return what must stand between them, judged by the lines: line ends, or one space in a line. Else its length differs."""
    lines = second.location.line_start - first.location.line_end
    gap = second.location.char_start - first.location.char_end
    if not lines:
        return " " if gap == 1 else ""
    return ("\r\n" if "\r\n" in first.text + second.text else "\n") * lines


def joined(one: Chunk, other: Chunk) -> Chunk:
    """Return the two neighbours as one."""
    first, second = in_order(one, other)
    location = replace(first.location, line_end=second.location.line_end, char_end=second.location.char_end)
    return Chunk(first.text + between(first, second) + second.text, location, first.context)


def in_order(one: Chunk, other: Chunk) -> tuple[Chunk, Chunk]:
    """Return the two in the order of the file."""
    return (one, other) if one.location.char_start <= other.location.char_start else (other, one)


def holds(hit: Hit, path: str, chunk: Chunk) -> bool:
    """Return whether the hit holds this passage of the file already."""
    here, there = hit.chunk.location, chunk.location
    return hit.path == path and here.char_start <= there.char_start and there.char_end <= here.char_end


def cost(chunk: Chunk) -> int:
    """Return about how many tokens a passage costs: one to a CJK character, one to four others."""
    wide = len(WIDE.findall(chunk.searchable))
    return wide + (len(chunk.searchable) - wide) // CHARACTERS_PER_TOKEN + AROUND_A_PASSAGE

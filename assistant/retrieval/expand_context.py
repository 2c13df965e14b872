"""Widen hits for a model to read: neighbours that were both found become one, and text around them comes in.

Small passages are found best, larger ones are understood best. A wider hit is still one verbatim text with an exact Location:
it never leaves its page, slide, sheet, message or section, and where the white space between two passages is not
known for sure they stay apart. What is read of a file are disjoint spans of it, so that no text is read or shown twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from assistant.datatypes import Chunk, Hit

WIDE = re.compile(r"[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")
CHARACTERS_PER_TOKEN = 4
AROUND_A_PASSAGE = 25  # tokens of its number, its source and its title


def widen(hits: Sequence[Hit], neighbours: Sequence[Sequence[Chunk]], tokens: int) -> tuple[Hit, ...]:
    """Widen hits, best first, by the chunks right beside them in their files, within a budget of tokens.

    No two hits touch (see `touching_joined`); `neighbours` holds, for each hit, the chunks right after and right before it.
    """
    wide = list(hits)
    left = tokens - sum(cost(hit.chunk) for hit in wide)
    for place, hit in enumerate(hits):
        for chunk in neighbours[place]:
            new = cost(chunk) <= left and not any(one.path == hit.path and meet(one.chunk, chunk) for one in wide)
            if new and are_neighbours(wide[place].chunk, chunk):
                wide[place] = replace(wide[place], chunk=joined(wide[place].chunk, chunk))
                left -= cost(chunk)
    return tuple(wide)


def touching_joined(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits, each with those of lower rank that touch it in its file, or touch what touches it."""
    return joined_where(overlap_or_touch, hits)


def overlapping_joined(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits, each with those of lower rank that have some of its text, so that they are disjoint spans of a file."""
    return joined_where(overlap, hits)


def without_held(hits: Sequence[Hit], read: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits that are not wholly in what is read."""
    return tuple(hit for hit in hits if not any(holds(one, hit) for one in read))


def joined_where(belong: Callable[[Chunk, Chunk], bool], hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits, those of one file that belong together as one at the place of the best, until no two do."""
    found: list[Hit] = []
    for hit in hits:
        beside = next((at for at, one in enumerate(found) if one.path == hit.path and belong(one.chunk, hit.chunk)), -1)
        if beside < 0:
            found.append(hit)
        else:
            found[beside] = replace(found[beside], chunk=joined(found[beside].chunk, hit.chunk))
    return joined_where(belong, found) if len(found) < len(hits) else tuple(found)


def overlap_or_touch(one: Chunk, other: Chunk) -> bool:
    """Return whether two passages of a file can be read as one."""
    return overlap(one, other) or are_neighbours(one, other)


def meet(one: Chunk, other: Chunk) -> bool:
    """Return whether two spans of a file have a character in common."""
    here, there = one.location, other.location
    return here.char_start < there.char_end and there.char_start < here.char_end


def overlap(one: Chunk, other: Chunk) -> bool:
    """Return whether two passages of a file have text in common. Two libraries can hold two states of a file, which do not."""
    return meet(one, other) and agree(one, other)


def agree(one: Chunk, other: Chunk) -> bool:
    """Return whether two passages say the same where their spans meet."""
    first, second = in_order(one, other)
    begin = second.location.char_start - first.location.char_start
    return first.text[begin : begin + len(second.text)] == second.text[: len(first.text) - begin]


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
    """Return two passages that are neighbours or overlap as one."""
    first, second = in_order(one, other)
    here, there = first.location, second.location
    if there.char_end <= here.char_end:
        return first
    common = here.char_end - there.char_start
    more = second.text[common:] if common > 0 else between(first, second) + second.text
    cells = here.cells if here.cells == there.cells else None
    location = replace(here, line_end=there.line_end, char_end=there.char_end, cells=cells)
    return Chunk(first.text + more, location, first.context)


def in_order(one: Chunk, other: Chunk) -> tuple[Chunk, Chunk]:
    """Return the two in the order of the file, the longer first where they begin together."""
    here, there = one.location, other.location
    return (one, other) if (here.char_start, -here.char_end) <= (there.char_start, -there.char_end) else (other, one)


def holds(hit: Hit, other: Hit) -> bool:
    """Return whether all of the other hit's text stands in the hit."""
    here, there = hit.chunk.location, other.chunk.location
    inside = hit.path == other.path and here.char_start <= there.char_start and there.char_end <= here.char_end
    return inside and agree(hit.chunk, other.chunk)


def cost(chunk: Chunk) -> int:
    """Return about how many tokens a passage costs: one to a CJK character, one to four others."""
    wide = len(WIDE.findall(chunk.searchable))
    return wide + (len(chunk.searchable) - wide) // CHARACTERS_PER_TOKEN + AROUND_A_PASSAGE

"""Expand hits for the prompt: merge adjacent and overlapping hits, and add neighbouring text within the token budget.

Small chunks are found best, larger ones are understood best. An expanded hit is still one verbatim text with an exact Location:
it stays within its page, slide, sheet, message or section, and chunks are not merged if the white space between them is unknown.
The hits of a file become disjoint spans, so no text is read or shown twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from assistant.datatypes import Chunk, Hit

WIDE = re.compile(r"[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")
CHARACTERS_PER_TOKEN = 4
TOKENS_PER_HEADER = 25  # a passage's number, source and title in the prompt


def widen(hits: Sequence[Hit], neighbours: Sequence[Sequence[Chunk]], tokens: int) -> tuple[Hit, ...]:
    """Widen hits, best first, by the chunks right beside them in their files, within a budget of tokens.

    No two hits touch (see `merge_touching`); `neighbours` holds, for each hit, the chunks directly after and before it.
    """
    wide = list(hits)
    left = tokens - sum(estimate_tokens(hit.chunk) for hit in wide)
    for place, hit in enumerate(hits):
        for chunk in neighbours[place]:
            is_read = any(one.path == hit.path and spans_meet(one.chunk, chunk) for one in wide)
            if not is_read and are_neighbours(wide[place].chunk, chunk) and (size := estimate_tokens(chunk)) <= left:
                wide[place] = replace(wide[place], chunk=merge_chunks(wide[place].chunk, chunk))
                left -= size
    return tuple(wide)


def merge_touching(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits, each merged with lower-ranked hits that touch or overlap it, transitively."""
    return merge_where(lambda one, other: overlap_with_same_text(one, other) or are_neighbours(one, other), hits)


def merge_overlapping(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits, each merged with lower-ranked hits that overlap it, so that they are disjoint spans."""
    return merge_where(overlap_with_same_text, hits)


def drop_contained(hits: Sequence[Hit], read: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits that are not contained in one of `read`."""
    return tuple(hit for hit in hits if not any(one.path == hit.path and contains(one.chunk, hit.chunk) for one in read))


def merge_where(belong: Callable[[Chunk, Chunk], bool], hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits with those of one file that `belong` together merged at the rank of the best, until no two do."""
    found: list[Hit] = []
    for hit in hits:
        beside = next((at for at, one in enumerate(found) if one.path == hit.path and belong(one.chunk, hit.chunk)), -1)
        if beside < 0:
            found.append(hit)
        else:
            found[beside] = replace(found[beside], chunk=merge_chunks(found[beside].chunk, hit.chunk))
    return merge_where(belong, found) if len(found) < len(hits) else tuple(found)


def spans_meet(one: Chunk, other: Chunk) -> bool:
    """Return True if two spans of a file have a character in common."""
    here, there = one.location, other.location
    return here.char_start < there.char_end and there.char_start < here.char_end


def overlap_with_same_text(one: Chunk, other: Chunk) -> bool:
    """Return True if two chunks of a file share text; those of two versions of a file (in two libraries) do not."""
    return spans_meet(one, other) and same_text_where_spans_meet(one, other)


def same_text_where_spans_meet(one: Chunk, other: Chunk) -> bool:
    """Return True if two chunks have the same text where their spans intersect."""
    first, second = in_file_order(one, other)
    begin = second.location.char_start - first.location.char_start
    return first.text[begin : begin + len(second.text)] == second.text[: len(first.text) - begin]


def are_neighbours(one: Chunk, other: Chunk) -> bool:
    """Return True if one follows the other in the same part and section, and the text between them is known."""
    first, second = in_file_order(one, other)
    here, there = first.location, second.location
    same = ("page", "slide", "sheet", "chapter", "message", "heading")
    if one.context != other.context or any(getattr(here, name) != getattr(there, name) for name in same):
        return False
    if any((here.cells, here.time, there.cells, there.time)) or here.char_end > there.char_start:
        return False
    return len(text_between(first, second)) == there.char_start - here.char_end


def text_between(first: Chunk, second: Chunk) -> str:
    """Return the line ends or the space between two chunks, inferred from their lines; it may differ in length from the gap."""
    lines = second.location.line_start - first.location.line_end
    gap = second.location.char_start - first.location.char_end
    if not lines:
        return " " if gap == 1 else ""
    return ("\r\n" if "\r\n" in first.text + second.text else "\n") * lines


def merge_chunks(one: Chunk, other: Chunk) -> Chunk:
    """Return two adjacent or overlapping chunks as one."""
    first, second = in_file_order(one, other)
    here, there = first.location, second.location
    if there.char_end <= here.char_end:
        return first
    common = here.char_end - there.char_start
    more = second.text[common:] if common > 0 else text_between(first, second) + second.text
    cells = here.cells if here.cells == there.cells else None
    location = replace(here, line_end=there.line_end, char_end=there.char_end, cells=cells)
    return Chunk(first.text + more, location, first.context)


def in_file_order(one: Chunk, other: Chunk) -> tuple[Chunk, Chunk]:
    """Return the two chunks in file order; if they start together, the longer one first."""
    here, there = one.location, other.location
    return (one, other) if (here.char_start, -here.char_end) <= (there.char_start, -there.char_end) else (other, one)


def contains(one: Chunk, other: Chunk) -> bool:
    """Return True if the first of two chunks of a file contains all text of the other."""
    here, there = one.location, other.location
    return here.char_start <= there.char_start and there.char_end <= here.char_end and same_text_where_spans_meet(one, other)


def estimate_tokens(chunk: Chunk) -> int:
    """Return the approximate number of tokens of a chunk in the prompt: 1 per CJK character, 1 per 4 others."""
    wide = len(WIDE.findall(chunk.searchable))
    return wide + (len(chunk.searchable) - wide) // CHARACTERS_PER_TOKEN + TOKENS_PER_HEADER

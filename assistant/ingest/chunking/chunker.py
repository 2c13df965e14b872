"""A Document in, its Chunks out: verbatim passages with exact Locations, none across a page, slide or sheet.

Structure decides where to cut: headings first, then paragraphs, sentences, clauses. Token counts come from outside.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.datatypes import Chunk, Document, Location, Mark, Part, Shape
from assistant.ingest.chunking.boundaries import Piece, pack, pieces, split_long
from assistant.ingest.chunking.sections import Section, context_of, heading_of, path_of, sections

CHUNKER_VERSION = 2

CountTokens = Callable[[Sequence[str]], list[int]]

LINE_END = re.compile(r"\r\n|\r|\n")
CHARACTERS_PER_TOKEN = 8  # more than in any running text: what is longer than this is too long, uncounted
TINY = 1 / 3  # of the limit: a section shorter than this joins a neighbour


@dataclass(frozen=True, slots=True)
class _Measured:
    """A piece, its length in tokens, and the number of its section."""

    piece: Piece
    section: int
    tokens: int


@dataclass(frozen=True, slots=True)
class _Passage:
    """What becomes a chunk: a span, its length, and the sections that it takes from, the last included."""

    start: int
    end: int
    tokens: int
    first: int
    last: int


def chunk(document: Document, count_tokens: CountTokens, limit: int = 200) -> tuple[Chunk, ...]:
    """Cut a document into passages of at most `limit` tokens."""
    extraction = document.extraction
    by_part = sections(extraction)
    flat = [section for group in by_part for section in group]
    measured = _measure(extraction.text, _pieces(document, flat, limit), count_tokens, limit)
    line_ends = [match.end() for match in LINE_END.finditer(extraction.text)]
    chunks: list[Chunk] = []
    first = 0
    for part, group in zip(extraction.parts, by_part, strict=True):
        passages = [
            passage for number in range(first, first + len(group)) for passage in _passages(number, measured[number], limit)
        ]
        chunks += (_chunk(document, part, passage, flat, line_ends) for passage in _merge(passages, flat, limit))
        first += len(group)
    return tuple(chunks)


def _pieces(document: Document, flat: Sequence[Section], limit: int) -> list[tuple[int, Piece]]:
    extraction = document.extraction
    return [
        (number, piece)
        for number, section in enumerate(flat)
        for piece in pieces(extraction.text, section, Shape.TABLE if section.table else extraction.shape, limit // 4)
    ]


def _measure(text: str, found: Sequence[tuple[int, Piece]], count_tokens: CountTokens, limit: int) -> dict[int, list[_Measured]]:
    """Count all pieces in one call, and in a second one the parts of those that are too long."""
    short = [piece for _, piece in found if piece.end - piece.start <= limit * CHARACTERS_PER_TOKEN]
    lengths = _count(text, short, count_tokens)
    broken = {piece: list(split_long(text, piece, limit)) for _, piece in found if lengths.get(piece, limit + 1) > limit}
    parts = [part for split in broken.values() for part in split]
    part_lengths = _count(text, parts, count_tokens)
    measured: dict[int, list[_Measured]] = {}
    for number, piece in found:
        known = part_lengths if piece in broken else lengths
        members = (_Measured(member, number, known[member]) for member in broken.get(piece, [piece]))
        measured.setdefault(number, []).extend(members)
    return {number: list(_within(text, members, limit)) for number, members in measured.items()}


def _count(text: str, found: Sequence[Piece], count_tokens: CountTokens) -> dict[Piece, int]:
    """Return token counts, but never fewer than the characters suggest: some vocabularies call any long word one."""
    counts = count_tokens([text[piece.start : piece.end] for piece in found]) if found else []
    return {
        piece: max(count, (piece.end - piece.start) // (CHARACTERS_PER_TOKEN + 2))
        for piece, count in zip(found, counts, strict=True)
    }


def _within(text: str, members: Sequence[_Measured], limit: int) -> Iterator[_Measured]:
    """Cut what is still too long because one character is several tokens, assuming that they are spread evenly."""
    for member in members:
        if member.tokens <= limit:
            yield member
            continue
        characters = member.piece.end - member.piece.start
        for part in split_long(text, member.piece, max(1, characters * limit // (2 * member.tokens))):
            share = -(-member.tokens * (part.end - part.start) // characters)
            yield _Measured(part, member.section, min(limit, share))


def _passages(number: int, members: Sequence[_Measured], limit: int) -> Iterator[_Passage]:
    lengths = [member.tokens for member in members]
    for first, last in pack([member.piece.cut for member in members], lengths, limit):
        start, end = members[first].piece.start, members[last - 1].piece.end
        yield _Passage(start, end, sum(lengths[first:last]), number, number)


def _merge(passages: Sequence[_Passage], flat: Sequence[Section], limit: int) -> list[_Passage]:
    """Join tiny passages of neighbouring sections under the same parent where they fit together."""
    merged: list[_Passage] = []
    for passage in passages:
        last = merged[-1] if merged else passage
        is_near = passage.first != last.last and _are_siblings(flat[last.first], flat[passage.first])
        is_tiny = min(last.tokens, passage.tokens) < TINY * limit
        if is_near and is_tiny and last.tokens + passage.tokens <= limit:
            tokens = last.tokens + passage.tokens
            merged[-1] = _Passage(last.start, passage.end, tokens, last.first, passage.last)
        else:
            merged.append(passage)
    return merged


def _are_siblings(section: Section, other: Section) -> bool:
    """Say whether the other section is under the parent of the first."""
    parent = section.path[:-1]
    return other.path[: len(parent)] == parent


def _chunk(document: Document, part: Part, passage: _Passage, flat: Sequence[Section], line_ends: Sequence[int]) -> Chunk:
    among = flat[passage.first : passage.last + 1]
    path = path_of([section.path for section in among])
    has_own_lines = part.page is not None or part.slide is not None or part.sheet is not None
    lines_before = bisect_right(line_ends, part.char_start) if has_own_lines else 0
    marks = marks_between(document.extraction.marks, passage.start, passage.end)
    location = Location(
        line_start=bisect_right(line_ends, passage.start) - lines_before + 1,
        line_end=bisect_right(line_ends, passage.end - 1) - lines_before + 1,
        char_start=passage.start,
        char_end=passage.end,
        page=part.page,
        page_label=part.page_label,
        slide=part.slide,
        sheet=part.sheet,
        cells=cells_of(marks),
        chapter=part.chapter,
        message=part.message,
        time=time_of(marks),
        heading=heading_of(document.title, path),
    )
    text = document.extraction.text[passage.start : passage.end]
    return Chunk(text, location, context_of(document, path, _header(passage, among)))


def _header(passage: _Passage, among: Sequence[Section]) -> str:
    """Return the header row that a passage out of a table's middle lacks."""
    tables = [section.table for section in among if section.table]
    return next((table.header for table in tables if table.char_start < passage.start), "")


CELL = re.compile(r"([A-Z]+)(\d+)")


def marks_between(marks: Sequence[Mark], start: int, end: int) -> Sequence[Mark]:
    """Return the marks that the text from `start` to `end` is under: one that begins before it may reach into it."""
    first = bisect_right(marks, start, key=lambda mark: mark.char_start) - 1
    return marks[max(0, first) : bisect_left(marks, end, key=lambda mark: mark.char_start)]


def time_of(marks: Sequence[Mark]) -> str | None:
    """Return the time at which the marked text begins."""
    return next((mark.time for mark in marks if mark.time), None)


def cells_of(marks: Sequence[Mark]) -> str | None:
    """Return the smallest range that holds the cells of all the marks: "A2:C2" and "B5:F5" make "A2:F5"."""
    corners = [corner for mark in marks if mark.cells for corner in CELL.findall(mark.cells)]
    if not corners:
        return None
    columns = sorted((letters for letters, _ in corners), key=lambda letters: (len(letters), letters))
    rows = sorted(int(row) for _, row in corners)
    first, last = f"{columns[0]}{rows[0]}", f"{columns[-1]}{rows[-1]}"
    return first if first == last else f"{first}:{last}"

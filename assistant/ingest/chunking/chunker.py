"""Split a document into chunks: verbatim spans with exact locations, none across a slide or sheet.

A chunk crosses a page break only to end a sentence. Splits
follow the structure: headings first, then paragraphs, sentences and clauses. The caller provides the token counts.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.datatypes import Chunk, Document, Extraction, Location, Part, PositionLabel, Shape
from assistant.ingest.chunking.boundaries import TextUnit, pack_units, split_unit, text_units
from assistant.ingest.chunking.sections import Section, context_of, heading_of, path_of, sections

CHUNKER_VERSION = 3
CountTokens = Callable[[Sequence[str]], list[int]]
LINE_END = re.compile(r"\r\n|\r|\n")
WINDOW = 2_000_000  # characters that are split at once
CHARACTERS_PER_TOKEN = 8  # more than in any prose: a unit longer than this times the limit is too long without counting
TINY = 1 / 3  # of the limit: a shorter section is merged with a neighbour
CELL = re.compile(r"([A-Z]+)(\d+)")


@dataclass(frozen=True, slots=True)
class _MeasuredUnit:
    """A text unit, the number of its section and its length in tokens."""

    unit: TextUnit
    section: int
    tokens: int


@dataclass(frozen=True, slots=True)
class _ChunkSpan:
    """The span of a chunk, its length in tokens, and its first and last section (inclusive)."""

    start: int
    end: int
    tokens: int
    first: int
    last: int


def chunk(document: Document, count_tokens: CountTokens, limit: int = 200) -> tuple[Chunk, ...]:
    """Split a document into chunks of at most `limit` tokens."""
    return tuple(iterate_chunks(document, count_tokens, limit))


def iterate_chunks(document: Document, count_tokens: CountTokens, limit: int = 200) -> Iterator[Chunk]:
    """Yield the chunks of a document. The memory it takes is that of WINDOW characters, however long the text is."""
    line_ends = array("q", (match.end() for match in LINE_END.finditer(document.extraction.text)))
    for group in _groups(document.extraction):
        yield from _chunks_of_group(document, group, line_ends, count_tokens, limit)


def _groups(extraction: Extraction) -> Iterator[list[tuple[Part, list[Section]]]]:
    """Yield the parts with their sections in groups of about WINDOW characters; a longer part is divided."""
    group: list[tuple[Part, list[Section]]] = []
    length = 0
    for part, of_part in zip(extraction.parts, sections(extraction), strict=True):
        fresh: list[Section] = []
        for section in (piece for each in of_part for piece in _windows(extraction.text, each)):
            if length + section.end - section.start > WINDOW and length:
                yield [*group, (part, fresh)]
                group, fresh, length = [], [], 0
            fresh.append(section)
            length += section.end - section.start
        group.append((part, fresh))
    yield group


def _windows(text: str, section: Section) -> Iterator[Section]:
    """Divide a section that is longer than WINDOW, at the ends of paragraphs, lines or words."""
    while section.end - section.start > WINDOW:
        first, last = section.start + WINDOW // 2, section.start + WINDOW
        ends = (text.rfind(mark, first, last) for mark in ("\n\n", "\n", " "))
        end = next((end for end in ends if end >= 0), last)
        yield replace(section, end=end)
        section = replace(section, start=end, headings=())
    yield section


def _chunks_of_group(document: Document, group: Sequence[tuple[Part, list[Section]]], line_ends: Sequence[int],
                     count_tokens: CountTokens, limit: int) -> Iterator[Chunk]:
    text, shape = document.extraction.text, document.extraction.shape
    flat = [section for _, of_part in group for section in of_part]
    found = [
        (number, unit)
        for number, section in enumerate(flat)
        for unit in text_units(text, section, Shape.TABLE if section.table else shape, limit // 4)
    ]
    measured = _measure(text, found, count_tokens, limit)
    first = 0
    for part, of_part in group:
        spans = [
            span for number in range(first, first + len(of_part)) for span in _chunk_spans(number, measured[number], limit)
        ]
        yield from (_chunk(document, part, span, flat, line_ends) for span in _merge(spans, flat, limit))
        first += len(of_part)


def _measure(text: str, found: Sequence[tuple[int, TextUnit]], count_tokens: CountTokens, limit: int
             ) -> dict[int, list[_MeasuredUnit]]:
    """Count the tokens of all units in one call; split those that are too long and count their parts in a second one.

    Return the measured units by section number.
    """
    short = [unit for _, unit in found if unit.end - unit.start <= limit * CHARACTERS_PER_TOKEN]
    lengths = _count(text, short, count_tokens)
    broken = {unit: list(split_unit(text, unit, limit)) for _, unit in found if lengths.get(unit, limit + 1) > limit}
    parts = [part for split in broken.values() for part in split]
    part_lengths = _count(text, parts, count_tokens)
    measured: dict[int, list[_MeasuredUnit]] = {}
    for number, unit in found:
        known = part_lengths if unit in broken else lengths
        members = (_MeasuredUnit(member, number, known[member]) for member in broken.get(unit, [unit]))
        measured.setdefault(number, []).extend(members)
    return {number: list(_within_limit(text, members, limit)) for number, members in measured.items()}


def _count(text: str, found: Sequence[TextUnit], count_tokens: CountTokens) -> dict[TextUnit, int]:
    """Return token counts, at least in proportion to the characters: some vocabularies count any long word as one token."""
    counts = count_tokens([text[unit.start : unit.end] for unit in found]) if found else []
    return {
        unit: max(count, (unit.end - unit.start) // (CHARACTERS_PER_TOKEN + 2))
        for unit, count in zip(found, counts, strict=True)
    }


def _within_limit(text: str, members: Sequence[_MeasuredUnit], limit: int) -> Iterator[_MeasuredUnit]:
    """Split units that are still too long because one character is several tokens, which are assumed to be spread evenly."""
    for member in members:
        if member.tokens <= limit:
            yield member
            continue
        characters = member.unit.end - member.unit.start
        for part in split_unit(text, member.unit, max(1, characters * limit // (2 * member.tokens))):
            share = -(-member.tokens * (part.end - part.start) // characters)
            yield _MeasuredUnit(part, member.section, min(limit, share))


def _chunk_spans(number: int, members: Sequence[_MeasuredUnit], limit: int) -> Iterator[_ChunkSpan]:
    lengths = [member.tokens for member in members]
    for first, last in pack_units([member.unit.boundary for member in members], lengths, limit):
        start, end = members[first].unit.start, members[last - 1].unit.end
        yield _ChunkSpan(start, end, sum(lengths[first:last]), number, number)


def _merge(spans: Sequence[_ChunkSpan], flat: Sequence[Section], limit: int) -> list[_ChunkSpan]:
    """Merge tiny chunks of neighbouring sections under the same parent if they fit the limit together."""
    merged: list[_ChunkSpan] = []
    for span in spans:
        last = merged[-1] if merged else span
        is_near = span.first != last.last and _are_siblings(flat[last.first], flat[span.first])
        is_tiny = min(last.tokens, span.tokens) < TINY * limit
        if is_near and is_tiny and last.tokens + span.tokens <= limit:
            tokens = last.tokens + span.tokens
            merged[-1] = _ChunkSpan(last.start, span.end, tokens, last.first, span.last)
        else:
            merged.append(span)
    return merged


def _are_siblings(section: Section, other: Section) -> bool:
    """Return True if the other section is below the parent of the first."""
    parent = section.path[:-1]
    return other.path[: len(parent)] == parent


def _chunk(document: Document, part: Part, span: _ChunkSpan, flat: Sequence[Section], line_ends: Sequence[int]) -> Chunk:
    among = flat[span.first : span.last + 1]
    path = path_of([section.path for section in among])
    has_own_lines = part.page is not None or part.slide is not None or part.sheet is not None
    lines_before = bisect_right(line_ends, part.char_start) if has_own_lines else 0
    marks = marks_between(document.extraction.marks, span.start, span.end)
    lines = [mark.line for mark in marks if mark.line is not None]
    line_start = lines[0] if lines else bisect_right(line_ends, span.start) - lines_before + 1
    line_end = lines[-1] if lines else bisect_right(line_ends, span.end - 1) - lines_before + 1
    is_rows = document.extraction.shape is Shape.ROWS
    location = Location(
        line_start=line_start, line_end=line_end,
        char_start=span.start, char_end=span.end,
        page=part.page, page_label=part.page_label, slide=part.slide, sheet=part.sheet,
        cells=rows_of(line_start, line_end) if is_rows else cells_of(marks),
        chapter=part.chapter, message=part.message, time=time_of(marks), heading=heading_of(document.title, path),
    )  # fmt: skip
    text = document.extraction.text[span.start : span.end]
    return Chunk(text, location, context_of(document, path, _header(span, among)))


def _header(span: _ChunkSpan, among: Sequence[Section]) -> str:
    """Return the header row of a table whose beginning is not in the chunk, or an empty string."""
    tables = (section.table for section in among if section.table)
    return next((table.header for table in tables if table.char_start < span.start or table.is_continued), "")


def marks_between(marks: Sequence[PositionLabel], start: int, end: int) -> Sequence[PositionLabel]:
    """Return the marks that cover the text from `start` to `end`, including one that begins before it."""
    first = bisect_right(marks, start, key=lambda mark: mark.char_start) - 1
    return marks[max(0, first) : bisect_left(marks, end, key=lambda mark: mark.char_start)]


def time_of(marks: Sequence[PositionLabel]) -> str | None:
    """Return the first time among the marks, or None."""
    return next((mark.time for mark in marks if mark.time), None)


def rows_of(line_start: int, line_end: int) -> str | None:
    """Return the rows in these lines of a table with a header line ("row 1" is in line 2), or None if there are none."""
    first, last = max(line_start - 1, 1), line_end - 1
    return None if not last else f"row {first}" if first == last else f"rows {first}-{last}"


def cells_of(marks: Sequence[PositionLabel]) -> str | None:
    """Return the smallest cell range that covers all marks ("A2:C2" and "B5:F5" make "A2:F5"), or None."""
    corners = [corner for mark in marks if mark.cells for corner in CELL.findall(mark.cells)]
    if not corners:
        return None
    columns = sorted((letters for letters, _ in corners), key=lambda letters: (len(letters), letters))
    rows = sorted(int(row) for _, row in corners)
    first, last = f"{columns[0]}{rows[0]}", f"{columns[-1]}{rows[-1]}"
    return first if first == last else f"{first}:{last}"

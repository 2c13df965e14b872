"""Number the lines of a drafted answer by the citations that bear them out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from assistant.datatypes import Citation, Hit
from assistant.generation.citations.attribution import narrowed
from assistant.generation.documents.target_files import Source


@dataclass(frozen=True, slots=True)
class File:
    """A file with all its passages, in order."""

    source: Source
    passages: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class CitedLine:
    """A line of the answer and the citations behind it, not yet numbered.

    `places` are the offsets in the text where the numbers stand, one for each citation and rising; without them the numbers
    stand at its end.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    places: tuple[int, ...] = ()


def cite_span(hit: Hit, start: int, end: int) -> Citation:
    """Return the citation of text[start:end] of a passage, without a number."""
    return Citation(0, hit.path, hit.title, narrowed(hit.chunk.location, hit.chunk.text, start, end), hit.chunk.text[start:end])


def number_lines(lines: Sequence[CitedLine]) -> tuple[str, tuple[Citation, ...]]:
    """Return the text with numbers, and the citations by number; the same place has the same number."""
    known: dict[tuple[str, int, int], Citation] = {}
    written: list[str] = []
    for line in lines:
        numbers = [citation_number(known, citation) for citation in line.citations]
        written.append(insert_markers(line.text, numbers, line.places))
    return "\n".join(written), tuple(known.values())


def citation_number(known: dict[tuple[str, int, int], Citation], citation: Citation) -> int:
    """Return the number of a place; a new one where it has none yet."""
    place = (citation.path, citation.location.char_start, citation.location.char_end)
    return known.setdefault(place, replace(citation, number=len(known) + 1)).number


def insert_markers(text: str, numbers: Sequence[int], places: Sequence[int] = ()) -> str:
    """Return a line with its numbers, at their places or at its end."""
    if places:
        pieces = [text[start:end] for start, end in pairwise((0, *places, len(text)))]
        return "".join(f"{piece}[{number}]" for piece, number in zip(pieces[:-1], numbers, strict=True)) + pieces[-1]
    marks = "".join(f"[{number}]" for number in dict.fromkeys(numbers))
    ending = re.search(r"[.。!！?？]$", text)
    body = text[:-1] if ending and marks else text
    return body + (f" {marks}" if marks else "") + (ending.group() if ending and marks else "")


def row_cells(text: str) -> list[str]:
    """Return the cells of a table's row; one where it is none."""
    for separator in ("|", "\t", ","):
        if text.count(separator) > 1:
            return [cell.strip() for cell in text.strip().strip("|").split(separator)]
    return [text]


def one_line(text: str, limit: int = 0) -> str:
    """Return the text with single spaces and without marks of Markdown, cut at a word where it is longer than the limit."""
    plain = re.sub(r"^(?:(?:[-*#>]+|\d{1,2}\.)\s+)+|\*\*|__|`", "", " ".join(text.split())).strip()
    plain = " · ".join(cell for cell in row_cells(plain) if cell) if plain.startswith("|") else plain
    if not limit or len(plain) <= limit:
        return plain
    cut = plain[:limit].rsplit(" ", 1)[0] if " " in plain[limit // 2 : limit] else plain[:limit]
    return cut.rstrip(" ,;，；") + " …"

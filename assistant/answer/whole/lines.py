"""Lines of a drafted answer, each with what bears it out, in; numbered text and citations out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.answer.quote import narrowed
from assistant.answer.whole.scope import Source
from assistant.datatypes import Citation, Hit

MARK = "\0"  # where in a line the next number stands; a line without any gets its numbers at its end


@dataclass(frozen=True, slots=True)
class File:
    """A file with all its passages, in order."""

    source: Source
    passages: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the answer and the citations behind it, not yet numbered."""

    text: str
    citations: tuple[Citation, ...] = ()


def quoted(hit: Hit, start: int, end: int) -> Citation:
    """Return the citation of text[start:end] of a passage, without a number."""
    return Citation(0, hit.path, hit.title, narrowed(hit.chunk.location, hit.chunk.text, start, end), hit.chunk.text[start:end])


def numbered(lines: Sequence[Line]) -> tuple[str, tuple[Citation, ...]]:
    """Return the text with numbers, and the citations by number; the same place has the same number."""
    known: dict[tuple[str, int, int], Citation] = {}
    written: list[str] = []
    for line in lines:
        numbers = [numbered_in(known, citation) for citation in line.citations]
        written.append(marked(line.text, numbers))
    return "\n".join(written), tuple(known.values())


def numbered_in(known: dict[tuple[str, int, int], Citation], citation: Citation) -> int:
    """Return the number of a place; a new one where it has none yet."""
    place = (citation.path, citation.location.char_start, citation.location.char_end)
    return known.setdefault(place, replace(citation, number=len(known) + 1)).number


def marked(text: str, numbers: Sequence[int]) -> str:
    """Return a line with its numbers, where its marks are or at its end."""
    marks = [f"[{number}]" for number in dict.fromkeys(numbers)] if MARK not in text else [f"[{number}]" for number in numbers]
    pieces = text.split(MARK)
    if len(pieces) == 1:
        ending = re.search(r"[.。!！?？]$", text)
        body = text[:-1] if ending and marks else text
        return body + (" " + "".join(marks) if marks else "") + (ending.group() if ending and marks else "")
    return "".join(piece + mark for piece, mark in zip(pieces, [*marks, ""], strict=True))


def cells_of(text: str) -> list[str]:
    """Return the cells of a table's row; one where it is none."""
    for separator in ("|", "\t", ","):
        if text.count(separator) > 1:
            return [cell.strip() for cell in text.strip().strip("|").split(separator)]
    return [text]


def one_line(text: str, limit: int = 0) -> str:
    """Return the text with single spaces and without marks of Markdown, cut at a word where it is longer than the limit."""
    plain = re.sub(r"^(?:(?:[-*#>]+|\d{1,2}\.)\s+)+|\*\*|__|`", "", " ".join(text.split())).strip()
    plain = " · ".join(cell for cell in cells_of(plain) if cell) if plain.startswith("|") else plain
    if not limit or len(plain) <= limit:
        return plain
    cut = plain[:limit].rsplit(" ", 1)[0] if " " in plain[limit // 2 : limit] else plain[:limit]
    return cut.rstrip(" ,;，；") + " …"

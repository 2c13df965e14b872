"""Find the line structure of a text: which lines are table rows or list items, and which line breaks only wrap a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.text.languages import is_cjk

LINE = re.compile(r"[^\r\n]+")
CELL_MARKS = (
    re.compile(r"\s?\|\s?"),
    re.compile(r"\t"),
    re.compile(r"(?<!\d),(?=\S)|,(?=\S)(?!\d{3}(?!\d))"),
    re.compile(r";(?=\S)"),
    re.compile(r"(?<=\S) {2,}(?=\S)"),
)
SURE_MARKS = 2  # the first so many of CELL_MARKS make a row of a single line
MIN_CELLS = 3  # that commas or semicolons make of a line on its own; beside a line of the same number two are enough
RULER = re.compile(r"[\s|:+=-]*-{2,}[\s|:+=-]*")
ITEM = re.compile(r"[ \t]*(?:[-*+•·●▪◦>]|\d{1,3}[.)、．](?!\d)|[(（]\w{1,3}[)）]|[a-z]\))[ \t]+\S")
HEADING = re.compile(r"[ \t]*#{1,6}[ \t]")
ENDED = re.compile(r"[.!?。！？；:：][\"'”’)）」』】]*$")
OPEN_END = re.compile(
    r"(?:[,，、(（-]|\b(?:a|an|the|of|in|on|at|to|for|from|by|with|and|or|is|are|was|were|be|been|than|as|that|which|who|not|into|per"
    r"|has|have|had|will|must|may|can|its|their|his|her|von|der|die|das|und|de|la|le|et))$",
    re.IGNORECASE,
)
MIN_WORDS = 4  # of a line that wraps before a lower-case word; lines of lists are shorter
FULL_LINE = 0.8  # of the typical length of the text's long lines: such a line may wrap before a capital letter
MIN_LONG = 40  # characters of a line that may wrap before a capital letter
MIN_CHINESE = 10
ALIKE = 0.6  # of the words of two neighbouring lines that are the same but for their numbers


@dataclass(frozen=True, slots=True)
class Line:
    """A line at text[start:end], without its line break. `cells` are those of a row of a table; empty for any other line."""

    start: int
    end: int
    text: str
    cells: tuple[str, ...] = ()
    is_row: bool = False

    @property
    def begins_unit(self) -> bool:
        """Whether the line is a row, a list item or a heading, which never continues the line before."""
        return self.is_row or bool(ITEM.match(self.text) or HEADING.match(self.text))


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text that are not empty."""
    plain = [Line(match.start(), match.end(), match.group()) for match in LINE.finditer(text) if match.group().strip()]
    counts = [cell_counts(line.text) for line in plain]
    return [row_of(line, counts, place, plain) for place, line in enumerate(plain)]


def cell_counts(line: str) -> tuple[int, ...]:
    """Return into how many cells each kind of mark divides a line."""
    bare = line.strip().strip("|")
    return tuple(len(mark.findall(bare)) + 1 for mark in CELL_MARKS)


def row_of(line: Line, counts: Sequence[tuple[int, ...]], place: int, lines: Sequence[Line]) -> Line:
    """Return the line, as a row if it is one."""
    near = [other for other in (place - 1, place + 1) if 0 <= other < len(lines)]
    for kind, mark in enumerate(CELL_MARKS):
        found = counts[place][kind]
        beside = any(counts[other][kind] == found for other in near)
        is_row = found > 1 and (kind < SURE_MARKS or beside or (kind < len(CELL_MARKS) - 1 and found >= MIN_CELLS))
        if is_row and not (kind >= SURE_MARKS and ENDED.search(line.text.rstrip())):
            cells = tuple(cell.strip() for cell in mark.split(line.text.strip().strip("|")))
            return Line(line.start, line.end, line.text, cells, is_row=True)
    alike = any(are_alike(line.text, lines[other].text) for other in near)
    return Line(line.start, line.end, line.text, is_row=alike)


def are_alike(line: str, other: str) -> bool:
    """Return whether two lines are the same but for their numbers and some words, as rows of a table without marks are."""
    if ENDED.search(line.rstrip()) or ENDED.search(other.rstrip()):
        return False
    ours, theirs = (re.sub(r"\d[\d.,:/-]*", "#", each).split() for each in (line, other))
    if len(ours) != len(theirs) or len(ours) < 2 or "#" not in ours:
        return False
    return sum(one == another for one, another in zip(ours, theirs, strict=True)) >= ALIKE * len(ours)


def is_ruler(line: Line) -> bool:
    """Return whether a line only separates the header of a table from its rows."""
    return bool(RULER.fullmatch(line.text))


def blocks_of(text: str) -> Iterator[tuple[Line, ...]]:
    """Yield the lines of a text, those of one wrapped paragraph or list item together."""
    lines = lines_of(text)
    long = typical_length(lines)
    block: list[Line] = []
    for line in lines:
        if block and not is_wrapped(text, block[-1], line, long):
            yield tuple(block)
            block = []
        block.append(line)
    if block:
        yield tuple(block)


def typical_length(lines: Sequence[Line]) -> int:
    """Return the length of a long line of the text: three quarters of the lines are at most so long."""
    lengths = sorted(len(line.text.rstrip()) for line in lines)
    return lengths[len(lengths) * 3 // 4] if lengths else 0


def is_wrapped(text: str, line: Line, following: Line, long: int) -> bool:
    """Return whether the break between two lines only wraps a sentence, as in a paragraph of a PDF."""
    gap = re.sub(r"\r\n?", "\n", text[line.end : following.start]).replace(" ", "").replace("\t", "")
    if gap.strip("\n") or len(gap) > 2 or line.is_row or HEADING.match(line.text) or following.begins_unit:
        return False
    before, after = line.text.rstrip(), following.text.lstrip()[:1]
    if ENDED.search(before) or not after.isalnum():
        return False
    if len(gap) > 1:  # a blank line: only between the halves of a sentence over a page break
        is_open = bool(OPEN_END.search(before))
        return len(before.split()) >= MIN_WORDS and not is_cjk(after) and (is_open or after.islower())
    if is_cjk(after):
        return is_cjk(before[-1]) and len(before) >= max(MIN_CHINESE, FULL_LINE * long)
    if after.islower():
        return len(before.split()) >= MIN_WORDS or bool(OPEN_END.search(before))
    if OPEN_END.search(before) and len(before.split()) >= MIN_WORDS:
        return True
    return len(before) >= max(MIN_LONG, FULL_LINE * long) and (before[-1].islower() or before[-1] in ",;")

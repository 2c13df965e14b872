"""Find the heading above a quote in a passage of several sections, whose place names all of them or the first and the last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from assistant.text.chinese_numerals import numeral_value

SEPARATOR, JOINED, FIRST_TO_LAST = " > ", " / ", " – "  # as the chunker writes headings, and those of a chunk of several sections
MARKUP = 14  # most characters of a heading line beside its title
MOST_LETTERS = 90  # of a line that may be a heading
NUMBERING = re.compile(
    r"(?P<before>(?:(?:article|section|part|chapter|clause|schedule|annex)\s+|第)?[（(]?)"
    r"(?P<number>\d+(?:\.\d+)*|[一二三四五六七八九十百]+)(?P<after>[.)）、]|[条章节款](?=\s|[：:]|$)|(?=\s))", re.IGNORECASE)
ENDS_AS_TEXT = re.compile(r"[.!?;,。！？；，]$")


def heading_above(heading: str | None, text: str, start: int) -> str | None:
    """Return the heading above text[start:]; in a passage of several sections the last one before it.

    Of more than three sections the place names the first and the last. Then a line that is numbered between them is the heading
    of another, and below a line that may be a heading without a number the whole range is returned.
    """
    above, mark, last = (heading or "").rpartition(SEPARATOR)
    titles = last.split(JOINED) if JOINED in last else last.split(FIRST_TO_LAST)
    if heading is None or len(titles) < 2:
        return heading
    lines = [line.strip() for line in text[: start + 1].splitlines()]
    for place in range(len(lines) - 1, -1, -1):
        title = title_in(lines[place], titles) or ("" if JOINED in last else title_between(lines, place, titles))
        if title or (JOINED not in last and may_be_bare_title(lines, place)):
            return f"{above}{mark}{title}" if title else heading
    return heading


def title_in(line: str, titles: Sequence[str]) -> str:
    """Return the title of a heading line: one of the titles, or any behind the marks of Markdown; "" if it is none."""
    known = next((title for title in titles if line.endswith(title) and len(line) <= len(title) + MARKUP), "")
    return known or (line.strip("# ") if line.startswith("#") else "")


def title_between(lines: Sequence[str], place: int, titles: Sequence[str]) -> str:
    """Return a line that is numbered between two titles; "" if it is not, or if a line beside it is too, as in a list."""
    beside = (*lines[max(0, place - 1) : place], *lines[place + 1 : place + 2])
    return "" if any(numbered_between(other, titles) for other in beside) else numbered_between(lines[place], titles)


def may_be_bare_title(lines: Sequence[str], place: int) -> bool:
    """Return whether a line with an empty one above and text below may be a title."""
    return 0 < place < len(lines) - 1 and not lines[place - 1] and may_be_title(lines[place])


def numbered_between(line: str, titles: Sequence[str]) -> str:
    """Return a line that is numbered as one of the titles is, above the number of the first and below that of the last; or ""."""
    found = NUMBERING.match(line)
    if not found or not may_be_title(line) or not may_be_title(line[found.end() :].strip()):
        return ""
    for first, last in ((titles[0], titles[-1]), ("", titles[-1])):
        low, high = (NUMBERING.match(title) for title in (first, last))
        if high is None or (first and low is None) or signs_of(high) != signs_of(found):
            continue
        above = number_of(low) if low else ()
        return line if above < number_of(found) < number_of(high) else ""
    return ""


def signs_of(numbering: re.Match[str]) -> tuple[str, str]:
    """Return what stands before and behind the number of a heading."""
    return numbering["before"].lower().strip(), numbering["after"]


def number_of(numbering: re.Match[str]) -> tuple[Fraction, ...]:
    """Return the number of a heading, part by part."""
    return tuple(value for part in numbering["number"].split(".") for value in numeral_value(part))


def may_be_title(line: str) -> bool:
    """Return whether a line is short, begins like a title and does not end like a sentence or a row."""
    return 0 < len(line) <= MOST_LETTERS and not ENDS_AS_TEXT.search(line) and "|" not in line and "\t" not in line and (
        not line[0].islower())

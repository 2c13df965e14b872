"""A text in; the things in it that are of a kind that exchanges for its own kind (years, dates, codes, clauses) out."""

from __future__ import annotations

import re
from dataclasses import dataclass

MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
KINDS = {
    "date": re.compile(rf"\b\d{{1,2}} (?:{MONTHS})(?: \d{{4}})?\b|\b(?:{MONTHS}) \d{{1,2}}(?:, \d{{4}})?\b|\d{{4}}-\d\d-\d\d"
                       r"|(?:\d{4}年)?\d{1,2}月\d{1,2}[日号]", re.IGNORECASE),
    "year": re.compile(r"(?<!\d)(?:19|20)\d\d(?:年度?)?(?![\d-])|[今去明前]年"),
    "quarter": re.compile(r"\bQ[1-4]\b|\b(?:first|second|third|fourth) quarter\b|第?[一二三四1-4]季度", re.IGNORECASE),
    "month": re.compile(r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
                        r"|\d{1,2}月份?|[一二三四五六七八九十]{1,2}月份?|[本上下]个?月"),
    "day": re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b|(?:周|星期)[一二三四五六日天]"),
    "clause": re.compile(r"\b(?:clause|section|article|chapter|page|item|step|paragraph|appendix|annex) \d+(?:\.\d+)*\b"
                         r"|第[0-9零〇一二三四五六七八九十百]+[条章节款项页步批次期]", re.IGNORECASE),
    "code": re.compile(r"(?<![A-Za-z0-9])(?:(?=[A-Za-z/-]*\d)[A-Z][A-Za-z]{0,5}(?:[-/]?[A-Z0-9]+)+|\d+[A-Z])(?![A-Za-z0-9])"),
    "percent": re.compile(r"\d+(?:\.\d+)?\s?(?:%|per ?cent)"),
    "number": re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)*(?![\w-])"),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something in a text that others of its kind can take the place of."""

    kind: str
    start: int
    end: int
    text: str


def things(text: str) -> list[Thing]:
    """Return the things in a text in order; no two overlap, and the narrower kind counts."""
    found: list[Thing] = []
    for kind, pattern in KINDS.items():
        for match in pattern.finditer(text):
            if all(match.end() <= other.start or match.start() >= other.end for other in found):
                found.append(Thing(kind, match.start(), match.end(), match.group()))
    return sorted(found, key=lambda thing: thing.start)


def counterpart(thing: Thing, others: list[Thing]) -> Thing | None:
    """Return the last of the others that this one can take the place of: of its kind, for codes with the same letters."""
    of_kind = [other for other in others if other.kind == thing.kind]
    if thing.kind != "code":
        return of_kind[-1] if of_kind else None
    letters = re.match(r"\D*", thing.text)
    same = [other for other in of_kind if letters and other.text.startswith(letters.group()) and other.text[:1].isalpha()]
    return same[-1] if same else of_kind[-1] if len(of_kind) == 1 else None


def exchanged(question: str, fragment: str) -> tuple[str, str]:
    """Return the question with the fragment's things in place of their counterparts, and what of the fragment is left.

    The question comes back unchanged where a thing has no counterpart; the rest is then the whole fragment.
    """
    result, rest = question, fragment
    for thing in things(fragment):
        other = counterpart(thing, things(result))
        if other is None:
            return question, fragment
        result = result[: other.start] + thing.text + result[other.end:]
        rest = rest.replace(thing.text, " ", 1)
    return result, rest

"""A text in; the things in it that are of a kind that exchanges for its own kind (years, dates, codes, clauses) out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from assistant.datatypes import READINGS
from assistant.text.dates import dates
from assistant.text.numbers import numbers

KINDS = {
    "year": re.compile("[今去明前]年"),
    "month": re.compile("[本上下]个?月"),
    "day": re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b|(?:周|星期)[一二三四五六日天]"),
    "clause": re.compile(r"\b(?:clause|section|article|chapter|page|item|step|paragraph|appendix|annex) \d+(?:\.\d+)*\b"
                         r"|第[0-9零〇一二三四五六七八九十百]+[条章节款项页步批次期]", re.IGNORECASE),
    "code": re.compile(r"(?<![A-Za-z0-9])(?:(?=[A-Za-z/-]*\d)[A-Z][A-Za-z]{0,5}(?:[-/]?[A-Z0-9]+)+|\d+[A-Z])(?![A-Za-z0-9])"),
}
AFTER_YEAR = re.compile(r"\s?年\s?|[\s/-]+")
NUMBER = re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)*(?![\w-])")


@dataclass(frozen=True, slots=True)
class Entity:
    """Something in a text that others of its kind can take the place of."""

    kind: str
    start: int
    end: int
    text: str


def entities(text: str) -> list[Entity]:
    """Return the things in a text in order; no two overlap, and the narrower kind counts."""
    found: list[Entity] = []
    spans = [*date_entities(text), *((kind, *match.span()) for kind, pattern in KINDS.items() for match in pattern.finditer(text)),
             *(("percent", number.start, number.end) for number in numbers(text) if number.parts > 1),
             *(("number", *match.span()) for match in NUMBER.finditer(text))]
    for kind, start, end in spans:
        if all(end <= other.start or start >= other.end for other in found):
            found.append(Entity(kind, start, end, text[start:end]))
    return sorted(found, key=lambda thing: thing.start)


def date_entities(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the kind and the span of each date; of a month and its year, each on its own, since one may be asked for alone."""
    for date in dates(text, years=True):
        day, year = date.readings[0], next(((start, end) for part, start, end in date.places if part == "year"), None)
        name = "date" if day.day else "quarter" if day.quarter else "month" if day.month else "year"
        if name in {"date", "year"} or year is None:
            yield name, date.start, date.end
        elif year[0] == date.start:
            mark = AFTER_YEAR.match(text, year[1])
            yield "year", date.start, year[1] + text[year[1] : date.end].startswith("年")
            yield name, mark.end() if mark else year[1], date.end
        else:
            yield name, date.start, date.start + len(re.sub(r"[\s,/-]+(?:of\s+)?$", "", text[date.start : year[0]]))
            yield "year", year[0], date.end


def match_entity(thing: Entity, others: list[Entity]) -> Entity | None:
    """Return the last of the others that this one can take the place of: of its kind, for codes with the same letters."""
    of_kind = [other for other in others if other.kind == thing.kind]
    if thing.kind != "code":
        return of_kind[-1] if of_kind else None
    letters = re.match(r"\D*", thing.text)
    same = [other for other in of_kind if letters and other.text.startswith(letters.group()) and other.text[:1].isalpha()]
    return same[-1] if same else of_kind[-1] if len(of_kind) == 1 else None


def substitute_entities(question: str, fragment: str) -> tuple[str, str]:
    """Return the question with the fragment's things in place of their counterparts, and what of the fragment is left.

    The question comes back unchanged where a thing has no counterpart; the rest is then the whole fragment.
    """
    result, rest = question, fragment
    for thing in entities(fragment):
        other = match_entity(thing, entities(result))
        if other is None:
            return question, fragment
        result = result[: other.start] + thing.text + result[other.end:]
        rest = rest.replace(thing.text, " ", 1)
    return result, rest


class Leaning(StrEnum):
    """How a question leans on what was said before."""

    NONE = "none"
    ELLIPSIS = "ellipsis"  # "and in 2023?": a part of the last question with something new
    PRONOUN = "pronoun"  # "when does it end?"
    BARE = "bare"  # "why?": nothing of its own


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What to search for: one text, or several readings where the rules are not `sure`."""

    queries: tuple[str, ...]
    leaning: Leaning = Leaning.NONE
    sure: bool = True

    @property
    def shown(self) -> str:
        """The queries as a person reads them."""
        return READINGS.join(self.queries)

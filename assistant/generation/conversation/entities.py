"""Find typed entities (years, dates, codes, clauses, numbers) and substitute those of a fragment into a question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from assistant.datatypes import QUERY_SEPARATOR
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
    """A typed entity at text[start:end]."""

    kind: str
    start: int
    end: int
    text: str


def entities(text: str) -> list[Entity]:
    """Return the entities of a text in order, without overlaps; the narrower kind wins."""
    found: list[Entity] = []
    spans = [*date_entities(text),
             *((kind, *match.span()) for kind, pattern in KINDS.items() for match in pattern.finditer(text)),
             *(("percent", number.start, number.end) for number in numbers(text) if number.parts > 1),
             *(("number", *match.span()) for match in NUMBER.finditer(text))]
    for kind, start, end in spans:
        if all(end <= other.start or start >= other.end for other in found):
            found.append(Entity(kind, start, end, text[start:end]))
    return sorted(found, key=lambda entity: entity.start)


def date_entities(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the kind and span of each date; a month and its year separately, since either may be replaced alone."""
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


def match_entity(entity: Entity, others: list[Entity]) -> Entity | None:
    """Return the last entity that this one can replace: of the same kind, codes with the same letters. None if there is none."""
    of_kind = [other for other in others if other.kind == entity.kind]
    if entity.kind != "code":
        return of_kind[-1] if of_kind else None
    letters = re.match(r"\D*", entity.text)
    same = [other for other in of_kind if letters and other.text.startswith(letters.group()) and other.text[:1].isalpha()]
    return same[-1] if same else of_kind[-1] if len(of_kind) == 1 else None


def substitute_entities(question: str, fragment: str) -> tuple[str, str]:
    """Return the question with the fragment's entities in place of their matches, and the rest of the fragment.

    Returns the question and the fragment unchanged if an entity has no match.
    """
    result, rest = question, fragment
    for entity in entities(fragment):
        other = match_entity(entity, entities(result))
        if other is None:
            return question, fragment
        result = result[: other.start] + entity.text + result[other.end:]
        rest = rest.replace(entity.text, " ", 1)
    return result, rest


def replace_span(fragment: str, before: str, span: tuple[int, int]) -> str:
    """Return the text with the fragment in place of the span."""
    return before[: span[0]] + fragment + before[span[1]:]


class FollowUpKind(StrEnum):
    """How a question depends on the previous turn."""

    NONE = "none"
    ELLIPSIS = "ellipsis"  # "and in 2023?": a fragment that replaces a part of the last question
    PRONOUN = "pronoun"  # "when does it end?"
    CONTINUATION = "continuation"  # "why?": no content of its own


@dataclass(frozen=True, slots=True)
class Rewriting:
    """The search queries for a question: one, or several readings if the rules are not `confident`."""

    queries: tuple[str, ...]
    kind: FollowUpKind = FollowUpKind.NONE
    confident: bool = True

    @property
    def display_text(self) -> str:
        """The queries as they are displayed."""
        return QUERY_SEPARATOR.join(self.queries)

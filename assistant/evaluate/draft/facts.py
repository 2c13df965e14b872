"""The text of a passage in; facts that a question can ask for (dates, amounts, names, titles), each in its sentence, out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.text.dates import Date, dates
from assistant.text.languages import CJK, is_cjk
from assistant.text.numbers import numbers

UNIT = re.compile(
    r" (?:months?|weeks?|days?|years?|hours?|minutes?|seconds?|metres?|meters?|miles?|km|kg|grams?|tonnes?|litres?|degrees?"
    r"|pounds?|euros?|dollars?|people|members|students|Nm|kW|°C)\b"
    r"|元|美元|公里|米|厘米|公斤|吨|平方公里|人|名|个|天|年|个月|小时|度|座|间|台|部")
CAPITAL = r"(?<![\w'’-])[A-Z][\w'’-]+"
TITLE = re.compile(r"《[^》\n]{2,30}》")
KINDS = {
    "name": re.compile(rf"{CAPITAL}(?: (?:(?:of|de|van|von|la) )?{CAPITAL})+"
                       rf"|[{CJK}]{{1,8}}(?:·[{CJK}]{{1,8}})+|(?<=[{CJK}])[A-Z][A-Za-z]{{2,}}(?: [A-Z][A-Za-z]+){{0,2}}"),
    "word": re.compile(CAPITAL),
}
SENTENCE = re.compile(r"[^.!?。！？\n]*(?:\.(?=\w)[^.!?。！？\n]*)*[.!?。！？]?")
SHORTEST = {True: 10, False: 30}  # characters of a sentence that says something, in Chinese and otherwise
LONGEST = 400
FIRST_WORD = frozenset({"name", "word"})
ASKED_FOR = frozenset({"date", "amount", "title", "name", "year"})  # a single capitalised word may be anything
OFTEN_CAPITAL = frozenset("I The A An In On At It He She They This That These Those But And For Of".split())


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact, what sort it is, its sentence, and where it begins in the passage."""

    text: str
    kind: str
    sentence: str
    start: int


def facts(text: str) -> Iterator[Fact]:
    """Yield the facts of a passage, those that stand in it once, so that it is clear what is meant."""
    for match in SENTENCE.finditer(text):
        sentence = match.group().strip()
        if SHORTEST[is_cjk(sentence)] <= len(sentence) <= LONGEST and "|" not in sentence:
            for kind, fact, start in found_in(match.group()):
                if kind in ASKED_FOR and text.count(fact) == 1:
                    yield Fact(fact, kind, sentence, match.start() + start)


def found_in(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the kind, the words and the place of each fact; what is part of a longer one is left out."""
    taken: list[tuple[int, int]] = []
    for kind, start, end in candidates(text):
        free = all(end <= first or last <= start for first, last in taken)
        fact = text[start:end]
        if free and fact not in OFTEN_CAPITAL and not (kind in FIRST_WORD and starts(text, start)):
            taken.append((start, end))
            yield kind, fact, start


def candidates(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the kind and the span of what may be a fact; what comes first is preferred where two overlap."""
    yield from (("title", *match.span()) for match in TITLE.finditer(text))
    found = dates(text, years=True)
    full = [date for date in found if is_full(text, date)]
    yield from (("date", date.start, date.end) for date in full)
    yield from (("amount", *span) for span in amounts(text, [(date.start, date.end) for date in full]))
    yield from ((kind, *match.span()) for kind, pattern in KINDS.items() for match in pattern.finditer(text))
    yield from (("year", date.start, date.end) for date in found if date not in full and date.readings[0].year)


def amounts(text: str, taken: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the spans of numbers with a unit, a currency, a percent sign or a word such as million."""
    for number in numbers(text, taken):
        if number.start and text[number.start - 1] in "$€£¥":
            yield number.start - 1, number.end
        elif number.parts > 1:
            yield number.start, number.end
        elif number.certain or (text[number.start].isascii() and not number.ordinal):
            unit = UNIT.match(text, number.end)
            if unit or text[: number.end].endswith(("million", "billion")):
                yield number.start, unit.end() if unit else number.end


def is_full(text: str, date: Date) -> bool:
    """Return whether a date is a day, a month of a year, or a year that is called one (1886年)."""
    day = date.readings[0]
    return date.has_day or (day.year > 0 and (day.month > 0 or not text[date.start : date.end].isdigit()))


def starts(text: str, place: int) -> bool:
    """Return whether no word stands before a place: the first word of a sentence is capitalised whatever it is."""
    return not any(character.isalnum() for character in text[:place])

"""Turn the numbers and dates of a text into keys that are the same however they are written: 1,000 or 1000, 十二 or 12."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.text.dates import Date, dates
from assistant.text.numbers import VULGAR, Number, numbers


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number or a date at text[start:end]: `keys` are what it may stand for, `sure` whether it must be checked in a claim."""

    start: int
    end: int
    keys: frozenset[str]
    sure: bool


def normalize_numerals(text: str) -> str:
    """Return the text as facts are looked for in it: compatibility forms made plain, but 2½ not made 21/2."""
    apart = VULGAR.sub(lambda match: f" {unicodedata.normalize('NFKC', match.group())}", text)
    return unicodedata.normalize("NFKC", apart)


def numerals(text: str) -> Iterator[Numeral]:
    """Yield the numbers and dates of a text. A scaled number has its value and, with a mark, its figures as keys."""
    found = dates(text)
    for date in found:
        yield from date_numerals(text, date)
    for number in numbers(text, [(date.start, date.end) for date in found]):
        yield Numeral(number.start, number.end, number_keys(number), number.certain)
        if re.search(r"\d[\s/\u2044]\d", text[number.start : number.end]):  # 12 300 or 3/4, or else two numbers
            yield from (Numeral(number.start, number.end, frozenset({f"n:{int(part)}"}), sure=False)
                        for part in re.findall(r"\d+", text[number.start : number.end]))


def date_numerals(text: str, date: Date) -> Iterator[Numeral]:
    """Yield a date's days or month, and its year. A month alone in English is not asked for: sources name it without "in"."""
    alone = not date.has_day and (text[date.start : date.end].isalpha() or date.readings[0].quarter > 0)
    keys = frozenset(key for reading in date.readings for key in day_keys(reading.month, reading.day, reading.quarter))
    yield Numeral(date.start, date.end, keys, sure=not alone or not text[date.start : date.end].isascii())
    if date.first_day:
        yield Numeral(date.start, date.end, frozenset(day_keys(date.readings[0].month, date.first_day, 0)), sure=True)
    if date.readings[0].year:
        yield Numeral(date.start, date.end, frozenset({f"n:{date.readings[0].year}"}), sure=True)


def day_keys(month: int, day: int, quarter: int) -> Iterator[str]:
    """Yield the key of a day, a month or a quarter."""
    yield f"k:{quarter}" if quarter else f"d:{month}-{day}" if day else f"m:{month}"


def source_keys(found: Numeral) -> frozenset[str]:
    """Return what a source that holds this numeral bears out: of a day, also its month."""
    return found.keys | {f"m:{key[2:].split('-')[0]}" for key in found.keys if key.startswith("d:")}


def number_keys(number: Number) -> frozenset[str]:
    """Return the keys of a number. A percentage has also the share that it is, 5m (million or metres) also its figures."""
    if number.parts > 1:
        return frozenset({*(f"n:{value}" for value in number.written), *(f"p:{value}" for value in number.values)})
    keys = {f"n:{value}" for value in (*number.values, *map(abs, number.values))}
    if number.scaled:
        keys |= {f"q:{value}" for value in number.written}
    return frozenset(keys | ({f"n:{value}" for value in number.written} if number.unit else set()))


def unscaled_keys(keys: frozenset[str]) -> frozenset[str]:
    """Return the keys as a source holds them: an unscaled number also bears out a scaled one, as tables in millions do."""
    if any(name.startswith("q:") for name in keys):
        return frozenset(name for name in keys if not name.startswith("q:"))
    return keys | {f"q:{name[2:]}" for name in keys if name.startswith("n:")}

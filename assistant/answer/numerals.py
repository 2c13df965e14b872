"""A text in, the numbers and days in it out, as keys that are the same however they are written: 1,000 or 1000, 十二 or 12."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.])(?P<figures>\d+(?:[.,'’]\d+)*)"
    r"(?:\s?(?P<scale>thousand|million|billion|trillion|hundred|万亿|百万|千万|[万亿千百])|(?P<short>bn|mn|[kKmM])(?![A-Za-z]))?"
)
SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "百": 2, "千": 3, "万": 4, "百万": 6,
          "千万": 7, "亿": 8, "万亿": 12, "k": 3, "m": 6, "mn": 6, "bn": 9}
UNITS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
         "eighteen nineteen").split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = ("zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
            "fifteenth sixteenth seventeenth eighteenth nineteenth").split()
SMALL = {word: value for words in (UNITS, ORDINALS) for value, word in enumerate(words)}
SMALL |= {word: value * 10 for value, word in enumerate(TENS, 2)}
WORD = "|".join(sorted([*SMALL, "hundred", "thousand", "million", "billion"], key=len, reverse=True))
WORDED = re.compile(rf"\b(?:{WORD})(?:(?:[\s-]+|\s+and\s+)(?:{WORD}))*\b", re.IGNORECASE)
CHINESE_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
CHINESE_PLACES = {"十": 10, "百": 100, "千": 1000}
CHINESE_BIG = {"万": 10**4, "亿": 10**8}
CHINESE = re.compile("[零〇一二三四五六七八九两十百千万亿]+")
MONTHS = "january february march april may june july august september october november december".split()
MONTH = rf"(?P<month>{'|'.join(f'{name}|{name[:3]}' for name in MONTHS)}|sept)\b\.?"
DATES = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (
    r"(?<!\d)(?P<year>\d{4})(?P<mark>[-/.])(?P<m>\d{1,2})(?P=mark)(?P<d>\d{1,2})(?!\d)",
    r"(?<!\d)(?P<d>\d{1,2})(?P<mark>[-/.])(?P<m>\d{1,2})(?P=mark)(?P<year>\d{4})(?!\d)",
    r"(?:(?<!\d)(?P<year>\d{4})\s?年\s?)?(?<!\d)(?P<m>\d{1,2})\s?月(?:\s?(?P<d>\d{1,2})\s?[日号])?",
    rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+{MONTH}(?:,?\s+(?P<year>\d{{4}}))?",
    rf"\b{MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s+(?P<year>\d{{4}}))?",
    rf"\b{MONTH},?\s+(?:of\s+)?(?P<year>\d{{4}})",
))
MOST_SURE = 3  # words below this ("one of", "the two") say too little to be checked


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number or a day at text[start:end]: `keys` are what it may stand for, `sure` whether it must be checked in a claim."""

    start: int
    end: int
    keys: frozenset[str]
    sure: bool


def prepared(text: str) -> str:
    """Return the text as numerals are looked for in it: compatibility forms plain, groups joined, Chinese dates in figures."""
    joined = re.sub(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3})", "", text)
    plain = unicodedata.normalize("NFKC", joined).replace("百分之", " ")
    return re.sub("([零〇一二三四五六七八九十]{1,4})(?=[年月日号])", lambda match: figures_of(match.group()), plain)


def numerals(text: str) -> Iterator[Numeral]:
    """Yield the numbers and days of a prepared text. A scaled number has its value and, with a mark, its figures as keys."""
    taken: list[tuple[int, int]] = []
    for pattern in DATES:
        for match in pattern.finditer(text):
            if not inside(match.span(), taken) and (keys := day_keys(match)):
                taken.append(match.span())
                yield Numeral(*match.span(), keys, sure=True)
                if year := match.groupdict().get("year"):
                    yield Numeral(*match.span(), frozenset({f"n:{year}"}), sure=True)
    for match in NUMBER.finditer(text):
        if not inside(match.span("figures"), taken):
            yield from figured(match)
    yield from worded(text)
    yield from chinese(text)


def figures_of(run: str) -> str:
    """Return a Chinese numeral in figures; itself where it is none."""
    value = chinese_value(run)
    return str(value) if value >= 0 else run


def inside(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    """Return whether the span overlaps one that is taken."""
    return any(span[0] < end and start < span[1] for start, end in taken)


def day_keys(match: re.Match[str]) -> frozenset[str]:
    """Return the keys of a day or a month; none where the figures are no date. 3/5 may be either of two days."""
    parts = match.groupdict()
    if parts.get("month"):
        month = 1 + next(place for place, name in enumerate(MONTHS) if name.startswith(parts["month"].lower()[:3]))
        pairs = [(month, int(parts.get("d") or 0))]
    else:
        month, day = int(parts["m"]), int(parts.get("d") or 0)
        pairs = [(month, day), (day, month)] if match.re is DATES[1] else [(month, day)]
    good = [(month, day) for month, day in pairs if 1 <= month <= 12 and day <= 31]
    return frozenset(f"d:{month}-{day}" if day else f"m:{month}" for month, day in good)


def held_keys(found: Numeral) -> frozenset[str]:
    """Return what a source that holds this numeral bears out: of a day, also its month."""
    return found.keys | {f"m:{key[2:].split('-')[0]}" for key in found.keys if key.startswith("d:")}


def figured(match: re.Match[str]) -> Iterator[Numeral]:
    """Yield the number in figures; what is no number but a row of groups (2.3.1), as its groups."""
    figures = re.sub(r"['’]", ",", match["figures"])
    values = plain_values(figures)
    if not values:
        for part in re.finditer(r"\d+", match["figures"]):
            start = match.start("figures")
            yield Numeral(start + part.start(), start + part.end(), frozenset({key(Decimal(part.group()))}), sure=True)
        return
    scale = match["scale"] or (match["short"] or "").lower()
    power = Decimal(10) ** SCALES[scale] if scale else Decimal(1)
    keys = {key(value * power) for value in values}
    if scale:
        keys |= {f"q:{value.normalize():f}" for value in values}
    if match["short"]:  # 5m is five million, or five metres
        keys |= {key(value) for value in values}
    yield Numeral(*match.span("figures"), frozenset(keys), sure=True)


def bare_keys(keys: frozenset[str]) -> frozenset[str]:
    """Return the keys as a source holds them: an unscaled number also bears out a scaled one, as tables in millions do."""
    if any(name.startswith("q:") for name in keys):
        return frozenset(name for name in keys if not name.startswith("q:"))
    return keys | {f"q:{name[2:]}" for name in keys if name.startswith("n:")}


def plain_values(figures: str) -> list[Decimal]:
    """Return the values that figures may have: 1,200 is one, 1.200 one of two; none where they are no number."""
    if re.fullmatch(r"\d+(?:,\d{3})*(?:\.\d+)?", figures):
        english = Decimal(figures.replace(",", ""))
        german = [Decimal(figures.replace(".", ""))] if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", figures) else []
        return [english, *german]
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+,\d+", figures):
        return [Decimal(figures.replace(".", "").replace(",", "."))]
    if re.fullmatch(r"\d{1,3}(?:,\d{4})+", figures):  # groups of four
        return [Decimal(figures.replace(",", ""))]
    return []


def key(value: Decimal) -> str:
    """Return the key of a value."""
    return f"n:{value.normalize():f}"


def worded(text: str) -> Iterator[Numeral]:
    """Yield the numbers in English words."""
    for match in WORDED.finditer(text):
        if re.search(r"\d\s?$", text[max(0, match.start() - 2) : match.start()]):
            continue  # 1.2 million is one number
        words = re.split(r"[\s-]+", match.group().lower())
        value = word_value([word for word in words if word != "and"])
        sure = value >= MOST_SURE and not any(word in ORDINALS for word in words)
        yield Numeral(*match.span(), frozenset({f"n:{value}"}), sure=sure)


def word_value(words: list[str]) -> int:
    """Return the value of a number in words."""
    whole = part = 0
    for word in words:
        if word in SMALL:
            part += SMALL[word]
        elif word == "hundred":
            part = max(part, 1) * 100
        else:
            whole, part = whole + max(part, 1) * 10 ** SCALES[word], 0
    return whole + part


def chinese(text: str) -> Iterator[Numeral]:
    """Yield the numbers in Chinese characters; only those of two and more that cannot mean anything else are sure."""
    for match in CHINESE.finditer(text):
        run = match.group()
        if match.start() and text[match.start() - 1].isdigit():
            continue
        value = chinese_value(run)
        if value >= 0:
            guess = not any(character in "零〇十百千万亿" for character in run)  # 七八 is seven or eight
            yield Numeral(*match.span(), frozenset({f"n:{value}"}), sure=len(run) > 1 and not (guess and len(run) < 4))


def chinese_value(run: str) -> int:
    """Return the value of a Chinese numeral; -1 where it is none."""
    if all(character in CHINESE_DIGITS for character in run):
        return int("".join(str(CHINESE_DIGITS[character]) for character in run))
    whole = part = digit = 0
    for place, character in enumerate(run):
        if character in CHINESE_DIGITS:
            digit = CHINESE_DIGITS[character]
        elif character in CHINESE_PLACES:
            if not digit and (place and character != "十" and run[place - 1] not in "零〇"):
                return -1
            part, digit = part + (digit or 1) * CHINESE_PLACES[character], 0
        else:
            if not part + digit:
                return -1
            big = CHINESE_BIG[character]
            whole, part, digit = (whole + part + digit) * big if big > 10**4 else whole + (part + digit) * big, 0, 0
    return whole + part + digit

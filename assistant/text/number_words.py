"""Parse numbers in English words: cardinals, ordinals, spoken years, decimals and fractions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

UNITS = dict(zip("one two three four five six seven eight nine".split(), range(1, 10), strict=True))
TEENS = dict(zip("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(), range(10, 20),
                 strict=True))
TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
ORDINALS = dict(zip(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
    "seventeenth eighteenth nineteenth twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth".split(),
    [*range(1, 20), *range(20, 100, 10)], strict=True))
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "quadrillion": 10**15}
LAST = {"hundredth": 100, "thousandth": 10**3, "millionth": 10**6}
VALUES = {"zero": 0, "a": 1, **UNITS, **TEENS, **TENS, **ORDINALS}
FRACTIONS = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
             "ninth": 9, "tenth": 10, "hundredth": 100, "thousandth": 1000}
SPACE = r"(?:\s+|-)"
DENOMINATOR = r"(?:half|halves|(?:third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth|hundredth|thousandth)s?)"
# words that are rarely numbers on their own
NO_NUMBER = re.compile(r"\b(?:no|any|this|that|which|each|every|the|another|only|some)[\s-]+one$", re.IGNORECASE)
BEGINNINGS = {"half", *VALUES}
ONE_IN_PHRASE = re.compile(r"one(?:\s+another|['’]|\s+day|\s+of\b)", re.IGNORECASE)
BEFORE_ORDINAL = re.compile(r"\b(?:the|his|her|its|their|our|my|your|this|that|every|each|and|or|to)\s+$", re.IGNORECASE)


def one_of(*words: object) -> str:
    """Return a regular expression for any of the words, longest first."""
    every = {str(word) for group in words if isinstance(group, dict) for word in group}
    return f"(?:{'|'.join(sorted(every, key=lambda word: (-len(word), word)))})"


BELOW_HUNDRED = (rf"(?:{one_of(TENS)}(?:{SPACE}{one_of(UNITS, dict(list(ORDINALS.items())[:9]))})?"
                 rf"|{one_of(TEENS, UNITS, ORDINALS)}|zero)")
BELOW_THOUSAND = (rf"(?:(?:{BELOW_HUNDRED}|a){SPACE}hundred(?:th\b|(?:\s+and\s+|{SPACE}){BELOW_HUNDRED})?|{BELOW_HUNDRED})")
GROUP = rf"(?:{BELOW_THOUSAND}|\ba(?={SPACE}{one_of(SCALES)}))"
SCALE = rf"(?:{SPACE}{one_of(SCALES, LAST)})"
YEAR = (rf"(?P<century>{one_of(dict(list(TEENS.items())[3:]))}|twenty){SPACE}"
        rf"(?P<years>{one_of(TENS)}(?:{SPACE}{one_of(UNITS)})?|{one_of(TEENS)}|oh{SPACE}{one_of(UNITS)})")
CARDINAL = rf"(?:{GROUP}{SCALE}+(?:,?\s+and\s+|,?{SPACE}))*{GROUP}{SCALE}*"
POINT = rf"(?:{SPACE}point(?P<decimals>(?:{SPACE}(?:zero|oh|{one_of(UNITS)}))+)(?P<scale>{SCALE}*))"
PARTS = rf"(?P<numerator>{one_of(UNITS)}){SPACE}(?P<denominator>{DENOMINATOR})"
AND_A_HALF = rf"(?:\s+and\s+(?P<more>a\s+half|{one_of(UNITS)}{SPACE}{DENOMINATOR})(?P<then>{SCALE}*))"
HALF_A = rf"half\s+a\s+(?P<halved>{one_of(SCALES)})"
WORDED = re.compile(
    rf"\b(?:{HALF_A}|{PARTS}|{YEAR}|(?P<cardinal>{CARDINAL})(?:{POINT}|{AND_A_HALF})?)\b", re.IGNORECASE
)


def number_matches(text: str) -> Iterator[re.Match[str]]:
    """Yield the matches of WORDED; faster than finditer, because it only tries words that can begin a number."""
    end = 0
    for word in re.finditer("[A-Za-z]+", text):
        if word.start() >= end and word.group().lower() in BEGINNINGS and (match := WORDED.match(text, word.start())):
            end = match.end()
            yield match


def words_value(found: re.Match[str]) -> Fraction:
    """Return the value of a match of WORDED."""
    if found["halved"]:
        return Fraction(SCALES[found["halved"].lower()], 2)
    if found["numerator"]:
        return fraction_value(found["numerator"], found["denominator"])
    if found["century"]:
        return Fraction(100 * cardinal_value(found["century"]) + cardinal_value(found["years"].lower().replace("oh", "zero")))
    value = Fraction(cardinal_value(found["cardinal"]))
    if found["decimals"]:
        figures = [0 if word == "oh" else VALUES[word] for word in number_words_in(found["decimals"])]
        value += sum(Fraction(figure, 10**place) for place, figure in enumerate(figures, 1))
        return value * scale_product(found["scale"])
    if found["more"]:
        numerator, denominator = number_words_in(found["more"])
        return (value + fraction_value(numerator, denominator)) * scale_product(found["then"])
    return value


def number_words_in(text: str) -> list[str]:
    """Return the words of a number, without "and"."""
    return [word for word in re.findall(r"[a-z]+", text.lower()) if word != "and"]


def fraction_value(numerator: str, denominator: str) -> Fraction:
    """Return the value of a fraction in words: "two", "thirds"."""
    word = denominator.lower()
    return Fraction(VALUES[numerator.lower()], FRACTIONS[word] if word in FRACTIONS else FRACTIONS[word.removesuffix("s")])


def scale_product(scales: str | None) -> int:
    """Return the product of scale words such as million; 1 for none."""
    product = 1
    for word in number_words_in(scales or ""):
        product *= SCALES.get(word, LAST.get(word, 1))
    return product


def cardinal_value(text: str) -> int:
    """Return the value of whole numbers in words; the last may be an ordinal."""
    whole = section = 0
    for word in number_words_in(text):
        if word in {"hundred", "hundredth"}:
            section = max(section, 1) * 100
        elif word in SCALES or word in LAST:
            scale = (SCALES | LAST)[word]
            whole, section = (whole + section * scale if section else (whole or 1) * scale), 0
        else:
            section += VALUES[word]
    return whole + section


def is_ordinal(text: str) -> bool:
    """Return whether a number in words is an ordinal."""
    return text.lower().split("-")[-1].split()[-1] in ORDINALS or text.lower().endswith("th")


def is_plain_word(text: str, start: int, end: int) -> bool:
    """Return whether text[start:end] is an ordinary word rather than a number: no one, a second, at first."""
    word = text[start:end].lower()
    if word in ORDINALS:
        return not BEFORE_ORDINAL.search(text[max(0, start - 12) : start])
    if word != "one":
        return word == "a"
    return bool(NO_NUMBER.search(text[max(0, start - 12) : end]) or ONE_IN_PHRASE.match(text, start))

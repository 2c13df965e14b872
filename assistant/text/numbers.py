"""Parse the numbers in English and Chinese text in all common notations.

Supported are digits with any grouping (1,234,567; 1.234,5; 1 234,5; 12,34,567; full-width), signs, scales (3.5m, 1.2 million,
3.5万), percentages (15 %, 百分之三点五, 千分之三), fractions (3/4, ½, two thirds, 三分之一), English words (twenty-one
thousand) and Chinese numerals (一亿二千万, 两百零五, formal 壹佰). Values are exact fractions. Words that are rarely numbers
("one another", "a second", 一般, 千万不要) are skipped; uncertain numbers are marked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from assistant.text import chinese_numerals, number_words

NUMBER_SPACE = " \u00a0\u2009\u202f"
FIGURES = re.compile(
    rf"(?<![A-Za-z0-9_.])(?:(?<!\d[{NUMBER_SPACE}])(?P<spaced>[1-9]\d{{0,2}}(?:[{NUMBER_SPACE}]\d{{3}})+(?:[.,]\d+)?)"
    rf"(?![\d]|[{NUMBER_SPACE}.,:/-]\d)"
    rf"|(?:(?P<mixed>\d{{1,3}})[ -])?(?P<ratio>\d{{1,2}}[/\u2044]\d{{1,2}})(?![\d/]|[.,]\d)"
    rf"|(?P<plain>\d+(?:[.,'’]\d+)*)(?P<vulgar>[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])?)"
    rf"(?:\s?(?P<scale>hundred|thousand|million|billion|trillion)\b|(?P<short>bn|mn|tn|[kKmM])(?![A-Za-z]))?"
)
VULGAR = re.compile(r"[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
CHINESE = re.compile(rf"{chinese_numerals.SHARE}|{chinese_numerals.NUMERAL}")
SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
          "k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "tn": 10**12}
PERCENT = re.compile(r"\s?(?:%|％|per ?cent\b|pct\b|percentage points?\b)|\s?(?P<mille>‰|per ?mille\b)", re.IGNORECASE)
MINUS = re.compile(r"(?:(?:^|(?<=[\s(（\[:：=,，、;；“\"]))[-−]|\bminus\s|负)$", re.IGNORECASE)
PERCENTAGE_PARTS = (100, 1000, 10_000)
MIN_CERTAIN = 3  # smaller numbers in words ("one of", "the two") are often no numbers
MIN_DIGITS = 4  # Chinese digits without place characters: 七八 means seven or eight, 一九九八 is a number
# a numeral character that is part of an ordinary word
PLAIN_CHINESE = re.compile(
    "一(?:般|些|样|起|定|直|切|旦|致|律|贯|再|向|共|概|经|度|味|下|边|面|时|体|同|方|端|举|心|齐|连|路|并|则|身|阵|如|半|统|带|刻|众"
    "|会儿|部分|系列|辈|道|旁|瞬|番|古|新|气|样|揽|流|帆|线|手|生|带|点|幕|代|股|早|晚)"
    "|十(?:分(?!钟|之)|足|全|字|堰)|四(?:川|周(?![内后前之以])|肢|处|面|季|壁|海|书)|三(?:国|明治|角|亚|星|峡|轮|维|观)|五(?:金|官|行|星|台山|四)|七夕"
    "|八(?:卦|达岭)|两(?:者|岸|侧|旁|汉|栖|性|广|极)|九(?:江|州|龙|寨|泉)|二(?:胡|战|手|氧|维)|六(?:朝|合)|零(?:售|件|食|碎|部件)"
)
PLAIN_BEFORE = re.compile("(?:统|唯|专|单|同|之|逐|不|任|某|这|那|每|另|其|进|万|周|星期|礼拜|拜|划|清|归|合|均|第|说|陆)$")


@dataclass(frozen=True, slots=True)
class Number:
    """A number at text[start:end].

    `values` are its possible values, likeliest first: 1.200 may be 1.2 or 1200. `written` are the values before a scale or
    percent sign is applied: 1.2 of 1.2 million. `parts` is 100 for a percentage, 1000 for 千分之三, otherwise 1. `certain` is
    False for possible ordinary words and ambiguous digits. `unit` is an abbreviated scale that may also be a unit: 5m.
    """

    start: int
    end: int
    values: tuple[Fraction, ...]
    written: tuple[Fraction, ...]
    parts: int = 1
    ordinal: bool = False
    certain: bool = True
    unit: str = ""

    @property
    def scaled(self) -> bool:
        """Whether a scale word or character follows the digits."""
        return self.parts == 1 and self.values != self.written


def numbers(text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Number]:
    """Return the numbers of a text in order, without those that overlap a span in `taken`, such as a date."""
    found: list[Number] = []
    busy = list(taken)
    for number in (*chinese_numbers(text), *digit_numbers(text), *word_numbers(text)):
        if all(number.end <= start or end <= number.start for start, end in busy):
            busy.append((number.start, number.end))
            found.append(with_sign(text, with_percent(text, number)))
    return sorted(found, key=lambda number: number.start)


def chinese_numbers(text: str) -> Iterator[Number]:
    """Yield the numbers in Chinese characters, and digits with a Chinese scale."""
    for match in CHINESE.finditer(text):
        if match["share"]:
            values, parts = chinese_numerals.fraction_value(plain_figures(match["parts"]), plain_figures(match["share"]))
            certain = True
        else:
            values, parts = chinese_values(plain_figures(match.group())), 1
            certain = is_certain(match.group())
        if not values or is_plain_chinese(text, match):
            continue
        percent = parts if parts in PERCENTAGE_PARTS else 1
        written = values if percent > 1 else leading_figures(match.group()) or values
        ordinal = text[match.start() - 1 : match.start()] == "第"
        yield Number(*match.span(), tuple(value / parts for value in values), written if percent > 1 or parts == 1 else values,
                     percent, ordinal, certain)


def chinese_values(run: str) -> tuple[Fraction, ...]:
    """Return the possible values of a run; leading digits are ambiguous like all digits: 1.200万."""
    leading = re.match(chinese_numerals.FIGURES, run)
    if not leading:
        return chinese_numerals.numeral_value(run)
    return tuple(value for plain in values_of(leading.group())
                 for value in chinese_numerals.numeral_value(as_decimal(plain) + run[leading.end() :].strip()))


def as_decimal(value: Fraction) -> str:
    """Return a value with a finite decimal expansion as a decimal string."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    figures = str(int(value * 10**digits)).zfill(digits + 1)
    return f"{figures[:-digits]}.{figures[-digits:]}" if digits else figures


def plain_figures(text: str) -> str:
    """Return the text with full-width digits replaced by ASCII digits."""
    return unicodedata.normalize("NFKC", text)


def leading_figures(run: str) -> tuple[Fraction, ...]:
    """Return the values of the leading digits if only a scale follows: 3.5 of 3.5万."""
    match = re.fullmatch(rf"({chinese_numerals.FIGURES})\s?[十百千万亿兆萬億]+", plain_figures(run))
    return values_of(match[1]) if match else ()


def is_certain(run: str) -> bool:
    """Return whether a Chinese numeral cannot be an ordinary word, an estimate such as 七八, or a list such as 一二三四."""
    has_place = any(character not in "一二三四五六七八九两兩" for character in run)
    return len(run) > 1 and (has_place or len(run) >= MIN_DIGITS) and run not in "一二三四五六七八九十"


def is_plain_chinese(text: str, match: re.Match[str]) -> bool:
    """Return whether a single numeral is part of an ordinary word, or a lone place character meaning "many"."""
    if len(match.group()) > 1:
        return False
    if match.group() in "百千万亿兆萬億":
        return True
    before = text[max(0, match.start() - 2) : match.start()]
    return bool(PLAIN_CHINESE.match(text, match.start()) or (PLAIN_BEFORE.search(before) and not before.endswith("第")))


def digit_numbers(text: str) -> Iterator[Number]:
    """Yield the numbers in digits; dotted groups that are no number (2.3.1) group by group."""
    for match in FIGURES.finditer(text):
        figures = plain_figures(match["spaced"] or match["plain"] or "")
        if match["ratio"]:
            yield from fraction_numbers(match)
        elif values := values_of(figures):
            yield scaled_number(match, values)
        else:
            yield from digit_runs(match)
    for match in VULGAR.finditer(text):
        value = (vulgar_fraction(match.group()),)
        yield Number(*match.span(), value, value)


def fraction_numbers(match: re.Match[str]) -> Iterator[Number]:
    """Yield a fraction such as 3/4 or 2 1/2; for others (24/7, 5/3) their numbers."""
    over, under = map(int, re.split("[/\u2044]", match["ratio"]))
    if not 0 < over < under:
        yield from digit_runs(match)
        return
    value = (int(match["mixed"] or 0) + Fraction(over, under),)
    yield Number(match.start(), match.end("ratio"), value, value)


def digit_runs(match: re.Match[str]) -> Iterator[Number]:
    """Yield each run of digits as a number."""
    for run in re.finditer(r"\d+", match.group()):
        value = (Fraction(int(run.group())),)
        yield Number(match.start() + run.start(), match.start() + run.end(), value, value)


def scaled_number(match: re.Match[str], values: tuple[Fraction, ...]) -> Number:
    """Return the number of a match, with its scale applied."""
    if match["vulgar"]:
        values = tuple(value + vulgar_fraction(match["vulgar"]) for value in values)
    scale = (match["scale"] or match["short"] or "").lower()
    return Number(match.start(), match.end(), tuple(value * SCALES.get(scale, 1) for value in values), values,
                  unit=match["short"] or "")


def vulgar_fraction(character: str) -> Fraction:
    """Return the value of ½ and similar characters."""
    over, _, under = unicodedata.normalize("NFKC", character).partition("\u2044")
    return Fraction(int(over), int(under))


def values_of(figures: str) -> tuple[Fraction, ...]:
    """Return the possible values of digits: one for 1,200, two for 1.200; an empty tuple if they are no number."""
    plain = re.sub(f"['’{NUMBER_SPACE}]", "", figures)
    if re.fullmatch(r"\d+(?:,\d{3})*(?:\.\d+)?|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?|\d{1,3}(?:,\d{4})+", plain):
        continental = re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+", plain)
        return (Fraction(plain.replace(",", "")), *([Fraction(plain.replace(".", ""))] if continental else ()))
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+,\d+", plain):
        return (Fraction(plain.replace(".", "").replace(",", ".")),)
    return ()


def word_numbers(text: str) -> Iterator[Number]:
    """Yield the numbers in English words."""
    for match in number_words.number_matches(text):
        behind_figures = re.search(r"\d\s?$", text[max(0, match.start() - 2) : match.start()])
        if behind_figures or number_words.is_plain_word(text, *match.span()):
            continue
        value = number_words.words_value(match)
        ordinal = not match["numerator"] and number_words.is_ordinal(match.group())
        certain = value >= MIN_CERTAIN and not ordinal and not match["numerator"]
        yield Number(*match.span(), (value,), (value,), ordinal=ordinal, certain=certain)


def with_percent(text: str, number: Number) -> Number:
    """Return the number as a percentage if a percent sign follows."""
    match = PERCENT.match(text, number.end)
    if not match or number.parts > 1:
        return number
    parts = 1000 if match["mille"] else 100
    return replace(number, end=match.end(), values=tuple(value / parts for value in number.values), written=number.values,
                   parts=parts, certain=True)


def with_sign(text: str, number: Number) -> Number:
    """Return the number negated if a minus sign precedes it; the hyphen of a range is no minus sign."""
    match = MINUS.search(text[max(0, number.start - 7) : number.start])
    if not match or text[: number.start - len(match.group())].rstrip()[-1:].isdigit():
        return number
    return replace(number, start=number.start - len(match.group()), values=tuple(-value for value in number.values),
                   written=tuple(-value for value in number.written))

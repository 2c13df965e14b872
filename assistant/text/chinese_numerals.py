"""Parse Chinese numerals: everyday and formal characters, mixed with digits (3.5万), decimals, fractions, percentages."""

from __future__ import annotations

import re
from fractions import Fraction

EVERY, PLAIN = "〇壹贰貳叁參肆伍陆陸柒捌玖拾佰仟萬億两兩", "零一二二三三四五六六七八九十百千万亿二二"
SAME_AS = str.maketrans({**dict(zip(EVERY, PLAIN, strict=True)), "廿": "二十", "卅": "三十"})
DIGITS = "零一二三四五六七八九"
DIGIT, PLACE = "零〇一二三四五六七八九两兩", "十百千万萬亿億"
FORMAL_SIGNS = "壹贰貳叁參肆伍陆陸柒捌玖拾佰仟"  # on their own they are parts of words: 大陆, 落伍
MEGA = "兆(?![瓦字赫帕比欧焦伏])"  # 兆瓦 is a megawatt, 三兆 is three trillion
KILO = "千(?![克米瓦卡帕赫伏焦]|字节)"  # after digits 千克 is a kilogram: 3千克
FIGURES = r"\d+(?:[.,]\d+)*"
NUMERAL = (
    rf"(?:[{FORMAL_SIGNS}][{FORMAL_SIGNS}零万萬亿億兆]+"
    rf"|(?:(?<![A-Za-z0-9_.]){FIGURES}\s?(?:[十拾百佰仟万萬亿億]|{KILO}|{MEGA})|[{DIGIT}{PLACE}廿卅])"
    rf"(?:[{DIGIT}{PLACE}廿卅]|{MEGA}|{FIGURES}(?=[{PLACE}]))*"
    rf"(?:点[{DIGIT}]+(?![十百千分钟刻])[万萬亿億兆]*)?)"
)
SHARE = rf"(?:(?P<parts>[百千万]|{NUMERAL})分之\s?(?P<share>{NUMERAL}|{FIGURES}))"
PARTS = {"百": 100, "千": 1000, "万": 10_000}
BIG = {"兆": 10**12, "亿": 10**8, "万": 10**4}
ONE = r"[1-9一二三四五六七八九]|\d+(?:\.\d+)?"
BELOW_TEN_THOUSAND = re.compile(
    rf"零*(?:(?P<thousands>{ONE})千)?零?(?:(?P<hundreds>{ONE})百)?零?(?:(?P<tens>{ONE})?(?P<ten>十))?(?P<gap>零?)(?P<ones>{ONE})?"
)


def numeral_value(numeral: str) -> tuple[Fraction, ...]:
    """Return the value of a numeral; an empty tuple if it is no single number, such as 千万 (any large number) or 二三十."""
    plain = numeral.translate(SAME_AS).replace(",", "").replace(" ", "")
    if re.fullmatch(r"\d+(?:\.\d+)?", plain):
        return (Fraction(plain),)
    whole, point, decimals = plain.partition("点")
    if point:
        return decimal_value(whole, decimals)
    if all(character in DIGITS for character in plain):
        return (Fraction(digits_to_text(plain)),)
    return scaled_value(plain)


def decimal_value(whole: str, decimals: str) -> tuple[Fraction, ...]:
    """Return the value of 三点五 or 三点五万, given the parts before and after the point."""
    power = 1
    while decimals[-1] in BIG:
        decimals, power = decimals[:-1], power * BIG[decimals[-1]]
    below = Fraction(int(digits_to_text(decimals)), 10 ** len(decimals))
    return tuple((value + below) * power for value in numeral_value(whole))


def digits_to_text(digits: str) -> str:
    """Return a run of Chinese digits as decimal digits: 二〇二七 is 2027."""
    return "".join(str(DIGITS.index(digit)) for digit in digits)


def scaled_value(plain: str) -> tuple[Fraction, ...]:
    """Return the value of a numeral with place characters: the largest of 兆, 亿 and 万 multiplies what precedes it."""
    largest = next((sign for sign in BIG if sign in plain), "")
    if not largest:
        return value_below_ten_thousand(plain)
    before, _, after = plain.rpartition(largest)
    many, rest = numeral_value(before) if before else (), remainder_value(after, BIG[largest])
    return tuple(value * BIG[largest] + more for value in many for more in rest)


def remainder_value(after: str, power: int) -> tuple[Fraction, ...]:
    """Return the value after 万, 亿 or 兆. A single digit counts for the next place: 两万五 is 25,000."""
    if not after:
        return (Fraction(0),)
    if after in DIGITS[1:]:
        return (Fraction(DIGITS.index(after) * power, 10),)
    if after[0] == "零" or any(sign in after for sign in "千百十"):
        return tuple(value for value in scaled_value(after) if value < power)
    return ()


def value_below_ten_thousand(plain: str) -> tuple[Fraction, ...]:
    """Return the value of a numeral with 千, 百 and 十; a single final digit counts for the next place: 三百五 is 350."""
    found = BELOW_TEN_THOUSAND.fullmatch(plain)
    if not found:
        return ()
    thousands, hundreds, tens, ones = (digit_value(found[name]) for name in ("thousands", "hundreds", "tens", "ones"))
    if found["ten"] and not found["tens"]:
        tens = Fraction(1)
    if found["ones"] and not found["gap"] and plain[-2:-1] in {"百", "千"}:
        ones *= 10 if plain[-2] == "百" else 100
    return (1000 * thousands + 100 * hundreds + 10 * tens + ones,)


def digit_value(written: str | None) -> Fraction:
    """Return the value of a Chinese digit or of decimal digits; 0 if empty."""
    if not written:
        return Fraction(0)
    return Fraction(DIGITS.index(written) if written in DIGITS else written)


def fraction_value(parts: str, share: str) -> tuple[tuple[Fraction, ...], int]:
    """Return (numerators, denominator) of X分之Y; no numerator if either is no number."""
    of = (Fraction(PARTS[parts]),) if parts in PARTS else numeral_value(parts)
    numerators = (Fraction(100),) if share == "百" else numeral_value(share)
    return (numerators, int(of[0])) if of and of[0] else ((), 1)

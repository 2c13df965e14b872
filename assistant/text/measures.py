"""Parse units of measure: the unit of a number ("2.4 metres", "$5", 400毫克), its amount in a base unit, and rates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

# unit: its spellings; those of the units of SYSTEM are made with their prefixes
SPELLINGS = {
    "second": "second seconds sec secs 秒 秒钟",
    "minute": "minute minutes min mins 分钟 分鐘",
    "hour": "hour hours hr hrs h 小时 小時 钟头 鐘頭 个小时",
    "day": "day days 天 日",
    "week": "week weeks 周 週 星期 礼拜 个星期 个礼拜",
    "month": "month months 个月 個月",
    "year": "year years yr yrs 年",
    "inch": "inch inches 英寸",
    "foot": "foot feet ft 英尺",
    "yard": "yard yards",
    "mile": "mile miles 英里",
    "tonne": "t tonne tonnes ton tons 吨 噸",
    "lb": "lb lbs",
    "ounce": "oz ounce ounces",
    "gallon": "gallon gallons 加仑",
    "cubic metre": "m³ m3 立方米",
    "square metre": "m² m2 sqm 平方米",
    "square kilometre": "km² km2 平方公里 平方千米",
    "hectare": "ha hectare hectares 公顷",
    "acre": "acre acres 英亩",
    "mu": "亩 畝",
    "euro": "euro euros eur € 欧元 歐元",
    "dollar": "dollar dollars usd $ us$ 美元 美金",
    "pound": "pound pounds gbp £ 英镑 英鎊",
    "yuan": "yuan rmb cny 元 块 塊 块钱 人民币",
    "yen": "yen jpy 日元 日圆 円",
    "hk dollar": "hkd hk$ 港元 港币",
    "franc": "chf franc francs 法郎",
    "cent": "cent cents 分钱",
    "degree": "degree degrees ° °c 度 摄氏度",
    "fahrenheit": "°f 华氏度",
    "psi": "psi",
    "km/h": "km/h kph 公里每小时 公里/小时",
    "mph": "mph",
}
ALIASES = {"km": "公里", "m": "公尺", "cm": "公分", "kg": "公斤 kilo kilos", "l": "公升", "kWh": "度电", "mmol": "毫摩",
           "Nm": "牛米"}  # fmt: skip
# symbol: its English and Chinese words, and the prefixes that it is used with
SYSTEM = {
    "m": ("metre meter", "米", "nµmck"),
    "g": ("gram", "克", "nµmk"),
    "l": ("litre liter", "升", "µmcdh"),
    "mol": ("mole", "摩尔", "nµm"),
    "A": ("ampere amp", "安培 安", "nµmk"),
    "V": ("volt", "伏特 伏", "µmk"),
    "W": ("watt", "瓦特 瓦", "µmkMG"),
    "Wh": ("", "瓦时", "mkMG"),
    "Ah": ("", "安时", "m"),
    "Hz": ("hertz", "赫兹 赫", "kMG"),
    "Pa": ("pascal", "帕斯卡 帕", "hkM"),
    "bar": ("bar", "巴", "m"),
    "N": ("newton", "牛顿", "mk"),
    "Nm": ("", "牛·米", "m"),
    "J": ("joule", "焦耳", "kMG"),
    "Ω": ("ohm", "欧姆", "kM"),
    "B": ("byte", "字节", "kKMGT"),
    "Sv": ("sievert", "", "µm"),
    "U": ("", "", "µm"),
}
PREFIXES = {"n": -9, "µ": -6, "m": -3, "c": -2, "d": -1, "h": 2, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12}
PREFIX_WORDS = {
    "n": ("nano", "纳"), "µ": ("micro", "微"), "m": ("milli", "毫"), "c": ("centi", "厘"), "d": ("deci", "分"),
    "h": ("hecto", "百"), "k": ("kilo", "千"), "K": ("kilo", "千"), "M": ("mega", "兆"), "G": ("giga", "吉"), "T": ("tera", "太"),
}  # fmt: skip
UNSURE = frozenset("N J B U".split())  # letters that behind a number are rarely a unit
# unit: its dimension and its size
SIZES = {
    "second": ("time", 1), "minute": ("time", 60), "hour": ("time", 3600), "day": ("time", 86400), "week": ("time", 604800),
    "month": ("months", 1), "year": ("months", 12), "tonne": ("g", 10**6), "cubic metre": ("l", 1000),
    "hectare": ("area", 10**4), "square metre": ("area", 1), "square kilometre": ("area", 10**6),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure; units of one dimension differ in size."""

    name: str
    dimension: str = ""
    size: Fraction = Fraction(1)

    def amount(self, value: Fraction) -> str:
        """Return a key of a value in this unit, the same for the same amount in another one; "" if it has no other."""
        return f"x:{self.dimension}:{value * self.size}" if self.dimension else ""


def system_units() -> Iterator[tuple[str, Unit]]:
    """Yield the spellings of the units of SYSTEM with their prefixes."""
    for symbol, (words, chinese, prefixes) in SYSTEM.items():
        dimension = "" if symbol == "B" else symbol  # a kilobyte may be 1024
        for prefix in ("", *prefixes):
            unit = Unit(prefix.replace("K", "k") + symbol, dimension, Fraction(10) ** PREFIXES.get(prefix, 0))
            english, chinese_prefix = PREFIX_WORDS.get(prefix, ("", ""))
            if prefix or symbol not in UNSURE:
                yield from ((spelling, unit) for spelling in symbols_of(prefix, symbol))
            yield from ((english + word + ending, unit) for word in words.split() for ending in ("", "s"))
            yield from ((chinese_prefix + word, unit) for word in chinese.split())
            yield from ((word, unit) for word in ALIASES.get(unit.name, "").split())


def symbols_of(prefix: str, symbol: str) -> tuple[str, ...]:
    """Return the ways of writing the symbol of a unit."""
    ways = (prefix + symbol, *((prefix + "L",) if symbol == "l" else ()))
    return (*ways, *(f"{sign}{way[1:]}" for way in ways for sign in "μu")) if prefix == "µ" else ways


EXACT = dict(system_units())
WORDS = {
    spelling: Unit(unit, *((SIZES[unit][0], Fraction(SIZES[unit][1])) if unit in SIZES else ()))
    for unit, spellings in SPELLINGS.items() for spelling in spellings.split()
}  # fmt: skip
# in the wrong case a symbol is what it can only be: KG, kw, ghz
FOLDED = {spelling.lower(): unit for spelling, unit in EXACT.items() if len(spelling) > 1 or spelling in "Vv"}
FOLDED |= {spelling: unit for spelling, unit in EXACT.items() if len(spelling) > 1 and spelling.islower()}


MIN_PLURAL = 3


def one_of(words: Iterator[str]) -> str:
    """Return a regular expression for any of the words, longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


SPELLED = rf"(?:{one_of(iter(EXACT))}|(?i:{one_of(iter(WORDS | FOLDED))}))(?![A-Za-z²³]|\d)"
AFTER = re.compile(rf"[\s-]{{0,2}}(?P<power>(?i:cubic |square )|立方|平方)?(?P<unit>{SPELLED})")
BEFORE = re.compile(r"(?P<unit>us\$|hk\$|[€$£]|eur|usd|gbp|chf|rmb|cny)\s?$", re.IGNORECASE)
IN_HEADER = re.compile(rf"[(,（]\s*(?P<unit>{SPELLED})\s*(?:[/）)]|$)")
# "Hours per week", "Litres used": a header that begins with the plural of a unit counts in it
PLURALS = one_of(word for word in EXACT | WORDS if len(word) > MIN_PLURAL and word.isascii() and word.endswith("s"))
COUNTED_IN = re.compile(rf"(?P<unit>(?i:{PLURALS}))\b")
PERIODS = "second minute hour day night week month quarter year"
RATE = re.compile(
    rf"\b(?i:an?|per|each|every)\s+(?P<en>(?i:{'|'.join(PERIODS.split())}))\b"
    r"|\b(?P<adverb>(?i:hourly|daily|weekly|monthly|quarterly|yearly|annual(?:ly)?))\b"
    rf"|(?:(?<=[^\d\s])/|\b(?i:per)\b)\s?(?P<slash>{SPELLED})"
    r"|[每/](?:一)?(?:个|個)?(?P<zh>小时|小時|分钟|分鐘|天|日|周|週|星期|月|季度?|年|秒|夜|晚)"
)
ADVERBS = {
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annual": "year",
    "annually": "year",
    "月": "month",
    "季": "quarter",
    "季度": "quarter",
    "夜": "night",
    "晚": "night",
}


def unit_of(spelling: str) -> Unit:
    """Return the unit of one of its spellings."""
    return EXACT.get(spelling) or WORDS.get(spelling.lower()) or FOLDED[spelling.lower()]


def unit_at(text: str, start: int, end: int) -> Unit | None:
    """Return the unit of measure of the number at text[start:end], None if none is known."""
    if match := unit_after(text, end):
        unit, power = unit_of(match["unit"]), (match["power"] or "").strip().lower()
        power = {"立方": "cubic", "平方": "square"}.get(power, power)
        return Unit(f"{power} {'metre' if unit.name == 'm' else unit.name}") if power else unit
    before = BEFORE.search(text[max(0, start - 4) : start])
    return WORDS.get(before["unit"].lower()) if before else None


def unit_after(text: str, end: int) -> re.Match[str] | None:
    """Return the match of the unit behind a number that ends at `end`; None if there is none."""
    match = AFTER.match(text, end)
    return None if match and match["unit"] == "s" else match


def header_unit(head: str) -> Unit | None:
    """Return the unit that a table header gives for its column: "Nitrogen (kg/ha)", "Hours worked"; None if it gives none."""
    match = IN_HEADER.search(head) or COUNTED_IN.match(head)
    return unit_of(match["unit"]) if match else None


def is_unit_name(word: str) -> bool:
    """Return whether a word names a unit of measure."""
    return word in EXACT or word.lower() in WORDS or word.lower() in FOLDED


@cache
def rate_of(word: str) -> str:
    """Return the period of a word for a rate, or the unit that something is counted for: the litre of mg/l."""
    if word in ADVERBS:
        return ADVERBS[word]
    return unit_of(word).name if is_unit_name(word) else word


def rates_of(text: str) -> frozenset[str]:
    """Return the periods of the rates in a text: month for "a month", monthly, per month and 每月."""
    found = (next(filter(None, match.groups())) for match in RATE.finditer(text))
    return frozenset(rate_of(word if word in EXACT else word.lower()) for word in found)

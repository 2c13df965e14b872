"""Parse units of measure: the unit of a number ("2.4 metres", "$5", 400毫克) and rates ("a month", per hour, 每日)."""

from __future__ import annotations

import re
from functools import cache

SPELLINGS = {
    "second": "second seconds sec secs 秒 秒钟",
    "minute": "minute minutes min mins 分钟 分鐘",
    "hour": "hour hours hr hrs h 小时 小時 钟头 鐘頭",
    "day": "day days 天 日",
    "week": "week weeks 周 週 星期 礼拜 个星期 个礼拜",
    "month": "month months 个月 個月",
    "year": "year years yr yrs 年",
    "nm length": "nanometre nanometres",
    "mm": "mm millimetre millimetres millimeter millimeters 毫米",
    "cm": "cm centimetre centimetres centimeter centimeters 厘米 公分",
    "m": "m metre metres meter meters 米 公尺",
    "km": "km kilometre kilometres kilometer kilometers 公里 千米",
    "inch": "inch inches 英寸",
    "foot": "foot feet ft 英尺",
    "yard": "yard yards",
    "mile": "mile miles 英里",
    "mg": "mg milligram milligrams 毫克",
    "g": "g gram grams 克",
    "kg": "kg kilogram kilograms kilo kilos 千克 公斤",
    "tonne": "t tonne tonnes ton tons 吨 噸",
    "lb": "lb lbs",
    "ounce": "oz ounce ounces",
    "ml": "ml millilitre millilitres milliliter milliliters 毫升",
    "l": "l litre litres liter liters 升 公升",
    "gallon": "gallon gallons 加仑",
    "cubic metre": "m³ m3 立方米",
    "square metre": "m² m2 sqm 平方米",
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
    "bar": "bar bars 巴",
    "psi": "psi",
    "kpa": "kpa 千帕",
    "mpa": "mpa 兆帕",
    "nm": "nm 牛米",
    "w": "w watt watts 瓦",
    "kw": "kw kilowatt kilowatts 千瓦",
    "mw": "mw megawatt megawatts 兆瓦",
    "kwh": "kwh 千瓦时 度电",
    "mwh": "mwh",
    "v": "v volt volts 伏",
    "a": "amp amps ampere amperes 安",
    "hz": "hz 赫兹",
    "khz": "khz",
    "mhz": "mhz",
    "ghz": "ghz",
    "kb": "kb",
    "mb": "mb",
    "gb": "gb",
    "tb": "tb",
    "km/h": "km/h kph 公里每小时 公里/小时",
    "mph": "mph",
}
UNITS = {spelling: unit for unit, spellings in SPELLINGS.items() for spelling in spellings.split()}
AFTER = re.compile(
    r"[\s-]{0,2}(?P<power>cubic |square |立方|平方)?(?P<unit>"
    + "|".join(re.escape(word) for word in sorted(UNITS, key=len, reverse=True))
    + r")(?![A-Za-z²³])",
    re.IGNORECASE,
)
BEFORE = re.compile(r"(?P<unit>us\$|hk\$|[€$£]|eur|usd|gbp|chf|rmb|cny)\s?$", re.IGNORECASE)
PERIODS = "second minute hour day night week month quarter year"
RATE = re.compile(
    rf"\b(?:an?|per|each|every)\s+(?P<en>{'|'.join(PERIODS.split())})\b|\b(?P<adverb>hourly|daily|weekly|monthly|quarterly|yearly|annual(?:ly)?)\b"
    r"|/\s?(?P<slash>h|hour|day|week|month|year)\b|[每/](?:一)?(?:个|個)?(?P<zh>小时|小時|分钟|分鐘|天|日|周|週|星期|月|年|秒)",
    re.IGNORECASE,
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
    "h": "hour",
    "月": "month",
}


def measure_at(text: str, start: int, end: int) -> str:
    """Return the unit of measure of the number at text[start:end], in one spelling; "" if none is known."""
    if match := AFTER.match(text, end):
        unit, power = UNITS[match["unit"].lower()], (match["power"] or "").strip().lower()
        return {"立方": "cubic ", "平方": "square "}.get(power, f"{power} " if power else "") + name_of(unit, power)
    before = BEFORE.search(text[max(0, start - 4) : start])
    return UNITS[before["unit"].lower()] if before else ""


def name_of(unit: str, power: str) -> str:
    """Return the name of a unit; that of a metre behind "cubic" or "square" is spelled out."""
    return "metre" if power and unit == "m" else unit


@cache
def rate_of(word: str) -> str:
    """Return the period of a word for a rate."""
    return ADVERBS.get(word) or UNITS.get(word) or word


def rates_of(text: str) -> frozenset[str]:
    """Return the periods of the rates in a text: month for "a month", monthly, per month and 每月."""
    return frozenset(rate_of(next(filter(None, match.groups())).lower()) for match in RATE.finditer(text))

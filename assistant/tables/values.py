"""Parse the cells of a column as numbers or dates: notation of the whole column, exact values, units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from assistant.text.dates import MONTH_NUMBERS

EMPTY = frozenset({"", *"- -- – — n/a na n.a. null none nil tbd tba ? ... … nan 无 暂无 /".split()})
CURRENCY = {
    "$": "USD",
    "US$": "USD",
    "€": "EUR",
    "£": "GBP",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "R$": "BRL",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "₴": "UAH",
    "₪": "ILS",
    "zł": "PLN",
    "Kč": "CZK",
    "¥": "CNY",
    "￥": "CNY",
    "RMB": "CNY",
    "元": "元",
    "₹": "INR",
    "Fr.": "CHF",
    "万元": "万元",
    "kr": "kr",
    **{code: code for code in "CHF EUR USD GBP CNY JPY SEK DKK NOK PLN CZK CAD AUD NZD HKD SGD BRL INR KRW ZAR MXN".split()},
}
SIGNS = "|".join(sorted(map(re.escape, CURRENCY), key=len, reverse=True))
UNIT = r"[^\W\d_]{1,6}[²³23]?(?:/[^\W\d_]{1,4}[²³23]?)?|[%‰°]|°[CF]|[^\W\d_]{1,4}\.|个|件|次|人|吨|小时|天"
NUMBER = re.compile(
    rf"^(?P<open>\()?\s*(?P<sign>[+\-−–])?\s*(?P<before>{SIGNS})?\s*(?P<inner>[+\-−])?\s*"
    r"(?P<figures>\d[\d.,'’\u00a0\u202f\u2009 ]*\d|\d|[.,]\d+)(?P<exponent>[eE][+-]?\d{1,3})?(?P<dot>\.)?\s*"
    rf"(?P<unit>{SIGNS}|{UNIT})?\s*(?P<close>\))?\s*(?P<trailing>[-−])?$"
)
PLAIN = re.compile(r"-?\d{1,15}(?:\.\d{1,10})?")
NOTE = re.compile(r"\s*(?:\[[\w\s]{1,8}\]|[*†‡§#^]+|(?<=[\w%.] )\([^()]{1,30}\))\s*$")
LEAD_NOTE = re.compile(r"^(?:ca\.?|approx\.?|~|≈|约)\s*", re.I)
POINT = re.compile(r"\d{1,3}(?:,\d{3})+\.\d+|\d*\.(?:\d{1,2}|\d{4,})|\d{1,3}(?:,\d{3}){2,}|0\.\d+")
COMMA = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d*,(?:\d{1,2}|\d{4,})|\d{1,3}(?:\.\d{3}){2,}|0,\d+")
COMMA_GROUP, POINT_GROUP = re.compile(r"[1-9]\d{0,2},\d{3}"), re.compile(r"[1-9]\d{0,2}\.\d{3}")
GROUPED_SPACE = re.compile(r"\d{1,3}(?:[ '’\u00a0\u202f\u2009]\d{3})+(?:[.,]\d+)?")
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}")  # the second: lakhs
LEADING_ZERO = re.compile(r"0\d+")
ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?Z?)?$")
NUMERIC_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:,? (\d{1,2}):(\d{2})(?::(\d{2}))?)?$")
CHINESE_DATE = re.compile(r"(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?[日号]?$")
WORD_DATE = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?"
    r"(?:(\d{1,2})(?:st|nd|rd|th)?[ -]([A-Z][a-z]{2,8})\.?,?[ -](\d{4})"
    r"|([A-Z][a-z]{2,8})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4}))$"
)
MOST_DIGITS = 37
MOST_SCALE = 12
CERTAIN_SHARE = 0.8  # of the filled cells of a column of numbers or dates


@dataclass(frozen=True, slots=True)
class DecimalStyle:
    """How a column writes numbers. comma: the comma is the decimal mark."""

    comma: bool = False


@dataclass(frozen=True, slots=True)
class ParsedNumber:
    """A number and the currency or unit beside it."""

    value: Decimal
    unit: str = ""


def is_empty(cell: str) -> bool:
    """Return whether a cell is empty or says that there is no value."""
    return cell.strip().lower() in EMPTY


def figures_of(cell: str) -> re.Match[str] | None:
    """Match a cell that is a number with sign, currency or unit, without footnote marks."""
    if PLAIN.fullmatch(cell):
        return NUMBER.match(cell)
    cleaned = LEAD_NOTE.sub("", NOTE.sub("", unicodedata.normalize("NFKC", cell).strip()))
    match = NUMBER.match(cleaned)
    return match if match and bool(match["open"]) == bool(match["close"]) else None


def detect_number_format(cells: Sequence[str], default: DecimalStyle) -> DecimalStyle:
    """Return the notation that the unambiguous cells of a column show; the default if there are none.

    A mark with three digits behind it may group thousands: a few other cells among many such are slips.
    """
    found = [match["figures"] for cell in cells if (match := figures_of(cell))]
    points, commas = (sum(bool(pattern.fullmatch(figures)) for figures in found) for pattern in (POINT, COMMA))
    grouped_by_comma, grouped_by_point = (
        sum(bool(pattern.fullmatch(figures)) for figures in found) for pattern in (COMMA_GROUP, POINT_GROUP)
    )
    commas, points = (
        count if 3 * count > grouped else 0 for count, grouped in ((commas, grouped_by_comma), (points, grouped_by_point))
    )
    return default if points == commas else DecimalStyle(commas > points)


def parse_number(cell: str, style: DecimalStyle) -> ParsedNumber | None:
    """Return the number in a cell; None if the cell is something else."""
    if not style.comma and PLAIN.fullmatch(cell):
        return ParsedNumber(Decimal(cell))
    match = figures_of(cell)
    if not match:
        return None
    figures = plain_figures(match["figures"], style)
    if not figures:
        return None
    value = Decimal(figures + (match["exponent"] or ""))
    is_negative = match["open"] or match["trailing"] or (match["sign"] or match["inner"] or "+") != "+"
    unit = match["before"] or match["unit"] or ""
    return ParsedNumber(-value if is_negative else value, CURRENCY.get(unit, unit))


def plain_figures(written: str, style: DecimalStyle) -> str:
    """Return digits with "." as the decimal mark and no grouping; an empty string if the grouping is irregular."""
    if re.search(r"[ '’\u00a0\u202f\u2009]", written):
        if not GROUPED_SPACE.fullmatch(written):
            return ""
        written = re.sub(r"[ '’\u00a0\u202f\u2009]", "", written)
    group, mark = (".", ",") if style.comma else (",", ".")
    whole, _, rest = written.partition(mark)
    if mark in rest or group in rest:
        return ""
    if group in whole and not GROUPED.fullmatch(whole.replace(group, ",")):
        return ""
    return f"{whole.replace(group, '') or '0'}{'.' + rest if rest else ''}"


def is_code(cell: str) -> bool:
    """Return whether digits are an identifier rather than a number: a leading zero, or too many digits."""
    digits = re.sub(r"[\s-]", "", cell)
    return digits.isdigit() and (bool(LEADING_ZERO.fullmatch(digits)) or len(digits) > MOST_DIGITS)



@dataclass(frozen=True, slots=True)
class DateFormat:
    """How a column writes dates. month_first: 3/5/2027 is 5 March."""

    month_first: bool = False



def parse_date(cell: str, style: DateFormat) -> datetime | None:
    """Return the date or timestamp that is the whole cell; None if the cell is something else or no possible date."""
    cell = cell.strip()
    try:
        if match := ISO.match(cell):
            year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
            return datetime(year, month, day, hour, minute, second)
        if match := NUMERIC_DATE.match(cell):
            day, month = (int(match[3]), int(match[1])) if style.month_first else (int(match[1]), int(match[3]))
            hour, minute, second = (int(match[part] or 0) for part in (5, 6, 7))
            return datetime(full_year(match[4]), month, day, hour, minute, second)
        if match := CHINESE_DATE.match(cell):
            return datetime(int(match[1]), int(match[2]), int(match[3]))
        if match := WORD_DATE.match(cell):
            name, written, its = (match[2], match[1], match[3]) if match[1] else (match[4], match[5], match[6])
            return datetime(int(its), MONTH_NUMBERS[name[:3].lower()], int(written))
    except (ValueError, KeyError):
        return None
    return None


def full_year(written: str) -> int:
    """Return the year; two digits from 69 to 99 belong to the last century (POSIX)."""
    year = int(written)
    return year if len(written) == 4 else year + (1900 if year > 68 else 2000)


def is_day(moment: datetime) -> bool:
    """Return whether a timestamp is midnight, as a date without a time is."""
    return (moment.hour, moment.minute, moment.second) == (0, 0, 0)

"""Parse the times of day in English and Chinese text: 18:40, 6:40 pm, 晚上十点, 22点30分; also 2:47:33."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.text.chinese_numerals import numeral_value

DIGITAL = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:])(?:\s?(?P<half>[ap])\.?m\b\.?)?",
    re.IGNORECASE,
)
HALF_DAY = re.compile(r"(?<![\d:.,])(?P<hour>\d{1,2})(?:\.(?P<minute>[0-5]\d))?\s?(?P<half>[ap])\.?m\b\.?", re.IGNORECASE)
FIGURE = "[〇零一二三四五六七八九十两兩]"
CHINESE = re.compile(
    rf"(?P<part>凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|夜間|夜间|晚|早)?\s?(?<!\d)(?<!{FIGURE})(?P<hour>\d{{1,2}}|{FIGURE}{{1,3}})"
    rf"\s?[点點时時](?!\d*{FIGURE}*[%％])(?:钟|鐘|整|(?P<half>半)|(?P<minute>\d{{1,2}}|{FIGURE}{{1,3}})分|(?![{FIGURE[1:-1]}间間候期代刻]))"
)
LATE = {"下午", "傍晚", "晚上", "夜里", "夜間", "夜间", "晚"}


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day at text[start:end]. `keys` starts with "t:" and the time in 24 hours.

    `loose` is the time as written, if it may be of either half of the day; `marked` whether it says which: 晚上十点, not 十点.
    """

    start: int
    end: int
    keys: frozenset[str]
    loose: frozenset[str] = frozenset()
    marked: bool = False


def clock_times(text: str) -> Iterator[Clock]:
    """Yield the times of day of a text."""
    busy: list[tuple[int, int]] = []
    for pattern in (DIGITAL, HALF_DAY, *((CHINESE,) if re.search("[点點时時]", text) else ())):
        for match in pattern.finditer(text):
            if all(match.end() <= start or end <= match.start() for start, end in busy) and (clock := parsed(match)):
                busy.append(match.span())
                yield clock


def parsed(match: re.Match[str]) -> Clock | None:
    """Return the time of a match; None if there is no such hour."""
    groups = match.groupdict()
    hour, minute = figure(groups["hour"]), figure(groups.get("minute") or "0")
    if groups.get("second"):
        return Clock(*match.span(), frozenset({f"t:{hour}:{minute:02}:{groups['second']}"}))
    half, part = (groups.get("half") or "").lower(), groups.get("part")
    if half == "半":
        half, minute = "", 30
    late = half == "p" or part in LATE
    if hour > 24 or minute > 59 or (half and not 1 <= hour <= 12):
        return None
    full = hour + 12 if late and hour < 12 else 0 if half == "a" and hour == 12 else hour
    loose = frozenset({f"u:{hour}:{minute:02}"} if hour <= 12 else ())
    return Clock(*match.span(), frozenset({f"t:{full}:{minute:02}"}), loose, bool(half or part))


def figure(written: str) -> int:
    """Return the value of digits or of a Chinese numeral; 99 if it is none."""
    return int(written) if written.isdigit() and written.isascii() else int(next(iter(numeral_value(written)), 99))

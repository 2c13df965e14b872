"""The list tables of an old Word file in; the label of each item ("2.", "-") out. By [MS-DOC], 2.9.132 and 2.9.148 to 2.9.150."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import unpack_from

from assistant.ingest.extract.legacy.old_word_fib import Fib

LISTS, OVERRIDES = 73, 74
LIST_SIZE, OVERRIDE_SIZE, LEVEL_SIZE = 28, 16, 28
BULLET_FORMAT, NO_NUMBER = 23, 255
DASH = "-"
LONGEST_PATTERN = 50  # characters of a label
DIGITS = "〇一二三四五六七八九"
ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
         (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a list: the pattern has the numbers of levels (0 to 8) as characters, where their counters go."""

    start: int
    number_format: int
    pattern: str


class Lists:
    """The lists of a document, and how far each is counted."""

    def __init__(self, fib: Fib) -> None:
        offset, length = fib.part(LISTS)
        self._levels = _read_lists(fib.table[offset:], length) if length else {}
        self._identities = _read_overrides(fib.table_part(OVERRIDES))
        self._counters: dict[int, dict[int, int]] = {}

    def label(self, override: int, level: int) -> str:
        """Return the label of the next item of a list; nothing where there is no such list."""
        identity = self._identities[override - 1] if 0 < override <= len(self._identities) else 0
        levels = self._levels.get(identity, [])
        if not 0 <= level < len(levels):
            return ""
        if levels[level].number_format in (BULLET_FORMAT, NO_NUMBER):
            return DASH if levels[level].number_format == BULLET_FORMAT else ""
        self._count(identity, level, levels[level].start)
        return "".join(self._shown(character, identity, levels) for character in levels[level].pattern).strip()

    def _count(self, identity: int, level: int, start: int) -> None:
        counters = self._counters.setdefault(identity, {})
        counters[level] = counters[level] + 1 if level in counters else start
        for deeper in [key for key in counters if key > level]:
            del counters[deeper]

    def _shown(self, character: str, identity: int, levels: list[Level]) -> str:
        level = ord(character)
        if level >= len(levels) or level > 8:
            return character if level > 8 else ""
        number = self._counters[identity].get(level, levels[level].start)
        return FORMATS.get(levels[level].number_format, str)(number)


def _read_lists(table: bytes, length: int) -> dict[int, list[Level]]:
    """Return the levels of each list, which are stored behind the table."""
    found: dict[int, list[Level]] = {}
    at = length
    for number in range(min(int.from_bytes(table[:2], "little"), (length - 2) // LIST_SIZE)):
        place = 2 + LIST_SIZE * number
        levels = []
        for _ in range(1 if table[place + 26] & 1 else 9):
            if at + LEVEL_SIZE + 2 > len(table):
                return found
            level, at = _read_level(table, at)
            levels.append(level)
        found[unpack_from("<i", table, place)[0]] = levels
    return found


def _read_level(table: bytes, at: int) -> tuple[Level, int]:
    start, number_format = unpack_from("<iB", table, at)
    text = at + LEVEL_SIZE + table[at + 24] + table[at + 25]
    count = int.from_bytes(table[text : text + 2], "little")
    end = text + 2 + 2 * count
    pattern = table[text + 2 : end].decode("utf-16-le", "replace")[:LONGEST_PATTERN]
    return Level(start, number_format, pattern), end


def _read_overrides(table: bytes) -> list[int]:
    count = min(int.from_bytes(table[:4], "little"), max(0, len(table) - 4) // OVERRIDE_SIZE)
    return [unpack_from("<i", table, 4 + OVERRIDE_SIZE * number)[0] for number in range(count)]


def _roman(number: int) -> str:
    if not 0 < number < 4000:
        return str(number)
    letters = ""
    for value, letter in ROMAN:
        letters += letter * (number // value)
        number %= value
    return letters


def _letter(number: int) -> str:
    return chr(97 + (number - 1) % 26) * min(9, 1 + (number - 1) // 26) if number > 0 else str(number)


def _chinese(number: int) -> str:
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else DIGITS[tens]) + ("十" if tens else "") + (DIGITS[ones] if ones else "")


FORMATS: dict[int, Callable[[int], str]] = {
    1: lambda number: _roman(number).upper(),
    2: _roman,
    3: lambda number: _letter(number).upper(),
    4: _letter,
    22: lambda number: f"{number:02}",
    **dict.fromkeys((10, 11, 33, 35, 36, 37, 39), _chinese),
}

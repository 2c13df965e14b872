"""The property tables of an old Word file in; what holds for a paragraph or a run of characters out.

By [MS-DOC]: 2.6 (single properties), 2.9.33 and 2.9.175 (their pages), 2.9.271 (styles).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

from assistant.errors import UnreadableFile
from assistant.ingest.extract.legacy.old_word_fib import Fib

CHARACTER_PAGES, PARAGRAPH_PAGES, FONTS = 12, 13, 15
PAGE = 512
IN_TABLE, ROW_END, DEPTH = 0x2416, 0x2417, 0x6649
OUTLINE, LIST, LIST_LEVEL, ELSEWHERE = 0x2640, 0x460B, 0x260A, 0x6646
DELETED, HIDDEN, SYMBOL = 0x0800, 0x083C, 0x6A09
TABLE_SHAPE = 0xD608
SIZES = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}
ON = (1, 0x81)
MOST_OFTEN = 10  # how often a byte of a sound file is read on average, at most

Properties = dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Run:
    """The properties of what is stored from `start` to `end`; `style` is the number of a paragraph's style."""

    start: int
    end: int
    properties: Properties
    style: int = 0


def single_properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the value of each property in a list of them."""
    at = 0
    while at + 2 < len(data):
        number = int.from_bytes(data[at : at + 2], "little")
        at += 2
        long = int.from_bytes(data[at : at + 2], "little") + 1
        size = long if number == TABLE_SHAPE else SIZES.get(number >> 13, data[at] + 1)
        yield number, data[at : at + size]
        at += size


class ParagraphProperties:
    """The properties of all paragraphs."""

    def __init__(self, fib: Fib) -> None:
        self._runs = sorted(_paragraph_runs(fib), key=lambda run: run.start)
        self._starts = [run.start for run in self._runs]

    def at(self, offset: int) -> Run:
        """Return what holds for the paragraph whose mark is stored at an offset."""
        place = bisect_right(self._starts, offset) - 1
        run = self._runs[place] if place >= 0 else NOTHING
        return run if run.start <= offset < run.end else NOTHING


NOTHING = Run(0, 0, {})


def _paragraph_runs(fib: Fib) -> Iterator[Run]:
    elsewhere = _Elsewhere(fib.data)
    for page, bounds in _pages(fib, PARAGRAPH_PAGES):
        for number in range(len(bounds) - 1):
            at = 2 * page[4 * len(bounds) + 13 * number]
            size = 2 * page[at] - 1 if page[at] else 2 * page[at + 1]
            at += 1 if page[at] else 2
            found = page[at : at + size] if at > 2 else b""
            properties = dict(single_properties(found[2:]))
            if ELSEWHERE in properties:
                properties |= elsewhere.at(properties[ELSEWHERE])
            yield Run(bounds[number], bounds[number + 1], properties, int.from_bytes(found[:2], "little"))


def character_runs(fib: Fib) -> Iterator[Run]:
    """Yield the runs of characters that are hidden, deleted or symbols."""
    for page, bounds in _pages(fib, CHARACTER_PAGES):
        for number in range(len(bounds) - 1):
            at = 2 * page[4 * len(bounds) + number]
            properties = dict(single_properties(page[at + 1 : at + 1 + page[at]])) if at else {}
            if properties.keys() & {DELETED, HIDDEN, SYMBOL}:
                yield Run(bounds[number], bounds[number + 1], properties)


def is_on(properties: Properties, number: int) -> bool:
    """Say whether a property that is on or off is on."""
    return int.from_bytes(properties.get(number, b"")[:1], "little") in ON


def whole_number(properties: Properties, number: int, default: int) -> int:
    """Return the value of a property that is a number."""
    return int.from_bytes(properties[number], "little") if number in properties else default


def fonts(fib: Fib) -> list[str]:
    """Return the names of the fonts, by their numbers."""
    table, found, at = fib.table_part(FONTS), [], 4
    while at < len(table):
        size = table[at] + 1
        name = table[at + 40 : at + size]
        found.append(name[: len(name) // 2 * 2].decode("utf-16-le", "replace").partition("\0")[0])
        at += size
    return found


def _pages(fib: Fib, number: int) -> Iterator[tuple[bytes, tuple[int, ...]]]:
    """Yield each page of a table of properties, and the bounds of the runs on it."""
    table = fib.table_part(number)
    count = (len(table) - 4) // 8
    numbers = unpack_from(f"<{count}I", table, 4 * (count + 1)) if count > 0 else ()
    for page_number in dict.fromkeys(numbers):  # a sound file names each page once
        page = fib.main[PAGE * (page_number & 0x3FFFFF) :][:PAGE] if page_number else b""
        if len(page) == PAGE and 0 < page[-1] <= 101:
            yield page, unpack_from(f"<{page[-1] + 1}I", page)


class _Elsewhere:
    """The lists of properties that stand in a stream of their own, each read once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._known: dict[bytes, Properties] = {}
        self._left = MOST_OFTEN * len(data)

    def at(self, pointer: bytes) -> Properties:
        """Return the properties at an offset. Raises UnreadableFile where such lists overlap again and again."""
        if pointer not in self._known:
            at = int.from_bytes(pointer, "little")
            size = int.from_bytes(self._data[at : at + 2], "little")
            self._left -= size
            if self._left < 0:
                raise UnreadableFile("damaged: its properties overlap")
            self._known[pointer] = dict(single_properties(self._data[at + 2 : at + 2 + size]))
        return self._known[pointer]

"""The property tables of an old Word file in; what holds for a paragraph or a run of characters out.

By [MS-DOC]: 2.6 (single properties), 2.9.33 and 2.9.175 (their pages), 2.9.271 (styles).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from struct import unpack_from

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.legacy.doc_pieces import Fib, Stored

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


STYLES = 1
PARAGRAPH_STYLE, NO_STYLE = 1, 0xFFF
HEADINGS, TITLE = range(1, 10), 62  # numbers of styles that Word brings along
DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph style: its number among those that Word brings along, the style below it, and its own properties."""

    known_as: int = 0
    parent: int = NO_STYLE
    properties: Properties = field(default_factory=dict)


class Styles:
    """The paragraph styles of a document."""

    def __init__(self, fib: Fib) -> None:
        self._styles = _read_styles(fib.table_part(STYLES))
        self._lists: dict[int, Properties] = {}

    def level(self, number: int) -> int:
        """Return the heading level of a style, 0 for running text."""
        for style in self._lineage(number):
            if style.known_as in HEADINGS:
                return style.known_as
            if style.known_as == TITLE:
                return 1
            if OUTLINE in style.properties:
                outline = whole_number(style.properties, OUTLINE, 9)
                return outline + 1 if outline < 9 else 0
        return 0

    def list_properties(self, number: int) -> Properties:
        """Return which list, and which level of it, a style has or takes over."""
        if number not in self._lists:
            found = [style.properties for style in reversed(self._lineage(number))]
            self._lists[number] = {name: each[name] for name in (LIST, LIST_LEVEL) for each in found if name in each}
        return self._lists[number]

    def _lineage(self, number: int) -> list[Style]:
        found: list[Style] = []
        while number in self._styles and len(found) < DEEPEST:
            found.append(self._styles[number])
            number = found[-1].parent
        return found


def _read_styles(sheet: bytes) -> dict[int, Style]:
    if len(sheet) < 6:
        return {}
    header, _, fixed = unpack_from("<3H", sheet)
    found, at, number = {}, 2 + header, 0
    while at + 2 <= len(sheet):
        size = int.from_bytes(sheet[at : at + 2], "little")
        style = sheet[at + 2 : at + 2 + size]
        if len(style) >= fixed + 4 and style[2] & 0xF == PARAGRAPH_STYLE:
            found[number] = _read_style(style, fixed)
        at += 2 + size + size % 2
        number += 1
    return found


def _read_style(style: bytes, fixed: int) -> Style:
    known_as, parent = unpack_from("<2H", style)
    at = fixed + 2 + 2 * (int.from_bytes(style[fixed : fixed + 2], "little") + 1)  # behind its name
    size = int.from_bytes(style[at : at + 2], "little")
    return Style(known_as & 0xFFF, parent >> 4, dict(single_properties(style[at + 4 : at + 2 + size])))


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


@dataclass(frozen=True, slots=True)
class Mark:
    """What a paragraph is: a heading of a level, an item of a list, a part of a table."""

    level: int = 0
    label: str = ""
    in_table: bool = False
    ends_row: bool = False


PLAIN = Mark()


class Marks:
    """The marks of a file that Word 97 or later wrote; earlier ones are told by their characters alone."""

    def __init__(self, fib: Fib, stored: Stored) -> None:
        self._stored = stored
        self._is_modern = fib.is_modern
        if fib.is_modern:
            self._paragraphs, self._styles, self._lists = ParagraphProperties(fib), Styles(fib), Lists(fib)

    def at(self, number: int, text: str) -> Mark:
        """Return what the paragraph with this text is, whose mark is the character of a number."""
        if not self._is_modern:
            return Mark(ends_row=not text)  # the mark of a row follows that of its last cell
        run = self._paragraphs.at(self._stored.offset_of(number))
        own = run.properties
        if is_on(own, ROW_END):
            return Mark(in_table=True, ends_row=True)
        if is_on(own, IN_TABLE) or whole_number(own, DEPTH, 0) > 0:
            return Mark(in_table=True)
        if not text:
            return PLAIN
        properties = self._styles.list_properties(run.style) | own
        label = self._lists.label(whole_number(properties, LIST, 0), whole_number(properties, LIST_LEVEL, 0))
        outline = whole_number(own, OUTLINE, 9)
        return Mark(outline + 1 if outline < 9 else self._styles.level(run.style), label)

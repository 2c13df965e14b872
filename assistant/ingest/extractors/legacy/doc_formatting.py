"""Read the formatting of a Word binary file: what each paragraph is, and which characters are hidden, deleted or symbols.

By [MS-DOC]: property modifiers (SPRM, 2.6), the pages of character and paragraph properties (CHPX and PAPX in FKPs, 2.9.33
and 2.9.175), the style sheet (STSH, 2.9.271) and the lists (PlfLst and PlfLfo). Each FKP is read once and the property lists
of the data stream `MOST_OFTEN` times their size at most: reading overlapping ones again and again would take unbounded time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from struct import unpack_from

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.legacy.doc_pieces import DocText, Fib
from assistant.ingest.extractors.legacy.ole import decode_utf16

# indices in FibRgFcLcb
STYLES, CHARACTER_PAGES, PARAGRAPH_PAGES, FONTS, LISTS, OVERRIDES = 1, 12, 13, 15, 73, 74
# SPRMs of paragraphs: sprmPFInTable, sprmPFTtp, sprmPItap, sprmPOutLvl, sprmPIlfo, sprmPIlvl, sprmPHugePapx
IN_TABLE, ROW_END, DEPTH = 0x2416, 0x2417, 0x6649
OUTLINE, LIST, LIST_LEVEL, HUGE_PAPX = 0x2640, 0x460B, 0x260A, 0x6646
# SPRMs of characters: sprmCFRMarkDel, sprmCFVanish, sprmCSymbol
DELETED, HIDDEN, SYMBOL = 0x0800, 0x083C, 0x6A09
TABLE_DEFINITION = 0xD608  # sprmTDefTable, the only operand whose length takes two bytes
OPERAND_SIZES = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}  # by the top three bits of a SPRM; 6 is of variable length
ON = (1, 0x81)
PAGE = 512  # bytes of an FKP
MOST_OFTEN = 10  # times that a byte of an undamaged file is read on average, at most

PARAGRAPH_STYLE, NO_STYLE = 1, 0xFFF
HEADINGS, TITLE = range(1, 10), 62  # built-in style identifiers (sti)
BODY_TEXT = 9  # outline level of running text
DEEPEST = 20

LIST_SIZE, OVERRIDE_SIZE, LEVEL_SIZE = 28, 16, 28  # bytes of LSTF, LFO and LVLF
BULLET_FORMAT, NO_NUMBER = 23, 255
DASH = "-"
LONGEST_PATTERN = 50  # characters of a label
DIGITS = "〇一二三四五六七八九"
ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
         (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip

Properties = dict[int, bytes]  # operands by SPRM


@dataclass(frozen=True, slots=True)
class ParagraphRole:
    """What a paragraph is: a heading of a level, a list item with a label, or part of a table."""

    level: int = 0
    label: str = ""
    in_table: bool = False
    ends_row: bool = False


class ParagraphRoles:
    """The roles of paragraphs by their properties, styles and lists; in Word 6 and 95 only row ends are known."""

    def __init__(self, fib: Fib, stored: DocText) -> None:
        self._stored = stored
        self._is_modern = fib.is_modern
        if fib.is_modern:
            self._runs = sorted(_paragraph_runs(fib), key=lambda run: run.start)
            self._starts = [run.start for run in self._runs]
            self._styles, self._lists = StyleSheet(fib), ListTable(fib)

    def at(self, position: int, text: str) -> ParagraphRole:
        """Return the role of the paragraph with this text whose end mark is at a character position."""
        if not self._is_modern:
            return ParagraphRole(ends_row=not text)  # the row mark follows the mark of the last cell
        offset = self._stored.offset_of(position)
        place = bisect_right(self._starts, offset) - 1
        run = self._runs[place] if place >= 0 and offset < self._runs[place].end else NO_PROPERTIES
        own = run.properties
        if is_on(own, ROW_END):
            return ParagraphRole(in_table=True, ends_row=True)
        if is_on(own, IN_TABLE) or _number(own, DEPTH, 0) > 0:
            return ParagraphRole(in_table=True)
        if not text:
            return ParagraphRole()
        properties = self._styles.list_properties(run.style) | own
        label = self._lists.next_label(_number(properties, LIST, 0), _number(properties, LIST_LEVEL, 0))
        outline = _number(own, OUTLINE, BODY_TEXT)
        return ParagraphRole(outline + 1 if outline < BODY_TEXT else self._styles.level(run.style), label)


@dataclass(frozen=True, slots=True)
class PropertyRun:
    """The properties of the text stored from `start` to `end`; `style` is the index of a paragraph's style."""

    start: int
    end: int
    properties: Properties
    style: int = 0


NO_PROPERTIES = PropertyRun(0, 0, {})


def _paragraph_runs(fib: Fib) -> Iterator[PropertyRun]:
    huge = _HugeProperties(fib.data)
    for page, bounds in _property_pages(fib, PARAGRAPH_PAGES):
        for number in range(len(bounds) - 1):
            at = 2 * page[4 * len(bounds) + 13 * number]
            size = 2 * page[at] - 1 if page[at] else 2 * page[at + 1]
            at += 1 if page[at] else 2
            found = page[at : at + size] if at > 2 else b""
            properties = _parse_sprms(found[2:])
            if HUGE_PAPX in properties:
                properties |= huge.at(properties[HUGE_PAPX])
            yield PropertyRun(bounds[number], bounds[number + 1], properties, int.from_bytes(found[:2], "little"))


def character_runs(fib: Fib) -> Iterator[PropertyRun]:
    """Yield the runs of characters that are hidden, deleted or symbols."""
    for page, bounds in _property_pages(fib, CHARACTER_PAGES):
        for number in range(len(bounds) - 1):
            at = 2 * page[4 * len(bounds) + number]
            properties = _parse_sprms(page[at + 1 : at + 1 + page[at]]) if at else {}
            if properties.keys() & {DELETED, HIDDEN, SYMBOL}:
                yield PropertyRun(bounds[number], bounds[number + 1], properties)


def _property_pages(fib: Fib, number: int) -> Iterator[tuple[bytes, tuple[int, ...]]]:
    """Yield each FKP of a PlcBte, and the bounds of the runs on it."""
    table = fib.table_part(number)
    count = (len(table) - 4) // 8
    numbers = unpack_from(f"<{count}I", table, 4 * (count + 1)) if count > 0 else ()
    for page_number in dict.fromkeys(numbers):  # an undamaged file names each page once
        page = fib.main[PAGE * (page_number & 0x3FFFFF) :][:PAGE] if page_number else b""
        if len(page) == PAGE and 0 < page[-1] <= 101:
            yield page, unpack_from(f"<{page[-1] + 1}I", page)


class _HugeProperties:
    """The property lists (PrcData) in the data stream, each parsed once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._known: dict[bytes, Properties] = {}
        self._left = MOST_OFTEN * len(data)

    def at(self, pointer: bytes) -> Properties:
        """Return the properties at an offset. Raises UnreadableFile if the lists overlap too often."""
        if pointer not in self._known:
            at = int.from_bytes(pointer, "little")
            size = int.from_bytes(self._data[at : at + 2], "little")
            self._left -= size
            if self._left < 0:
                raise UnreadableFile("damaged: its properties overlap")
            self._known[pointer] = _parse_sprms(self._data[at + 2 : at + 2 + size])
        return self._known[pointer]


def _parse_sprms(data: bytes) -> Properties:
    """Return the operands of a list of SPRMs (grpprl); of two with one number the later wins."""
    found, at = {}, 0
    while at + 2 < len(data):
        number = int.from_bytes(data[at : at + 2], "little")
        at += 2
        long = int.from_bytes(data[at : at + 2], "little") + 1
        size = long if number == TABLE_DEFINITION else OPERAND_SIZES.get(number >> 13, data[at] + 1)
        found[number] = data[at : at + size]
        at += size
    return found


def is_on(properties: Properties, number: int) -> bool:
    """Return whether a toggle property is on."""
    return int.from_bytes(properties.get(number, b"")[:1], "little") in ON


def _number(properties: Properties, number: int, default: int) -> int:
    return int.from_bytes(properties[number], "little") if number in properties else default


def font_names(fib: Fib) -> list[str]:
    """Return the names of the font table (SttbfFfn) by font index."""
    table, found, at = fib.table_part(FONTS), [], 4
    while at < len(table):
        size = table[at] + 1
        found.append(decode_utf16(table[at + 40 : at + size]).partition("\0")[0])
        at += size
    return found


@dataclass(frozen=True, slots=True)
class WordStyle:
    """A paragraph style: its built-in identifier (sti), the index of the style it is based on, and its own properties."""

    built_in: int = 0
    parent: int = NO_STYLE
    properties: Properties = field(default_factory=dict)


class StyleSheet:
    """The paragraph styles of a document."""

    def __init__(self, fib: Fib) -> None:
        self._styles = _read_styles(fib.table_part(STYLES))
        self._lists: dict[int, Properties] = {}

    def level(self, number: int) -> int:
        """Return the heading level of a style, 0 for running text."""
        for style in self._lineage(number):
            if style.built_in in HEADINGS:
                return style.built_in
            if style.built_in == TITLE:
                return 1
            if OUTLINE in style.properties:
                outline = _number(style.properties, OUTLINE, BODY_TEXT)
                return outline + 1 if outline < BODY_TEXT else 0
        return 0

    def list_properties(self, number: int) -> Properties:
        """Return the list and list level of a style, its own or inherited."""
        if number not in self._lists:
            found = [style.properties for style in reversed(self._lineage(number))]
            self._lists[number] = {name: each[name] for name in (LIST, LIST_LEVEL) for each in found if name in each}
        return self._lists[number]

    def _lineage(self, number: int) -> list[WordStyle]:
        """Return a style and those it is based on, cut at DEEPEST: a damaged file may have a cycle."""
        found: list[WordStyle] = []
        while number in self._styles and len(found) < DEEPEST:
            found.append(self._styles[number])
            number = found[-1].parent
        return found


def _read_styles(sheet: bytes) -> dict[int, WordStyle]:
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


def _read_style(style: bytes, fixed: int) -> WordStyle:
    built_in, parent = unpack_from("<2H", style)
    at = fixed + 2 + 2 * (int.from_bytes(style[fixed : fixed + 2], "little") + 1)  # after its name
    size = int.from_bytes(style[at : at + 2], "little")
    return WordStyle(built_in & 0xFFF, parent >> 4, _parse_sprms(style[at + 4 : at + 2 + size]))


@dataclass(frozen=True, slots=True)
class ListLevel:
    """One level of a list; in the pattern, characters 0 to 8 are placeholders for the counters of those levels."""

    start: int
    number_format: int
    pattern: str


class ListTable:
    """The lists of a document and their current counters."""

    def __init__(self, fib: Fib) -> None:
        offset, length = fib.part(LISTS)
        self._levels = _read_lists(fib.table[offset:], length) if length else {}
        overrides = fib.table_part(OVERRIDES)
        count = min(int.from_bytes(overrides[:4], "little"), max(0, len(overrides) - 4) // OVERRIDE_SIZE)
        self._identities = [unpack_from("<i", overrides, 4 + OVERRIDE_SIZE * number)[0] for number in range(count)]
        self._counters: dict[int, dict[int, int]] = {}

    def next_label(self, override: int, level: int) -> str:
        """Count one item of a list (an index into PlfLfo, from 1) and return its label, empty if there is no such list."""
        identity = self._identities[override - 1] if 0 < override <= len(self._identities) else 0
        levels = self._levels.get(identity, [])
        if not 0 <= level < len(levels):
            return ""
        if levels[level].number_format in (BULLET_FORMAT, NO_NUMBER):
            return DASH if levels[level].number_format == BULLET_FORMAT else ""
        self._count(identity, level, levels[level].start)
        return "".join(self._format(character, identity, levels) for character in levels[level].pattern).strip()

    def _count(self, identity: int, level: int, start: int) -> None:
        counters = self._counters.setdefault(identity, {})
        counters[level] = counters[level] + 1 if level in counters else start
        for deeper in [key for key in counters if key > level]:
            del counters[deeper]

    def _format(self, character: str, identity: int, levels: list[ListLevel]) -> str:
        """Return a character of a pattern, a placeholder replaced by its counter."""
        level = ord(character)
        if level >= len(levels) or level > 8:
            return character if level > 8 else ""
        number = self._counters[identity].get(level, levels[level].start)
        return FORMATS.get(levels[level].number_format, str)(number)


def _read_lists(table: bytes, length: int) -> dict[int, list[ListLevel]]:
    """Return the levels of each list by its identifier; the LVLs follow the PlfLst of this length."""
    found: dict[int, list[ListLevel]] = {}
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


def _read_level(table: bytes, at: int) -> tuple[ListLevel, int]:
    """Return the level (LVL) at an offset, and where it ends."""
    start, number_format = unpack_from("<iB", table, at)
    text = at + LEVEL_SIZE + table[at + 24] + table[at + 25]
    end = text + 2 + 2 * int.from_bytes(table[text : text + 2], "little")
    return ListLevel(start, number_format, decode_utf16(table[text + 2 : end])[:LONGEST_PATTERN]), end


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


FORMATS: dict[int, Callable[[int], str]] = {  # by number format code (MSONFC)
    1: lambda number: _roman(number).upper(),
    2: _roman,
    3: lambda number: _letter(number).upper(),
    4: _letter,
    22: lambda number: f"{number:02}",
    **dict.fromkeys((10, 11, 33, 35, 36, 37, 39), _chinese),
}

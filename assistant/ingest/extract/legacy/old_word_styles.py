"""The style sheet of an old Word file in; the heading level and the list of each style out. By [MS-DOC], 2.9.271 to 2.9.281."""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import unpack_from

from assistant.ingest.extract.legacy.old_word_fib import Fib
from assistant.ingest.extract.legacy.old_word_properties import (
    LIST,
    LIST_LEVEL,
    OUTLINE,
    Properties,
    single_properties,
    whole_number,
)

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

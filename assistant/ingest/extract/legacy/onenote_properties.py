"""The bytes of a set of properties of a OneNote object in; texts and references out. By [MS-ONESTORE], 2.6."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from assistant.errors import UnreadableFile

WIDTHS = {1: 0, 2: 0, 3: 1, 4: 2, 5: 4, 6: 8}
BYTES, OBJECT, OBJECTS, SPACE, SPACES, CONTEXT, CONTEXTS, SETS, SET = 7, 8, 9, 10, 11, 12, 13, 16, 17
COUNTED = (OBJECTS, SPACES, CONTEXTS)
COUNT, MORE_STREAMS, NO_SPACES = 0xFFFFFF, 0x40000000, 0x80000000
DEEPEST = 20
DAMAGED = "damaged: its properties cannot be read"

Identity = tuple[bytes, int]


@dataclass(slots=True)
class Properties:
    """Properties by their numbers: bytes, and the identities of objects and of spaces that are referred to."""

    texts: dict[int, bytes] = field(default_factory=dict)
    objects: dict[int, list[Identity]] = field(default_factory=dict)
    spaces: dict[int, list[Identity]] = field(default_factory=dict)


def read_properties(data: bytes, identify: Callable[[int], Identity]) -> Properties:
    """Return the properties of an object; `identify` tells who is meant by a short number."""
    return _Reading(data, identify).properties


class _Reading:
    def __init__(self, data: bytes, identify: Callable[[int], Identity]) -> None:
        self._data, self._at = data, 0
        self.properties = Properties()
        flags, numbers = self._stream()
        self._objects = iter([identify(number) for number in numbers])
        self._spaces: Iterator[Identity] = iter(())
        if not flags & NO_SPACES:
            flags, numbers = self._stream()
            self._spaces = iter([identify(number) for number in numbers])
            if flags & MORE_STREAMS:
                self._stream()
        self._set(self.properties, 0)

    def _number(self, width: int) -> int:
        if self._at + width > len(self._data):
            raise UnreadableFile(DAMAGED)
        self._at += width
        return int.from_bytes(self._data[self._at - width : self._at], "little")

    def _stream(self) -> tuple[int, list[int]]:
        flags = self._number(4)
        return flags, [self._number(4) for _ in range(flags & COUNT)]

    def _set(self, properties: Properties, depth: int) -> None:
        if depth > DEEPEST:
            raise UnreadableFile("damaged: it is nested too deeply")
        for identity in [self._number(4) for _ in range(self._number(2))]:
            self._property(properties, identity & 0x3FFFFFF, identity >> 26 & 0x1F, depth)

    def _property(self, properties: Properties, number: int, kind: int, depth: int) -> None:
        if kind in WIDTHS:
            self._at += WIDTHS[kind]
        elif kind == BYTES:
            length = self._number(4)
            properties.texts[number] = self._data[self._at : self._at + length]
            self._at += length
        elif kind in (OBJECT, SPACE, CONTEXT, *COUNTED):
            self._refer(properties, number, kind, self._number(4) if kind in COUNTED else 1)
        elif kind == SETS:
            count = self._number(4)
            self._at += 4 if count else 0
            for _ in range(count):
                self._set(Properties(), depth + 1)
        elif kind == SET:
            self._set(Properties(), depth + 1)
        else:
            raise UnreadableFile(DAMAGED)

    def _refer(self, properties: Properties, number: int, kind: int, count: int) -> None:
        """Take references off the streams, in which they stand in the order of the properties."""
        if kind in (OBJECT, OBJECTS):
            properties.objects[number] = [found for _, found in zip(range(count), self._objects, strict=False)]
        elif kind in (SPACE, SPACES):
            properties.spaces[number] = [found for _, found in zip(range(count), self._spaces, strict=False)]

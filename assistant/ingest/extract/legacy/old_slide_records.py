"""The main stream of an old PowerPoint file in; its records and the objects that are saved under numbers out.

By [MS-PPT], sections 2.1.2 (how a file is read), 2.3 (records) and 2.4 (documents).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

from assistant.errors import UnreadableFile

CONTAINER = 0xF
USER_EDIT, PERSIST_DIRECTORY = 0x0FF5, 0x1772
DEEPEST = 50
MOST_OFTEN = 10  # how often a byte of a sound file is read on average, at most
DAMAGED = "damaged: its slides cannot be found"


@dataclass(frozen=True, slots=True)
class Record:
    """A record: what it is, its `instance` (which tells those of one kind apart) and where its content stands."""

    data: bytes
    kind: int
    instance: int
    start: int
    end: int
    is_container: bool

    @property
    def content(self) -> bytes:
        """The bytes of the record, without its header."""
        return self.data[self.start : self.end]

    def number(self, offset: int) -> int:
        """Return the whole number at an offset of the content; 0 where it is shorter."""
        return int.from_bytes(self.data[self.start + offset : min(self.end, self.start + offset + 4)], "little")

    def children(self) -> Iterator[Record]:
        """Yield the records inside."""
        at = self.start
        while self.is_container and at + 8 <= self.end:
            child = record_at(self.data, at, self.end)
            yield child
            at = child.end

    def child(self, kind: int) -> Record:
        """Return the first record of a kind inside; an empty one where there is none."""
        return next((child for child in self.children() if child.kind == kind), Record(b"", 0, 0, 0, 0, False))


def record_at(data: bytes, at: int, end: int) -> Record:
    """Return the record whose header is at an offset; it goes up to `end` at most."""
    version, kind, length = unpack_from("<HHI", data, at)
    return Record(data, kind, version >> 4, at + 8, min(end, at + 8 + length), version & 0xF == CONTAINER)


class SavedObjects:
    """The objects of a file by their numbers: each save adds to the file and says where the newest of each stands."""

    def __init__(self, data: bytes, newest_edit: int) -> None:
        self._data = data
        self._offsets: dict[int, int] = {}
        self._left = MOST_OFTEN * len(data)
        self.document = 0
        seen: set[int] = set()
        while newest_edit not in seen and newest_edit + 28 <= len(data):
            seen.add(newest_edit)
            edit = record_at(data, newest_edit, len(data))
            if edit.kind != USER_EDIT:
                break
            self.document = self.document or edit.number(16)
            self._add(edit.number(12))
            newest_edit = edit.number(8)
            if not newest_edit:
                break

    def get(self, number: int) -> Record:
        """Return an object; an empty record where there is none. Raises UnreadableFile where objects overlap again and again."""
        offset = self._offsets.get(number, -1)
        if not 0 <= offset <= len(self._data) - 8:
            return Record(b"", 0, 0, 0, 0, False)
        found = record_at(self._data, offset, len(self._data))
        self._left -= found.end - found.start
        if self._left < 0:
            raise UnreadableFile("damaged: its slides overlap")
        return found

    def _add(self, offset: int) -> None:
        if offset + 8 > len(self._data):
            return
        directory = record_at(self._data, offset, len(self._data))
        at = directory.start if directory.kind == PERSIST_DIRECTORY else directory.end
        while at + 4 <= directory.end:
            head = unpack_from("<I", self._data, at)[0]
            first, count = head & 0xFFFFF, min(head >> 20, (directory.end - at - 4) // 4)
            for number, place in enumerate(unpack_from(f"<{count}I", self._data, at + 4)):
                self._offsets.setdefault(first + number, place)
            at += 4 + 4 * count

"""The records of a section of a Hangul document in; its paragraphs and tables as blocks out."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from struct import unpack_from

from assistant.errors import UnreadableFile
from assistant.ingest.extract.legacy.blocks import Block, Paragraph, paired
from assistant.ingest.extract.writing import LONGEST

STYLE, PARAGRAPH, TEXT, CONTROL, LIST, TABLE = 26, 66, 67, 71, 72, 77
TABLE_CONTROL, UNSEEN_CONTROLS = b" lbt", frozenset({b"daeh", b"toof", b"tmct"})  # headers, footers, hidden comments
OUTLINE_STYLE = re.compile(r"(?:개요|outline)\s*(\d{1,2})$", re.I)
LONGEST_HEADING, WIDEST = 200, 256
INLINE = re.compile("([\x01-\x09\x0b\x0c\x0e-\x17]).{0,7}", re.S)  # a control takes the room of eight characters
CHARACTERS = {**dict.fromkeys(range(32), ""), 9: "\t", 10: "\n", 24: "-", 30: "\u00a0", 31: " "}

Record = tuple[int, int, bytes]  # tag, level, content


def records(data: bytes) -> Iterator[Record]:
    """Yield the records of a stream."""
    at = 0
    while at + 4 <= len(data):
        head = int.from_bytes(data[at : at + 4], "little")
        size, at = head >> 20, at + 4
        if size == 0xFFF:
            size, at = int.from_bytes(data[at : at + 4], "little"), at + 4
        yield head & 0x3FF, head >> 10 & 0x3FF, data[at : at + size]
        at += size


def heading_styles(information: bytes) -> dict[int, int]:
    """Return the level of each style that is an outline's, by its number."""
    names = [_name(content) for tag, _, content in records(information) if tag == STYLE]
    matches = {number: OUTLINE_STYLE.match(name) for number, name in enumerate(names)}
    return {number: int(match[1]) for number, match in matches.items() if match and 1 <= int(match[1]) <= 9}


def _name(content: bytes) -> str:
    return content[2 : 2 + 2 * int.from_bytes(content[:2], "little")].decode("utf-16-le", "replace").strip()


class Control:
    """A table, or another control (`is_table` is False), as deep as its records stand."""

    def __init__(self, level: int, kind: bytes) -> None:
        self.level = level
        self.is_table, self.is_unseen = kind == TABLE_CONTROL, kind in UNSEEN_CONTROLS
        self.has_begun = False
        self.cells: dict[int, dict[int, list[str]]] = {}
        self.cell: list[str] = []

    def begin_cell(self, content: bytes) -> None:
        """Begin the cell that a list header is of."""
        column, row = unpack_from("<HH", content, 8)
        self.cell = self.cells.setdefault(row, {}).setdefault(column, [])

    def rows(self) -> list[list[str]]:
        """Return the rows, those of joined cells with room for what is missing."""
        return [["\n".join(row.get(column, [])) for column in range(_width(row))] for _, row in sorted(self.cells.items())]


def _width(row: dict[int, list[str]]) -> int:
    return min(max(row) + 1, WIDEST)


class Reading:
    """What was read so far, and the controls that are open."""

    def __init__(self, levels: dict[int, int]) -> None:
        self.blocks: list[Block] = []
        self._length = 0
        self._levels, self._style = levels, -1
        self._open: list[Control] = []

    def read(self, section: bytes) -> None:
        """Read a section."""
        try:
            for tag, level, content in records(section):
                self._close(level)
                self._take(tag, level, content)
        except struct.error as error:
            raise UnreadableFile("damaged: its tables cannot be read") from error
        self._close(0)

    def _take(self, tag: int, level: int, content: bytes) -> None:
        if tag == PARAGRAPH:
            self._style = content[10] if len(content) > 10 else -1
        elif tag == TEXT:
            self._write(_text(content))
        elif tag == CONTROL:
            self._open.append(Control(level, content[:4]))
        elif self._open and level == self._open[-1].level + 1 and self._open[-1].is_table:
            self._open[-1].has_begun |= tag == TABLE
            if tag == LIST and self._open[-1].has_begun:  # before that it is the table's caption
                self._open[-1].begin_cell(content)

    def _close(self, level: int) -> None:
        while self._open and self._open[-1].level >= level:
            table = self._open.pop()
            outer = self._table()
            if outer and table.cells:
                outer.cell += [" ".join(filter(None, row)) for row in table.rows()]
            elif table.cells and not any(control.is_unseen for control in self._open):
                self.blocks.append(table.rows())

    def _write(self, text: str) -> None:
        if not text or any(control.is_unseen for control in self._open):
            return
        self._length += len(text)
        if self._length > LONGEST:
            raise UnreadableFile(f"it unpacks to more than {LONGEST // 1_000_000} million characters")
        table = self._table()
        if table:
            table.cell.append(text)
        else:
            self.blocks.append(Paragraph(text, self._levels.get(self._style, 0) if len(text) <= LONGEST_HEADING else 0))

    def _table(self) -> Control | None:
        """Return the innermost table whose cells have begun."""
        return next((control for control in reversed(self._open) if control.cells), None)


def _text(content: bytes) -> str:
    halves = "".join(map(chr, unpack_from(f"<{len(content) // 2}H", content)))
    return paired(INLINE.sub(lambda found: "\t" if found[1] == "\t" else "", halves)).translate(CHARACTERS).strip()

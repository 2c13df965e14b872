"""The streams of an old Word file in; what it says at its beginning of where everything is stored, out. By [MS-DOC] 2.5."""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import unpack_from

from assistant.errors import UnreadableFile

MAGIC = (0xA5EC, 0xA5DC)  # of Word 97 and later, of Word 6 and 95
FIRST_OF_97 = 106  # Word 97 writes 193; Word 6 and 95 write up to 105
SHORTEST, SHORTEST_OF_97 = 0x200, 0x382
COMPLEX, ENCRYPTED, SECOND_TABLE, OBFUSCATED = 0x0004, 0x0100, 0x0200, 0x8000
PAIRS = 0x9A  # where the offsets and lengths of the tables begin
DAMAGED = "damaged: its text cannot be found"


@dataclass(slots=True)
class Fib:
    """The beginning of the main stream, the file information block, which says where everything is."""

    main: bytes
    table: bytes = b""
    data: bytes = b""
    magic: int = field(init=False)
    version: int = field(init=False)
    language: int = field(init=False)
    flags: int = field(init=False)

    def __post_init__(self) -> None:
        if len(self.main) < SHORTEST:
            raise UnreadableFile(DAMAGED)
        self.magic, self.version, _, self.language, _, self.flags = unpack_from("<6H", self.main)
        if self.magic not in MAGIC:
            raise UnreadableFile("damaged: it is cut off or no Word document")

    @property
    def is_modern(self) -> bool:
        """Whether Word 97 or later wrote it."""
        return self.version >= FIRST_OF_97 and len(self.main) >= SHORTEST_OF_97

    def part(self, number: int) -> tuple[int, int]:
        """Return where a table begins in the table stream, and its length."""
        offset, length = unpack_from("<II", self.main, PAIRS + 8 * number)
        return offset, length

    def table_part(self, number: int) -> bytes:
        """Return a table of the table stream."""
        offset, length = self.part(number)
        return self.table[offset : offset + length]

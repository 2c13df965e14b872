"""The streams of an old Word file in; what it says at its beginning of where everything is stored, out. By [MS-DOC] 2.5."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import unpack_from

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LONGEST
from assistant.ingest.extractors.legacy.block_writer import paired
from assistant.ingest.extractors.legacy.ole import WESTERN, codec_of_language

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


PIECES, PIECES_OF_6 = 33, 0x160
COUNTS, COUNTS_OF_6 = 0x4C, 0x34
SEEN = (0, 1, 5, 6, 4)  # of the counts, in order of reading: text, footnotes, endnotes, text boxes, comments
MARGINS = (2, 7)  # headers and footers, and text boxes in them: left out elsewhere, but the only text of a letterhead


Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters that are stored side by side: `start` is the number of the first, `offset` where it is stored."""

    start: int
    offset: int
    width: int


@dataclass(frozen=True, slots=True)
class Stored:
    """The text of all parts of a document in a row, one character to each that Word counts.

    `parts` are the spans of those that a reader sees, `margins` of those at the margins of each page. `codec` is the
    encoding where characters stand for bytes.
    """

    text: str
    pieces: tuple[Piece, ...]
    parts: Spans
    margins: Spans
    codec: str = ""

    def offset_of(self, number: int) -> int:
        """Return where in the main stream a character is stored."""
        piece = self.pieces[max(0, bisect_right(self.pieces, number, key=lambda piece: piece.start) - 1)]
        return piece.offset + (number - piece.start) * piece.width

    def clean(self, text: str) -> str:
        """Return characters of the text as Unicode."""
        return paired(text.encode("latin-1", "replace").decode(self.codec, "replace") if self.codec else text)


def stored_text(fib: Fib) -> Stored:
    """Return the text of a file."""
    text, pieces = _join(fib, fib.table_part(PIECES)) if fib.is_modern else _old_text(fib)
    spans = list(_spans(unpack_from("<8i", fib.main, COUNTS if fib.is_modern else COUNTS_OF_6), len(text)))
    parts, margins = (tuple(spans[number] for number in chosen) for chosen in (SEEN, MARGINS))
    return Stored(text, pieces, parts, margins, "" if fib.is_modern else codec_of_language(fib.language))


def _spans(counts: tuple[int, ...], length: int) -> Iterator[tuple[int, int]]:
    start = 0
    for count in counts:
        end = min(length, start + max(0, count))
        yield start, end
        start = end


def _old_text(fib: Fib) -> tuple[str, tuple[Piece, ...]]:
    """Return the text of Word 6 or 95; it has a table of pieces only where it was saved in a hurry."""
    start, end = unpack_from("<II", fib.main, 0x18)
    offset, length = unpack_from("<II", fib.main, PIECES_OF_6)
    if fib.flags & COMPLEX and length:
        return _join(fib, fib.main[offset : offset + length])
    return fib.main[start:end].decode("latin-1"), (Piece(0, start, 1),)


def _join(fib: Fib, clx: bytes) -> tuple[str, tuple[Piece, ...]]:
    texts: list[str] = []
    pieces: list[Piece] = []
    total = 0
    for length, stored in _piece_table(clx):
        offset, width = _place(stored, fib.is_modern)
        texts.append(_run(fib, offset, length, width))
        pieces.append(Piece(total, offset, width))
        total += len(texts[-1])
        if total > LONGEST:
            raise UnreadableFile(f"it unpacks to more than {LONGEST // 1_000_000} million characters")
    if not total:
        raise UnreadableFile(DAMAGED)
    return "".join(texts), tuple(pieces)


def _piece_table(clx: bytes) -> Iterator[tuple[int, int]]:
    """Yield the length of each piece and where it says that it is stored; properties come before the table."""
    at = 0
    while clx[at : at + 1] == b"\x01":
        at += 3 + int.from_bytes(clx[at + 1 : at + 3], "little")
    count = (int.from_bytes(clx[at + 1 : at + 5], "little") - 4) // 12
    if clx[at : at + 1] != b"\x02" or count < 1 or at + 5 + 12 * count + 4 > len(clx):
        raise UnreadableFile(DAMAGED)
    bounds = unpack_from(f"<{count + 1}I", clx, at + 5)
    for number in range(count):
        stored = unpack_from("<I", clx, at + 5 + 4 * (count + 1) + 8 * number + 2)[0]
        yield max(0, bounds[number + 1] - bounds[number]), stored


def _place(stored: int, is_modern: bool) -> tuple[int, int]:
    """Return where a piece is stored, and how many bytes a character has."""
    if not is_modern:
        return stored, 1
    return ((stored & 0x3FFFFFFF) // 2, 1) if stored & 0x40000000 else (stored & 0x3FFFFFFF, 2)


def _run(fib: Fib, offset: int, length: int, width: int) -> str:
    data = fib.main[offset : offset + length * width]
    if width == 1:
        return data.decode(WESTERN, "replace") if fib.is_modern else data.decode("latin-1")
    data = data[: len(data) // 2 * 2]
    text = data.decode("utf-16-le", "surrogatepass")
    # Word counts halves of characters outside of the basic plane
    return text if 2 * len(text) == len(data) else "".join(map(chr, unpack_from(f"<{len(data) // 2}H", data)))

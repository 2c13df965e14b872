"""Read the text of a Word binary file: file information block (FIB) and piece table, by [MS-DOC].

The text of Word 97 and later is cp1252 or UTF-16 by piece; that of Word 6 and 95 is in the code page of the language. Pieces
may overlap, so the total is limited to `LONGEST` characters: a small file could otherwise unpack without end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import unpack_from

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import MAX_CHARACTERS
from assistant.ingest.extractors.legacy.block_writer import join_surrogates
from assistant.ingest.extractors.legacy.ole import WESTERN, codec_of_language

MAGIC = (0xA5EC, 0xA5DC)  # of Word 97 and later, of Word 6 and 95
FIRST_OF_97 = 106  # Word 97 writes 193; Word 6 and 95 write up to 105
SHORTEST, SHORTEST_OF_97 = 0x200, 0x382
COMPLEX, ENCRYPTED, SECOND_TABLE, OBFUSCATED = 0x0004, 0x0100, 0x0200, 0x8000
FC_LCB = 0x9A  # offset of FibRgFcLcb, the offsets and lengths of the tables
CLX, CLX_OF_6 = 33, 0x160  # index in FibRgFcLcb, offset in the FIB of Word 6
COUNTS, COUNTS_OF_6 = 0x4C, 0x34  # offsets of the character counts of the document's parts
BODY_PARTS = (0, 1, 5, 6, 4)  # of the counts, in reading order: text, footnotes, endnotes, text boxes, comments
MARGIN_PARTS = (2, 7)  # headers and footers, and their text boxes
DAMAGED = "damaged: its text cannot be found"

Spans = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Fib:
    """The file information block at the start of the main stream, with the table and data streams that it refers to."""

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
        """Whether Word 97 or later wrote the file."""
        return self.version >= FIRST_OF_97 and len(self.main) >= SHORTEST_OF_97

    def part(self, number: int) -> tuple[int, int]:
        """Return the offset and length of a table in the table stream."""
        offset, length = unpack_from("<II", self.main, FC_LCB + 8 * number)
        return offset, length

    def table_part(self, number: int) -> bytes:
        """Return the bytes of a table in the table stream."""
        offset, length = self.part(number)
        return self.table[offset : offset + length]


@dataclass(frozen=True, slots=True)
class TextPiece:
    """One entry of the piece table: character position of its start, offset in the main stream, bytes per character."""

    start: int
    offset: int
    width: int


@dataclass(frozen=True, slots=True)
class DocText:
    """The text of all parts of a document, one character per character position (CP).

    `parts` are the spans of the body, notes, text boxes and comments, `margins` those of headers and footers. If `codec` is
    set, each character of `text` stands for one byte in that encoding.
    """

    text: str
    pieces: tuple[TextPiece, ...]
    parts: Spans
    margins: Spans
    codec: str = ""

    def offset_of(self, position: int) -> int:
        """Return the offset in the main stream of a character position."""
        piece = self.pieces[max(0, bisect_right(self.pieces, position, key=lambda piece: piece.start) - 1)]
        return piece.offset + (position - piece.start) * piece.width

    def decode(self, text: str) -> str:
        """Return a substring of `text` as Unicode."""
        return join_surrogates(text.encode("latin-1", "replace").decode(self.codec, "replace") if self.codec else text)


def read_text(fib: Fib) -> DocText:
    """Return the text of a file. Raises UnreadableFile if it has no text or too much."""
    text, pieces = _join_pieces(fib, fib.table_part(CLX)) if fib.is_modern else _text_of_word_6(fib)
    spans = list(_part_spans(unpack_from("<8i", fib.main, COUNTS if fib.is_modern else COUNTS_OF_6), len(text)))
    parts, margins = (tuple(spans[number] for number in chosen) for chosen in (BODY_PARTS, MARGIN_PARTS))
    return DocText(text, pieces, parts, margins, "" if fib.is_modern else codec_of_language(fib.language))


def _part_spans(counts: tuple[int, ...], length: int) -> Iterator[tuple[int, int]]:
    start = 0
    for count in counts:
        end = min(length, start + max(0, count))
        yield start, end
        start = end


def _text_of_word_6(fib: Fib) -> tuple[str, tuple[TextPiece, ...]]:
    """Return the text of Word 6 or 95, which has a piece table only after a fast save."""
    start, end = unpack_from("<II", fib.main, 0x18)
    offset, length = unpack_from("<II", fib.main, CLX_OF_6)
    if fib.flags & COMPLEX and length:
        return _join_pieces(fib, fib.main[offset : offset + length])
    return fib.main[start:end].decode("latin-1"), (TextPiece(0, start, 1),)


def _join_pieces(fib: Fib, clx: bytes) -> tuple[str, tuple[TextPiece, ...]]:
    texts: list[str] = []
    pieces: list[TextPiece] = []
    total = 0
    for length, stored in _piece_table(clx):
        offset, width = _place(stored, fib.is_modern)
        texts.append(_decode_piece(fib, offset, length, width))
        pieces.append(TextPiece(total, offset, width))
        total += len(texts[-1])
        if total > MAX_CHARACTERS:
            raise UnreadableFile(f"it unpacks to more than {MAX_CHARACTERS // 1_000_000} million characters")
    if not total:
        raise UnreadableFile(DAMAGED)
    return "".join(texts), tuple(pieces)


def _piece_table(clx: bytes) -> Iterator[tuple[int, int]]:
    """Yield the length and stored offset (FcCompressed) of each piece of a Clx; property lists (Prc) precede the table."""
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
    """Return the offset of a piece and its bytes per character; bit 30 marks cp1252 text at half the offset."""
    if not is_modern:
        return stored, 1
    return ((stored & 0x3FFFFFFF) // 2, 1) if stored & 0x40000000 else (stored & 0x3FFFFFFF, 2)


def _decode_piece(fib: Fib, offset: int, length: int, width: int) -> str:
    data = fib.main[offset : offset + length * width]
    if width == 1:
        return data.decode(WESTERN, "replace") if fib.is_modern else data.decode("latin-1")
    data = data[: len(data) // 2 * 2]
    text = data.decode("utf-16-le", "surrogatepass")
    # character positions count UTF-16 code units, so surrogate pairs stay apart
    return text if 2 * len(text) == len(data) else "".join(map(chr, unpack_from(f"<{len(data) // 2}H", data)))

"""Packed bytes in; no more than a few hundred megabytes of unpacked ones out, and not too many times as much."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from typing import IO

from assistant.errors import UnreadableFile

MOST_ENTRIES = 2_000
LARGEST_UNPACKED = 500_000_000  # bytes, all entries together
STEEPEST = 200  # times its packed size may an entry grow …
HARMLESS = 10_000_000  # … unless it stays below this
LARGEST_WINDOW = 256_000_000  # bytes of memory that unpacking an .xz may ask for
PIECE = 1 << 20
MARKS = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00"}


class Budget:
    """What may still be taken out of one archive."""

    def __init__(self) -> None:
        self.entries = MOST_ENTRIES
        self.bytes = LARGEST_UNPACKED

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was taken out yet."""
        return self.bytes == LARGEST_UNPACKED

    def count(self) -> None:
        """Take one entry. Raises UnreadableFile where there are too many."""
        self.entries -= 1
        if self.entries < 0:
            raise UnreadableFile(f"the archive holds more than {MOST_ENTRIES:,} files: the others are left out")

    def spend(self, size: int, taken: int, packed: int) -> None:
        """Take bytes of an entry (or packed file) of which `taken` are there by now. Raises UnreadableFile at a limit."""
        self.bytes -= size
        if self.bytes < 0:
            raise UnreadableFile(f"the archive unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB: the rest is left out")
        if taken > max(HARMLESS, STEEPEST * packed):
            raise UnreadableFile(f"it is a trap: it unpacks to more than {STEEPEST} times its size")


class Unpacked:
    """A file that is unpacked as it is read, within a budget."""

    def __init__(self, data: bytes, packing: str, budget: Budget) -> None:
        self.budget = budget
        self._packed = len(data)
        self._taken = 0
        self._file = _opened(data, packing)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, all that are left where no size is given."""
        pieces, left = [], size if size >= 0 else LARGEST_UNPACKED + PIECE
        while left > 0:
            piece = self._file.read(min(left, PIECE))
            if not piece:
                break
            self._taken += len(piece)
            self.budget.spend(len(piece), self._taken, self._packed)
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)


def packing_of(data: bytes) -> str:
    """Return how a file is packed, empty where it is not."""
    return next((name for name, mark in MARKS.items() if data.startswith(mark)), "")


def _opened(data: bytes, packing: str) -> IO[bytes]:
    stream = io.BytesIO(data)
    if packing == "gzip":
        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
    if packing == "bzip2":
        return bz2.BZ2File(stream)
    if packing == "xz":
        _refuse_large_window(data)
        return lzma.LZMAFile(stream)
    return stream


def _refuse_large_window(data: bytes) -> None:
    try:
        lzma.LZMADecompressor(memlimit=LARGEST_WINDOW).decompress(data, 1)
    except lzma.LZMAError as error:
        if "memory" in str(error).lower():
            raise UnreadableFile("unpacking it needs more memory than is allowed") from error

"""Make damaged files out of sound ones: what a fuzz test feeds to a parser.

The ways are those of most mutation fuzzers (AFL's "havoc" and "splice" stages): bits are flipped, numbers are set to extremes,
chunks are copied, dropped, swapped and repeated, words of the format are put in, files are cut off, and two are joined. The
members of a zip package are mutated one by one and packed again: damage to the packed bytes rarely gets past the checksum.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence

SHORT, LONGEST = 8_000, 100_000  # bytes of most mutated files, and of some; or twice what the seed has
MOST_STEPS = 8
WIDTHS = (1, 2, 4, 8)
EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, -1)
NUMBERS = (
    b"0",
    b"-1",
    b"1e999",
    b"NaN",
    b"16384",
    b"65536",
    b"2147483648",
    b"99999999999",
    b"9" * 5000,
    "²".encode(),
    "٣".encode(),
)
PACKINGS: dict[bytes, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": (gzip.decompress, lambda data: gzip.compress(data, 1)),
    b"BZh": (bz2.decompress, lambda data: bz2.compress(data, 1)),
    b"\xfd7zXZ\x00": (lzma.decompress, lambda data: lzma.compress(data, preset=0)),
}
UNPACKS_BADLY = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError, NotImplementedError)


class Mutator:
    """Makes mutated files of one format. `tokens` are words of the format; the same `chance` gives the same files."""

    def __init__(self, seeds: Sequence[bytes], tokens: Sequence[bytes], chance: random.Random) -> None:
        self._seeds, self._tokens, self._chance = seeds, tokens, chance
        self._longest = LONGEST
        self._ways = (
            self._flip,
            self._set_bytes,
            self._set_number,
            self._drop,
            self._copy,
            self._swap,
            self._repeat,
            self._put_token,
            self._put_digits,
            self._splice,
        )

    def mutate(self) -> bytes:
        """Return a mutated file."""
        data = self._chance.choice(self._seeds)
        self._longest = max(2 * len(data), LONGEST if self._chance.random() < 0.1 else SHORT)
        if data.startswith(b"PK") and self._chance.random() < 0.8:
            return self._mutate_package(data)[: self._longest]
        packing = next((ways for mark, ways in PACKINGS.items() if data.startswith(mark)), None)
        if packing and self._chance.random() < 0.5:
            return packing[1](self._mutate_bytes(packing[0](data)))[: self._longest]
        return self._mutate_bytes(data)

    def _mutate_bytes(self, data: bytes) -> bytes:
        if self._chance.random() < 0.05:
            return data[: self._chance.randint(0, len(data))]
        for _ in range(self._chance.randint(1, MOST_STEPS)):
            data = self._chance.choice(self._ways)(data)[: self._longest]
        return data

    def _mutate_package(self, data: bytes) -> bytes:
        """Return a zip file with one or two of its members mutated, dropped or renamed."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = [(info.filename, archive.read(info)) for info in archive.infolist()]
        except UNPACKS_BADLY:
            return self._mutate_bytes(data)
        for _ in range(self._chance.randint(1, 2) if members else 0):
            number = self._chance.randrange(len(members))
            self._mutate_member(members, number)
        return _packed(members)

    def _mutate_member(self, members: list[tuple[str, bytes]], number: int) -> None:
        name, content = members[number]
        kind = self._chance.random()
        if kind < 0.05:
            members.append((name, self._mutate_bytes(content)))
        elif kind < 0.1:
            members[number] = (self._chance.choice(members)[0], content)
        elif kind < 0.15:
            members[number] = (f"{name}x", content)
        else:
            members[number] = (name, self._mutate_bytes(content))

    def _place(self, data: bytes) -> int:
        return self._chance.randrange(len(data) + 1)

    def _span(self, data: bytes) -> tuple[int, int]:
        """Return a span, most often a short one."""
        start = self._place(data)
        return start, min(len(data), start + int(2 ** self._chance.uniform(0, 14 if self._chance.random() < 0.2 else 7)))

    def _flip(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self._chance.randint(1, 4) if data else 0):
            changed[self._chance.randrange(len(data))] ^= 1 << self._chance.randrange(8)
        return bytes(changed)

    def _set_bytes(self, data: bytes) -> bytes:
        start, end = self._span(data)
        filling = bytes([self._chance.choice((0, 0xFF, self._chance.randrange(256)))])
        return data[:start] + filling * (end - start) + data[end:]

    def _set_number(self, data: bytes) -> bytes:
        """Set a number, which may be a length or an offset, to an extreme, to a place in the file, or to nearly what it was."""
        width, order = self._chance.choice(WIDTHS), self._chance.choice(("little", "big"))
        start = self._place(data) // width * width if self._chance.random() < 0.5 else self._place(data)
        old = int.from_bytes(data[start : start + width], order)  # type: ignore[arg-type]
        new = self._chance.choice((self._chance.choice(EXTREMES), self._place(data), old + self._chance.randint(-4, 4)))
        return data[:start] + (new % (1 << 8 * width)).to_bytes(width, order) + data[start + width :]  # type: ignore[arg-type]

    def _drop(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + data[end:]

    def _copy(self, data: bytes) -> bytes:
        (start, end), place = self._span(data), self._place(data)
        over = end - start if self._chance.random() < 0.5 else 0
        return data[:place] + data[start:end] + data[place + over :]

    def _swap(self, data: bytes) -> bytes:
        first, second = sorted((self._span(data), self._span(data)))
        if first[1] > second[0]:
            return data
        return (
            data[: first[0]]
            + data[second[0] : second[1]]
            + data[first[1] : second[0]]
            + data[first[0] : first[1]]
            + data[second[1] :]
        )

    def _repeat(self, data: bytes) -> bytes:
        start, end = self._span(data)
        times = int(2 ** self._chance.uniform(1, 10))
        return data[:end] + data[start:end] * min(times, self._longest // max(1, end - start)) + data[end:]

    def _put_token(self, data: bytes) -> bytes:
        if not self._tokens:
            return self._flip(data)
        token, place = self._chance.choice(self._tokens), self._place(data)
        times = 1 if self._chance.random() < 0.95 else int(2 ** self._chance.uniform(1, 14))
        over = len(token) if self._chance.random() < 0.5 else 0
        return data[:place] + token * min(times, 1 + self._longest // max(1, len(token))) + data[place + over :]

    def _put_digits(self, data: bytes) -> bytes:
        """Set a number that is written in digits to an extreme."""
        place = self._place(data)
        start = next((at for at in range(place, min(len(data), place + 500)) if 48 <= data[at] <= 57), place)
        end = next((at for at in range(start, len(data)) if not 48 <= data[at] <= 57), len(data))
        return data[:start] + self._chance.choice(NUMBERS) + data[end:]

    def _splice(self, data: bytes) -> bytes:
        other = self._chance.choice(self._seeds)
        start, end = self._span(other)
        if self._chance.random() < 0.3:
            return data[: self._place(data)] + other[start:]
        place = self._place(data)
        return data[:place] + other[start:end] + data[place:]


def _packed(members: Sequence[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        warnings.simplefilter("ignore")  # that two have the same name
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED if len(content) > 2000 else zipfile.ZIP_STORED)
    return buffer.getvalue()

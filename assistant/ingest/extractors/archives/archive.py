"""Archives (.zip, .tar, .tar.gz, .tar.bz2, .tar.xz) and packed files (.gz, .bz2, .xz) in; the files in them out.

Everything is read within limits, whatever an archive says about itself. How deep archives lie in archives is for the
caller to limit.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError
from pathlib import PurePath, PurePosixPath
from typing import IO

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.encoding import decode_name
from assistant.ingest.extractors.source import Member, Source

ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
TAR_SUFFIXES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz")
BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError)
BLOCK = 512


def open_archive(source: Source) -> Iterator[Member]:
    """Yield the files of an archive; where a limit is hit, a last one whose refusal says which."""
    packing = packing_of(source.data)
    if source.data.startswith(ZIP_MARKS) or source.suffix == ".zip":
        yield from open_zip(source)
    elif packing:
        yield from _open_packed(source, packing)
    else:
        yield from _open_tar(Unpacked(source.data, "", Budget()), source)


def _open_packed(source: Source, packing: str) -> Iterator[Member]:
    name = PurePath(source.name)
    if name.suffix.lower() in TAR_SUFFIXES or name.with_suffix("").suffix.lower() == ".tar" or _holds_tar(source, packing):
        yield from _open_tar(Unpacked(source.data, packing, Budget()), source)
        return
    inner = safe_name(name.stem) or "file"
    unpacked = Unpacked(source.data, packing, Budget())
    try:
        yield Member(inner, unpacked.read())
    except BROKEN as error:
        raise UnreadableFile(f"damaged: it is cut off or no {packing} file") from error
    except UnreadableFile as refusal:
        yield Member(inner, refusal=refusal)


def _holds_tar(source: Source, packing: str) -> bool:
    try:
        return Unpacked(source.data, packing, Budget()).read(BLOCK)[257:262] == b"ustar"
    except BROKEN:
        return False


def _open_tar(unpacked: Unpacked, source: Source) -> Iterator[Member]:
    names = Names()
    is_begun = False
    try:
        with tarfile.open(fileobj=unpacked, mode="r|", errors="surrogateescape", encoding="utf-8") as archive:  # type: ignore[call-overload]
            for entry in archive:
                is_begun = True
                name = decoded_name(entry.name.encode("utf-8", "surrogateescape"))
                is_whole = entry.isreg() and not entry.issparse()  # a file with holes may claim to be of any size
                if is_whole and name and not is_hidden(name):
                    unpacked.budget.count()
                    source.on_step(name)
                    yield Member(names.distinct(name), _content(archive.extractfile(entry)))
    except UnreadableFile as refusal:
        yield Member(names.distinct("(more files)"), refusal=refusal)
    except BROKEN as error:
        reason = UnreadableFile("damaged: it is cut off or no archive")
        if not is_begun:
            raise reason from error
        yield Member(names.distinct("(more files)"), refusal=UnreadableFile("damaged: the archive is cut off here"))


def _content(file: IO[bytes] | None) -> bytes:
    return file.read() if file else b""


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


IS_ENCRYPTED, IS_UTF8, AES = 0x1, 0x800, 99
UNIX = 3
DAMAGED = "damaged: it is cut off or no zip archive"
ENCRYPTED = "it is encrypted"
NEEDS_PASSWORD = f"{ENCRYPTED}: a password is needed"
WRONG_PASSWORD = f"{ENCRYPTED}: none of the passwords opens it"
NO_AES = f"{ENCRYPTED} with AES, which cannot be opened here: unpack it with another program"


def open_zip(source: Source) -> Iterator[Member]:
    """Yield the files of a zip archive. Raises UnreadableFile where none can be read for want of a password."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(source.data))
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise UnreadableFile(DAMAGED) from error
    with archive:
        yield from _members(archive, source)


def _members(archive: zipfile.ZipFile, source: Source) -> Iterator[Member]:
    budget, names = Budget(), Names()
    entries = list(_files(archive))
    is_locked = bool(entries) and all(entry.flag_bits & IS_ENCRYPTED for entry, _ in entries)
    for entry, name in entries:
        source.on_step(name)
        try:
            budget.count()
        except UnreadableFile as refusal:
            yield Member(names.distinct("(more files)"), refusal=refusal)
            return
        try:
            content = _unlocked(archive, entry, source.passwords, budget)
        except UnreadableFile as refusal:
            if is_locked and budget.is_untouched and str(refusal).startswith(ENCRYPTED):
                raise
            yield Member(names.distinct(name), refusal=refusal)
            if budget.bytes < 0:
                return
            continue
        yield Member(names.distinct(name), content)


def _files(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Yield the entries that are files, with their names; links, devices and what systems keep there are left out."""
    infos = archive.infolist()
    guessed = _guessed_names(infos)
    for info in infos:
        name = safe_name(guessed.get(info.filename, info.filename))
        kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == UNIX else 0
        if not info.is_dir() and kind in (0, stat.S_IFREG) and name and not is_hidden(name):
            yield info, name


def _guessed_names(infos: list[zipfile.ZipInfo]) -> dict[str, str]:
    """Return the right names of entries that do not say they are in UTF-8, guessed from all of them together."""
    names = [info.filename for info in infos if not info.flag_bits & IS_UTF8 and not info.filename.isascii()]
    try:
        decoded = decode_name("\n".join(names).encode("cp437")).split("\n")
    except UnicodeEncodeError:  # they were in Unicode after all
        return {}
    return dict(zip(names, decoded, strict=True)) if len(decoded) == len(names) else {}


def _unlocked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, passwords: tuple[str, ...], budget: Budget) -> bytes:
    if not entry.flag_bits & IS_ENCRYPTED:
        return _zip_content(archive, entry, None, budget)
    if entry.compress_type == AES:
        raise UnreadableFile(NO_AES)
    for password in passwords:
        try:
            return _zip_content(archive, entry, password.encode(), budget)
        except RuntimeError:  # what zipfile raises for a wrong password
            continue
        except UnreadableFile:  # one wrong password in 256 is found out only by the content
            if password == passwords[-1]:
                raise
    raise UnreadableFile(WRONG_PASSWORD if passwords else NEEDS_PASSWORD)


def _zip_content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, password: bytes | None, budget: Budget) -> bytes:
    pieces, taken = [], 0
    try:
        with archive.open(entry, pwd=password) as file:
            while piece := file.read(PIECE):
                taken += len(piece)
                budget.spend(len(piece), taken, entry.compress_size)
                pieces.append(piece)
    except NotImplementedError as error:
        raise UnreadableFile("it is packed in a way that cannot be unpacked here") from error
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, zlib.error, LZMAError) as error:
        raise UnreadableFile("damaged: this file of the archive cannot be unpacked") from error
    return b"".join(pieces)


LONGEST = 180
UNSAFE = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")  # controls, halves, what turns text
DRIVE = re.compile(r"^[A-Za-z]:")
SYSTEM = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


def safe_name(name: str) -> str:
    """Return a path without a root, "." and ".." in it, parted by "/"; empty where nothing is left."""
    clean = UNSAFE.sub(" ", DRIVE.sub("", name.replace("\\", "/")))
    parts = (part.strip() for part in clean.split("/"))
    return "/".join(_shorten(part) for part in parts if part and part not in (".", ".."))


def decoded_name(raw: bytes) -> str:
    """Return a safe name out of bytes whose encoding nobody states."""
    return safe_name(decode_name(raw))


def is_hidden(name: str) -> bool:
    """Say whether a path leads to what systems keep for themselves."""
    return any(part.startswith((".", "~$")) or part.lower() in SYSTEM for part in name.split("/"))


class Names:
    """The names that the files of one file have by now, which no two may share."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def distinct(self, name: str) -> str:
        """Return the name, with a number where it is taken, and take it."""
        path, number, found = PurePosixPath(name), self._taken.get(name.lower(), 0), name
        while found.lower() in self._taken:
            number += 1
            found = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        self._taken |= {name.lower(): max(number, 1), found.lower(): 1}
        return found


def _shorten(part: str) -> str:
    """Keep the end of a name that is too long: it says what kind of file it is."""
    return part if len(part) <= LONGEST else part[: LONGEST - 20] + "…" + part[-19:]

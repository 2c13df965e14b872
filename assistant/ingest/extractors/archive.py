"""Open archives (.zip, .tar, .tar.gz, .tar.bz2, .tar.xz) and compressed files (.gz, .bz2, .xz): yield the files inside.

Number of files, total size, compression ratio and memory are limited whatever the archive states about itself (zip bombs).
Names are decoded, freed of paths that leave the archive, and made unique. Links and sparse files are left out, with the reason.
Devices and pipes are no files. The caller limits nesting of archives.
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
from collections.abc import Container, Iterator
from pathlib import PurePath, PurePosixPath
from typing import IO

from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.builder import Member, Source
from assistant.ingest.extractors.encoding import decode_name

MOST_ENTRIES = 2_000
LARGEST_UNPACKED = 500_000_000  # bytes, all files together
STEEPEST = 200  # times its compressed size may a file grow …
HARMLESS = 10_000_000  # … unless it stays below this
LARGEST_WINDOW = 256_000_000  # bytes of memory that an .xz may ask for
BLOCK = 512  # bytes of a tar header
PIECE = 1 << 20

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
TAR_SUFFIXES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz")
COMPRESSIONS = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00"}
BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError)

IS_ENCRYPTED, IS_UTF8, AES = 0x1, 0x800, 99  # general purpose flags, compression method
UNIX = 3
ENCRYPTED = "it is encrypted"
NEEDS_PASSWORD = f"{ENCRYPTED}: a password is needed"
WRONG_PASSWORD = f"{ENCRYPTED}: none of the passwords opens it"
NO_AES = f"{ENCRYPTED} with AES, which cannot be opened here: unpack it with another program"

SYMBOLIC_LINK = "a symbolic link: links inside archives are not followed"
LOST_LINK = "a hard link to a file that was not read from this archive"
SPARSE = "a sparse file, which may claim any size: unpack the archive and add the file"

LONGEST = 180  # characters of a name
UNSAFE = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")  # controls, bidi controls, surrogates
DRIVE = re.compile(r"^[A-Za-z]:")
SYSTEM = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
MORE = "(more files)"


def open_archive(source: Source) -> Iterator[Member]:
    """Yield the files of an archive; at a limit, the last member's refusal states it."""
    compression = next((name for name, magic in COMPRESSIONS.items() if source.data.startswith(magic)), "")
    if source.data.startswith(ZIP_MAGIC) or source.suffix == ".zip":
        yield from _open_zip(source)
    elif not compression or _is_compressed_tar(source, compression):
        yield from _open_tar(source, compression)
    else:
        yield _decompress(source, compression)


def _is_compressed_tar(source: Source, compression: str) -> bool:
    name = PurePath(source.name)
    if name.suffix.lower() in TAR_SUFFIXES or name.with_suffix("").suffix.lower() == ".tar":
        return True
    try:
        return _reader(source, compression).read(BLOCK)[257:262] == b"ustar"
    except BROKEN:
        return False


def _decompress(source: Source, compression: str) -> Member:
    """Return the file inside a compressed file. Raises UnreadableFile if it is damaged; a limit becomes a refusal."""
    inner = safe_name(PurePath(source.name).stem) or "file"
    reader = _reader(source, compression)
    try:
        return Member(inner, reader.read())
    except BROKEN as error:
        raise UnreadableFile(f"damaged: it is cut off or no {compression} file") from error
    except UnreadableFile as refusal:
        return Member(inner, refusal=refusal)


def _open_tar(source: Source, compression: str) -> Iterator[Member]:
    reader, names = _reader(source, compression), UniqueNames()
    is_begun, read = False, set[str]()
    try:
        with tarfile.open(fileobj=reader, mode="r|", errors="surrogateescape", encoding="utf-8") as archive:  # type: ignore[call-overload]
            for entry in archive:
                is_begun = True
                name = safe_name(decode_name(entry.name.encode("utf-8", "surrogateescape")))
                if not (entry.isreg() or entry.issym() or entry.islnk()) or not name or _is_hidden(name):
                    continue
                reader.budget.count()
                source.on_step(name)
                if refusal := _refuse_entry(entry, read):
                    yield Member(names.add(name), refusal=refusal)
                    continue
                read.add(entry.name)
                file = archive.extractfile(entry)
                yield Member(names.add(name), file.read() if file else b"")
    except UnreadableFile as refusal:
        yield Member(names.add(MORE), refusal=refusal)
    except BROKEN as error:
        if not is_begun:
            raise UnreadableFile("damaged: it is cut off or no archive") from error
        yield Member(names.add(MORE), refusal=UnreadableFile("damaged: the archive is cut off here"))


def _refuse_entry(entry: tarfile.TarInfo, read: Container[str]) -> SkippedFile | None:
    """Return why an entry is left out, if it is. read: the names of the entries that were read before it."""
    if entry.issparse():
        return SkippedFile(SPARSE)
    if entry.issym():
        return SkippedFile(SYMBOLIC_LINK)
    if not entry.islnk():
        return None
    target = safe_name(decode_name(entry.linkname.encode("utf-8", "surrogateescape")))
    return SkippedFile(f"a hard link: its text is that of {target}" if entry.linkname in read else LOST_LINK)


def _reader(source: Source, compression: str) -> BoundedReader:
    """Open a compressed file, or one that is not compressed, with a budget of its own."""
    return BoundedReader(_decompressor(source.data, compression), len(source.data), Budget())


def _decompressor(data: bytes, compression: str) -> IO[bytes]:
    stream = io.BytesIO(data)
    if compression == "gzip":
        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
    if compression == "bzip2":
        return bz2.BZ2File(stream)
    if compression != "xz":
        return stream
    try:
        lzma.LZMADecompressor(memlimit=LARGEST_WINDOW).decompress(data, 1)
    except lzma.LZMAError as error:
        if "memory" in str(error).lower():
            raise UnreadableFile("unpacking it needs more memory than is allowed") from error
    return lzma.LZMAFile(stream)


class Budget:
    """How many files and bytes may still be taken out of one archive."""

    def __init__(self) -> None:
        self.entries = MOST_ENTRIES
        self.bytes = LARGEST_UNPACKED

    def count(self) -> None:
        """Take one file. Raises UnreadableFile if there are too many."""
        self.entries -= 1
        if self.entries < 0:
            raise UnreadableFile(f"the archive holds more than {MOST_ENTRIES:,} files: the others are left out")

    def spend(self, size: int, taken: int, packed: int) -> None:
        """Take `size` bytes of a file of which `taken` are read so far. Raises UnreadableFile at a limit."""
        self.bytes -= size
        if self.bytes < 0:
            raise UnreadableFile(f"the archive unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB: the rest is left out")
        if taken > max(HARMLESS, STEEPEST * packed):
            raise UnreadableFile(f"it is a trap: it unpacks to more than {STEEPEST} times its size")


class BoundedReader:
    """Reads a file within a budget; `packed` is its compressed size."""

    def __init__(self, file: IO[bytes], packed: int, budget: Budget) -> None:
        self.budget = budget
        self._file = file
        self._packed = packed
        self._taken = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, all that are left if no size is given. Raises UnreadableFile at a limit."""
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


def _open_zip(source: Source) -> Iterator[Member]:
    """Yield the files of a zip archive. Raises UnreadableFile if all are encrypted and no password opens them."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(source.data))
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise UnreadableFile("damaged: it is cut off or no zip archive") from error
    with archive:
        yield from _zip_members(archive, source)


def _zip_members(archive: zipfile.ZipFile, source: Source) -> Iterator[Member]:
    budget, names = Budget(), UniqueNames()
    entries = list(_zip_files(archive))
    is_locked = bool(entries) and all(entry.flag_bits & IS_ENCRYPTED for entry, _ in entries if _unix_kind(entry) != stat.S_IFLNK)
    for entry, name in entries:
        source.on_step(name)
        try:
            budget.count()
        except UnreadableFile as refusal:
            yield Member(names.add(MORE), refusal=refusal)
            return
        if _unix_kind(entry) == stat.S_IFLNK:
            yield Member(names.add(name), refusal=SkippedFile(SYMBOLIC_LINK))
            continue
        try:
            content = _unlock(archive, entry, source.passwords, budget)
        except UnreadableFile as refusal:
            is_untouched = budget.bytes == LARGEST_UNPACKED
            if is_locked and is_untouched and str(refusal).startswith(ENCRYPTED):
                raise
            yield Member(names.add(name), refusal=refusal)
            if budget.bytes < 0:
                return
            continue
        yield Member(names.add(name), content)


def _zip_files(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Yield the entries that are files or links, with their names; devices, hidden and system files are left out."""
    infos = archive.infolist()
    detected = _detected_names(infos)
    for info in infos:
        name = safe_name(detected.get(info.filename, info.filename))
        if not info.is_dir() and _unix_kind(info) in (0, stat.S_IFREG, stat.S_IFLNK) and name and not _is_hidden(name):
            yield info, name


def _unix_kind(entry: zipfile.ZipInfo) -> int:
    """Return the kind of file that an entry states, 0 if it states none."""
    return stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == UNIX else 0


def _detected_names(infos: list[zipfile.ZipInfo]) -> dict[str, str]:
    """Return the names of entries without the UTF-8 flag in the encoding that is detected from all of them together."""
    names = [info.filename for info in infos if not info.flag_bits & IS_UTF8 and not info.filename.isascii()]
    try:
        decoded = decode_name("\n".join(names).encode("cp437")).split("\n")
    except UnicodeEncodeError:  # they are Unicode without the flag
        return {}
    return dict(zip(names, decoded, strict=True)) if len(decoded) == len(names) else {}


def _unlock(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, passwords: tuple[str, ...], budget: Budget) -> bytes:
    if not entry.flag_bits & IS_ENCRYPTED:
        return _read_entry(archive, entry, None, budget)
    if entry.compress_type == AES:
        raise UnreadableFile(NO_AES)
    for password in passwords:
        try:
            return _read_entry(archive, entry, password.encode(), budget)
        except RuntimeError:  # what zipfile raises for a wrong password
            continue
        except UnreadableFile:  # one wrong password in 256 passes the check byte and yields damaged content
            if password == passwords[-1]:
                raise
    raise UnreadableFile(WRONG_PASSWORD if passwords else NEEDS_PASSWORD)


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, password: bytes | None, budget: Budget) -> bytes:
    try:
        with archive.open(entry, pwd=password) as file:
            return BoundedReader(file, entry.compress_size, budget).read()
    except NotImplementedError as error:
        raise UnreadableFile("it is packed in a way that cannot be unpacked here") from error
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise UnreadableFile("damaged: this file of the archive cannot be unpacked") from error


def safe_name(name: str) -> str:
    """Return a relative path with "/" and without "." and ".."; empty if nothing is left."""
    clean = UNSAFE.sub(" ", DRIVE.sub("", name.replace("\\", "/")))
    parts = (part.strip() for part in clean.split("/"))
    kept = (part for part in parts if part and part not in (".", ".."))
    # the end of a long name says what kind of file it is
    return "/".join(part if len(part) <= LONGEST else part[: LONGEST - 20] + "…" + part[-19:] for part in kept)


def _is_hidden(name: str) -> bool:
    """Return whether a path is of a hidden file, a lock file or a system file."""
    return any(part.startswith((".", "~$")) or part.lower() in SYSTEM for part in name.split("/"))


class UniqueNames:
    """Gives the members of a file distinct names, ignoring case."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def add(self, name: str) -> str:
        """Return the name, with a number if it is taken."""
        path, number, found = PurePosixPath(name), self._taken.get(name.lower(), 0), name
        while found.lower() in self._taken:
            number += 1
            found = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        self._taken |= {name.lower(): max(number, 1), found.lower(): 1}
        return found

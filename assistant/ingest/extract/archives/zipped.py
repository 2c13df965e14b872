"""Zip archives in; the files in them, encrypted ones with a password, out."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError

from assistant.errors import UnreadableFile
from assistant.ingest.extract.archives.bounded import PIECE, Budget
from assistant.ingest.extract.archives.entryname import Names, is_hidden, safe_name
from assistant.ingest.extract.decode import decode_name
from assistant.ingest.extract.source import Member, Source

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
        return _content(archive, entry, None, budget)
    if entry.compress_type == AES:
        raise UnreadableFile(NO_AES)
    for password in passwords:
        try:
            return _content(archive, entry, password.encode(), budget)
        except RuntimeError:  # what zipfile raises for a wrong password
            continue
        except UnreadableFile:  # one wrong password in 256 is found out only by the content
            if password == passwords[-1]:
                raise
    raise UnreadableFile(WRONG_PASSWORD if passwords else NEEDS_PASSWORD)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, password: bytes | None, budget: Budget) -> bytes:
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

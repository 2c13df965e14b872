"""Archives (.zip, .tar, .tar.gz, .tar.bz2, .tar.xz) and packed files (.gz, .bz2, .xz) in; the files in them out.

Everything is read within limits, whatever an archive says about itself. How deep archives lie in archives is for the
caller to limit.
"""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import PurePath
from typing import IO

from assistant.errors import UnreadableFile
from assistant.ingest.extract.archives.bounded import Budget, Unpacked, packing_of
from assistant.ingest.extract.archives.entryname import Names, decoded_name, is_hidden, safe_name
from assistant.ingest.extract.archives.zipped import open_zip
from assistant.ingest.extract.source import Member, Source

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

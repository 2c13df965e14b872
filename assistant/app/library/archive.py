"""Export a library to one zip file and import it on any machine without embedding it again.

`manifest.json` in the zip file has the format version, a summary of the library, and the SHA-256 and size of every other entry.
"""

from __future__ import annotations

import errno
import hashlib
import json
import lzma
import os
import re
import sqlite3
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from assistant.datatypes import LibraryStatus, OnProgress, Progress
from assistant.errors import NO_ROOM, AssistantError, DiskFull, ExportUnwritable, LibraryDamaged, LibraryTooNew, UsageError
from assistant.index import Store
from assistant.index.database import translate_error
from assistant.system.atomic_files import rename_synced, sync_file

FORMAT = 1
MANIFEST, LIBRARY, SETTINGS = "manifest.json", "library.sqlite", "settings.toml"
ENTRY = re.compile(r"library\.sqlite|settings\.toml|tables/[0-9A-Za-z][0-9A-Za-z-]*\.parquet")
PRIVATE, PRIVATE_FOLDER = 0o600, 0o700
PIECE = 2**20  # bytes that are copied at once
MOST_MANIFEST = 2**20


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One entry of the archive."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Summary of an exported library, and its entries by name."""

    name: str
    documents: int
    chunks: int
    embedder: str
    roots: tuple[str, ...]
    entries: dict[str, ArchiveEntry]


def pack(folder: Path, held: LibraryStatus, target: Path, on_progress: OnProgress) -> int:
    """Write the library to one file, atomically; return its size in bytes. The library can be in use meanwhile."""
    copy, aside = target.with_name(f"{target.name}.{os.getpid()}.copy"), target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        snapshot(folder / LIBRARY, copy)
        sources = {LIBRARY: copy, **{name: folder / name for name in files_beside(folder)}}
        create_private(aside)
        with aside.open("r+b") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            entries: dict[str, ArchiveEntry] = {}
            for name, source in sources.items():
                with source.open("rb") as original, archive.open(name, "w", force_zip64=True) as entry:
                    entries[name] = copy_hashed(original, entry, source.stat().st_size, "packing", on_progress)
            manifest = Manifest(held.name, held.documents, held.chunks, held.embedder, held.roots, entries)
            archive.writestr(MANIFEST, json.dumps({"format": FORMAT, **asdict(manifest)}, ensure_ascii=False, indent=1))
        rename_synced(aside, target)
        return target.stat().st_size
    except OSError as error:
        raise write_error(target, error) from error
    finally:
        for half in (copy, copy.with_name(f"{copy.name}-journal"), aside):
            with suppress(OSError):
                half.unlink(missing_ok=True)


def files_beside(folder: Path) -> list[str]:
    """Return the names of the files that go into an archive with the database: the settings, and the stored tables."""
    files = [folder / SETTINGS, *sorted((folder / "tables").glob("*.parquet"))]
    return [name for file in files if file.exists() and ENTRY.fullmatch(name := file.relative_to(folder).as_posix())]


def write_error(target: Path, error: OSError) -> AssistantError:
    """Return the user error for an export file that could not be written."""
    if error.errno in NO_ROOM:
        return DiskFull(f"The disk has no room left for {target}.", "Free some space, or choose another disk.")
    return ExportUnwritable(f"{target} cannot be written: {error.strerror or error}.",
                            "Check the folder and its permissions, or choose another folder.")


def create_private(path: Path) -> None:
    """Create an empty file readable by its owner only: it will contain the text of all files."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))


def snapshot(source: Path, target: Path) -> None:
    """Copy a library's database at one point in time, without free pages that may hold removed text."""
    target.unlink(missing_ok=True)
    create_private(target)
    try:
        with closing(sqlite3.connect(source)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except UnicodeEncodeError as error:
        raise OSError(errno.EINVAL, "its name, or that of a folder above it, is not valid UTF-8", str(target)) from error
    except sqlite3.Error as error:
        if error.sqlite_errorcode in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
        raise translate_error(error, source) from error


def copy_hashed(source: IO[bytes], target: IO[bytes], total: int, stage: str, on_progress: OnProgress) -> ArchiveEntry:
    """Copy bytes; return their hash and number. Stops after more than `total` bytes."""
    digest, done = hashlib.sha256(), 0
    while piece := source.read(PIECE):
        digest.update(piece)
        target.write(piece)
        done += len(piece)
        on_progress(Progress(stage, done, total))
        if done > total:
            break
    return ArchiveEntry(digest.hexdigest(), done)


def read_manifest(source: Path) -> Manifest:
    """Return the manifest of an exported library. Raises UsageError, LibraryTooNew or LibraryDamaged."""
    try:
        require_file(source)
        with archive_errors(source):
            with zipfile.ZipFile(source) as archive, archive.open(MANIFEST) as file:
                said = json.loads(file.read(MOST_MANIFEST))
            if said["format"] > FORMAT:
                raise LibraryTooNew(f"{source} has format {said['format']}; this program knows formats up to {FORMAT}.",
                                    "Update this program to the version that wrote the file.")
            entries = {str(name): ArchiveEntry(str(each["sha256"]), int(each["bytes"])) for name, each in said["entries"].items()}
            manifest = Manifest(str(said["name"]), int(said["documents"]), int(said["chunks"]), str(said["embedder"]),
                                tuple(map(str, said["roots"])), entries)
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror or error}.", "Check the path.") from error
    if LIBRARY not in manifest.entries or not all(map(ENTRY.fullmatch, manifest.entries)):
        raise LibraryDamaged(f"{source} does not hold a library.", "Export it again: assistant library export")
    return manifest


def require_file(source: Path) -> None:
    """Raise OSError for anything but a regular file: a zip file is read from its end, which a pipe does not allow."""
    mode = source.stat().st_mode
    if not stat.S_ISREG(mode):
        what = "it is a folder" if stat.S_ISDIR(mode) else "it is not a file but a pipe or a device"
        raise OSError(errno.EINVAL, what, str(source))


def unpack(source: Path, manifest: Manifest, folder: Path, on_progress: OnProgress) -> None:
    """Extract the archive into the folder and verify it. Raises LibraryDamaged if a checksum does not match."""
    with archive_errors(source), zipfile.ZipFile(source) as archive:
        for name, expected in manifest.entries.items():
            (folder / name).parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            with archive.open(name) as entry, (folder / name).open("wb") as file:
                found = copy_hashed(entry, file, expected.bytes, "unpacking", on_progress)
                sync_file(file)
            if found != expected:
                raise LibraryDamaged(f"{source} is damaged: the checksum of {name} does not match.", "Export or copy it again.")
    verify_library(folder / LIBRARY, source, manifest)


@contextmanager
def archive_errors(source: Path) -> Iterator[None]:
    """Raise LibraryDamaged for everything that zipfile and the decompressors raise on a damaged or encrypted archive.

    RuntimeError: an entry with a password; NotImplementedError: an unknown method or version; ValueError, OverflowError and
    struct.error: invalid offsets and times; the others come from the decompressors.
    """
    try:
        yield
    except (zipfile.BadZipFile, RuntimeError, KeyError, TypeError, AttributeError, ValueError, OverflowError, EOFError,
            zlib.error, lzma.LZMAError, struct.error) as error:
        raise LibraryDamaged(f"{source} is not an exported library, or is damaged: {reason_for(error)}.",
                             "Export or copy it again: assistant library export") from error


def reason_for(error: Exception) -> str:
    """Return what is wrong with an archive, as a short text."""
    if isinstance(error, RuntimeError) and "encrypted" in str(error):
        return "it is encrypted"
    return str(error).strip().rstrip(".") or type(error).__name__


def verify_library(file: Path, source: Path, manifest: Manifest) -> None:
    """Open the extracted library. Raises LibraryDamaged if it is incomplete, LibraryTooNew if its version is newer."""
    store = Store(file)
    try:
        said, chunks = store.integrity(), store.count_chunks()
    finally:
        store.close()
    if said != "ok" or chunks != manifest.chunks:
        raise LibraryDamaged(f"{source} is damaged: {said if said != 'ok' else 'passages are missing'}.", "Export it again.")

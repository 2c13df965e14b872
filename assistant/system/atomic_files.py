"""Write files that survive a killed program: replaced atomically, or JSON Lines records that are appended one by one.

A replaced file is written beside its target, synced to the disk, and renamed into place. A record that was cut off, or that a bad
disk has damaged, is skipped with a warning.
"""

from __future__ import annotations

import json
import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

PARTIAL = ".partial"  # suffix of a file that is not completely written


def write_atomically(path: Path, data: bytes, mode: int = 0o666, *, overwrite: bool = True) -> None:
    """Write `data` to `path` so that readers, and a crash, see either the old file or the new one. Raises OSError.

    A new file gets the permissions `mode` (less the umask); pass 0o600 for a private file. Without `overwrite`, a file that is
    there stays as it is. The temporary file is called `<name>.<process>-<thread>.partial`, so that two writers do not share one.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_native_id()}{PARTIAL}")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        rename_synced(partial, path, overwrite=overwrite)
    except OSError as error:
        if error.filename == str(partial):
            error.filename = str(path)  # the user knows no other name
        raise
    finally:
        with suppress(OSError):  # of a read-only file system, even for a file that is not there
            partial.unlink(missing_ok=True)


def rename_synced(partial: Path, path: Path, *, overwrite: bool = True) -> None:
    """Give a completely written file its final name once its content is on the disk. Raises OSError."""
    with partial.open("rb+") as file:
        sync_file(file)
    try:
        if not overwrite:
            os.link(partial, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links: of two processes at once the later wins
        overwrite = True
    if overwrite:
        partial.replace(path)
    sync_folder(path.parent)


def sync_file(file: IO[bytes]) -> None:
    """Flush an open file and wait until its content is on the disk. Raises OSError."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; do nothing on systems that cannot sync a folder."""
    with suppress(OSError, AttributeError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


PRIVATE_FILE = 0o600


class DamagedRecord(UserWarning):
    """Warning: a line of the program's own file is damaged and was skipped."""


def read_records(path: Path) -> Iterator[dict[str, object]]:
    """Yield one object per line of a file; skip damaged lines with a warning. Raises OSError.

    Lines end with a newline only: JSON text may contain the other characters that `str.splitlines` splits at.
    """
    yield from parse_records(path.read_bytes(), path)


def parse_records(content: bytes, path: Path) -> Iterator[dict[str, object]]:
    """Yield one object per line of a file's content; skip damaged lines with a warning."""
    for number, line in enumerate(content.split(b"\n"), 1):
        record = parse_record(line)
        if record is not None:
            yield record
        elif line.strip():
            warnings.warn(f"Line {number} of {path} is damaged and was skipped.", DamagedRecord, stacklevel=2)


def parse_record(line: bytes) -> dict[str, object] | None:
    """Parse the object in a line; return None if there is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def encode_record(record: Mapping[str, object]) -> bytes:
    """Encode an object as one line."""
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def append_record(path: Path, record: Mapping[str, object]) -> None:
    """Append a line to a private file, on a new line if a killed program left the last one unfinished. Raises OSError.

    The line is on the disk when this returns.
    """
    is_new = not path.exists()
    with open(path, "ab", opener=open_private) as file:
        file.write((b"\n" if is_torn(path) else b"") + encode_record(record))
        sync_file(file)
    if is_new:
        sync_folder(path.parent)


def open_private(path: str, flags: int) -> int:
    """Open a file; a new file is readable by its owner only."""
    return os.open(path, flags, PRIVATE_FILE)


def is_torn(path: Path) -> bool:
    """Return whether the last line of a file has no newline. Raises OSError."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"

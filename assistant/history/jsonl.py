"""Keep JSON objects as lines of a private file: each line is on the disk before the call returns.

Whoever changes a file holds the lock of its folder meanwhile, so that no line is lost that another program writes at the time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from filelock import FileLock

from assistant.system.records import PRIVATE_FILE, encoded

PRIVATE_FOLDER = 0o700
BINARY = getattr(os, "O_BINARY", 0)  # Windows would write other line ends
PATIENCE_SECONDS = 30.0


def create(path: Path, first: Mapping[str, object]) -> None:
    """Make a file with its first line. Raises FileExistsError where there is one, OSError where it cannot be."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    write_new(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | BINARY, PRIVATE_FILE), encoded(first))


def append(path: Path, value: Mapping[str, object]) -> None:
    """Add a line, after the end of one that a killed program left unfinished. Raises OSError."""
    with folder_lock(path.parent), os.fdopen(os.open(path, os.O_APPEND | os.O_RDWR | BINARY), "a+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
        else:
            torn = False
        write_synced(file, (b"\n" if torn else b"") + encoded(value))


def replace_if_unchanged(path: Path, before: bytes, values: Iterable[Mapping[str, object]]) -> bool:
    """Put a file with these lines in the place of one that still is as it was before; return whether it was. Raises OSError."""
    aside = path.with_suffix(".partial")
    with folder_lock(path.parent):
        if path.read_bytes() != before:
            return False
        aside.unlink(missing_ok=True)
        write_new(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | BINARY, PRIVATE_FILE), b"".join(map(encoded, values)))
        aside.replace(path)
    return True


def delete(path: Path) -> None:
    """Remove a file. Raises OSError."""
    with folder_lock(path.parent):
        path.unlink()


def folder_lock(folder: Path) -> FileLock:
    """Return the lock of a folder, which lies beside it. Taking it raises OSError, also where another does not let go of it."""
    return FileLock(folder.with_name(f"{folder.name}.lock"), timeout=PATIENCE_SECONDS, mode=PRIVATE_FILE)


def write_new(handle: int, content: bytes) -> None:
    """Write all of it and wait until it is on the disk."""
    with os.fdopen(handle, "wb") as file:
        write_synced(file, content)


def write_synced(file: IO[bytes], content: bytes) -> None:
    """Write all of it to an open file and wait until it is on the disk."""
    file.write(content)
    file.flush()
    os.fsync(file.fileno())

"""Keep JSON objects as lines of a private file: each line is on the disk before the call returns.

Whoever changes a file holds the lock of its folder meanwhile, so that no line is lost that another program writes at the time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from filelock import FileLock

from assistant.system.atomic_files import sync_file, sync_folder, write_atomically
from assistant.system.records import PRIVATE_FILE, encoded, is_torn

PRIVATE_FOLDER = 0o700
BINARY = getattr(os, "O_BINARY", 0)  # Windows would write other line ends
PATIENCE_SECONDS = 30.0


def create(path: Path, first: Mapping[str, object]) -> None:
    """Make a file with its first line. Raises FileExistsError where there is one, OSError where it cannot be."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | BINARY, PRIVATE_FILE), "wb") as file:
        file.write(encoded(first))
        sync_file(file)
    sync_folder(path.parent)


def append(path: Path, value: Mapping[str, object]) -> None:
    """Add a line, after the end of one that a killed program left unfinished. Raises OSError."""
    with folder_lock(path.parent), os.fdopen(os.open(path, os.O_APPEND | os.O_WRONLY | BINARY), "ab") as file:
        file.write((b"\n" if is_torn(path) else b"") + encoded(value))
        sync_file(file)


def replace_if_unchanged(path: Path, before: bytes, values: Iterable[Mapping[str, object]]) -> bool:
    """Put a file with these lines in the place of one that still is as it was before; return whether it was. Raises OSError."""
    with folder_lock(path.parent):
        if path.read_bytes() != before:
            return False
        for left in path.parent.glob(f"{path.name}.*.partial"):  # of a program that was killed: it holds what was said
            left.unlink(missing_ok=True)
        write_atomically(path, b"".join(map(encoded, values)), PRIVATE_FILE)
    return True


def delete(path: Path) -> None:
    """Remove a file. Raises OSError."""
    with folder_lock(path.parent):
        path.unlink()


def folder_lock(folder: Path) -> FileLock:
    """Return the lock of a folder, which lies beside it. Taking it raises OSError, also where another does not let go of it."""
    return FileLock(folder.with_name(f"{folder.name}.lock"), timeout=PATIENCE_SECONDS, mode=PRIVATE_FILE)

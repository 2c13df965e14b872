"""JSON objects in, lines of a private file out, and back: each line on the disk before the call returns."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from assistant.records import PRIVATE_FILE, encoded, is_torn

PRIVATE_FOLDER = 0o700


def create(path: Path, first: Mapping[str, object]) -> None:
    """Make a file with its first line. Raises FileExistsError where there is one, OSError where it cannot be."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    write(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE), encoded(first))


def append(path: Path, value: Mapping[str, object]) -> None:
    """Add a line, after the end of one that a killed program left unfinished. Raises OSError."""
    write(os.open(path, os.O_APPEND | os.O_WRONLY), (b"\n" if is_torn(path) else b"") + encoded(value))


def exchange(path: Path, before: bytes, values: Iterable[Mapping[str, object]]) -> bool:
    """Put a file with these lines in the place of one that still is as it was before; return whether it was. Raises OSError."""
    aside = path.with_suffix(".partial")
    aside.unlink(missing_ok=True)
    write(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE), b"".join(map(encoded, values)))
    same = path.read_bytes() == before
    aside.replace(path) if same else aside.unlink()
    return same


def write(handle: int, content: bytes) -> None:
    """Write all of it and wait until it is on the disk."""
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

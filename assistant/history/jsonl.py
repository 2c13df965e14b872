"""Private files of JSON lines: each line is on the disk before the call returns.

Every change holds the lock of the folder, so no line that another process writes is lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from filelock import FileLock

from assistant.system.atomic_files import sync_file, sync_folder, write_atomically
from assistant.system.records import PRIVATE_FILE, encode_record, is_torn

PRIVATE_FOLDER = 0o700
BINARY = getattr(os, "O_BINARY", 0)  # no line end conversion on Windows
PATIENCE_SECONDS = 30.0


def create(path: Path, first: Mapping[str, object]) -> None:
    """Create a file with its first line. Raises FileExistsError if it exists, OSError if it cannot be created."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | BINARY, PRIVATE_FILE), "wb") as file:
        file.write(encode_record(first))
        sync_file(file)
    sync_folder(path.parent)


def append(path: Path, value: Mapping[str, object]) -> None:
    """Append a line, on a new line if a killed process left the last one unfinished. Raises OSError."""
    with folder_lock(path.parent), os.fdopen(os.open(path, os.O_APPEND | os.O_WRONLY | BINARY), "ab") as file:
        file.write((b"\n" if is_torn(path) else b"") + encode_record(value))
        sync_file(file)


def read_lines(path: Path) -> bytes:
    """Return the content of a file, after a line that another process is writing is finished. Raises OSError."""
    content = path.read_bytes()
    if not content or content.endswith(b"\n"):
        return content
    with folder_lock(path.parent):  # a writer holds it until its line is whole; a line that stays torn was cut off by a kill
        return path.read_bytes()


def replace_if_unchanged(path: Path, before: bytes, values: Iterable[Mapping[str, object]]) -> bool:
    """Replace a file's lines if its content is still `before`; return True if it was. Raises OSError."""
    with folder_lock(path.parent):
        if path.read_bytes() != before:
            return False
        for left in path.parent.glob(f"{path.name}.*.partial"):  # a killed process left it, with text of the conversation
            left.unlink(missing_ok=True)
        write_atomically(path, b"".join(map(encode_record, values)), PRIVATE_FILE)
    return True


def delete(path: Path) -> None:
    """Delete a file. Raises OSError."""
    with folder_lock(path.parent):
        path.unlink()


def folder_lock(folder: Path) -> FileLock:
    """Return the lock of a folder, a file beside it. Acquiring it raises OSError, also on timeout."""
    return FileLock(folder.with_name(f"{folder.name}.lock"), timeout=PATIENCE_SECONDS, mode=PRIVATE_FILE)

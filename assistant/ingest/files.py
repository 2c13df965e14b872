"""A path in, the file's bytes out: whole, steady while they were read, and no more of them than the limit."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from assistant.errors import BEING_WRITTEN, GONE, UNREAD, SkippedFile, UnreadableFile


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Return a file's bytes. Raises UnreadableFile, or SkippedFile where there are too many."""
    for pause in (0.1, 0.0):
        try:
            data, is_steady = _read_once(path, max_bytes)
        except PermissionError as error:
            raise UnreadableFile("permission denied") from error
        except FileNotFoundError as error:
            raise UnreadableFile(GONE) from error
        except OSError as error:
            raise UnreadableFile(f"{UNREAD}: {error.strerror}") from error
        if is_steady:
            return data
        time.sleep(pause)
    raise UnreadableFile(f"{BEING_WRITTEN}; it will be read at the next sync")


def too_large(size: int, max_bytes: int) -> SkippedFile:
    """Return the reason why a file of this size is left out."""
    return SkippedFile(f"too large: {size / 1e6:.1f} MB; the limit is {max_bytes / 1e6:.1f} MB")


def _read_once(path: Path, max_bytes: int) -> tuple[bytes, bool]:
    """Return the bytes, and whether the file stayed as it was meanwhile."""
    with open(path, "rb", opener=_open_without_waiting) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise UnreadableFile("not a file but a pipe, socket or device")
        if before.st_size > max_bytes:
            raise too_large(before.st_size, max_bytes)
        data = file.read(max_bytes + 1)
        after = os.fstat(file.fileno())
    is_same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return data, is_same and len(data) == after.st_size


def _open_without_waiting(path: str, flags: int) -> int:
    """Open for reading; a pipe that nobody writes to must not hold up everything."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))

"""A file that was seen in; whether it should be read, or why it is left out, out. And names that cannot be written."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from assistant.ingest.extract import has_reader, no_reader
from assistant.ingest.files import too_large


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that should be read."""

    path: Path
    root: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file or folder that was seen and is left out. Its path can always be written as UTF-8.

    Where it is out of sight, it could not be looked at: what was known of it, and of what it holds, may still be true.
    """

    path: Path
    root: Path
    size: int
    mtime_ns: int
    reason: str
    is_out_of_sight: bool = False


def judge(path: str, status: os.stat_result, root: Path, max_bytes: int) -> Candidate | Refusal:
    """Return what is to be done with a file."""
    if not stat.S_ISREG(status.st_mode):
        return refuse(path, status, root, "not a file but a pipe, socket or device")
    if Path(path).name.startswith("~$"):
        return refuse(path, status, root, "a lock file that an office program left behind")
    if not has_reader(Path(path).name):
        return refuse(path, status, root, no_reader(Path(path).name))
    if status.st_size > max_bytes:
        return refuse(path, status, root, str(too_large(status.st_size, max_bytes)))
    return Candidate(Path(path), root, status.st_size, _time(status))


def refuse(path: str, status: os.stat_result, root: Path, reason: str) -> Refusal:
    """Return that a file is left out, and why."""
    return Refusal(Path(printable(path)), root, status.st_size, _time(status), reason)


def out_of_sight(path: str, root: Path, error: OSError) -> Refusal:
    """Return that something cannot be looked at."""
    return Refusal(Path(printable(path)), root, 0, 0, f"cannot be opened: {error.strerror}", is_out_of_sight=True)


def _time(status: os.stat_result) -> int:
    """Return when a file was changed, as near as 64 bits come: some file systems keep years far beyond 2262."""
    return max(-(2**63), min(status.st_mtime_ns, 2**63 - 1))


def is_utf8(path: str | Path) -> bool:
    """Return whether a path can be written as UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(path: str | Path) -> str:
    """Return a path with what is not UTF-8 in it written out."""
    return str(path).encode("utf-8", "backslashreplace").decode()

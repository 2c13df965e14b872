"""Ignore files in; whether a file or folder is one of those that are left out, as git decides it, out."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.ingest.extractors.registry import has_reader, no_reader
from assistant.ingest.workers.read_file import too_large

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILES = (".gitignore", ".assistantignore")
ENVIRONMENT = "pyvenv.cfg"  # lies in a Python environment: other people's files
NEVER_ENTERED = frozenset({"node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Rules:
    """The ignore files of one folder; patterns are relative to it."""

    folder: str
    spec: GitIgnoreSpec


def rules_of(folder: str, names: Collection[str]) -> tuple[Rules, ...]:
    """Return the rules of a folder with files of these names, none or one."""
    from pathspec import GitIgnoreSpec

    lines = [line for name in IGNORE_FILES if name in names for line in _lines_of(Path(folder, name)) if _is_pattern(line)]
    return (Rules(folder, GitIgnoreSpec.from_lines(lines)),) if lines else ()


def is_ignored(path: str, rules: tuple[Rules, ...], *, is_folder: bool) -> bool:
    """Ask the nearest rules first and of those the last: the first that has an opinion decides, as in git.

    Each folder on the way down was asked before, so a pattern need only match the entry itself.
    """
    if is_folder and os.path.basename(path) in NEVER_ENTERED:  # noqa: PTH119 - asked of every file
        return True
    for rule in reversed(rules):
        relative = path[len(rule.folder) :].replace(os.sep, "/").lstrip("/")
        for pattern in reversed(rule.spec.patterns):
            is_for_folders = str(pattern.pattern).rstrip().endswith("/")
            if (is_folder or not is_for_folders) and pattern.match_file(relative + "/" * is_folder):
                return bool(pattern.include)
    return False


def _lines_of(path: Path) -> list[str]:
    """Return the lines of an ignore file; none where it is no file or cannot be read."""
    with suppress(OSError):
        return path.read_text("utf-8-sig", errors="replace").replace("\r\n", "\n").split("\n") if path.is_file() else []
    return []


def _is_pattern(line: str) -> bool:
    """Return whether a line of an ignore file is valid; a lone `!` is not."""
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


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


ToLookAt = Callable[[str], str]


def to_look_at(roots: Iterable[str], own: str) -> ToLookAt:
    """Return a function from a changed path to the one to look at; nothing where no root is concerned.

    What is hidden, what lies in folders that are never entered, and this program's own files (below `own`) concern nobody.
    """
    places = [(root, root.rstrip(os.sep) + os.sep) for root in roots]
    mine = own.rstrip(os.sep) + os.sep

    def look(path: str) -> str:
        while not is_utf8(path):  # of such a name the library has another spelling
            path = os.path.dirname(path)  # noqa: PTH120 - asked of every event
        if path == own or path.startswith(mine):
            return ""
        for root, inside in places:
            if path == root or root.startswith(path.rstrip(os.sep) + os.sep):
                return path
            if path.startswith(inside) and (found := _inside(path, path[len(inside) :])):
                return found
        return ""

    return look


def _inside(path: str, relative: str) -> str:
    *folders, name = relative.split(os.sep)  # noqa: PTH206 - asked of every event
    if any(folder.startswith(".") or folder in NEVER_ENTERED for folder in folders):
        return ""
    if name == ENVIRONMENT or name in IGNORE_FILES:
        return os.path.dirname(path)  # noqa: PTH120 - they decide about the whole folder
    return "" if name.startswith(".") or name in NEVER_ENTERED else path

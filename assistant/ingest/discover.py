"""A folder or file in, every file that should be read out, in a fixed order; and those refused, with the reason."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import UsageError
from assistant.ingest.extract import has_reader, no_reader
from assistant.ingest.files import too_large

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILES = (".gitignore", ".assistantignore")
NEVER_ENTERED = frozenset({"node_modules", "__pycache__"})


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


@dataclass(frozen=True, slots=True)
class _Rules:
    """The ignore files of one folder; patterns are relative to it."""

    folder: str
    spec: GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class _Visit:
    """Something to look at: under the name it was found by, with its real path and the rules above it."""

    path: str
    real: str
    rules: tuple[_Rules, ...]
    is_link: bool = False


@dataclass(slots=True)
class _Walk:
    """One walk. Links wait until everything was seen by its own name, so that no file is given twice."""

    root: Path
    real_root: str
    max_bytes: int
    seen: set[str] = field(default_factory=set)
    links: list[_Visit] = field(default_factory=list)


def discover(root: Path, max_bytes: int) -> Iterator[Candidate | Refusal]:
    """Yield what is under a folder, or the one file, sorted by name. A root that is a file is always taken."""
    path = Path(os.path.normpath(root.absolute()))  # not resolved: a person finds it under the name they gave
    if not is_utf8(path):
        raise UsageError(f"the name is not valid UTF-8: {printable(path)}", "Rename it, then try again.")
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a folder above is closed
        raise UsageError(f"no such file or folder: {root}")
    walk = _Walk(path, os.path.realpath(path), max_bytes)
    return _walk(walk) if path.is_dir() else iter([_judge(walk, str(path), path.stat())])


def _walk(walk: _Walk) -> Iterator[Candidate | Refusal]:
    yield from _follow(walk, _Visit(str(walk.root), walk.real_root, ()))
    for link in walk.links:  # grows while links lead to folders with links
        try:
            status = Path(link.path).lstat()
            is_there = Path(link.real).exists()
        except OSError as error:
            yield _out_of_sight(walk, link.path, error)
            continue
        if not _is_inside(link.real, walk.real_root):
            yield _refuse(walk, link.path, status, "a link that leads out of the folder")
        elif not is_there:
            yield _refuse(walk, link.path, status, "a link that leads nowhere")
        else:
            yield from _follow(walk, link)


def _follow(walk: _Walk, start: _Visit) -> Iterator[Candidate | Refusal]:
    waiting = [start]  # a stack, not recursion: trees can be deeper than Python's
    while waiting:
        visit = waiting.pop()
        if visit.real in walk.seen:
            continue
        if visit.is_link:
            walk.links.append(_Visit(visit.path, os.path.realpath(visit.path), visit.rules))
            continue
        walk.seen.add(visit.real)
        try:
            status = Path(visit.real).stat()
            if not is_utf8(visit.path):
                yield _refuse(walk, visit.path, status, "its name is not valid UTF-8")
            elif stat.S_ISDIR(status.st_mode):
                waiting.extend(reversed(_children(visit)))
            else:
                yield _judge(walk, visit.path, status)
        except OSError as error:
            yield _out_of_sight(walk, visit.path, error)


def _children(folder: _Visit) -> list[_Visit]:
    with os.scandir(folder.path) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    names = {entry.name for entry in found}
    if "pyvenv.cfg" in names:  # a Python environment: other people's files
        return []
    rules = folder.rules + _rules_of(folder.path, names)
    return [
        _Visit(entry.path, f"{folder.real.rstrip(os.sep)}{os.sep}{entry.name}", rules, entry.is_symlink())
        for entry in found
        if not entry.name.startswith(".") and not _is_ignored(entry, rules)
    ]


def _rules_of(folder: str, names: set[str]) -> tuple[_Rules, ...]:
    from pathspec import GitIgnoreSpec

    lines = [line for name in IGNORE_FILES if name in names for line in _lines_of(Path(folder, name)) if _is_pattern(line)]
    return (_Rules(folder, GitIgnoreSpec.from_lines(lines)),) if lines else ()


def _lines_of(path: Path) -> list[str]:
    """Return the lines of an ignore file; none where it is no file or cannot be read."""
    with suppress(OSError):
        return path.read_text("utf-8-sig", errors="replace").splitlines() if path.is_file() else []
    return []


def _is_pattern(line: str) -> bool:
    """Return whether a line of an ignore file is valid; a lone `!` is not."""
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


def _is_ignored(entry: os.DirEntry[str], rules: tuple[_Rules, ...]) -> bool:
    """Ask the nearest rules first and of those the last: the first that has an opinion decides, as in git.

    Each folder on the way down was asked before, so a pattern need only match the entry itself.
    """
    is_folder = entry.is_dir(follow_symlinks=False)
    if is_folder and entry.name in NEVER_ENTERED:
        return True
    for rule in reversed(rules):
        relative = entry.path[len(rule.folder) :].replace(os.sep, "/").lstrip("/")
        for pattern in reversed(rule.spec.patterns):
            is_for_folders = str(pattern.pattern).rstrip().endswith("/")
            if (is_folder or not is_for_folders) and pattern.match_file(relative + "/" * is_folder):
                return bool(pattern.include)
    return False


def _judge(walk: _Walk, path: str, status: os.stat_result) -> Candidate | Refusal:
    if not stat.S_ISREG(status.st_mode):
        return _refuse(walk, path, status, "not a file but a pipe, socket or device")
    if Path(path).name.startswith("~$"):
        return _refuse(walk, path, status, "a lock file that an office program left behind")
    if not has_reader(Path(path).name):
        return _refuse(walk, path, status, no_reader(Path(path).name))
    if status.st_size > walk.max_bytes:
        return _refuse(walk, path, status, str(too_large(status.st_size, walk.max_bytes)))
    return Candidate(Path(path), walk.root, status.st_size, _time(status))


def _refuse(walk: _Walk, path: str, status: os.stat_result, reason: str) -> Refusal:
    return Refusal(Path(printable(path)), walk.root, status.st_size, _time(status), reason)


def _out_of_sight(walk: _Walk, path: str, error: OSError) -> Refusal:
    return Refusal(Path(printable(path)), walk.root, 0, 0, f"cannot be opened: {error.strerror}", is_out_of_sight=True)


def _time(status: os.stat_result) -> int:
    """Return when a file was changed, as near as 64 bits come: some file systems keep years far beyond 2262."""
    return max(-(2**63), min(status.st_mtime_ns, 2**63 - 1))


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


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

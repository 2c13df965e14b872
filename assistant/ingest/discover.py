"""A folder or file in, every file that should be read out, in a fixed order; and those refused, with the reason."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import UsageError
from assistant.ingest.extract import has_reader

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
    """A file or folder that was seen and is left out. Its path can always be written as UTF-8."""

    path: Path
    root: Path
    size: int
    mtime_ns: int
    reason: str


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
    if not path.exists():
        raise UsageError(f"no such file or folder: {_printable(root)}")
    if not _is_utf8(str(path)):
        raise UsageError(f"the name is not valid UTF-8: {_printable(path)}", "Rename it, then try again.")
    walk = _Walk(path, os.path.realpath(path), max_bytes)
    return _walk(walk) if path.is_dir() else iter([_judge(walk, str(path), path.stat())])


def _walk(walk: _Walk) -> Iterator[Candidate | Refusal]:
    yield from _follow(walk, _Visit(str(walk.root), walk.real_root, ()))
    for link in walk.links:  # grows while links lead to folders with links
        if not _is_inside(link.real, walk.real_root):
            yield _refuse(walk, link.path, Path(link.path).lstat(), "a link that leads out of the folder")
        elif not Path(link.real).exists():
            yield _refuse(walk, link.path, Path(link.path).lstat(), "a link that leads nowhere")
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
            if not _is_utf8(visit.path):
                yield _refuse(walk, visit.path, status, "its name is not valid UTF-8")
            elif stat.S_ISDIR(status.st_mode):
                waiting.extend(reversed(_children(visit)))
            else:
                yield _judge(walk, visit.path, status)
        except OSError as error:
            yield Refusal(Path(_printable(visit.path)), walk.root, 0, 0, f"cannot be opened: {error.strerror}")


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

    lines: list[str] = []
    for name in IGNORE_FILES:
        if name in names:
            lines += Path(folder, name).read_text("utf-8-sig", errors="replace").splitlines()
    return (_Rules(folder, GitIgnoreSpec.from_lines(lines)),) if lines else ()


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
    if not has_reader(Path(path).name):
        suffix = Path(path).suffix.lower()
        return _refuse(walk, path, status, f"no reader for {suffix or 'extensionless'} files")
    if status.st_size > walk.max_bytes:
        sizes = f"{status.st_size / 1e6:.1f} MB; the limit is {walk.max_bytes / 1e6:.1f} MB"
        return _refuse(walk, path, status, f"too large: {sizes}")
    return Candidate(Path(path), walk.root, status.st_size, status.st_mtime_ns)


def _refuse(walk: _Walk, path: str, status: os.stat_result, reason: str) -> Refusal:
    return Refusal(Path(_printable(path)), walk.root, status.st_size, status.st_mtime_ns, reason)


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(path: str | Path) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode()

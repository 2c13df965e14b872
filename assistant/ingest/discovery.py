"""Discover the files to read below a folder and say why others are left out: ignore files, size, type, links.

Ignore files (.gitignore, .assistantignore) have the meaning that git gives them.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import UsageError
from assistant.ingest.extractors.registry import has_reader, no_reader_reason
from assistant.ingest.workers.read_file import too_large_error

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILES = (".gitignore", ".assistantignore")
ENVIRONMENT_MARKER = "pyvenv.cfg"  # a folder with this file is a Python environment and is left out
EXCLUDED_FOLDERS = frozenset({"node_modules", "__pycache__"})
RescanTarget = Callable[[str], str]
Branches = dict[str, "Branches"]
"""The parts of a tree to walk, by name. An empty mapping below a name means all of it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that should be read."""

    path: Path
    root: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class ExcludedEntry:
    """A file or folder that is left out, with the reason. Its path is always valid UTF-8.

    `is_out_of_sight`: it could not be accessed, so what is known of it and its content may still be true.
    """

    path: Path
    root: Path
    size: int
    mtime_ns: int
    reason: str
    is_inaccessible: bool = False


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The patterns of the ignore files in one folder; they are relative to it."""

    folder: str
    spec: GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class Visit:
    """An entry to visit: the path it was found by, its real path and the ignore rules of the folders above."""

    path: str
    real: str
    rules: tuple[IgnoreRules, ...]
    is_link: bool = False


@dataclass(slots=True)
class Walk:
    """The state of one walk. Links are followed last, so that no file is yielded twice.

    `on_link` receives links to a target inside the root: their result depends on the other files.
    """

    root: Path
    real_root: str
    max_bytes: int
    on_link: Callable[[str], None]
    seen: set[str] = field(default_factory=set)
    links: list[Visit] = field(default_factory=list)


def discover(root: Path, max_bytes: int, within: Iterable[Path] | None = None,
             on_link: Callable[[str], None] = lambda _path: None) -> Iterator[Candidate | ExcludedEntry]:
    """Yield the files below a folder, or the one file, sorted by name. A root that is a file is never ignored.

    `within` restricts the walk to these paths and what is below them; apart from links, the result there is the same as that
    of a full walk. Raises UsageError if the root does not exist or its name is not UTF-8.
    """
    path = Path(os.path.normpath(root.absolute()))  # not resolved: users find it under the name they gave
    if not is_utf8(path):
        raise UsageError(f"the name is not valid UTF-8: {printable(path)}", "Rename it, then try again.")
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a folder above is closed
        raise UsageError(f"no such file or folder: {root}")
    walk = Walk(path, os.path.realpath(path), max_bytes, on_link)
    if not path.is_dir():
        is_asked = within is None or any(path.is_relative_to(each) for each in within)
        return iter([apply_file_rules(str(path), path.stat(), path, max_bytes)] if is_asked else ())
    if within is None:
        return _walk_tree(walk, {})
    related = [each for each in within if each.is_relative_to(path) or path.is_relative_to(each)]
    return _walk_tree(walk, branches_of(path, related)) if related else iter(())


def branches_of(root: Path, paths: Iterable[Path]) -> Branches:
    """Return the branches of a folder that cover these paths, which are inside it or above it."""
    branches: Branches = {}
    for path in sorted(paths):  # a folder comes before its content
        names = path.relative_to(root).parts if path.is_relative_to(root) else ()
        if not names:
            return {}
        at = branches
        for name in names[:-1]:
            if at.get(name) == {}:
                break  # the whole folder is walked already
            at = at.setdefault(name, {})
        else:
            at[names[-1]] = {}
    return branches


def _walk_tree(walk: Walk, branches: Branches) -> Iterator[Candidate | ExcludedEntry]:
    top = Visit(str(walk.root), walk.real_root, ())
    for start in _branch_ends(top, branches) if branches else [top]:
        yield from _follow(walk, start)
    for link in walk.links:  # grows while links lead to folders with links
        try:
            status = Path(link.path).lstat()
            is_there = Path(link.real).exists()
        except OSError as error:
            yield inaccessible(link.path, walk.root, error)
            continue
        if link.real != walk.real_root and not link.real.startswith(walk.real_root.rstrip(os.sep) + os.sep):
            yield exclude(link.path, status, walk.root, "a link that leads out of the folder")
            continue
        walk.on_link(link.path)
        if not is_there:
            yield exclude(link.path, status, walk.root, "a link that leads nowhere")
        else:
            yield from _follow(walk, link)


def _branch_ends(top: Visit, branches: Branches) -> Iterator[Visit]:
    """Yield the ends of the branches that a full walk would reach, with the ignore rules on the way."""
    waiting = [(top, branches)]
    while waiting:
        folder, below = waiting.pop()
        path = Path(folder.path)
        if (path / ENVIRONMENT_MARKER).exists():
            continue
        rules = folder.rules + load_ignore_rules(folder.path, IGNORE_FILES)
        for name in sorted(below, reverse=True):
            child = Visit(os.path.join(folder.path, name), f"{folder.real.rstrip(os.sep)}{os.sep}{name}", rules)  # noqa: PTH118
            try:
                mode = Path(child.path).lstat().st_mode
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                yield child  # the visit reports that it is inaccessible
                continue
            if name.startswith(".") or is_ignored(child.path, rules, is_folder=stat.S_ISDIR(mode)):
                continue
            if stat.S_ISLNK(mode):
                yield replace(child, is_link=True)
            elif not below[name]:
                yield child
            elif stat.S_ISDIR(mode):
                waiting.append((child, below[name]))


def _follow(walk: Walk, start: Visit) -> Iterator[Candidate | ExcludedEntry]:
    waiting = [start]  # a stack, not recursion: trees can be deeper than Python's
    while waiting:
        visit = waiting.pop()
        if visit.real in walk.seen:
            continue
        if visit.is_link:
            walk.links.append(Visit(visit.path, os.path.realpath(visit.path), visit.rules))
            continue
        walk.seen.add(visit.real)
        try:
            status = Path(visit.real).stat()
            if not is_utf8(visit.path):
                yield exclude(visit.path, status, walk.root, "its name is not valid UTF-8")
            elif stat.S_ISDIR(status.st_mode):
                waiting.extend(reversed(_children(visit)))
            else:
                yield apply_file_rules(visit.path, status, walk.root, walk.max_bytes)
        except OSError as error:
            yield inaccessible(visit.path, walk.root, error)


def _children(folder: Visit) -> list[Visit]:
    with os.scandir(folder.path) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    names = {entry.name for entry in found}
    if ENVIRONMENT_MARKER in names:
        return []
    rules = folder.rules + load_ignore_rules(folder.path, names)
    return [
        Visit(entry.path, f"{folder.real.rstrip(os.sep)}{os.sep}{entry.name}", rules, entry.is_symlink())
        for entry in found
        if not entry.name.startswith(".") and not is_ignored(entry.path, rules, is_folder=entry.is_dir(follow_symlinks=False))
    ]


def apply_file_rules(path: str, status: os.stat_result, root: Path, max_bytes: int) -> Candidate | ExcludedEntry:
    """Apply the file rules: return a candidate, or the refusal with its reason."""
    if not stat.S_ISREG(status.st_mode):
        return exclude(path, status, root, "not a file but a pipe, socket or device")
    if Path(path).name.startswith("~$"):
        return exclude(path, status, root, "a lock file that an office program left behind")
    if not has_reader(Path(path).name):
        return exclude(path, status, root, no_reader_reason(Path(path).name))
    if status.st_size > max_bytes:
        return exclude(path, status, root, str(too_large_error(status.st_size, max_bytes)))
    return Candidate(Path(path), root, status.st_size, clamped_mtime_ns(status))


def exclude(path: str, status: os.stat_result, root: Path, reason: str) -> ExcludedEntry:
    """Return the exclusion of a file."""
    return ExcludedEntry(Path(printable(path)), root, status.st_size, clamped_mtime_ns(status), reason)


def inaccessible(path: str, root: Path, error: OSError) -> ExcludedEntry:
    """Return the exclusion of a file or folder that cannot be accessed."""
    return ExcludedEntry(Path(printable(path)), root, 0, 0, f"cannot be opened: {error.strerror}", is_inaccessible=True)


def clamped_mtime_ns(status: os.stat_result) -> int:
    """Return the modification time clamped to 64 bits: some file systems store years beyond 2262."""
    return max(-(2**63), min(status.st_mtime_ns, 2**63 - 1))


def load_ignore_rules(folder: str, names: Collection[str]) -> tuple[IgnoreRules, ...]:
    """Return the ignore rules of a folder that holds files of these names: one entry, or an empty tuple."""
    from pathspec import GitIgnoreSpec

    lines: list[str] = []
    for file in (Path(folder, name) for name in IGNORE_FILES if name in names):
        with suppress(OSError):  # one that cannot be read counts as empty
            lines += file.read_text("utf-8-sig", errors="replace").replace("\r\n", "\n").split("\n") if file.is_file() else []
    lines = list(filter(_is_pattern, lines))
    return (IgnoreRules(folder, GitIgnoreSpec.from_lines(lines)),) if lines else ()


def is_ignored(path: str, rules: tuple[IgnoreRules, ...], *, is_folder: bool) -> bool:
    """Return True if a file or folder is ignored. As in git, the last matching pattern of the nearest ignore file decides.

    The folders above were checked before, so a pattern need only match the entry itself.
    """
    if is_folder and os.path.basename(path) in EXCLUDED_FOLDERS:  # noqa: PTH119 - faster, called for every file
        return True
    for rule in reversed(rules):
        relative = path[len(rule.folder) :].replace(os.sep, "/").lstrip("/")
        for pattern in reversed(rule.spec.patterns):
            is_for_folders = str(pattern.pattern).rstrip().endswith("/")
            if (is_folder or not is_for_folders) and pattern.match_file(relative + "/" * is_folder):
                return bool(pattern.include)
    return False


def _is_pattern(line: str) -> bool:
    """Return True if a line of an ignore file is a valid pattern; a lone `!` is not."""
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


def is_utf8(path: str | Path) -> bool:
    """Return True if a path is valid UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(path: str | Path) -> str:
    """Return a path with invalid bytes as backslash escapes."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def rescan_target(roots: Iterable[str], own: str) -> RescanTarget:
    """Return a function that maps a changed path to the path to rescan, or to an empty string if none is affected.

    Hidden files, excluded folders and the program's own files (below `own`) are never affected.
    """
    places = [(root, root.rstrip(os.sep) + os.sep) for root in roots]
    own_inside = own.rstrip(os.sep) + os.sep

    def rescan_target(path: str) -> str:
        while not is_utf8(path):  # the library stores such a name in another spelling
            path = os.path.dirname(path)  # noqa: PTH120 - faster, called for every event
        if path == own or path.startswith(own_inside):
            return ""
        for root, inside in places:
            if path == root or root.startswith(path.rstrip(os.sep) + os.sep):
                return path
            if path.startswith(inside) and (found := _target_inside(path, path[len(inside) :])):
                return found
        return ""

    return rescan_target


def _target_inside(path: str, relative: str) -> str:
    *folders, name = relative.split(os.sep)  # noqa: PTH206 - faster, called for every event
    if any(folder.startswith(".") or folder in EXCLUDED_FOLDERS for folder in folders):
        return ""
    if name == ENVIRONMENT_MARKER or name in IGNORE_FILES:
        return os.path.dirname(path)  # noqa: PTH120 - they decide about the whole folder
    return "" if name.startswith(".") or name in EXCLUDED_FOLDERS else path

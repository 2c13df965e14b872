"""A folder or file in, every file that should be read out, in a fixed order; and those refused, with the reason."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.errors import UsageError
from assistant.ingest.discovery.file_rules import (
    ENVIRONMENT,
    IGNORE_FILES,
    Candidate,
    Refusal,
    Rules,
    is_ignored,
    is_utf8,
    judge,
    out_of_sight,
    printable,
    refuse,
    rules_of,
)


@dataclass(frozen=True, slots=True)
class Visit:
    """Something to look at: under the name it was found by, with its real path and the rules above it."""

    path: str
    real: str
    rules: tuple[Rules, ...]
    is_link: bool = False


Branches = dict[str, "Branches"]
"""The parts of a tree that are walked, by name; where a name has nothing below it, all of it is."""


def ignore_link(_path: str) -> None:
    """Take no note."""


@dataclass(slots=True)
class Walk:
    """One walk. Links wait until everything was seen by its own name, so that no file is given twice.

    `on_link` is told of links that lead to something inside: what they give depends on what else there is.
    """

    root: Path
    real_root: str
    max_bytes: int
    on_link: Callable[[str], None] = ignore_link
    seen: set[str] = field(default_factory=set)
    links: list[Visit] = field(default_factory=list)


def discover(root: Path, max_bytes: int, within: Iterable[Path] | None = None,
             on_link: Callable[[str], None] = ignore_link) -> Iterator[Candidate | Refusal]:
    """Yield what is under a folder, or the one file, sorted by name. A root that is a file is always taken.

    With `within` only what lies at and below these paths, the same that a walk of all would give there, links apart.
    """
    path = Path(os.path.normpath(root.absolute()))  # not resolved: a person finds it under the name they gave
    if not is_utf8(path):
        raise UsageError(f"the name is not valid UTF-8: {printable(path)}", "Rename it, then try again.")
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a folder above is closed
        raise UsageError(f"no such file or folder: {root}")
    walk = Walk(path, os.path.realpath(path), max_bytes, on_link)
    if not path.is_dir():
        return iter([judge(str(path), path.stat(), path, max_bytes)])
    if within is None:
        return _walk(walk, {})
    related = [each for each in within if each.is_relative_to(path) or path.is_relative_to(each)]
    return _walk(walk, branches_of(path, related)) if related else iter(())


def branches_of(root: Path, paths: Iterable[Path]) -> Branches:
    """Return the branches of a folder that these paths, in it or above it, stand for."""
    branches: Branches = {}
    for path in sorted(paths):  # a folder comes before what is in it
        names = path.relative_to(root).parts if path.is_relative_to(root) else ()
        if not names:
            return {}
        at = branches
        for name in names[:-1]:
            if at.get(name) == {}:
                break  # all of that folder is walked already
            at = at.setdefault(name, {})
        else:
            at[names[-1]] = {}
    return branches


def _walk(walk: Walk, branches: Branches) -> Iterator[Candidate | Refusal]:
    top = Visit(str(walk.root), walk.real_root, ())
    for start in _ends(top, branches) if branches else [top]:
        yield from _follow(walk, start)
    for link in walk.links:  # grows while links lead to folders with links
        try:
            status = Path(link.path).lstat()
            is_there = Path(link.real).exists()
        except OSError as error:
            yield out_of_sight(link.path, walk.root, error)
            continue
        if not _is_inside(link.real, walk.real_root):
            yield refuse(link.path, status, walk.root, "a link that leads out of the folder")
            continue
        walk.on_link(link.path)
        if not is_there:
            yield refuse(link.path, status, walk.root, "a link that leads nowhere")
        else:
            yield from _follow(walk, link)


def _ends(top: Visit, branches: Branches) -> Iterator[Visit]:
    """Yield where the branches end, with the rules on the way; nothing for those that a walk would not come to."""
    waiting = [(top, branches)]
    while waiting:
        folder, below = waiting.pop()
        path = Path(folder.path)
        if (path / ENVIRONMENT).exists():
            continue
        rules = folder.rules + rules_of(folder.path, IGNORE_FILES)
        for name in sorted(below, reverse=True):
            child = Visit(os.path.join(folder.path, name), f"{folder.real.rstrip(os.sep)}{os.sep}{name}", rules)  # noqa: PTH118
            try:
                mode = Path(child.path).lstat().st_mode
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                yield child  # to be told there that it is out of sight
                continue
            if name.startswith(".") or is_ignored(child.path, rules, is_folder=stat.S_ISDIR(mode)):
                continue
            if stat.S_ISLNK(mode):
                yield replace(child, is_link=True)
            elif not below[name]:
                yield child
            elif stat.S_ISDIR(mode):
                waiting.append((child, below[name]))


def _follow(walk: Walk, start: Visit) -> Iterator[Candidate | Refusal]:
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
                yield refuse(visit.path, status, walk.root, "its name is not valid UTF-8")
            elif stat.S_ISDIR(status.st_mode):
                waiting.extend(reversed(_children(visit)))
            else:
                yield judge(visit.path, status, walk.root, walk.max_bytes)
        except OSError as error:
            yield out_of_sight(visit.path, walk.root, error)


def _children(folder: Visit) -> list[Visit]:
    with os.scandir(folder.path) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    names = {entry.name for entry in found}
    if ENVIRONMENT in names:
        return []
    rules = folder.rules + rules_of(folder.path, names)
    return [
        Visit(entry.path, f"{folder.real.rstrip(os.sep)}{os.sep}{entry.name}", rules, entry.is_symlink())
        for entry in found
        if not entry.name.startswith(".") and not is_ignored(entry.path, rules, is_folder=entry.is_dir(follow_symlinks=False))
    ]


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)

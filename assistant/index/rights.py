"""Rights in a shared library: the groups that may read an added folder, and what a reader in some groups may see.

The innermost added folder around a file decides. A folder without groups is readable by all; a file below no added folder is
readable by all only as long as no folder has groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

WINDOWS = re.compile(r"\\|[A-Za-z]:")  # begins an absolute path of Windows


@dataclass(frozen=True, slots=True)
class Access:
    """How a library is opened: for a reader in `groups`, or whole, as the commands that write need it.

    A whole library still reports problems only of files that the reader may see.
    """

    groups: frozenset[str] = frozenset()
    is_whole: bool = True


WHOLE = Access()


@dataclass(frozen=True, slots=True)
class Rights:
    """The groups of each added path; an empty set for one that all may read."""

    groups: Mapping[str, frozenset[str]]
    is_restricted: bool = field(init=False)

    def __post_init__(self) -> None:
        """Note whether any path has groups."""
        object.__setattr__(self, "is_restricted", any(self.groups.values()))

    def allows(self, path: str, root: str, reader: frozenset[str]) -> bool:
        """Return whether a reader may see a path; `root` is the added path that it was read from, "" if unknown."""
        if not self.is_restricted:
            return True
        allowed = self.groups.get(self.innermost(path) or root)
        return allowed is not None and (not allowed or bool(allowed & reader))

    def innermost(self, path: str) -> str:
        """Return the innermost added path around a path; "" if there is none."""
        return next((place for place in folders_around(path) if place in self.groups), "")

    def readable_roots(self, reader: frozenset[str]) -> set[str]:
        """Return the added paths that a reader may see."""
        return {root for root, allowed in self.groups.items() if not allowed or allowed & reader}


def folders_around(path: str) -> Iterator[str]:
    """Yield a path and the folders around it, from the inside out; it is below a named root, or absolute and of any system."""
    separator = "\\" if WINDOWS.match(path) else "/"
    yield path
    while separator in path:
        path = path.rpartition(separator)[0]
        if path:
            yield path
    yield f"{path}{separator}"  # the root of the file system, or of a drive


def rights_of(roots: Iterable[tuple[str, Iterable[str]]]) -> Rights:
    """Return the rights of added paths with their groups."""
    return Rights({path: frozenset(groups) for path, groups in roots})

"""Names of the added folders: a file of a shared library is known by the name of its root and its path below that.

The same share is mounted under different paths on different machines. Each machine records where it has a root (its mount), and
paths are translated when rows of the ledger are read and written; the rest of the program sees paths of this machine. A file of
a root that this machine does not have is shown as ROOT/PATH. Paths below no root, and those of libraries made before roots had
names, stay absolute.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from assistant.errors import UsageError

LONGEST_NAME = 100  # characters
NAME = re.compile(r"[^\s/\\:*?\[\]~.-][^/\\:*?\[\]\x00-\x1f]*")
ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")  # begins an absolute path of any system
SEPARATOR = "/"
UNNAMED = "files"  # of a root without a usable name of its own, such as "/"


class RootNames:
    """Translate paths of this machine into paths below named roots, and back. `mounts` are (root, path) of this machine."""

    def __init__(self, mounts: Iterable[tuple[str, str]] = ()) -> None:
        self._mounts: dict[str, str] = {}
        self._by_name: dict[str, list[tuple[str, str]]] = {}
        for root, path in mounts:
            self.add(root, path)

    def add(self, root: str, path: str) -> None:
        """Record where this machine has a root."""
        self._mounts[root] = path.rstrip(os.sep)
        self._by_name = {}
        for each in sorted(self._mounts.items(), key=lambda mount: -len(mount[0])):
            self._by_name.setdefault(name_of(each[0]), []).append(each)

    def to_shared(self, path: str) -> str:
        """Return a path of this machine as the library holds it: below the innermost root that holds it."""
        for root, place in sorted(self._mounts.items(), key=lambda mount: -len(mount[1])):
            if path == (place or os.sep) or path.startswith(place + os.sep):
                return root + path[len(place) :].replace(os.sep, SEPARATOR).rstrip(SEPARATOR)
        return path

    def to_local(self, shared: str) -> str:
        """Return a path that the library holds as it is on this machine; unchanged if this machine does not have its root."""
        for root, place in self._by_name.get(name_of(shared), ()):
            if shared == root:
                return place or os.sep
            if shared.startswith(root + SEPARATOR):
                return place + shared[len(root) :].replace(SEPARATOR, os.sep)
        return shared

    def inside(self, path: str) -> str:
        """Return a root of this machine that lies below a path, "" if there is none."""
        below = path.rstrip(os.sep) + os.sep
        return next((place for place in self._mounts.values() if place.startswith(below)), "")


def name_of(shared: str) -> str:
    """Return the name of the root that a path of the library belongs to; "" for an absolute path."""
    return "" if ABSOLUTE.match(shared) else shared.partition(SEPARATOR)[0]


def require_name(name: str) -> None:
    """Raise UsageError if a root cannot have this name."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or name != name.strip():
        raise UsageError(f"'{name}' is not a valid name for a folder.", "Use letters, digits, '-' and '_'.")


def free_name(path: str, taken: Mapping[str, object] | Iterable[str]) -> str:
    """Return a name for a folder that no other root has: its own name, with a number if that is taken."""
    own = Path(path).name
    base = own if NAME.fullmatch(own) and len(own) <= LONGEST_NAME and own == own.strip() else UNNAMED
    known, number, name = set(taken), 1, base
    while name in known:
        number += 1
        name = f"{base}-{number}"
    return name


def require_same_folder(name: str, path: str, known: Iterable[str]) -> None:
    """Raise UsageError if none of the files of a root, given by their paths below it, is in a folder that is to be this root.

    Another folder of the same name would otherwise lose the library all files of that root.
    """
    paths = list(known)
    if paths and not holds_any(path, paths):
        raise UsageError(f"{path} is not the folder '{name}': none of the files that the library holds of it is there.",
                         "Mount the folder first, or choose another name: --root NAME")


def holds_any(folder: str, known: Iterable[str]) -> bool:
    """Return whether one of these files, given by their paths below a root, is in a folder."""
    return any(os.path.lexists(os.path.join(folder, *each.split(SEPARATOR))) for each in known)  # noqa: PTH118

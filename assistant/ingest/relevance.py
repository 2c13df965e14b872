"""A path at which something happened in; the path that must be looked at because of it, if any, out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from assistant.ingest.ignore import ENVIRONMENT, IGNORE_FILES, NEVER_ENTERED
from assistant.ingest.judge import is_utf8

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

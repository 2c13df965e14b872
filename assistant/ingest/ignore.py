"""Ignore files in; whether a file or folder is one of those that are left out, as git decides it, out."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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

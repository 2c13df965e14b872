"""What a person calls a model, a file or a folder in; what is meant out. Light: a question through the engine needs no more."""

from __future__ import annotations

import os
import re
from pathlib import Path

FAKE = "fake:"
SPECIAL = re.compile(r"[*?\[]")


def own_path(name: str) -> Path | None:
    """Return the path where the name is one of the person's own files; None where it is a catalog's name."""
    looks_like_path = os.sep in name or "/" in name or name.startswith(("~", ".")) or name.lower().endswith(".gguf")
    return absolute_link(Path(name)) if looks_like_path else None


def is_fake(name: str) -> bool:
    """Return whether the name is that of the models without weights."""
    return name == FAKE


def is_pattern(path: str) -> bool:
    """Return whether a path is a pattern: "*" in it stands for any characters, also "/", and "?" for one."""
    return "*" in path or "?" in path


def verbatim(path: str) -> str:
    """Return the pattern that only this path fits: "*", "?" and "[" are meant as they are."""
    return SPECIAL.sub(r"[\g<0>]", path) if is_pattern(path) else path


def absolute(path: Path) -> Path:
    """Return the path from the root of the disk, `~` and `..` resolved, symbolic links not."""
    return Path(os.path.abspath(expanded(path)))  # noqa: PTH100 - resolve() would follow the links


def absolute_link(path: Path) -> Path:
    """Return the path from the root of the disk, `~` resolved, `..` not: it may lead through a symbolic link."""
    return expanded(path).absolute()


def expanded(path: Path) -> Path:
    """Return the path with `~` and `~user` resolved; as it is where there is no such user, as a shell leaves it."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path

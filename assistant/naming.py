"""What a person calls a model, a file or a folder in; what is meant out. Light: a question through the engine needs no more."""

from __future__ import annotations

import os
from pathlib import Path

FAKE = "fake:"


def own_path(name: str) -> Path | None:
    """Return the path where the name is one of the person's own files; None where it is a catalog's name."""
    looks_like_path = os.sep in name or "/" in name or name.startswith(("~", ".")) or name.lower().endswith(".gguf")
    return Path(name).expanduser().absolute() if looks_like_path else None


def is_fake(name: str) -> bool:
    """Return whether the name is that of the models without weights."""
    return name == FAKE


def absolute(path: Path) -> Path:
    """Return the path from the root of the disk, `~` and `..` resolved, symbolic links not."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow the links

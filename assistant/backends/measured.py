"""A model file in; whether it was measured to lose answers, or none, where passages are joined, out."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

SAMPLE = 2**20  # bytes of a model file that are looked at, at either end
# benchmarks/reuse.py, see docs/engine.md: the identity of the file, and what it is
LOSES_NOTHING: dict[str, str] = {}
LOSES_ANSWERS = {"d5cde8a7e219b5f28732ef256184502d": "Qwen2.5-Coder-1.5B-Instruct Q4_K_M: 4 of 126, 5 fewer and 1 more"}


def loses_nothing(path: Path) -> bool:
    """Return whether this very model was measured, and lost no more than chance by joining."""
    return path.is_file() and identity(path) in LOSES_NOTHING


def loses_answers(path: Path) -> bool:
    """Return whether this very model was measured, and lost answers by joining: a few trials on one machine say less."""
    return path.is_file() and identity(path) in LOSES_ANSWERS


def identity(path: Path) -> str:
    """Return what tells a model file from another without reading gigabytes: its size, its beginning and its end, hashed."""
    known = path.stat()
    return hashed_ends(path, known.st_size, known.st_mtime_ns)


@cache
def hashed_ends(path: Path, size: int, _changed: int) -> str:
    """Return the hash of a file's size and ends; once for a file as it is, since every question asks for it."""
    with path.open("rb") as file:
        ends = file.read(SAMPLE)
        file.seek(max(0, size - SAMPLE))
        ends += file.read(SAMPLE)
    return hashlib.sha256(f"{size}".encode() + ends).hexdigest()[:32]

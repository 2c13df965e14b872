"""Read and append JSON Lines files that survive a killed program or a bad disk with the loss of single lines."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from assistant.system.atomic_files import sync_file, sync_folder

PRIVATE_FILE = 0o600


class DamagedRecord(UserWarning):
    """Warning: a line of the program's own file is damaged and was skipped."""


def read_records(path: Path) -> Iterator[dict[str, object]]:
    """Yield one object per line of a file; skip damaged lines with a warning. Raises OSError.

    Lines end with a newline only: JSON text may contain the other characters that `str.splitlines` splits at.
    """
    yield from parse_records(path.read_bytes(), path)


def parse_records(content: bytes, path: Path) -> Iterator[dict[str, object]]:
    """Yield one object per line of a file's content; skip damaged lines with a warning."""
    for number, line in enumerate(content.split(b"\n"), 1):
        record = parse_record(line)
        if record is not None:
            yield record
        elif line.strip():
            warnings.warn(f"Line {number} of {path} is damaged and was skipped.", DamagedRecord, stacklevel=2)


def parse_record(line: bytes) -> dict[str, object] | None:
    """Parse the object in a line; return None if there is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def encode_record(record: Mapping[str, object]) -> bytes:
    """Encode an object as one line."""
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def append_record(path: Path, record: Mapping[str, object]) -> None:
    """Append a line to a private file, on a new line if a killed program left the last one unfinished. Raises OSError.

    The line is on the disk when this returns.
    """
    is_new = not path.exists()
    with open(path, "ab", opener=open_private) as file:
        file.write((b"\n" if is_torn(path) else b"") + encode_record(record))
        sync_file(file)
    if is_new:
        sync_folder(path.parent)


def open_private(path: str, flags: int) -> int:
    """Open a file; a new file is readable by its owner only."""
    return os.open(path, flags, PRIVATE_FILE)


def is_torn(path: Path) -> bool:
    """Return whether the last line of a file has no newline. Raises OSError."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"

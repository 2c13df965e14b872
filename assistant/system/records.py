"""Read and extend files of JSON lines that this program keeps: a killed program or a bad disk costs a line, not the file."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

PRIVATE_FILE = 0o600


class DamagedRecord(UserWarning):
    """A line of a file of this program's own holds nothing that can be read, and is passed over."""


def read_records(path: Path) -> Iterator[dict[str, object]]:
    """Yield the objects in a file, a line each; a line that holds none is passed over with a warning. Raises OSError.

    Lines end with a newline alone: JSON may hold the other characters that `str.splitlines` splits at.
    """
    yield from records_in(path.read_bytes(), path)


def records_in(content: bytes, path: Path) -> Iterator[dict[str, object]]:
    """Yield the objects in the content of a file, a line each; warn of lines that hold none."""
    for number, line in enumerate(content.split(b"\n"), 1):
        record = parse_record(line)
        if record is not None:
            yield record
        elif line.strip():
            warnings.warn(f"Line {number} of {path} is damaged or cut off, and is passed over.", DamagedRecord, stacklevel=2)


def parse_record(line: bytes) -> dict[str, object] | None:
    """Return the object in a line; None where it holds none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def encoded(record: Mapping[str, object]) -> bytes:
    """Return an object as one line."""
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def add_record(path: Path, record: Mapping[str, object]) -> None:
    """Add a line to a private file, after the end of one that a killed program left unfinished. Raises OSError."""
    with open(path, "ab", opener=open_private) as file:
        file.write((b"\n" if is_torn(path) else b"") + encoded(record))


def open_private(path: str, flags: int) -> int:
    """Open a file; a new one can be read by its owner alone."""
    return os.open(path, flags, PRIVATE_FILE)


def is_torn(path: Path) -> bool:
    """Return whether the last line of a file has no end. Raises OSError."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"

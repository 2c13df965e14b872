"""What a file inside a file is called in; a name that is safe to show, and no other file's, out."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from assistant.ingest.extract.decode import decode_name

LONGEST = 180
UNSAFE = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")  # controls, halves, what turns text
DRIVE = re.compile(r"^[A-Za-z]:")
SYSTEM = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


def safe_name(name: str) -> str:
    """Return a path without a root, "." and ".." in it, parted by "/"; empty where nothing is left."""
    clean = UNSAFE.sub(" ", DRIVE.sub("", name.replace("\\", "/")))
    parts = (part.strip() for part in clean.split("/"))
    return "/".join(_shorten(part) for part in parts if part and part not in (".", ".."))


def decoded_name(raw: bytes) -> str:
    """Return a safe name out of bytes whose encoding nobody states."""
    return safe_name(decode_name(raw))


def is_hidden(name: str) -> bool:
    """Say whether a path leads to what systems keep for themselves."""
    return any(part.startswith((".", "~$")) or part.lower() in SYSTEM for part in name.split("/"))


class Names:
    """The names that the files of one file have by now, which no two may share."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def distinct(self, name: str) -> str:
        """Return the name, with a number where it is taken, and take it."""
        path, number, found = PurePosixPath(name), self._taken.get(name.lower(), 0), name
        while found.lower() in self._taken:
            number += 1
            found = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        self._taken |= {name.lower(): max(number, 1), found.lower(): 1}
        return found


def _shorten(part: str) -> str:
    """Keep the end of a name that is too long: it says what kind of file it is."""
    return part if len(part) <= LONGEST else part[: LONGEST - 20] + "…" + part[-19:]

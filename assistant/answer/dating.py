"""A file's name, title and time of change in; the date to which what it says belongs, as far as can be told, out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePath

DATE = re.compile(
    r"(?<!\d)((?:19|20)\d{2})(?:[-_. /年]?(0[1-9]|1[0-2]|[1-9](?=月))(?:[-_. /月]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)"
)
VERSION = re.compile(r"(?:^|[\s_\-.(（])(?:v|ver|version|rev|revision|版本|第)\s?\.?(\d{1,3}(?:\.\d{1,3})*)", re.IGNORECASE)
NANOSECONDS = 10**9


def date_of(path: str, title: str, mtime_ns: int) -> str:
    """Return "2024-03-01", "2024-03" or "2024": from the name, else the title, else the time of change; empty where unknown."""
    for text in (PurePath(path).stem, title):
        if match := DATE.search(text):
            return "-".join(part.zfill(2) for part in match.groups() if part)
    return datetime.fromtimestamp(mtime_ns / NANOSECONDS, UTC).date().isoformat() if mtime_ns else ""


def version_of(path: str, title: str) -> tuple[int, ...]:
    """Return the version in a file's name or title, as numbers; empty where there is none."""
    for text in (PurePath(path).stem, title):
        if match := VERSION.search(text):
            return tuple(int(part) for part in match.group(1).split("."))
    return ()

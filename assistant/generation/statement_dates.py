"""Date a file's statement: by its name, its title, a date in its first lines, or the time of its last change."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePath

from assistant.text.dates import Date, dates

DATE = re.compile(
    r"(?<!\d)((?:19|20)\d{2})(?:[-_. /年]?(0[1-9]|1[0-2]|[1-9](?=月))(?:[-_. /月]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)"
)
VERSION = re.compile(r"(?:^|[\s_\-.(（])(?:v|ver|version|rev|revision|版本|第)\s?\.?(\d{1,3}(?:\.\d{1,3})*)", re.IGNORECASE)
NANOSECONDS = 10**9


FIRST_LINES = 8  # lines of a file that can date it
BEFORE, BEHIND = 28, 6  # characters around a date in which a word says that the text applies from then on
IN_FORCE = re.compile(
    r"\b(?:valid|effective|in force|applies|applicable|as of|as at|dated?|issued|updated|revised|revision|version|status"
    r"|stand|gültig|datum|vom|en vigueur|vigente|действует)\b|有效|生效|起(?:施行|执行|实施)?|日期|修订|版本|发布|更新",
    re.IGNORECASE)


def date_of(path: str, title: str, mtime_ns: int, opening: str = "") -> str:
    """Return "2024-03-01", "2024-03" or "2024": from the name, the title, the first lines, or the time of the last change.

    Returns an empty string if none of them has a date. `opening` is the beginning of the file's text.
    """
    for text in (PurePath(path).stem, title):
        if match := DATE.search(text):
            return "-".join(part.zfill(2) for part in match.groups() if part)
    if stated := date_in_opening(opening):
        return stated
    return datetime.fromtimestamp(mtime_ns / NANOSECONDS, UTC).date().isoformat() if mtime_ns else ""


def date_in_opening(opening: str) -> str:
    """Return the first date in the first lines that stands alone on its line or is said to be when the text applies."""
    for line in [line for line in opening.splitlines() if line.strip()][:FIRST_LINES]:
        for date in dates(line):
            near = line[max(0, date.start - BEFORE) : date.start] + line[date.end : date.end + BEHIND]
            if date.readings[0].year and (IN_FORCE.search(near) or is_mostly_date(line, date)):
                return iso_date(date)
    return ""


def is_mostly_date(line: str, date: Date) -> bool:
    """Return whether a line is little more than a date: "Berlin, 3 May 2025"."""
    return 2 * (date.end - date.start) >= len(line.strip("#*_ \t"))


def iso_date(date: Date) -> str:
    """Return a date as "2024-03-01", "2024-03" or "2024"."""
    day = date.readings[0]
    return "-".join([f"{day.year:04}", *(f"{part:02}" for part in (day.month, day.day) if part)])


def version_of(path: str, title: str) -> tuple[int, ...]:
    """Return the version in a file's name or title, as numbers; empty where there is none."""
    for text in (PurePath(path).stem, title):
        if match := VERSION.search(text):
            return tuple(int(part) for part in match.group(1).split("."))
    return ()

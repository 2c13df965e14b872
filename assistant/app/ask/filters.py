"""Make a filter from the words of a user: paths or patterns, suffixes, and a time."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path

from assistant.datatypes import Filter
from assistant.errors import UsageError
from assistant.system.paths import absolute, escape_pattern, is_pattern

AGO = re.compile(r"(\d{1,5})\s*([dwmy])[a-z]*", re.I)
DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
FROM_HERE = ("~", "./", "../")  # prefixes of patterns that are relative to a folder
NANOSECONDS = 10**9
EARLIEST, LATEST = -(2**63), 2**63 - 1  # integers of a database


def filter_of(paths: Sequence[str] | None, types: Sequence[str] | None, since: str | None) -> Filter:
    """Return the filter for these words. Raises UsageError for an invalid one."""
    places = tuple(path_pattern(path) for path in paths or ())
    kinds = tuple(kind.strip().lower().lstrip(".") for listed in types or () for kind in listed.split(",") if kind.strip())
    require_known_types(kinds)
    return Filter(places, kinds, None if since is None else since_timestamp(since, datetime.now().astimezone()))


def require_known_types(types: Sequence[str]) -> None:
    """Raise UsageError for a type that no file in a library can have; the error lists those that there are."""
    if not types:
        return
    from assistant.ingest import known_types  # imported only here: a question without a type needs no readers

    known = known_types()
    for kind in types:
        if kind.rpartition(".")[2] not in known:
            near = get_close_matches(kind, known, 1)
            meant = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(f"There is no file type {kind[:100]!r}.", f"{meant}Types are suffixes: {', '.join(known)}.")


def path_pattern(path: str) -> str:
    """Return an absolute path, a pattern, or, for a bare word, a pattern for paths that contain it.

    A name that exists on the disk is never a pattern. Raises UsageError for a NUL character.
    """
    if "\0" in path:
        raise UsageError("A path contains a NUL character.", "Remove it.")
    place = absolute(Path(path))
    if os.path.exists(place):  # noqa: PTH110 - Path.exists raises if a parent folder is not accessible
        return escape_pattern(str(place))
    if is_pattern(path):
        return str(absolute(Path(path))) if path.startswith(FROM_HERE) else path
    return f"*{path}*" if path == place.name else str(place)


def since_timestamp(since: str, now: datetime) -> int:
    """Return a date, or a time so long ago, as nanoseconds since 1970, within what the library's database can hold."""
    ago = AGO.fullmatch(since.strip())
    try:
        when = now - timedelta(days=int(ago[1]) * DAYS[ago[2].lower()]) if ago else datetime.fromisoformat(since.strip())
        return max(EARLIEST, min(LATEST, int(when.timestamp()) * NANOSECONDS))
    except (ValueError, OverflowError, OSError) as error:
        hint = "Give a date (2026-01-31), or how long ago: 7d, 2w, 6m, 1y."
        raise UsageError(f"{since[:100]!r} is not a valid time.", hint) from error

"""What a person says about which files a question is about in, a Filter out."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.terminal import is_there
from assistant.datatypes import Filter
from assistant.errors import UsageError
from assistant.naming import absolute, is_pattern, verbatim

Paths = Annotated[list[str] | None, typer.Option("--path", metavar="PATH", help="Only files in this folder, this file, or those "
                                                 'that fit a pattern such as "*lease*" (* for any characters, ? for one). May '
                                                 "be given several times.")]
Types = Annotated[list[str] | None, typer.Option("--type", metavar="SUFFIX", help="Only files of this type, such as pdf. May be "
                                                 "given several times.")]
Since = Annotated[str | None, typer.Option("--since", metavar="WHEN", help="Only files changed since a date (2026-01-31) or in "
                                           "the last days, weeks, months or years (7d, 2w, 6m, 1y).")]

AGO = re.compile(r"(\d{1,5})\s*([dwmy])[a-z]*", re.I)
DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
FROM_HERE = ("~", "./", "../")  # how a pattern begins that does not hold for every folder
NANOSECONDS = 10**9


def filter_of(paths: list[str] | None, types: list[str] | None, since: str | None) -> Filter:
    """Return the filter that was asked for. Raises UsageError for a time that is none."""
    places = tuple(place_of(path) for path in paths or ())
    kinds = tuple(kind.strip().lower().lstrip(".") for listed in types or () for kind in listed.split(",") if kind.strip())
    return Filter(places, kinds, None if since is None else moment(since, datetime.now().astimezone()))


def place_of(path: str) -> str:
    """Return a path from the root of the disk, a pattern, or for a mere word a pattern for names that hold it.

    What is on the disk under this very name is no pattern, whatever is in the name.
    """
    place = absolute(Path(path))
    if is_there(place):
        return verbatim(str(place))
    if is_pattern(path):
        return str(absolute(Path(path))) if path.startswith(FROM_HERE) else path
    return f"*{path}*" if path == place.name else str(place)


def moment(since: str, now: datetime) -> int:
    """Return the nanoseconds from 1970 to a date, or to so many days ago."""
    ago = AGO.fullmatch(since.strip())
    try:
        when = now - timedelta(days=int(ago[1]) * DAYS[ago[2].lower()]) if ago else datetime.fromisoformat(since.strip())
        return int(when.timestamp()) * NANOSECONDS
    except (ValueError, OverflowError, OSError) as error:
        hint = "Say a date (2026-01-31), or how long ago: 7d, 2w, 6m, 1y."
        raise UsageError(f"--since {since} is not a time.", hint) from error

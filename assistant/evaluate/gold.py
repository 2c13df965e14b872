"""Names of right files and paths that were found in; which path is which file out.

A name stands for each path that ends with it, whole folders and files only: "lease.md" is not the end of "old-lease.md".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from assistant.datatypes import Location

Place = tuple[str, int | None]


def parts_of(path: str) -> tuple[str, ...]:
    """Return the folders and the file of a path; some disks take accents apart, so they are put together."""
    return PurePath(unicodedata.normalize("NFC", path)).parts


def ends_with(path: str, document: str) -> bool:
    """Return whether a path ends with the name of a file."""
    wanted = parts_of(document)
    return bool(wanted) and parts_of(path)[-len(wanted):] == wanted


def known_as(path: str, documents: Iterable[str]) -> str:
    """Return the longest of the names that a path ends with; the path itself where it is none of them."""
    return max((document for document in documents if ends_with(path, document)), key=len, default=path)


def page_of(path: str, location: Location, documents: Iterable[str]) -> Place:
    """Return the file, under its name where it has one, and the page or slide of a place; None where it has neither."""
    return known_as(path, documents), location.slide if location.page is None else location.page


def absent(documents: Iterable[str], paths: Iterable[str]) -> Sequence[str]:
    """Return the names that no path ends with, in order."""
    by_file: dict[str, list[str]] = {}
    for path in paths:
        by_file.setdefault(parts_of(path)[-1], []).append(path)
    wanted = sorted(document for document in documents if parts_of(document))
    return [document for document in wanted
            if not any(ends_with(path, document) for path in by_file.get(parts_of(document)[-1], ()))]

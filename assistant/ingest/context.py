"""A document and a heading path in, the few words out that make a passage understood by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.datatypes import Document
from assistant.ingest.sections import Path

MOST_TOKENS = 60  # estimated: the embedder's counts are spent on the text
HEADER_TOKENS = 30
SEPARATOR = " > "
WIDE = re.compile(r"[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")


def path_of(paths: Sequence[Path]) -> Path:
    """Return what several heading paths share, then the headings that follow it, joined."""
    common = _common(paths)
    following = list(dict.fromkeys(path[len(common)] for path in paths if len(path) > len(common)))
    if not following:
        return common
    joined = " / ".join(following) if len(following) <= 3 else f"{following[0]} – {following[-1]}"
    return (*common, joined)


def heading_of(title: str, path: Path) -> str | None:
    """Return the path in one line, the document's title left out; None where nothing is left."""
    return SEPARATOR.join(_without(title, path)) or None


def context_of(document: Document, path: Path, header: str) -> str:
    """Return "title > heading path" and, in a second line, the header of the table."""
    header = _shorten(header, HEADER_TOKENS)
    # only a title that the document itself gives: a file's name may change, and then nothing should be embedded again
    title = document.extraction.title.replace("_", " ")  # an underscore would hide the words from a search
    crumbs = [*([title] if title else []), *_without(document.title, path)]
    first = _fit(crumbs, MOST_TOKENS - _weight(header)) if crumbs else ""
    return "\n".join(line for line in (first, header) if line)


def _common(paths: Sequence[Path]) -> Path:
    shortest = min(paths, key=len)
    differing = (at for at, title in enumerate(shortest) if any(path[at] != title for path in paths))
    return shortest[: next(differing, len(shortest))]


def _without(title: str, path: Path) -> Path:
    return path[1:] if path and title.casefold().startswith(path[0].casefold()) else path


def _fit(crumbs: Sequence[str], most: int) -> str:
    """Leave out the middle of the path until it fits; then shorten what is left."""
    kept = list(crumbs)
    while len(kept) > 3 and _weight(SEPARATOR.join(kept)) > most:
        middle = len(kept) // 2
        kept[middle - 1 : middle + 1] = ["…"]
    if _weight(SEPARATOR.join(kept)) > most:
        kept = [_shorten(crumb, most // len(kept) - 1) for crumb in kept]
    return SEPARATOR.join(kept)


def _shorten(text: str, most: int) -> str:
    if _weight(text) <= most:
        return text
    low, high = 0, min(len(text), 4 * most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _weight(text[:middle]) < most else (low, middle - 1)
    return text[:low].rstrip() + "…"


def _weight(text: str) -> int:
    """Estimate tokens: one to a Chinese character, one to four others."""
    wide = len(WIDE.findall(text[:4000]))
    return wide + (len(text) - wide + 3) // 4

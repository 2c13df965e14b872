"""A PDF in; what it says of itself out: its title, its outline, and the names of its pages.

All of it is a gift: nothing that is wrong with it makes the file fail.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from assistant.datatypes import Heading, Part

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

MOST_HEADINGS = 5000
LONGEST_TITLE, LONGEST_LABEL = 500, 30
MOST_STRANGERS = 20  # titles that are not on their page; more belong to a book of which this is a page


class Entry(NamedTuple):
    """A line of the outline: its level from 1, its title, and the index of its page."""

    level: int
    title: str
    page: int


def title_of(document: PdfDocument) -> str:
    """Return the title, empty where there is none."""
    return " ".join(str(document.get_metadata_value("Title")).split())[:LONGEST_TITLE]


def labels_of(document: PdfDocument, count: int) -> list[str]:
    """Return what the document calls each page, empty where that is the page's number."""
    labels = [" ".join(document.get_page_label(index).split())[:LONGEST_LABEL] for index in range(count)]
    return ["" if label == str(number) else label for number, label in enumerate(labels, 1)]


def outline_of(document: PdfDocument) -> list[Entry]:
    """Return the outline as far as it can be read; entries without a page of this document are left out."""
    from pypdfium2 import PdfiumError

    found: list[Entry] = []
    try:
        for bookmark in islice(document.get_toc(), MOST_HEADINGS):
            target = bookmark.get_dest()
            title = " ".join(bookmark.get_title().split())[:LONGEST_TITLE]
            page = target.get_index() if target else None
            if title and page is not None:
                found.append(Entry(bookmark.level + 1, title, page))
    except (PdfiumError, ValueError, RuntimeError):
        pass  # what came before the damage is still true
    return found


def headings_of(outline: Sequence[Entry], texts: Sequence[str], parts: Sequence[Part]) -> tuple[Heading, ...]:
    """Return the outline as headings: where its titles stand on their pages."""
    return tuple(sorted(_headings(outline, texts, parts), key=lambda heading: heading.char_start))


def _headings(outline: Sequence[Entry], texts: Sequence[str], parts: Sequence[Part]) -> Iterator[Heading]:
    entries = [entry for entry in outline if 0 <= entry.page < len(parts)]
    positions = [_position(entry.title, texts[entry.page]) for entry in entries]
    pairs = list(zip(entries, positions, strict=True))
    strangers = Counter(entry.page for entry, position in pairs if position < 0)
    for (level, title, page), position in pairs:
        if position >= 0 or strangers[page] <= MOST_STRANGERS:
            yield Heading(parts[page].char_start + max(0, position), level, title)


def _position(title: str, page: str) -> int:
    """Return where the title stands on its page, -1 where it is not found."""
    match = re.search(r"\s+".join(re.escape(word) for word in title.split()), page, re.I)
    return match.start() if match else -1

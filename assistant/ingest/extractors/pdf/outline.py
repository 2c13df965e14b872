"""A PDF in; what it says of itself out: its title, its outline, and the names of its pages.

All of it is a gift: nothing that is wrong with it makes the file fail.
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from assistant.datatypes import Heading, Part

if TYPE_CHECKING:
    from pypdf import PdfReader
    from pypdfium2 import PdfDocument

MOST_HEADINGS = 5000
LARGEST_FOR_PYPDF = 50_000_000  # bytes; it takes seconds for what is larger
LONGEST_TITLE, LONGEST_LABEL = 500, 30
SEARCHED = 20_000  # characters of a page in which its titles are looked for
MOST_STRANGERS = 20  # titles that are not on their page; more belong to a book of which this is a page


class Entry(NamedTuple):
    """A line of the outline: its level from 1, its title, and the index of its page."""

    level: int
    title: str
    page: int


class Structure(NamedTuple):
    """What a document says of itself; a label is empty where it is the page's number."""

    title: str
    labels: Sequence[str]
    outline: Sequence[Entry]


def structure_of(document: PdfDocument, data: bytes, password: str, count: int) -> Structure:
    """Return what a document says of itself.

    PDFium tells in no time whether there is an outline or a label. Only then is the document opened a second time, by
    pypdf, which follows named and nested destinations that PDFium drops; what it cannot read is left to PDFium.
    """
    title = " ".join(str(document.get_metadata_value("Title")).split())[:LONGEST_TITLE]
    labels = [_label(document.get_page_label(index), index) for index in range(count)]
    outline = _outline_by_pdfium(document)
    if len(data) <= LARGEST_FOR_PYPDF and (outline or any(labels)):
        labels, outline = _by_pypdf(data, password, count, labels, outline)
    return Structure(title, labels, outline)


def _label(label: str, index: int) -> str:
    label = " ".join(label.split())[:LONGEST_LABEL]
    return "" if label == str(index + 1) else label


def _by_pypdf(data: bytes, password: str, count: int, labels: list[str], outline: list[Entry]) -> tuple[list[str], list[Entry]]:
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), password=password or None)
        if outline:
            outline = list(islice(_outline_by_pypdf(reader), MOST_HEADINGS)) or outline
        if any(labels):
            labels = [_label(label, index) for index, label in enumerate(islice(reader.page_labels, count))]
            labels += [""] * (count - len(labels))
    except Exception:  # a gift: whatever a second parser dislikes, the first one's findings stand
        return labels, outline
    return labels, outline


def _outline_by_pypdf(reader: PdfReader) -> Iterator[Entry]:
    for level, entry in _flat(reader.outline, 1):
        page = reader.get_destination_page_number(entry)
        title = " ".join(str(entry.title or "").split())[:LONGEST_TITLE]
        if title and page is not None and page >= 0:
            yield Entry(level, title, page)


def _flat(outline: Sequence[Any], level: int) -> Iterator[tuple[int, Any]]:
    for entry in outline:
        if isinstance(entry, list):
            yield from _flat(entry, level + 1)
        else:
            yield level, entry


def _outline_by_pdfium(document: PdfDocument) -> list[Entry]:
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
    match = re.search(r"\s+".join(re.escape(word) for word in title.split()), page[:SEARCHED], re.I)
    return match.start() if match else -1

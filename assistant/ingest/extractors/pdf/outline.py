"""Read the title, outline and page labels of a PDF. They are optional: errors in them never make the file fail."""

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

MAX_HEADINGS = 5000
MAX_PYPDF_BYTES = 50_000_000  # pypdf takes seconds for larger files
MAX_TITLE, MAX_LABEL = 500, 30
SEARCHED = 20_000  # characters of a page that are searched for its headings
MAX_NOT_FOUND = 20  # headings not found on their page; with more, the outline belongs to a larger document


class OutlineEntry(NamedTuple):
    """An entry of the outline: its level from 1, its title, and the index of its page."""

    level: int
    title: str
    page: int


class Structure(NamedTuple):
    """The title, page labels and outline of a document. A label that equals the page number is empty."""

    title: str
    labels: Sequence[str]
    outline: Sequence[OutlineEntry]


def structure_of(document: PdfDocument, data: bytes, password: str, count: int) -> Structure:
    """Return the title, page labels and outline of a document.

    PDFium quickly shows whether there is an outline or a label. Only then does pypdf open the document as well: it resolves
    named and nested destinations that PDFium drops. If pypdf fails, the result of PDFium stands.
    """
    title = " ".join(str(document.get_metadata_value("Title")).split())[:MAX_TITLE]
    labels = [_label(document.get_page_label(index), index) for index in range(count)]
    outline = _outline_by_pdfium(document)
    if len(data) <= MAX_PYPDF_BYTES and (outline or any(labels)):
        labels, outline = _by_pypdf(data, password, count, labels, outline)
    return Structure(title, labels, outline)


def _label(label: str, index: int) -> str:
    label = " ".join(label.split())[:MAX_LABEL]
    return "" if label == str(index + 1) else label


def _by_pypdf(data: bytes, password: str, count: int, labels: list[str], outline: list[OutlineEntry]
              ) -> tuple[list[str], list[OutlineEntry]]:
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), password=password or None)
        if outline:
            outline = list(islice(_outline_by_pypdf(reader), MAX_HEADINGS)) or outline
        if any(labels):
            labels = [_label(label, index) for index, label in enumerate(islice(reader.page_labels, count))]
            labels += [""] * (count - len(labels))
    except Exception:  # optional: the result of PDFium stands
        return labels, outline
    return labels, outline


def _outline_by_pypdf(reader: PdfReader) -> Iterator[OutlineEntry]:
    for level, entry in _flat(reader.outline, 1):
        page = reader.get_destination_page_number(entry)
        title = " ".join(str(entry.title or "").split())[:MAX_TITLE]
        if title and page is not None and page >= 0:
            yield OutlineEntry(level, title, page)


def _flat(outline: Sequence[Any], level: int) -> Iterator[tuple[int, Any]]:
    for entry in outline:
        if isinstance(entry, list):
            yield from _flat(entry, level + 1)
        else:
            yield level, entry


def _outline_by_pdfium(document: PdfDocument) -> list[OutlineEntry]:
    """Return the outline as far as it can be read, without entries that have no page in this document."""
    from pypdfium2 import PdfiumError

    found: list[OutlineEntry] = []
    try:
        for bookmark in islice(document.get_toc(), MAX_HEADINGS):
            target = bookmark.get_dest()
            title = " ".join(bookmark.get_title().split())[:MAX_TITLE]
            page = target.get_index() if target else None
            if title and page is not None:
                found.append(OutlineEntry(bookmark.level + 1, title, page))
    except (PdfiumError, ValueError, RuntimeError):
        pass  # the entries before the damage are kept
    return found


def headings_of(outline: Sequence[OutlineEntry], texts: Sequence[str], parts: Sequence[Part]) -> tuple[Heading, ...]:
    """Convert the outline to headings at the position of their titles on the pages."""
    return tuple(sorted(_headings(outline, texts, parts), key=lambda heading: heading.char_start))


def _headings(outline: Sequence[OutlineEntry], texts: Sequence[str], parts: Sequence[Part]) -> Iterator[Heading]:
    entries = [entry for entry in outline if 0 <= entry.page < len(parts)]
    positions = [_position(entry.title, texts[entry.page]) for entry in entries]
    pairs = list(zip(entries, positions, strict=True))
    not_found = Counter(entry.page for entry, position in pairs if position < 0)
    for (level, title, page), position in pairs:
        if position >= 0 or not_found[page] <= MAX_NOT_FOUND:
            yield Heading(parts[page].char_start + max(0, position), level, title)


def _position(title: str, page: str) -> int:
    """Return the position of the title on its page, or -1."""
    match = re.search(r"\s+".join(re.escape(word) for word in title.split()), page[:SEARCHED], re.I)
    return match.start() if match else -1

"""PDF in; the text of every page, the outline as headings, and the pages that hold no text out.

PDFium reads the text, pypdf the outline and the page labels. Pages that are pictures (scans) are read by OCR.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction, Part
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extract.pages.ocr import INSTALL, is_available
from assistant.ingest.extract.pages.pdf_attached import attachments_of
from assistant.ingest.extract.pages.pdf_furniture import without_furniture
from assistant.ingest.extract.pages.pdf_layout import text_in_reading_order
from assistant.ingest.extract.pages.pdf_scan import is_picture, read_off
from assistant.ingest.extract.pages.pdf_structure import headings_of, structure_of
from assistant.ingest.extract.pages.pdf_text import is_garbage, tidy
from assistant.ingest.extract.source import Member, Source

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

PAGE_BREAK = "\n\n"
LONGEST = 50_000_000  # characters; a file of a few megabytes that yields more is a bomb
PAGES_PER_STEP = 50
PDFIUM = threading.Lock()  # PDFium is not thread-safe
PAGE_COUNT = re.compile(rb"/Count\s+(\d{6,20})\b")
PASSWORD_WRONG, SCHEME_UNKNOWN = "password", "security"  # in PDFium's messages


@dataclass(frozen=True, slots=True)
class _Page:
    text: str = ""
    note: str = ""
    is_picture: bool = False
    is_read_off: bool = False


def read_pdf(source: Source) -> Extraction:
    """Read the text of each page; a page that cannot be read becomes a note."""
    with PDFIUM, _opened(source) as (document, password):
        pages = list(_pages(document, source))
        title, labels, outline = structure_of(document, source.data, password, len(pages))
    notes = tuple(page.note for page in pages if page.note)
    if pages and len(notes) == len(pages):
        raise UnreadableFile(f"damaged: {notes[0]}")
    texts = without_furniture(tidy([page.text for page in pages]))
    if not any(texts):
        raise SkippedFile(_why_empty(pages))
    parts = tuple(_parts(texts, labels))
    return Extraction(
        text=PAGE_BREAK.join(texts),
        parts=parts,
        headings=headings_of(outline, texts, parts),
        title=title,
        empty_pages=tuple(number for number, text in enumerate(texts, 1) if not text),
        ocr_pages=tuple(number for number, page in enumerate(pages, 1) if page.is_read_off),
        notes=notes,
    )


def open_pdf(source: Source) -> Iterator[Member]:
    """Yield the files that are attached to the document or to its pages."""
    with PDFIUM, _opened(source) as (document, _):
        members = list(attachments_of(document))
    yield from members


@contextmanager
def _opened(source: Source) -> Iterator[tuple[PdfDocument, str]]:
    """Open the document; give the password that did it as well, empty where none was needed."""
    claimed = _impossible_count(source.data)
    if claimed:
        raise UnreadableFile(f"damaged: it claims to have {claimed} pages")
    document, password = _open(source)
    try:
        yield document, password
    finally:
        document.close()


def _open(source: Source) -> tuple[PdfDocument, str]:
    from pypdfium2 import PdfDocument, PdfiumError

    logging.getLogger("pypdfium2").setLevel(logging.CRITICAL)
    for password in (None, *source.passwords):
        try:
            return PdfDocument(source.data, password=password), password or ""
        except PdfiumError as error:
            message = str(error).lower()
            if SCHEME_UNKNOWN in message:
                raise UnreadableFile("it is encrypted in a way that is not known here") from error
            if PASSWORD_WRONG not in message:
                raise UnreadableFile("damaged: its structure cannot be read") from error
    raise UnreadableFile(
        "it is encrypted: none of the given passwords opens it"
        if source.passwords
        else "it is encrypted: a password is needed"
    )


def _impossible_count(data: bytes) -> int:
    """Return the number of pages where the file claims more of them than it has bytes."""
    for match in PAGE_COUNT.finditer(data):
        before, after = data[max(0, match.start() - 1000) : match.start()], data[match.end() : match.end() + 1000]
        is_page_tree = b"/Pages" in before[before.rfind(b"obj") + 1 :] or b"/Pages" in after.partition(b"endobj")[0]
        if int(match[1]) > len(data) and is_page_tree:
            return int(match[1])
    return 0


def _pages(document: PdfDocument, source: Source) -> Iterator[_Page]:
    count, size = len(document), 0
    for index in range(count):
        page = _read_page(document, index)
        size += len(page.text)
        if size > LONGEST:
            raise UnreadableFile(f"it unpacks to more than {LONGEST // 1_000_000} million characters")
        if page.is_read_off:
            source.on_step(f"page {index + 1} of {count}, read off the picture")
        elif index % PAGES_PER_STEP == 0:
            source.on_step(f"page {index + 1} of {count}")
        yield page


def _read_page(document: PdfDocument, index: int) -> _Page:
    from pypdfium2 import PdfiumError

    try:
        page = document[index]
    except PdfiumError:
        return _Page(note=f"page {index + 1} cannot be read")
    try:
        return _read(page)
    except PdfiumError:
        return _Page(note=f"page {index + 1} cannot be read")
    finally:
        page.close()


def _read(page: PdfPage) -> _Page:
    textpage = page.get_textpage()
    try:
        text = text_in_reading_order(textpage)
    finally:
        textpage.close()
    if is_garbage(text):
        text = ""
    if not is_picture(page, text):
        return _Page(text)
    found = read_off(page, text) if is_available() else text
    return _Page(found, is_picture=True, is_read_off=found != text)


def _why_empty(pages: Sequence[_Page]) -> str:
    pictures = sum(page.is_picture for page in pages)
    if not pictures:
        return "no text in it"
    shown = "1 page is a picture" if pictures == 1 else f"{pictures} pages are pictures"
    remedy = "and nothing could be read off" if is_available() else INSTALL
    return f"no text: {shown} only (scanned){', ' if is_available() else '; '}{remedy}"


def _parts(texts: Sequence[str], labels: Sequence[str]) -> Iterator[Part]:
    start = 0
    for number, (text, label) in enumerate(zip(texts, labels, strict=True), 1):
        yield Part(start, start + len(text), page=number, page_label=label or None)
        start += len(text) + len(PAGE_BREAK)

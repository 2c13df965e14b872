"""Read PDF files: the text of each page, the outline as headings, and attachments.

PDFium reads the text, pypdf the outline and the page labels, which are optional: errors in them never make the file fail.
Scanned pages are read by OCR.
"""

from __future__ import annotations

import io
import logging
import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from assistant.datatypes import Extraction, Heading, Part
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.builder import MAX_CHARACTERS, Member, Source
from assistant.ingest.extractors.images import INSTALL, is_available, join_lines, recognise_lines
from assistant.ingest.extractors.legacy.ole import ENCRYPTED, WRONG_PASSWORDS
from assistant.ingest.extractors.pdf.layout import PAGE_BREAK, page_parts, text_in_reading_order
from assistant.ingest.extractors.pdf.page_text import drop_headers_and_footers, is_unmapped, normalise_pages

if TYPE_CHECKING:
    from pypdf import PdfReader
    from pypdfium2 import PdfAttachment, PdfDocument, PdfPage

PAGES_PER_STEP = 50
PDFIUM = threading.Lock()  # PDFium is not thread-safe
PAGE_COUNT = re.compile(rb"/Count\s+(\d{6,20})\b")
PASSWORD_WRONG, SCHEME_UNKNOWN = "password", "security"  # in PDFium's messages
MAX_ATTACHMENTS = 1000
MAX_ATTACHED_BYTES = 300_000_000
MAX_ANNOTATIONS = 5000  # per page
DOTS_PER_INCH, POINTS_PER_INCH = 200, 72
MOST_PIXELS = 8_000_000  # an A4 page has 3.9 million
LITTLE_TEXT = 40  # characters: a page number, a stamp, a line added by the scanner
LARGE_IMAGE = 0.5  # of the page area
MAX_OBJECTS = 2000

MAX_HEADINGS = 5000
MAX_PYPDF_BYTES = 50_000_000  # pypdf takes seconds for larger files
MAX_TITLE, MAX_LABEL = 500, 30
SEARCHED = 20_000  # characters of a page that are searched for its headings
MAX_NOT_FOUND = 20  # headings not found on their page; with more, the outline belongs to a larger document


@dataclass(frozen=True, slots=True)
class _PdfPage:
    """The text of a page, or a note why it cannot be read."""

    text: str = ""
    note: str = ""
    is_scan: bool = False
    is_ocr: bool = False


def read_pdf(source: Source) -> Extraction:
    """Read the text of each page. A page that cannot be read becomes a note."""
    with PDFIUM:
        opened, password = _open(source)
        with closing(opened) as document:
            pages = list(_pages(document, source))
            title, labels, outline = _structure_of(document, source.data, password, len(pages))
    notes = tuple(page.note for page in pages if page.note)
    if pages and len(notes) == len(pages):
        raise UnreadableFile(f"damaged: {notes[0]}")
    texts = drop_headers_and_footers(normalise_pages([page.text for page in pages]))
    if not any(texts):
        raise SkippedFile(_why_empty(pages))
    parts = page_parts(texts, labels)
    return Extraction(
        text=PAGE_BREAK.join(texts), parts=parts,
        headings=tuple(sorted(_headings(outline, texts, parts), key=lambda heading: heading.char_start)), title=title,
        empty_pages=tuple(number for number, text in enumerate(texts, 1) if not text),
        ocr_pages=tuple(number for number, page in enumerate(pages, 1) if page.is_ocr), notes=notes,
    )  # fmt: skip


def open_pdf(source: Source) -> Iterator[Member]:
    """Yield the files attached to the document or to its pages."""
    with PDFIUM, closing(_open(source)[0]) as document:
        members = list(attachments_of(document))
    yield from members


def _open(source: Source) -> tuple[PdfDocument, str]:
    """Return the document and the password that opened it, or an empty string."""
    from pypdfium2 import PdfDocument, PdfiumError

    claimed = _impossible_count(source.data)
    if claimed:
        raise UnreadableFile(f"damaged: it claims to have {claimed} pages")
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
    raise UnreadableFile(WRONG_PASSWORDS if source.passwords else ENCRYPTED)


def _impossible_count(data: bytes) -> int:
    """Return the page count that the file claims if it exceeds its size in bytes, else 0."""
    for match in PAGE_COUNT.finditer(data):
        before, after = data[max(0, match.start() - 1000) : match.start()], data[match.end() : match.end() + 1000]
        is_page_tree = b"/Pages" in before[before.rfind(b"obj") + 1 :] or b"/Pages" in after.partition(b"endobj")[0]
        if int(match[1]) > len(data) and is_page_tree:
            return int(match[1])
    return 0


def _pages(document: PdfDocument, source: Source) -> Iterator[_PdfPage]:
    count, size = len(document), 0
    for index in range(count):
        page = _read_page(document, index)
        size += len(page.text)
        if size > MAX_CHARACTERS:
            raise UnreadableFile(f"it unpacks to more than {MAX_CHARACTERS // 1_000_000} million characters")
        if page.is_ocr:
            source.on_step(f"page {index + 1} of {count}, read off the picture")
        elif index % PAGES_PER_STEP == 0:
            source.on_step(f"page {index + 1} of {count}")
        yield page


def _read_page(document: PdfDocument, index: int) -> _PdfPage:
    from pypdfium2 import PdfiumError

    try:
        with closing(document[index]) as page:
            return _read(page)
    except PdfiumError:
        return _PdfPage(note=f"page {index + 1} cannot be read")


def _read(page: PdfPage) -> _PdfPage:
    with closing(page.get_textpage()) as textpage:
        text = text_in_reading_order(textpage)
    if is_unmapped(text):
        text = ""
    if not is_scanned(page, text):
        return _PdfPage(text)
    found = ocr_page(page, text) if is_available() else text
    return _PdfPage(found, is_scan=True, is_ocr=found != text)


def _why_empty(pages: Sequence[_PdfPage]) -> str:
    pictures = sum(page.is_scan for page in pages)
    if not pictures:
        return "no text in it"
    shown = "1 page is a picture" if pictures == 1 else f"{pictures} pages are pictures"
    remedy = "and nothing could be read off" if is_available() else INSTALL
    return f"no text: {shown} only (scanned){', ' if is_available() else '; '}{remedy}"


def is_scanned(page: PdfPage, text: str) -> bool:
    """Return True if the page is a scan: little or no text, but drawings or a large image."""
    from pypdfium2 import raw

    length = len("".join(text.split()))
    if length >= LITTLE_TEXT:
        return False
    if length == 0:
        return any(kind != raw.FPDF_PAGEOBJ_TEXT for kind, _ in _objects(page))
    width, height = page.get_size()
    largest = max((area for kind, area in _objects(page) if kind == raw.FPDF_PAGEOBJ_IMAGE), default=0.0)
    return bool(largest / max(1.0, width * height) >= LARGE_IMAGE)


def _objects(page: PdfPage) -> Iterator[tuple[int, float]]:
    """Yield the type and the area of the objects on the page."""
    for drawn in islice(page.get_objects(max_depth=1), MAX_OBJECTS):
        left, bottom, right, top = drawn.get_bounds()
        yield drawn.type, (right - left) * (top - bottom)


def ocr_page(page: PdfPage, text: str) -> str:
    """Run OCR on the page; append its text layer if the OCR result lacks it."""
    width, height = page.get_size()
    scale = min(DOTS_PER_INCH / POINTS_PER_INCH, (MOST_PIXELS / (width * height)) ** 0.5) if min(width, height) > 0 else 0.0
    if min(width, height) * scale < 1:
        return text  # too narrow to be rendered
    with closing(page.render(scale=scale)) as bitmap:
        found = join_lines(recognise_lines(bitmap.to_pil()))
    return found if "".join(text.split()) in "".join(found.split()) else f"{found}\n{text}".strip()


def attachments_of(document: PdfDocument) -> Iterator[Member]:
    """Yield the attachments, with the reason for those that cannot be extracted."""
    left = MAX_ATTACHED_BYTES
    for number, attachment in enumerate(islice(_attachments(document), MAX_ATTACHMENTS), 1):
        member = _member(attachment, number, left)
        left -= len(member.data)
        yield member


def _attachments(document: PdfDocument) -> Iterator[PdfAttachment]:
    for index in range(document.count_attachments()):
        yield document.get_attachment(index)
    for index in range(len(document)):
        yield from _page_attachments(document, index)


def _page_attachments(document: PdfDocument, index: int) -> Iterator[PdfAttachment]:
    from pypdfium2 import PdfAttachment, PdfiumError, raw

    with suppress(PdfiumError), closing(document[index]) as page:
        for number in range(min(MAX_ANNOTATIONS, raw.FPDFPage_GetAnnotCount(page))):
            note = raw.FPDFPage_GetAnnot(page, number)
            if raw.FPDFAnnot_GetSubtype(note) == raw.FPDF_ANNOT_FILEATTACHMENT:
                file = raw.FPDFAnnot_GetFileAttachment(note)
                if file:
                    yield PdfAttachment(file, document)
            raw.FPDFPage_CloseAnnot(note)


def _member(attachment: PdfAttachment, number: int, left: int) -> Member:
    from pypdfium2 import PdfiumError

    name = PurePosixPath(attachment.get_name().replace("\\", "/").replace("\0", "")).name or f"attachment {number}"
    try:
        size = _size(attachment)
        if size > left:
            return Member(name, refusal=UnreadableFile(f"too large: {size / 1e6:.1f} MB"))
        return Member(name, bytes(attachment.get_data()))
    except PdfiumError:
        return Member(name, refusal=UnreadableFile("damaged: it cannot be taken out of its PDF"))


def _size(attachment: PdfAttachment) -> int:
    from ctypes import byref, c_ulong

    from pypdfium2 import raw

    size = c_ulong()
    raw.FPDFAttachment_GetFile(attachment, None, 0, byref(size))
    return size.value


class OutlineEntry(NamedTuple):
    """An entry of the outline: its level from 1, its title, and the index of its page."""

    level: int
    title: str
    page: int


def _structure_of(document: PdfDocument, data: bytes, password: str, count: int) -> tuple[str, list[str], list[OutlineEntry]]:
    """Return the title, page labels and outline of a document. A label that equals the page number is empty.

    PDFium quickly shows whether there is an outline or a label. Only then does pypdf open the document as well: it resolves
    named and nested destinations that PDFium drops. If pypdf fails, the result of PDFium stands.
    """
    title = " ".join(str(document.get_metadata_value("Title")).split())[:MAX_TITLE]
    labels = [_label(document.get_page_label(index), index) for index in range(count)]
    outline = _outline_by_pdfium(document)
    if len(data) <= MAX_PYPDF_BYTES and (outline or any(labels)):
        labels, outline = _by_pypdf(data, password, count, labels, outline)
    return title, labels, outline


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


def _headings(outline: Sequence[OutlineEntry], texts: Sequence[str], parts: Sequence[Part]) -> Iterator[Heading]:
    """Convert the outline to headings at the position of their titles on the pages."""
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

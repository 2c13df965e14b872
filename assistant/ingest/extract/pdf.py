"""PDF in; the text of every page, the outline as headings, and the pages that hold no text out.

PDFium reads the text (over ten times as fast as pypdf), pypdf the outline and the title.
"""

from __future__ import annotations

import io
import logging
import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.datatypes import Extraction, Heading, Part
from assistant.errors import SkippedFile, UnreadableFile

if TYPE_CHECKING:
    from pypdf import PdfReader
    from pypdfium2 import PdfDocument

PAGE_BREAK = "\n\n"
LONGEST = 50_000_000  # characters; a file of a few megabytes that yields more is a bomb
MOST_HEADINGS = 5000
PDFIUM = threading.Lock()  # PDFium is not thread-safe
LINE_END_HYPHEN = re.compile(r"[\ufffe\x02](?:\r?\n)?")
WORD_BEFORE, WORD_AFTER = re.compile(r"\w*$"), re.compile(r"\w*")
COMPATIBLE = re.compile(r"[\u2e80-\u2fdf\uf900-\ufaff\ufb00-\ufb06]")  # stand for plain letters
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
ENCRYPTED = "it is encrypted: a password is needed"


@dataclass(frozen=True, slots=True)
class _Page:
    text: str
    note: str = ""
    is_blank: bool = False


def read_pdf(data: bytes, name: str) -> Extraction:
    """Read the text of each page; a page that cannot be read becomes a note."""
    with PDFIUM:
        pages = _read_pages(data)
    notes = tuple(page.note for page in pages if page.note)
    if pages and len(notes) == len(pages):
        raise UnreadableFile(f"damaged: {notes[0]}")
    texts = _tidy([page.text for page in pages])
    empty = tuple(number for number, text in enumerate(texts, 1) if not text.strip())
    if all(page.is_blank for page in pages):
        raise SkippedFile("no text in it")
    if len(empty) == len(texts):
        raise SkippedFile(f"no text: {_pages(len(texts))} pictures only (scanned); OCR is needed")
    parts = tuple(_parts(texts))
    title, headings = _structure(data, texts, parts)
    text = PAGE_BREAK.join(texts)
    return Extraction(text, parts, headings, title, empty_pages=empty, notes=notes)


def _pages(count: int) -> str:
    return "1 page is" if count == 1 else f"{count} pages are"


def _read_pages(data: bytes) -> list[_Page]:
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        document = PdfDocument(data)
    except PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise UnreadableFile(ENCRYPTED) from error
        raise UnreadableFile("damaged: its structure cannot be read") from error
    try:
        pages: list[_Page] = []
        size = 0
        for index in range(len(document)):
            pages.append(_read_page(document, index))
            size += len(pages[-1].text)
            if size > LONGEST:
                raise UnreadableFile(f"it unpacks to more than {LONGEST // 1_000_000} million characters")
        return pages
    finally:
        document.close()


def _read_page(document: PdfDocument, index: int) -> _Page:
    from pypdfium2 import PdfiumError

    try:
        page = document[index]
    except PdfiumError:
        return _Page("", f"page {index + 1} cannot be read")
    try:
        textpage = page.get_textpage()
        try:
            return _Page(textpage.get_text_range(), is_blank=next(page.get_objects(max_depth=1), None) is None)
        finally:
            textpage.close()
    except PdfiumError:
        return _Page("", f"page {index + 1} cannot be read")
    finally:
        page.close()


def _tidy(texts: Sequence[str]) -> list[str]:
    """Normalise line ends and letters, and decide what becomes of the hyphens at line ends that PDFium marks.

    "third-party" broken at its hyphen keeps it, "informa-tion" does not: the rest of the document knows which is
    a word, and where it does not, the document's habit decides.
    """
    words = set(re.findall(r"\w+(?:-\w+)*", " ".join(texts).lower()))
    halves = [_halves(match) for text in texts for match in LINE_END_HYPHEN.finditer(text)]
    joined = sum((left + right).lower() in words for left, right in halves)
    hyphenated = sum(f"{left}-{right}".lower() in words for left, right in halves)

    def mend(match: re.Match[str]) -> str:
        left, right = _halves(match)
        if f"{left}-{right}".lower() in words or not right[:1].islower():
            return "-"
        return "" if (left + right).lower() in words or joined > hyphenated else "-"

    return [_clean(LINE_END_HYPHEN.sub(mend, text)) for text in texts]


def _halves(match: re.Match[str]) -> tuple[str, str]:
    """Return the pieces of word on both sides of the break."""
    before = WORD_BEFORE.search(match.string[max(0, match.start() - 40) : match.start()])
    after = WORD_AFTER.match(match.string, match.end(), match.end() + 40)
    return before[0] if before else "", after[0] if after else ""


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    text = COMPATIBLE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    return UNPRINTABLE.sub("", text).strip("\n ")


def _parts(texts: Sequence[str]) -> Iterator[Part]:
    start = 0
    for number, text in enumerate(texts, 1):
        yield Part(start, start + len(text), page=number)
        start += len(text) + len(PAGE_BREAK)


def _structure(data: bytes, texts: Sequence[str], parts: Sequence[Part]) -> tuple[str, tuple[Heading, ...]]:
    """Return title and outline. They are a gift: nothing that is wrong with them makes the file fail."""
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    title = ""
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        title = str(reader.metadata.title or "") if reader.metadata else ""
        return title, _headings(reader, texts, parts)
    except Exception:
        return title, ()


def _headings(reader: PdfReader, texts: Sequence[str], parts: Sequence[Part]) -> tuple[Heading, ...]:
    found: list[Heading] = []
    for level, entry in _entries(reader.outline, 1):
        index = reader.get_destination_page_number(entry)
        title = " ".join(str(entry.title or "").split())
        if index is not None and 0 <= index < len(parts) and title and len(found) < MOST_HEADINGS:
            found.append(Heading(parts[index].char_start + _position(title, texts[index]), level, title))
    return tuple(sorted(found, key=lambda heading: heading.char_start))


def _entries(outline: Sequence[Any], level: int) -> Iterator[tuple[int, Any]]:
    for entry in outline:
        if isinstance(entry, list):
            yield from _entries(entry, level + 1)
        else:
            yield level, entry


def _position(title: str, page: str) -> int:
    """Return where the title stands on its page, the top where it is not found."""
    match = re.search(r"\s+".join(re.escape(word) for word in title.split()), page, re.I)
    return match.start() if match else 0

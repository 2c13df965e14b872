"""A PDF in; the files that are attached to it or to its pages out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from assistant.errors import UnreadableFile
from assistant.ingest.extract.source import Member

if TYPE_CHECKING:
    from pypdfium2 import PdfAttachment, PdfDocument, PdfPage

MOST_ATTACHMENTS = 1000
LARGEST_TOGETHER = 300_000_000
MOST_NOTES = 5000  # annotations of a page that are looked at


def attachments_of(document: PdfDocument) -> Iterator[Member]:
    """Yield what is attached, by its name; what cannot be taken out says why."""
    left = LARGEST_TOGETHER
    for number, attachment in enumerate(_attachments(document), 1):
        member = _member(attachment, number, left)
        left -= len(member.data)
        yield member
        if number == MOST_ATTACHMENTS:
            return


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


def _attachments(document: PdfDocument) -> Iterator[PdfAttachment]:
    for index in range(document.count_attachments()):
        yield document.get_attachment(index)
    for index in range(len(document)):
        yield from _on_page(document, index)


def _on_page(document: PdfDocument, index: int) -> Iterator[PdfAttachment]:
    from pypdfium2 import PdfAttachment, PdfiumError, raw

    try:
        page: PdfPage = document[index]
    except PdfiumError:
        return
    try:
        for number in range(min(MOST_NOTES, raw.FPDFPage_GetAnnotCount(page))):
            note = raw.FPDFPage_GetAnnot(page, number)
            if raw.FPDFAnnot_GetSubtype(note) == raw.FPDF_ANNOT_FILEATTACHMENT:
                file = raw.FPDFAnnot_GetFileAttachment(note)
                if file:
                    yield PdfAttachment(file, document)
            raw.FPDFPage_CloseAnnot(note)
    finally:
        page.close()

"""Word documents before 2007 (.doc) in; paragraphs and tables in their order, notes and text boxes, headings by style out.

Written by [MS-DOC] of Microsoft: the text is stored in pieces, what its paragraphs are in tables of properties.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extract.legacy.blocks import Flow, write_blocks
from assistant.ingest.extract.legacy.compound import opened_compound, stream, title_of
from assistant.ingest.extract.legacy.old_word_fib import ENCRYPTED, OBFUSCATED, SECOND_TABLE, Fib
from assistant.ingest.extract.legacy.old_word_marks import Marks
from assistant.ingest.extract.legacy.old_word_pieces import Spans, Stored, stored_text
from assistant.ingest.extract.legacy.old_word_text import clean, shown
from assistant.ingest.extract.legacy.rtf import is_rtf, read_rtf
from assistant.ingest.extract.mail.mailbox import read_mhtml
from assistant.ingest.extract.office.protected import opened
from assistant.ingest.extract.office.word import read_docx
from assistant.ingest.extract.package import OLD_CONTAINER
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.text.text import read_plain
from assistant.ingest.extract.web.web import read_html
from assistant.ingest.extract.writing import Writing

if TYPE_CHECKING:
    from olefile import OleFileIO

KIND = "Word document"
HTML = re.compile(rb"\s*<(?:!doctype|html|head|meta|body|\?xml)", re.I)
WEB_ARCHIVE = re.compile(rb"^content-type:\s*multipart/related\b", re.I | re.M)  # what wikis export as .doc
WORD_2 = (b"\xdb\xa5", b"\x9b\xa5", b"\x31\xbe")  # what the files of Word 1 and 2, and of Word for DOS begin with
STEP = 20_000
SAMPLE, MARKS = 1024, b"\xef\xbb\xbf\xff\xfe"
PARAGRAPH, CELL = re.compile(r"([^\r\x07\x0c]*)([\r\x07\x0c]|\Z)"), "\x07"


def read_doc(source: Source) -> Extraction:
    """Read a Word document of the years before 2007, or what else goes by that name: RTF, HTML, a .docx, text."""
    data = source.data
    if data.startswith(OLD_CONTAINER):
        return _read_compound(source)
    if is_rtf(data):
        return read_rtf(source)
    if data.startswith(b"PK\x03\x04"):
        return read_docx(source)
    if data.startswith(WORD_2):
        raise UnreadableFile("a program older than Word 6 wrote it: save it anew as .docx")
    if WEB_ARCHIVE.search(data[:SAMPLE]):
        return read_mhtml(source)
    return read_html(source) if HTML.match(data[:SAMPLE].lstrip(MARKS).replace(b"\0", b"")) else read_plain(source)


def _read_compound(source: Source) -> Extraction:
    with opened_compound(source.data, KIND) as file:
        fib = _fib(file)
        if fib.flags & ENCRYPTED:
            if fib.flags & OBFUSCATED:
                raise UnreadableFile("it is encrypted in a way that cannot be undone here")
            return _read_compound(_decrypted(source))
        title = title_of(file)
    writing = Writing()
    try:
        _write(fib, writing, source)
    except (struct.error, IndexError) as error:
        raise UnreadableFile("damaged: it is cut off or no Word document") from error
    return writing.finish(title)


def _decrypted(source: Source) -> Source:
    found = opened(source)
    if found is source:
        raise UnreadableFile("it is encrypted in a way that cannot be undone here")
    return found


def _fib(file: OleFileIO) -> Fib:
    fib = Fib(stream(file, "WordDocument"))
    fib.table = stream(file, "1Table" if fib.flags & SECOND_TABLE else "0Table")
    fib.data = stream(file, "Data")
    return fib


def _write(fib: Fib, writing: Writing, source: Source) -> None:
    stored = stored_text(fib)
    text, marks = shown(stored, fib), Marks(fib, stored)
    _write_parts(stored.parts, text, stored, marks, writing, source)
    if not writing.length:
        _write_parts(stored.margins, text, stored, marks, writing, source)


def _write_parts(parts: Spans, text: str, stored: Stored, marks: Marks, writing: Writing, source: Source) -> None:
    for start, end in parts:
        flow = Flow()
        for number, found in enumerate(PARAGRAPH.finditer(text, start, end)):
            _take(flow, stored.clean(clean(found[1])).strip(), found, marks)
            if number % STEP == STEP - 1:
                source.on_step(f"paragraph {number + 1}")
        write_blocks(flow.close(), writing)


def _take(flow: Flow, text: str, found: re.Match[str], marks: Marks) -> None:
    """Take a paragraph with the mark at its end."""
    mark = marks.at(found.end() - 1, text)
    if found[2] == CELL and mark.ends_row:
        flow.end_row()
        return
    flow.pieces.append(text)
    if found[2] == CELL:
        flow.end_cell()
        return
    flow.label = mark.label if text else ""
    flow.end_paragraph(mark.level, mark.in_table)

"""Word documents before 2007 (.doc) in; paragraphs and tables in their order, notes and text boxes, headings by style out.

Written by [MS-DOC] of Microsoft: the text is stored in pieces, what its paragraphs are in tables of properties.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Writing
from assistant.ingest.extractors.email.mbox import read_mhtml
from assistant.ingest.extractors.legacy.block_writer import Flow, write_blocks
from assistant.ingest.extractors.legacy.doc_formatting import DELETED, HIDDEN, SYMBOL, Marks, Run, character_runs, fonts, is_on
from assistant.ingest.extractors.legacy.doc_pieces import ENCRYPTED, OBFUSCATED, SECOND_TABLE, Fib, Spans, Stored, stored_text
from assistant.ingest.extractors.legacy.ole import opened_compound, stream, title_of
from assistant.ingest.extractors.legacy.rtf import is_rtf, read_rtf
from assistant.ingest.extractors.legacy.rtf_tokens import symbols
from assistant.ingest.extractors.office.docx import read_docx
from assistant.ingest.extractors.office.encryption import opened
from assistant.ingest.extractors.source import Source
from assistant.ingest.extractors.text.plain import read_plain
from assistant.ingest.extractors.web.html import read_html
from assistant.ingest.extractors.zip_package import OLD_CONTAINER

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


FIELD = re.compile(r"[\x13\x14\x15]")
BEGIN, SEPARATOR, END = "\x13", "\x14", "\x15"
NOT_A_CELL = re.compile(r"[^\x07]", re.S)
BLANK = "\0"
CHARACTERS = {**dict.fromkeys(range(9), ""), **dict.fromkeys(range(0x0E, 0x20), ""), 0x0B: "\n", 0x0E: "\n", 0x1E: "-"}

Span = tuple[int, int, str]


def shown(stored: Stored, fib: Fib) -> str:
    """Return the text, as long as it was, with blanks for what is not seen."""
    spans = list(_fields(stored.text))
    if fib.is_modern:
        spans += _replaced(stored, _apart(sorted(character_runs(fib), key=lambda run: run.start)), fonts(fib))
    return _with(stored.text, sorted(spans))


def clean(text: str) -> str:
    """Return a paragraph without the characters that stand for pictures, notes and blanks."""
    return text.translate(CHARACTERS)


def _fields(text: str) -> Iterator[Span]:
    """Yield where the codes of fields are, and their marks; a field that never ends is no field."""
    begins: list[tuple[int, int]] = []
    for found in FIELD.finditer(text):
        at = found.start()
        if found[0] == BEGIN:
            begins.append((at, -1))
        elif begins and found[0] == SEPARATOR:
            begins[-1] = (begins[-1][0], at)
        elif begins:
            start, separator = begins.pop()
            yield start, (separator if separator > 0 else at) + 1, ""


def _apart(runs: Iterable[Run]) -> list[Run]:
    """Return runs that do not overlap, as those of a sound file never do."""
    found: list[Run] = []
    for run in runs:
        if run.end > run.start and (not found or run.start >= found[-1].end):
            found.append(run)
    return found


def _replaced(stored: Stored, runs: list[Run], names: list[str]) -> Iterator[Span]:
    starts = [run.start for run in runs]
    bounds = [piece.start for piece in stored.pieces[1:]] + [len(stored.text)]
    for piece, bound in zip(stored.pieces, bounds, strict=True):
        end = piece.offset + (bound - piece.start) * piece.width
        place = max(0, bisect_right(starts, piece.offset) - 1)
        while place < len(runs) and runs[place].start < end:
            first = max(runs[place].start, piece.offset) - piece.offset
            last = min(runs[place].end, end) - piece.offset
            if last > first:
                yield piece.start + first // piece.width, piece.start + -(-last // piece.width), _instead(runs[place], names)
            place += 1


def _instead(run: Run, names: list[str]) -> str:
    """Return what is seen instead of the characters of a run."""
    if is_on(run.properties, DELETED) or is_on(run.properties, HIDDEN):
        return BLANK
    symbol = run.properties.get(SYMBOL, b"").ljust(4, b"\0")
    font, code = int.from_bytes(symbol[:2], "little"), int.from_bytes(symbol[2:], "little")
    return symbols(chr(code - 0xF000), names[font] if font < len(names) else "") if 0xF020 <= code < 0xF100 else chr(code)


def _with(text: str, spans: list[Span]) -> str:
    pieces, at = [], 0
    for start, end, instead in spans:
        if end > at:
            start = max(start, at)
            pieces += [text[at:start], _filled(text[start:end], instead)]
            at = end
    return "".join(pieces) + text[at:]


def _filled(text: str, instead: str) -> str:
    """Return as many characters: one to each of a symbol, else blanks; the ends of cells stay."""
    return instead * len(text) if instead and instead != BLANK else NOT_A_CELL.sub(BLANK, text)

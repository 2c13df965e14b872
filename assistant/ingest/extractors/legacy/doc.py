"""Read Word documents before 2007 (.doc, [MS-DOC]): paragraphs, tables, notes and text boxes, headings by style.

The text comes from the piece table (doc_pieces) and what a paragraph is from the property tables (doc_formatting). Headers
and footers are read only if there is no other text, as in a letterhead. Other formats go by the suffix .doc, too.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import ExtractionBuilder, Source
from assistant.ingest.extractors.email.message import read_mhtml
from assistant.ingest.extractors.legacy.block_writer import BlockAssembler, write_blocks
from assistant.ingest.extractors.legacy.doc_formatting import (
    DELETED,
    HIDDEN,
    SYMBOL,
    ParagraphRoles,
    PropertyRun,
    character_runs,
    font_names,
    is_on,
)
from assistant.ingest.extractors.legacy.doc_pieces import ENCRYPTED, OBFUSCATED, SECOND_TABLE, DocText, Fib, Spans, read_text
from assistant.ingest.extractors.legacy.ole import UNSUPPORTED, decrypt_old, open_compound, read_stream, summary_title
from assistant.ingest.extractors.legacy.rtf import is_rtf, read_rtf
from assistant.ingest.extractors.office.docx import read_docx
from assistant.ingest.extractors.symbol_fonts import show_character
from assistant.ingest.extractors.text.plain import read_plain
from assistant.ingest.extractors.web.html import read_html
from assistant.ingest.extractors.zip_package import OLD_CONTAINER

if TYPE_CHECKING:
    pass

KIND = "Word document"
HTML = re.compile(rb"\s*<(?:!doctype|html|head|meta|body|\?xml)", re.I)
WEB_ARCHIVE = re.compile(rb"^content-type:\s*multipart/related\b", re.I | re.M)  # what wikis export as .doc
WORD_2 = (b"\xdb\xa5", b"\x9b\xa5", b"\x31\xbe")  # magic numbers of Word 1, Word 2 and Word for DOS
STEP = 20_000
SAMPLE, BYTE_ORDER_MARKS = 1024, b"\xef\xbb\xbf\xff\xfe"
PARAGRAPH, CELL = re.compile(r"([^\r\x07\x0c]*)([\r\x07\x0c]|\Z)"), "\x07"
FIELD = re.compile(r"[\x13\x14\x15]")
BEGIN, SEPARATOR = "\x13", "\x14"
NOT_A_CELL = re.compile(r"[^\x07]", re.S)
BLANK = "\0"
CHARACTERS = {**dict.fromkeys(range(9), ""), **dict.fromkeys(range(0x0E, 0x20), ""), 0x0B: "\n", 0x0E: "\n", 0x1E: "-"}

Replacement = tuple[int, int, str]  # start and end of a span, and the character to show instead


def read_doc(source: Source) -> Extraction:
    """Read a Word document before 2007, or what else is called .doc: RTF, HTML, a web archive, a .docx, plain text."""
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
    is_html = HTML.match(data[:SAMPLE].lstrip(BYTE_ORDER_MARKS).replace(b"\0", b""))
    return read_html(source) if is_html else read_plain(source)


def _read_compound(source: Source) -> Extraction:
    with open_compound(source.data, KIND) as file:
        fib = Fib(read_stream(file, "WordDocument"))
        fib.table = read_stream(file, "1Table" if fib.flags & SECOND_TABLE else "0Table")
        fib.data = read_stream(file, "Data")
        title = "" if fib.flags & ENCRYPTED else summary_title(file)
    if fib.flags & ENCRYPTED:
        if fib.flags & OBFUSCATED:
            raise UnreadableFile(UNSUPPORTED)
        return _read_compound(decrypt_old(source))
    writing = ExtractionBuilder()
    try:
        stored = read_text(fib)
        text, roles = _visible_text(stored, fib), ParagraphRoles(fib, stored)
        _write_parts(stored.parts, text, stored, roles, writing, source)
        if not writing.length:
            _write_parts(stored.margins, text, stored, roles, writing, source)
    except (struct.error, IndexError) as error:
        raise UnreadableFile("damaged: it is cut off or no Word document") from error
    return writing.finish(title)


def _write_parts(parts: Spans, text: str, stored: DocText, roles: ParagraphRoles, writing: ExtractionBuilder,
                 source: Source) -> None:
    for start, end in parts:
        blocks = BlockAssembler()
        for number, found in enumerate(PARAGRAPH.finditer(text, start, end)):
            _take(blocks, stored.decode(found[1].translate(CHARACTERS)).strip(), found, roles)
            if number % STEP == STEP - 1:
                source.on_step(f"paragraph {number + 1}")
        write_blocks(blocks.close(), writing)


def _take(blocks: BlockAssembler, text: str, found: re.Match[str], roles: ParagraphRoles) -> None:
    """Add a paragraph and apply its end mark."""
    role = roles.at(found.end() - 1, text)
    if found[2] == CELL and role.ends_row:
        blocks.end_row()
        return
    blocks.pieces.append(text)
    if found[2] == CELL:
        blocks.end_cell()
        return
    blocks.label = role.label if text else ""
    blocks.end_paragraph(role.level, role.in_table)


def _visible_text(stored: DocText, fib: Fib) -> str:
    """Return the text in the same length, with NUL for field codes, hidden and deleted characters."""
    spans = list(_field_codes(stored.text))
    if fib.is_modern:
        runs = _without_overlaps(sorted(character_runs(fib), key=lambda run: run.start))
        spans += _replaced_runs(stored, runs, font_names(fib))
    pieces, at = [], 0
    for start, end, instead in sorted(spans):
        if end > at:
            start = max(start, at)
            pieces += [stored.text[at:start], _fill(stored.text[start:end], instead)]
            at = end
    return "".join(pieces) + stored.text[at:]


def _field_codes(text: str) -> Iterator[Replacement]:
    """Yield the spans of field codes with their marks; the result of a field stays. An unclosed field is text."""
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


def _without_overlaps(runs: Iterable[PropertyRun]) -> list[PropertyRun]:
    """Drop runs that overlap the one before, which occur only in damaged files."""
    found: list[PropertyRun] = []
    for run in runs:
        if run.end > run.start and (not found or run.start >= found[-1].end):
            found.append(run)
    return found


def _replaced_runs(stored: DocText, runs: list[PropertyRun], names: list[str]) -> Iterator[Replacement]:
    """Yield the character spans of the runs, whose bounds are offsets in the main stream."""
    starts = [run.start for run in runs]
    bounds = [piece.start for piece in stored.pieces[1:]] + [len(stored.text)]
    for piece, bound in zip(stored.pieces, bounds, strict=True):
        end = piece.offset + (bound - piece.start) * piece.width
        place = max(0, bisect_right(starts, piece.offset) - 1)
        while place < len(runs) and runs[place].start < end:
            first = max(runs[place].start, piece.offset) - piece.offset
            last = min(runs[place].end, end) - piece.offset
            if last > first:
                yield piece.start + first // piece.width, piece.start + -(-last // piece.width), _shown_as(runs[place], names)
            place += 1


def _shown_as(run: PropertyRun, names: list[str]) -> str:
    """Return the character that is shown for each one of a run."""
    if is_on(run.properties, DELETED) or is_on(run.properties, HIDDEN):
        return BLANK
    symbol = run.properties.get(SYMBOL, b"").ljust(4, b"\0")
    font, code = int.from_bytes(symbol[:2], "little"), int.from_bytes(symbol[2:], "little")
    return show_character(code, names[font] if font < len(names) else "")


def _fill(text: str, instead: str) -> str:
    """Return as many characters: the given symbol, or blanks except for cell marks."""
    return instead * len(text) if instead and instead != BLANK else NOT_A_CELL.sub(BLANK, text)

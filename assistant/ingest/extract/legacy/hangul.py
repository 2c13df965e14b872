"""Hangul documents (.hwp, version 5) in; paragraphs and tables in their order, headings by outline style out.

Written by the "Hangul Document File Formats 5.0" of Hancom.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extract.legacy.blocks import write_blocks
from assistant.ingest.extract.legacy.compound import opened_compound, stream, title_of
from assistant.ingest.extract.legacy.hangul_text import Reading, heading_styles
from assistant.ingest.extract.package import LARGEST_UNPACKED
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.writing import Writing

if TYPE_CHECKING:
    from olefile import OleFileIO

KIND = "Hangul document"
SIGNATURE, OLD_SIGNATURE = b"HWP Document File", b"HWP Document File V3"
COMPRESSED, LOCKED, FOR_DISTRIBUTION = 1, 2, 4
SECTION = re.compile(r"Section(\d+)$")


def read_hwp(source: Source) -> Extraction:
    """Read a Hangul document of version 5."""
    if source.data.startswith(OLD_SIGNATURE):
        raise UnreadableFile("a program older than Hangul 2002 wrote it: save it anew")
    with opened_compound(source.data, KIND) as file:
        header = stream(file, "FileHeader").ljust(40, b"\0")
        if not header.startswith(SIGNATURE):
            raise UnreadableFile(f"damaged: it is cut off or no {KIND}")
        _refuse_locked(header[36])
        is_compressed = bool(header[36] & COMPRESSED)
        reading = Reading(heading_styles(_unpacked(stream(file, "DocInfo"), is_compressed)))
        for name in _sections(file):
            source.on_step(name)
            reading.read(_unpacked(stream(file, f"BodyText/{name}"), is_compressed))
        title = title_of(file, "\x05HwpSummaryInformation")
    writing = Writing()
    write_blocks(reading.blocks, writing)
    return writing.finish(title)


def _refuse_locked(flags: int) -> None:
    if flags & LOCKED:
        raise UnreadableFile("it is encrypted: a password is needed, and files of this kind cannot be opened with one here")
    if flags & FOR_DISTRIBUTION:
        raise UnreadableFile("it is encrypted: its author saved it for distribution only")


def _sections(file: OleFileIO) -> list[str]:
    names = (path[1] for path in file.listdir() if path[0] == "BodyText" and len(path) == 2)
    return sorted((name for name in names if SECTION.match(name)), key=lambda name: int(name[7:]))


def _unpacked(data: bytes, is_compressed: bool) -> bytes:
    if not is_compressed:
        return data
    try:
        unpacker = zlib.decompressobj(-15)
        found = unpacker.decompress(data, LARGEST_UNPACKED)
    except zlib.error as error:
        raise UnreadableFile("damaged: its text cannot be unpacked") from error
    if unpacker.unconsumed_tail:
        raise UnreadableFile(f"it unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB")
    return found

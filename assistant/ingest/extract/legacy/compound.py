"""Compound files (OLE: old Office) in; their streams and their title out."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assistant.errors import UnreadableFile
from assistant.ingest.extract.legacy.codepages import codec_of
from assistant.ingest.extract.package import OLD_CONTAINER

if TYPE_CHECKING:
    from olefile import OleFileIO

CODE_PAGE, TITLE = 1, 2  # properties of the summary
NARROW, WIDE = 30, 31  # kinds of text
MOST_PROPERTIES, LONGEST_TITLE = 200, 500
ROOM = 8 + 2 * LONGEST_TITLE


@contextmanager
def opened_compound(data: bytes, kind: str) -> Iterator[OleFileIO]:
    """Open a compound file. `kind` ("Word document") is for the reason of the UnreadableFile that is raised where it is none."""
    import olefile

    if not data.startswith(OLD_CONTAINER):
        raise UnreadableFile(f"damaged: it is cut off or no {kind}")
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            yield file
    except (OSError, struct.error, IndexError, ValueError) as error:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}") from error


def stream(file: OleFileIO, name: str) -> bytes:
    """Return the bytes of a stream, nothing where there is none."""
    if not file.exists(name):
        return b""
    with file.openstream(name) as opened:
        return bytes(opened.read())


def title_of(file: OleFileIO, summary: str = "\x05SummaryInformation") -> str:
    """Return the title that the summary of the file states, empty where it states none. By [MS-OLEPS]."""
    data = stream(file, summary)
    properties = _properties(data, int.from_bytes(data[44:48], "little"))
    if TITLE not in properties:
        return ""
    code_page = int.from_bytes(properties.get(CODE_PAGE, b"")[4:6], "little") or 1252
    kind, size = (int.from_bytes(properties[TITLE][at : at + 4], "little") for at in (0, 4))
    if kind not in (NARROW, WIDE):
        return ""
    value = properties[TITLE][8 : 8 + min(size, LONGEST_TITLE) * (2 if kind == WIDE else 1)]
    title = value.decode("utf-16-le" if kind == WIDE else codec_of(code_page), "replace")
    return title.partition("\0")[0].strip()


def _properties(data: bytes, start: int) -> dict[int, bytes]:
    """Return the properties of a set that begins at an offset, each with as much behind it as a title may need."""
    count = min(int.from_bytes(data[start + 4 : start + 8], "little"), MOST_PROPERTIES)
    pairs = data[start + 8 : start + 8 + 8 * count]
    found = struct.iter_unpack("<II", pairs[: len(pairs) // 8 * 8])
    return {number: data[start + offset : start + offset + ROOM] for number, offset in found}

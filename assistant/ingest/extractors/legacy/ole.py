"""Read OLE compound files ([MS-CFB]), the container of the Office formats before 2007, through olefile.

Encrypted Office files, old and new, are decrypted through msoffcrypto: with the default passwords with which Excel and PowerPoint
encrypt read-only files, then those of the user. Also decodes the title of the summary property set ([MS-OLEPS]) and maps Windows
code pages and languages to codecs.
"""

from __future__ import annotations

import codecs
import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.zip_package import OLD_CONTAINER

if TYPE_CHECKING:
    from olefile import OleFileIO

CODE_PAGE, TITLE = 1, 2  # property identifiers of the summary
VT_LPSTR, VT_LPWSTR = 30, 31
MOST_PROPERTIES, LONGEST_TITLE = 200, 500
ROOM = 8 + 2 * LONGEST_TITLE
CODE_PAGES = {
    936: "gb18030", 950: "big5hkscs", 1200: "utf-16-le", 1361: "johab", 10000: "mac_roman", 10001: "cp932", 54936: "gb18030",
    65001: "utf-8",
}  # fmt: skip
DOUBLE_BYTE = frozenset({"cp932", "cp949", "gb18030", "big5hkscs", "johab"})
WESTERN = "cp1252"
# code pages of the primary Windows languages that are not written in cp1252
LANGUAGES = {
    0x01: 1256, 0x02: 1251, 0x04: 950, 0x05: 1250, 0x08: 1253, 0x0D: 1255, 0x0E: 1250, 0x11: 932, 0x12: 949, 0x15: 1250,
    0x18: 1250, 0x19: 1251, 0x1A: 1250, 0x1B: 1250, 0x1C: 1250, 0x1E: 874, 0x1F: 1254, 0x20: 1256, 0x22: 1251, 0x23: 1251,
    0x24: 1250, 0x25: 1257, 0x26: 1257, 0x27: 1257, 0x29: 1256, 0x2A: 1258, 0x2F: 1251,
}  # fmt: skip
SIMPLIFIED, CYRILLIC_SERBIAN = frozenset({0x0804, 0x1004}), 0x0C1A

ENCRYPTED = "it is encrypted: a password is needed"
WRONG_PASSWORDS = "it is encrypted: none of the given passwords opens it"
UNSUPPORTED = "it is encrypted in a way that cannot be undone here"
DEFAULT_PASSWORDS = ("VelvetSweatshop", "/01Hannes Ruescher/01")
DAMAGE = (OSError, ValueError, IndexError, AssertionError, struct.error)  # what the libraries raise for damaged files
STREAMS = {
    "EncryptedPackage": "", "WordDocument": ".doc", "Workbook": ".xls", "Book": ".xls", "PowerPoint Document": ".ppt",
    "__properties_version1.0": ".msg",
}  # fmt: skip


@contextmanager
def open_compound(data: bytes, kind: str) -> Iterator[OleFileIO]:
    """Open a compound file. Raises UnreadableFile if it is none; its message names the `kind` ("Word document")."""
    import olefile

    if not data.startswith(OLD_CONTAINER):
        raise UnreadableFile(f"damaged: it is cut off or no {kind}")
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            yield file
    except (OSError, struct.error, IndexError, ValueError) as error:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}") from error


def read_stream(file: OleFileIO, name: str) -> bytes:
    """Return the bytes of a stream, empty if there is no such stream."""
    if not file.exists(name):
        return b""
    with file.openstream(name) as opened:
        return bytes(opened.read())


def summary_title(file: OleFileIO) -> str:
    """Return the title that the summary property set states, empty if it states none."""
    data = read_stream(file, "\x05SummaryInformation")
    properties = _properties(data, int.from_bytes(data[44:48], "little"))
    if TITLE not in properties:
        return ""
    code_page = int.from_bytes(properties.get(CODE_PAGE, b"")[4:6], "little") or 1252
    kind, size = (int.from_bytes(properties[TITLE][at : at + 4], "little") for at in (0, 4))
    if kind not in (VT_LPSTR, VT_LPWSTR):
        return ""
    value = properties[TITLE][8 : 8 + min(size, LONGEST_TITLE) * (2 if kind == VT_LPWSTR else 1)]
    title = value.decode("utf-16-le" if kind == VT_LPWSTR else codec_of(code_page), "replace")
    return title.partition("\0")[0].strip()


def _properties(data: bytes, start: int) -> dict[int, bytes]:
    """Return the values of the property set at an offset by identifier, each cut to the room that a title needs."""
    count = min(int.from_bytes(data[start + 4 : start + 8], "little"), MOST_PROPERTIES)
    pairs = data[start + 8 : start + 8 + 8 * count]
    found = struct.iter_unpack("<II", pairs[: len(pairs) // 8 * 8])
    return {number: data[start + offset : start + offset + ROOM] for number, offset in found}


def decode_utf16(data: bytes) -> str:
    """Decode UTF-16-LE; lone surrogates become U+FFFD, half a code unit at the end is dropped."""
    return data[: len(data) // 2 * 2].decode("utf-16-le", "replace")


def codec_of(code_page: int) -> str:
    """Return the codec of a Windows code page, cp1252 if Python knows none."""
    name = CODE_PAGES.get(code_page, f"cp{code_page}")
    try:
        codecs.lookup(name)
    except LookupError:
        return WESTERN
    return name


def codec_of_language(language: int) -> str:
    """Return the codec that Windows programs use in a language (LCID)."""
    if language in SIMPLIFIED:
        return "gb18030"
    return codec_of(1251 if language == CYRILLIC_SERBIAN else LANGUAGES.get(language & 0x3FF, 1252))


def decrypt(source: Source, kind: str = "") -> Source:
    """Return the source decrypted, or as it is if it is not encrypted. Raises UnreadableFile if no password opens it.

    With a `kind` ("Word document"), the source must be an OOXML file: a compound file that holds none is refused.
    """
    if not source.data.startswith(OLD_CONTAINER):
        return source
    old = legacy_suffix(source.data)
    if kind and old:
        raise UnreadableFile(f"it is an old {old} file under a new name, no {kind}")
    found = _try_passwords(source)
    if kind and found is source:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}")
    return found


def decrypt_old(source: Source) -> Source:
    """Return an encrypted .doc or .ppt decrypted. Raises UnreadableFile if its encryption is unknown or no password opens it."""
    found = decrypt(source)
    if found is source:
        raise UnreadableFile(UNSUPPORTED)
    return found


def legacy_suffix(data: bytes) -> str:
    """Return the suffix (".doc") of an Office file before 2007 by its streams, empty for any other file."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            top = {path[0] for path in file.listdir()}
    except DAMAGE:
        return ""
    return next((suffix for name, suffix in STREAMS.items() if name in top), "")


def _try_passwords(source: Source) -> Source:
    from msoffcrypto import OfficeFile
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

    try:
        file = OfficeFile(io.BytesIO(source.data))
        if not file.is_encrypted():
            return source
    except (FileFormatError, ParseError, *DAMAGE):  # not encrypted, or damaged: its reader says so
        return source
    for password in filter(None, (*DEFAULT_PASSWORDS, *source.passwords)):
        out = io.BytesIO()
        try:
            file.load_key(password=password, **({"verify_password": True} if file.format == "ooxml" else {}))
            file.decrypt(out)
        except (InvalidKeyError, *DAMAGE):
            continue
        except DecryptionError as error:
            raise UnreadableFile(UNSUPPORTED) from error
        return replace(source, data=out.getvalue())
    raise UnreadableFile(WRONG_PASSWORDS if source.passwords else ENCRYPTED)

"""Read the entries of zip packages that hold XML (Word, PowerPoint, OpenDocument, EPUB), within size limits."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary
from xml.etree.ElementTree import Element, ParseError

from assistant.errors import UnreadableFile

MAX_UNPACKED_BYTES = 500_000_000
_BYTES_READ: WeakKeyDictionary[zipfile.ZipFile, int] = WeakKeyDictionary()
OLD_CONTAINER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the OLE signature; Office also wraps encrypted files in OLE


@contextmanager
def open_package(data: bytes, kind: str) -> Iterator[zipfile.ZipFile]:
    """Open a package. Raises UnreadableFile if it is damaged; its message names `kind` ("Word document")."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise UnreadableFile(f"it unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB")
            yield archive
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}") from error
    except ParseError as error:
        raise UnreadableFile("damaged: its XML cannot be read") from error


def read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the bytes of an entry.

    The limit counts all bytes read from one archive: the size that it states may be false, and entries may be read repeatedly.
    """
    try:
        with archive.open(name) as file:
            content = file.read(MAX_UNPACKED_BYTES + 1)
    except (ValueError, NotImplementedError) as error:  # zipfile raises them for negative offsets and unknown compression methods
        raise zipfile.BadZipFile("this entry cannot be unpacked") from error
    _BYTES_READ[archive] = _BYTES_READ.get(archive, 0) + len(content)
    if _BYTES_READ[archive] > MAX_UNPACKED_BYTES:
        raise UnreadableFile(f"it unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB")
    return content


def read_xml_entry(archive: zipfile.ZipFile, name: str) -> Element:
    """Return the root of an entry's XML. Raises UnreadableFile if it declares entities, which could expand without limit."""
    content = read_entry(archive, name)
    if b"<!ENTITY" in content.replace(b"\0", b""):  # every other byte is zero in UTF-16
        raise UnreadableFile("it is a trap: its XML would grow without end")
    return parse_xml(content)


def parse_xml(content: bytes) -> Element:
    """Return the root of an XML document. Raises ParseError if it is invalid or its encoding is unknown."""
    from xml.etree import ElementTree

    try:
        return ElementTree.fromstring(content)
    except (LookupError, ValueError) as error:
        raise ParseError("its encoding is not known") from error


def whole_number(digits: str, default: int = 0) -> int:
    """Parse a whole number of at most nine digits; return the default for anything else."""
    return int(digits) if digits.isdecimal() and len(digits) < 10 else default


def tag_name(node: Element) -> str:
    """Return an element's name without its namespace."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def attribute(node: Element, name: str) -> str:
    """Return an attribute by its name without namespace, or an empty string."""
    return next((value for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")

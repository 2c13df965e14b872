"""Zip files that hold XML (Word, PowerPoint, OpenDocument, EPUB) in; their entries out, within limits."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary
from xml.etree.ElementTree import Element, ParseError

from assistant.errors import UnreadableFile

LARGEST_UNPACKED = 500_000_000
_READ: WeakKeyDictionary[zipfile.ZipFile, int] = WeakKeyDictionary()
OLD_CONTAINER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # OLE, which Office also wraps around what it encrypts


@contextmanager
def opened_package(data: bytes, kind: str) -> Iterator[zipfile.ZipFile]:
    """Open a package. `kind` ("Word document") is for the reason of the UnreadableFile that is raised where it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST_UNPACKED:
                raise UnreadableFile(f"it unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB")
            yield archive
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}") from error
    except ParseError as error:
        raise UnreadableFile("damaged: its XML cannot be read") from error


def entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the bytes of an entry.

    The size that the archive states may be a lie, and an entry may be asked for again and again: what is read of one archive,
    all of it together, is no more than the limit.
    """
    try:
        with archive.open(name) as file:
            content = file.read(LARGEST_UNPACKED + 1)
    except (ValueError, NotImplementedError) as error:  # what zipfile raises for offsets before the file and unknown packings
        raise zipfile.BadZipFile("this entry cannot be unpacked") from error
    _READ[archive] = _READ.get(archive, 0) + len(content)
    if _READ[archive] > LARGEST_UNPACKED:
        raise UnreadableFile(f"it unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB")
    return content


def xml_entry(archive: zipfile.ZipFile, name: str) -> Element:
    """Return the root of an entry's XML. One that declares entities is refused: it could grow without end."""
    content = entry(archive, name)
    if b"<!ENTITY" in content.replace(b"\0", b""):  # in UTF-16 every other byte is zero
        raise UnreadableFile("it is a trap: its XML would grow without end")
    return parsed_xml(content)


def parsed_xml(content: bytes) -> Element:
    """Return the root of XML. Raises ParseError where it is none, also where its encoding is not known."""
    from xml.etree import ElementTree

    try:
        return ElementTree.fromstring(content)
    except (LookupError, ValueError) as error:
        raise ParseError("its encoding is not known") from error


def whole_number(digits: str, default: int = 0) -> int:
    """Return the number that an attribute states, a default where it states none of at most nine digits."""
    return int(digits) if digits.isdecimal() and len(digits) < 10 else default


def local(node: Element) -> str:
    """Return an element's name without its namespace."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def attribute(node: Element, name: str) -> str:
    """Return an attribute by its name without namespace, empty where there is none."""
    return next((value for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")

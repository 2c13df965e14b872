"""Read zip packages that hold XML (Word, PowerPoint, Excel, OpenDocument, EPUB), within size limits.

Part names, relationships and targets follow the Open Packaging Conventions (ECMA-376 part 2). Elements are found by local name,
which covers the transitional and the strict namespaces.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary
from xml.etree.ElementTree import Element, ParseError

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.symbol_fonts import PRIVATE_CHARACTER, decode_private, is_symbol_font, show_character

MAX_UNPACKED_BYTES = 500_000_000
_BYTES_READ: WeakKeyDictionary[zipfile.ZipFile, int] = WeakKeyDictionary()
OLD_CONTAINER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the OLE signature; Office also wraps encrypted files in OLE

CORE = "docProps/core.xml"
DAMAGE = (ParseError, KeyError, zipfile.BadZipFile, zlib.error, EOFError)  # what reading one part may raise
SKIPPED = frozenset({"Fallback", "del", "moveFrom", "instrText", "pPr", "rPr", "sectPr", "tblPr", "delText", "rt"})
TEXT_BOX = "txbxContent"
BREAKS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
SYMBOL_CODE, REPLACEMENT = re.compile(r"(?!00[01])[0-9A-Fa-f]{4}"), "\ufffd"
FONT_ELEMENTS = frozenset({"rFonts", "sym", "latin"})
FUNCTION_APPLICATION = "\u2061"  # an invisible operator
PLAIN, RAISING = "0123456789+-−=()n∘", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ°"
RAISED = str.maketrans(PLAIN, RAISING)


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
    """Return the root of an entry's XML. Raises as `parse_xml`."""
    return parse_xml(read_entry(archive, name))


def parse_xml(content: bytes) -> Element:
    """Return the root of an XML document. Raises ParseError if it is invalid or its encoding is unknown.

    Raises UnreadableFile if it declares entities, which could expand without limit.
    """
    from xml.etree import ElementTree

    if b"<!ENTITY" in content.replace(b"\0", b""):  # every other byte is zero in UTF-16
        raise UnreadableFile("it is a trap: its XML would grow without end")
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


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship: `kind` is the last segment of its type ("slide"), `target` the name of the other part."""

    kind: str
    target: str


def optional_xml(archive: zipfile.ZipFile, name: str) -> Element:
    """Return the root of a part that is not required, an empty element if it is missing or damaged."""
    try:
        return read_xml_entry(archive, name)
    except DAMAGE:
        return Element("missing")


def relations(archive: zipfile.ZipFile, part: str) -> dict[str, Relation]:
    """Return the internal relationships of a part ("" is the package itself) by identifier."""
    folder, name = posixpath.split(part)
    found = {}
    for node in optional_xml(archive, posixpath.join(folder, "_rels", f"{name}.rels")):
        if attribute(node, "TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attribute(node, "Target"))).lstrip("/")
            found[attribute(node, "Id")] = Relation(attribute(node, "Type").rpartition("/")[2], target)
    return found


def targets(related: dict[str, Relation], kind: str) -> list[str]:
    """Return the distinct targets of the relationships of one kind."""
    return list(dict.fromkeys(relation.target for relation in related.values() if relation.kind == kind))


def main_part(archive: zipfile.ZipFile, usual: str) -> str:
    """Return the name of the document's main part, `usual` if the package does not state it."""
    names = set(archive.namelist())
    return next((name for name in targets(relations(archive, ""), "officeDocument") if name in names), usual)


def core_title(archive: zipfile.ZipFile) -> str:
    """Return the title in the core properties, empty if there is none."""
    return child_of(optional_xml(archive, CORE), "title").text or ""


def child_of(node: Element, kind: str) -> Element:
    """Return the first child of a kind, an empty element if there is none."""
    return next((child for child in node if tag_name(child) == kind), Element(kind))


def outermost(node: Iterable[Element], *kinds: str, skipped: frozenset[str] = SKIPPED) -> Iterator[Element]:
    """Yield the descendants of some kinds that are not inside another one; deletions and fallbacks are skipped."""
    for child in node:
        if tag_name(child) in kinds:
            yield child
        elif tag_name(child) not in skipped:
            yield from outermost(child, *kinds, skipped=skipped)


def running_text(paragraph: Element) -> str:
    """Return the text of a paragraph without deletions and text boxes; equations become linear text."""
    return "".join(_runs(paragraph))


def _runs(node: Element) -> Iterator[str]:
    for child in node:
        kind = tag_name(child)
        if kind == "t":
            yield (child.text or "").replace(FUNCTION_APPLICATION, "")
        elif kind in BREAKS:
            yield BREAKS[kind]
        elif kind == "sym":
            yield _symbol(attribute(child, "char"), attribute(child, "font"))
        elif kind == "r":
            text = _text_of_run(child)
            yield text.translate(RAISED) if set(text) <= set(PLAIN) and _is_raised(child) else text  # 10⁵ must not read as 105
        elif kind == "sup":
            raised = running_text(child)
            yield raised.translate(RAISED) if set(raised) <= set(PLAIN) else f"^({raised})"
        elif kind == "d":  # delimiters
            yield f"({running_text(child)})"
        elif kind == "f":  # fraction
            yield "/".join(running_text(half) for half in child if tag_name(half) in ("num", "den"))
        elif kind not in SKIPPED and kind != TEXT_BOX:
            yield from _runs(child)


def _text_of_run(run: Element) -> str:
    """Return the text of a run; private use characters are symbols if its font is one of symbols, in a document or on a slide."""
    text = running_text(run)
    if not PRIVATE_CHARACTER.search(text):
        return text
    fonts = (name for node in child_of(run, "rPr") if tag_name(node) in FONT_ELEMENTS for name in node.attrib.values())
    font = next(filter(is_symbol_font, fonts), "")
    return decode_private(text, font) if font else text


def _symbol(code: str, font: str) -> str:
    """Return a character that a document gives by its font and its code, a replacement character if that is none."""
    return show_character(int(code, 16), font) if SYMBOL_CODE.fullmatch(code) else REPLACEMENT


def _is_raised(run: Element) -> bool:
    """Return whether a run of text is superscript, in a document or on a slide."""
    properties = child_of(run, "rPr")
    is_superscript = attribute(child_of(properties, "vertAlign"), "val") == "superscript"
    return is_superscript or whole_number(attribute(properties, "baseline")) > 0

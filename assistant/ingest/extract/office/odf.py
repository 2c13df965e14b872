"""An OpenDocument file, packed or in one XML file, in; its body, its title and the text of its paragraphs out.

The names are those of OpenDocument 1.3 part 3 (OASIS).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from assistant.errors import UnreadableFile
from assistant.ingest.extract.office.ooxml import optional_xml
from assistant.ingest.extract.office.protected import ENCRYPTED
from assistant.ingest.extract.package import attribute, entry, local, opened_package, parsed_xml, whole_number, xml_entry
from assistant.ingest.extract.source import Source

KIND = "OpenDocument file"
MANIFEST = "META-INF/manifest.xml"
SHAPES = "frame custom-shape g rect line polyline polygon regular-polygon path circle ellipse connector caption measure".split()
BESIDE = frozenset({"note", "annotation", *SHAPES})  # what does not belong to the sentence that it stands in
LEFT_OUT = frozenset({"tracked-changes", "ruby-text", "forms", "event-listeners"})
MOST_SPACES = 100


@dataclass(frozen=True, slots=True)
class Content:
    """What an OpenDocument file holds: the element whose children are its content, and its title."""

    body: Element
    title: str


def opened_content(source: Source) -> Content:
    """Open a file. Raises UnreadableFile where it is encrypted, damaged, or no OpenDocument file."""
    if source.suffix.startswith(".f") and not source.data.startswith(b"PK"):
        root = flat_xml(source.data, KIND)
        return Content(_body(root), _title(root))
    with opened_package(source.data, KIND) as archive:
        _refuse_encrypted(archive)
        if "content.xml" not in archive.namelist():
            raise UnreadableFile(f"damaged: it holds no {KIND.removesuffix(' file')} content")
        return Content(_body(xml_entry(archive, "content.xml")), _title(optional_xml(archive, "meta.xml")))


def flat_xml(data: bytes, kind: str) -> Element:
    """Return the root of a file that is XML as a whole. Raises UnreadableFile where it is none, or declares entities."""
    if b"<!ENTITY" in data.replace(b"\0", b""):
        raise UnreadableFile("it is a trap: its XML would grow without end")
    try:
        return parsed_xml(data)
    except ParseError as error:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}") from error


def _refuse_encrypted(archive: zipfile.ZipFile) -> None:
    if MANIFEST in archive.namelist() and b"encryption-data" in entry(archive, MANIFEST):
        raise UnreadableFile(ENCRYPTED)


def _body(root: Element) -> Element:
    found = next((child for node in root if local(node) == "body" for child in node), None)
    if found is None:
        raise UnreadableFile("damaged: it has no body")
    return found


def _title(root: Element) -> str:
    return next((node.text or "" for meta in root if local(meta) == "meta" for node in meta if local(node) == "title"), "")


def paragraph_text(paragraph: Element) -> str:
    """Return the text of a paragraph or heading; what stands beside it (notes, frames) is left out."""
    return "".join(_pieces(paragraph)).strip()


def _pieces(node: Element) -> Iterator[str]:
    """Yield text as OpenDocument means it: runs of white space are one space, further ones are elements."""
    yield _collapsed(node.text)
    for child in node:
        kind = local(child)
        if kind == "s":
            yield " " * min(whole_number(attribute(child, "c"), 1), MOST_SPACES)
        elif kind == "tab":
            yield "\t"
        elif kind == "line-break":
            yield "\n"
        elif kind not in BESIDE and kind not in LEFT_OUT:
            yield from _pieces(child)
        yield _collapsed(child.tail)


def _collapsed(text: str | None) -> str:
    if not text:
        return ""
    inner = " ".join(text.split(None))
    return f"{' ' if text[0].isspace() else ''}{inner}{' ' if inner and text[-1].isspace() else ''}"


def beside(paragraph: Element) -> Iterator[Element]:
    """Yield what stands beside the text of a paragraph: notes, comments, frames and shapes."""
    for child in paragraph:
        if local(child) in BESIDE:
            yield child
        elif local(child) not in LEFT_OUT:
            yield from beside(child)


def elements(node: Element, *kinds: str) -> Iterator[Element]:
    """Yield the descendants of some kinds, what is inside of one left out."""
    for child in node:
        if local(child) in kinds:
            yield child
        elif local(child) not in LEFT_OUT:
            yield from elements(child, *kinds)

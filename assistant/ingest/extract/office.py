"""Word documents in; paragraphs and tables in their order, headings by style out.

The XML is read directly, by local names: that also reads the strict variant, text boxes, content controls,
equations and notes, which the usual library leaves out.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from assistant.datatypes import Extraction, Heading, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extract.text import first_title

LARGEST_UNPACKED = 500_000_000
SKIPPED = frozenset({"Fallback", "del", "moveFrom", "instrText", "pPr", "rPr", "sectPr", "tblPr", "delText"})
BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
PLAIN, RAISING = "0123456789+-−=()n∘", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ°"
FUNCTION_APPLICATION = "\u2061"  # an invisible operator
RAISED = str.maketrans(PLAIN, RAISING)
HEADING_NAME = re.compile(r"(?:heading|标题|標題)\s*(\d)$", re.I)
NOTE_FILES = ("word/footnotes.xml", "word/endnotes.xml")
CORE = "docProps/core.xml"


@dataclass(slots=True)
class _Writing:
    """The document as it grows."""

    levels: dict[str, int]
    pieces: list[str] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, gap: str) -> int:
        """Add one block and return where it begins."""
        if self.pieces:
            text = gap + text
        self.pieces.append(text)
        self.length += len(text)
        return self.length - len(text) + (len(gap) if len(self.pieces) > 1 else 0)


def read_docx(data: bytes, name: str) -> Extraction:
    """Read a Word document."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):  # the old container format, in which Word also wraps what it encrypts
        raise UnreadableFile("it is encrypted (a password is needed), or an old .doc under a new name")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read_archive(archive)
    except (zipfile.BadZipFile, EOFError) as error:
        raise UnreadableFile("damaged: it is cut off or no Word document") from error
    except ParseError as error:
        raise UnreadableFile("damaged: its XML cannot be read") from error


def _read_archive(archive: zipfile.ZipFile) -> Extraction:
    if sum(entry.file_size for entry in archive.infolist()) > LARGEST_UNPACKED:
        raise UnreadableFile(f"it unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB")
    names = set(archive.namelist())
    if "word/document.xml" not in names:
        raise UnreadableFile("damaged: it holds no Word document")
    styles = _parse(archive, "word/styles.xml") if "word/styles.xml" in names else Element("styles")
    writing = _Writing(_levels(styles))
    _write_blocks(_parse(archive, "word/document.xml"), writing)
    for notes in NOTE_FILES:
        if notes in names:
            _write_blocks(_parse(archive, notes), writing)
    text = "".join(writing.pieces)
    title = _core_title(archive) if CORE in names else ""
    headings = tuple(writing.headings)
    return Extraction(text, (Part(0, len(text)),), headings, title or first_title(headings))


def _parse(archive: zipfile.ZipFile, name: str) -> Element:
    from xml.etree import ElementTree

    with archive.open(name) as file:  # the size that the archive states may be a lie: read no more than the limit
        content = file.read(LARGEST_UNPACKED + 1)
    if len(content) > LARGEST_UNPACKED or b"<!DOCTYPE" in content[:2048]:
        raise UnreadableFile("it is not a Word document but a trap: its XML would grow without end")
    return ElementTree.fromstring(content)


def _core_title(archive: zipfile.ZipFile) -> str:
    return next((node.text or "" for node in _parse(archive, CORE) if _local(node) == "title"), "")


def _levels(styles: Element) -> dict[str, int]:
    """Return the heading level of each style that has one, by its own or an inherited outline level or its name."""
    found: dict[str, int] = {}
    parents: dict[str, str] = {}
    for style in styles:
        identity = _attribute(style, "styleId")
        parents[identity] = _value(style, "basedOn")
        name = HEADING_NAME.match(_value(style, "name"))
        outline = next((_attribute(node, "val") for node in style.iter() if _local(node) == "outlineLvl"), "")
        if name or outline.isdigit():
            found[identity] = int(name[1]) if name else int(outline) + 1
        elif _value(style, "name").lower() == "title":
            found[identity] = 1
    for identity, parent in parents.items():
        if identity not in found and parent in found:
            found[identity] = found[parent]
    return {identity: level for identity, level in found.items() if 1 <= level <= 9}


def _write_blocks(parent: Element, writing: _Writing) -> None:
    for child in parent:
        kind = _local(child)
        if kind == "p":
            _write_paragraph(child, writing)
        elif kind == "tbl":
            rows = [row for row in _rows(child) if row]
            if rows:
                writing.add("\n".join(rows), "\n\n")
        elif kind not in SKIPPED:
            _write_blocks(child, writing)


def _write_paragraph(paragraph: Element, writing: _Writing) -> None:
    text = "".join(_runs(paragraph)).strip()
    if text:
        properties = next((node for node in paragraph if _local(node) == "pPr"), Element("pPr"))
        is_item = any(_local(node) == "numPr" for node in properties)
        level = _level(properties, writing.levels)
        start = writing.add(f"- {text}" if is_item and not level else text, "\n" if is_item else "\n\n")
        if level:
            writing.headings.append(Heading(start, level, " ".join(text.split())))
    for box in _outermost(paragraph, "txbxContent"):
        _write_blocks(box, writing)


def _level(properties: Element, levels: dict[str, int]) -> int:
    outline = _value(properties, "outlineLvl")
    if outline.isdigit() and int(outline) < 9:
        return int(outline) + 1
    return levels.get(_value(properties, "pStyle"), 0)


def _runs(node: Element) -> Iterator[str]:
    """Yield the text of a paragraph, what was deleted and what floats beside it left out."""
    for child in node:
        kind = _local(child)
        if kind == "t":
            yield (child.text or "").replace(FUNCTION_APPLICATION, "")
        elif kind in BREAKS:
            yield BREAKS[kind]
        elif kind == "sup":
            yield _raised("".join(_runs(child)))
        elif kind == "d":
            yield f"({''.join(_runs(child))})"
        elif kind == "f":
            yield "/".join("".join(_runs(half)) for half in child if _local(half) in ("num", "den"))
        elif kind not in SKIPPED and kind != "txbxContent":
            yield from _runs(child)


def _raised(text: str) -> str:
    """Write an exponent in raised characters where there are such, else after a ^."""
    return text.translate(RAISED) if set(text) <= set(PLAIN) else f"^({text})"


def _rows(table: Element) -> Iterator[str]:
    for row in _outermost(table, "tr"):
        yield " | ".join(" ".join(_words(cell)) for cell in _outermost(row, "tc")).strip(" |")


def _words(cell: Element) -> Iterator[str]:
    for paragraph in _outermost(cell, "p"):
        yield from "".join(_runs(paragraph)).split()


def _outermost(node: Element, kind: str) -> Iterator[Element]:
    """Yield the descendants of one kind, copies for older programs and what is inside of one left out."""
    for child in node:
        if _local(child) == kind:
            yield child
        elif _local(child) not in SKIPPED:
            yield from _outermost(child, kind)


def _local(node: Element) -> str:
    return node.tag.rpartition("}")[2]


def _attribute(node: Element, name: str) -> str:
    return next((value for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")


def _value(node: Element, child: str) -> str:
    return next((_attribute(found, "val") for found in node if _local(found) == child), "")

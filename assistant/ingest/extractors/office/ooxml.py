"""Read what Word, PowerPoint and Excel packages have in common: relationships, the title, and the text of paragraphs.

Part names and targets follow the Open Packaging Conventions (ECMA-376 part 2). Elements are found by local name, which
covers the transitional and the strict namespaces.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from assistant.ingest.extractors.zip_package import attribute, read_xml_entry, tag_name

CORE = "docProps/core.xml"
DAMAGE = (ParseError, KeyError, zipfile.BadZipFile, zlib.error, EOFError)  # what reading one part may raise
SKIPPED = frozenset({"Fallback", "del", "moveFrom", "instrText", "pPr", "rPr", "sectPr", "tblPr", "delText", "rt"})
TEXT_BOX = "txbxContent"
BREAKS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
FUNCTION_APPLICATION = "\u2061"  # an invisible operator
PLAIN, RAISING = "0123456789+-−=()n∘", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ°"
RAISED = str.maketrans(PLAIN, RAISING)


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


def outermost(node: Element, kind: str) -> Iterator[Element]:
    """Yield the descendants of a kind that are not inside another one; deletions and fallbacks are skipped."""
    for child in node:
        if tag_name(child) == kind:
            yield child
        elif tag_name(child) not in SKIPPED:
            yield from outermost(child, kind)


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
        elif kind == "sup":
            yield _superscript(running_text(child))
        elif kind == "d":  # delimiters
            yield f"({running_text(child)})"
        elif kind == "f":  # fraction
            yield "/".join(running_text(half) for half in child if tag_name(half) in ("num", "den"))
        elif kind not in SKIPPED and kind != TEXT_BOX:
            yield from _runs(child)


def _superscript(text: str) -> str:
    """Return an exponent in superscript characters, after a ^ if there are none for it."""
    return text.translate(RAISED) if set(text) <= set(PLAIN) else f"^({text})"

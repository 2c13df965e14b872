"""Office Open XML packages (Word, PowerPoint, Excel) in; which part refers to which, and the document's title, out.

The rules for names and targets are those of the Open Packaging Conventions (ECMA-376 part 2).
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from assistant.ingest.extractors.zip_package import attribute, local, xml_entry

CORE = "docProps/core.xml"


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part refers to: `kind` is the last word of the relation's type ("slide"), `target` the other part's name."""

    kind: str
    target: str


def optional_xml(archive: zipfile.ZipFile, name: str) -> Element:
    """Return the root of a part that the document can do without; an empty element where it is missing or damaged."""
    try:
        return xml_entry(archive, name)
    except (KeyError, ParseError, zipfile.BadZipFile, zlib.error, EOFError):
        return Element("missing")


def relations(archive: zipfile.ZipFile, part: str) -> dict[str, Relation]:
    """Return what a part ("" is the package itself) refers to inside the package, by identity."""
    folder, name = posixpath.split(part)
    found = {}
    for node in optional_xml(archive, posixpath.join(folder, "_rels", f"{name}.rels")):
        if attribute(node, "TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attribute(node, "Target"))).lstrip("/")
            found[attribute(node, "Id")] = Relation(attribute(node, "Type").rpartition("/")[2], target)
    return found


def targets(related: dict[str, Relation], kind: str) -> list[str]:
    """Return the names of the parts that are referred to as one kind, each once."""
    return list(dict.fromkeys(relation.target for relation in related.values() if relation.kind == kind))


def main_part(archive: zipfile.ZipFile, usual: str) -> str:
    """Return the name of the part that is the document, `usual` where the package does not say."""
    names = set(archive.namelist())
    return next((name for name in targets(relations(archive, ""), "officeDocument") if name in names), usual)


def core_title(archive: zipfile.ZipFile) -> str:
    """Return the title that the document's properties give, or nothing."""
    return next((node.text or "" for node in optional_xml(archive, CORE) if local(node) == "title"), "")


SKIPPED = frozenset({"Fallback", "del", "moveFrom", "instrText", "pPr", "rPr", "sectPr", "tblPr", "delText", "rt"})
FLOATING = frozenset({"txbxContent"})
BREAKS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
PLAIN, RAISING = "0123456789+-−=()n∘", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ°"
FUNCTION_APPLICATION = "\u2061"  # an invisible operator
RAISED = str.maketrans(PLAIN, RAISING)


def running_text(paragraph: Element) -> str:
    """Return the text of a paragraph, what was deleted and what floats beside it left out."""
    return "".join(_runs(paragraph))


def outermost(node: Element, kind: str) -> Iterator[Element]:
    """Yield the descendants of one kind, copies for older programs and what is inside of one left out."""
    for child in node:
        if local(child) == kind:
            yield child
        elif local(child) not in SKIPPED:
            yield from outermost(child, kind)


def _runs(node: Element) -> Iterator[str]:
    for child in node:
        kind = local(child)
        if kind == "t":
            yield (child.text or "").replace(FUNCTION_APPLICATION, "")
        elif kind in BREAKS:
            yield BREAKS[kind]
        elif kind == "sup":
            yield _raised(running_text(child))
        elif kind == "d":
            yield f"({running_text(child)})"
        elif kind == "f":
            yield "/".join(running_text(half) for half in child if local(half) in ("num", "den"))
        elif kind not in SKIPPED and kind not in FLOATING:
            yield from _runs(child)


def _raised(text: str) -> str:
    """Write an exponent in raised characters where there are such, else after a ^."""
    return text.translate(RAISED) if set(text) <= set(PLAIN) else f"^({text})"

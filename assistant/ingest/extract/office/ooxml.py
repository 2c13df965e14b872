"""Office Open XML packages (Word, PowerPoint, Excel) in; which part refers to which, and the document's title, out.

The rules for names and targets are those of the Open Packaging Conventions (ECMA-376 part 2).
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from assistant.ingest.extract.package import attribute, local, xml_entry

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

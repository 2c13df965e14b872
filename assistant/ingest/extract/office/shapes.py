"""The XML of a slide (PresentationML and DrawingML) in; its shapes, their paragraphs and what they refer to out."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.ingest.extract.office.runs import outermost, running_text
from assistant.ingest.extract.package import attribute, local

BULLETS = frozenset({"buChar", "buAutoNum", "buBlip"})
SHAPES = frozenset({"sp", "cxnSp", "graphicFrame", "pic", "grpSp", "contentPart"})


def shapes_of(tree: Element) -> Iterator[Element]:
    """Yield the shapes and groups right in a tree or group; of alternatives the newer."""
    for child in tree:
        if local(child) in ("AlternateContent", "Choice"):
            yield from shapes_of(child)
        elif local(child) in SHAPES:
            yield child


def paragraphs_of(node: Element) -> Iterator[str]:
    """Yield the text of each paragraph that has any."""
    for paragraph in outermost(node, "p"):
        text = running_text(paragraph).strip()
        if text:
            yield text


def is_item(paragraph: Element, by_default: bool) -> bool:
    """Say whether a paragraph has a bullet or number. `by_default`: its placeholder gives it one."""
    properties = next((node for node in paragraph if local(node) == "pPr"), Element("pPr"))
    kinds = {local(node) for node in properties}
    if "buNone" in kinds:
        return False
    return by_default or bool(kinds & BULLETS) or attribute(properties, "lvl") not in ("", "0")


def reference(node: Element, name: str) -> str:
    """Return an attribute that names a relation, or nothing: such a one has a namespace, where its namesake has none."""
    return next((value for key, value in node.attrib.items() if key.startswith("{") and key.endswith(f"}}{name}")), "")

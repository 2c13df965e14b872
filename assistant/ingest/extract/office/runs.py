"""The XML of a paragraph of Word or PowerPoint in; its text, with equations in one line, out."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.ingest.extract.package import local

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

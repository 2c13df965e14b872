"""OpenDocument texts, presentations and drawings in; headings by their level, lists, tables and notes in their order out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.datatypes import Extraction, Part
from assistant.ingest.extract.office.odf import LEFT_OUT, elements, opened_content, paragraph_text
from assistant.ingest.extract.office.odt import LISTS, write_blocks
from assistant.ingest.extract.office.placing import NOWHERE, Box, in_reading_order
from assistant.ingest.extract.package import attribute, local
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.writing import LINE, PARAGRAPH, Writing

FURNITURE = frozenset({"page", "page-number", "date-time", "footer", "header"})  # the same on every slide
LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)\s*(cm|mm|in|pt|pc|px)?")
UNITS = {"cm": 10.0, "mm": 1.0, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6, "px": 25.4 / 96}
NO_SHAPE = frozenset({"notes", "forms", "animations", "par", "seq"})


def read_opendocument(source: Source) -> Extraction:
    """Read a text, presentation or drawing."""
    content, writing = opened_content(source), Writing()
    kind = local(content.body)
    if kind in ("presentation", "drawing"):
        _write_pages(content.body, writing, source, kind == "presentation")
    else:
        write_blocks(content.body, writing)
    return writing.finish(content.title)


def _write_pages(body: Element, writing: Writing, source: Source, are_slides: bool) -> None:
    pages = [page for page in body if local(page) == "page"]
    for number, page in enumerate(pages, 1):
        source.on_step(f"page {number} of {len(pages)}")
        writing.begin(Part(0, 0, slide=number) if are_slides else Part(0, 0, page=number))
        shapes = list(_ordered(page))
        titles = [shape for shape in shapes if attribute(shape, "class") == "title"]
        for shape in titles:
            writing.head(" ".join(map(paragraph_text, elements(shape, "p", "h"))), 1)
        for shape in shapes:
            if not any(shape is title for title in titles):
                _write_shape(shape, writing)
        _write_notes(page, writing)


def _ordered(parent: Element) -> Iterator[Element]:
    """Yield the shapes of a page or group in reading order; those of a group stay together."""
    shapes = [child for child in parent if local(child) not in NO_SHAPE | LEFT_OUT]
    for shape in in_reading_order(shapes, [_box(shape) for shape in shapes]):
        if local(shape) == "g":
            yield from _ordered(shape)
        elif attribute(shape, "class") not in FURNITURE:
            yield shape


def _write_shape(shape: Element, writing: Writing) -> None:
    """Write a shape: its paragraphs are lines of one block."""
    gap = PARAGRAPH
    for node in elements(shape, "p", "h", "table", *LISTS):
        if local(node) in ("p", "h"):
            text = paragraph_text(node)
            if text:
                writing.add(text, gap)
                gap = LINE
        else:
            write_blocks([node], writing)


def _write_notes(page: Element, writing: Writing) -> None:
    texts = [
        text
        for notes in page
        if local(notes) == "notes"
        for shape in _ordered(notes)
        for text in map(paragraph_text, elements(shape, "p", "h"))
        if text
    ]
    if texts:
        writing.head("Notes", 2)
        writing.add("\n".join(texts))


def _box(shape: Element) -> Box:
    """Return where a shape is, in millimetres; a group is where its first shape is."""
    if local(shape) == "g":
        return next((box for box in map(_box, shape) if box.is_known), NOWHERE)
    left, top = LENGTH.match(attribute(shape, "x")), LENGTH.match(attribute(shape, "y"))
    if not left or not top:
        return NOWHERE
    height = LENGTH.match(attribute(shape, "height"))
    return Box(_millimetres(left), _millimetres(top), _millimetres(height) if height else 0.0)


def _millimetres(length: re.Match[str]) -> float:
    return float(length[1]) * UNITS.get(length[2] or "mm", 1.0)

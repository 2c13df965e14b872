"""An OpenDocument file, packed or in one XML file, in; its body, its title and the text of its paragraphs out.

The names are those of OpenDocument 1.3 part 3 (OASIS).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from xml.etree.ElementTree import Element, ParseError

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, Writing
from assistant.ingest.extractors.office.encryption import ENCRYPTED
from assistant.ingest.extractors.office.ooxml import optional_xml
from assistant.ingest.extractors.office.pptx import NOWHERE, Box, in_reading_order
from assistant.ingest.extractors.office.sheet_tables import LARGEST_AREA
from assistant.ingest.extractors.source import Source
from assistant.ingest.extractors.zip_package import attribute, entry, local, opened_package, parsed_xml, whole_number, xml_entry

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


LISTS = frozenset({"list", "ordered-list", "unordered-list"})


def write_blocks(parent: Iterable[Element], writing: Writing, is_item: bool = False) -> None:
    """Write paragraphs, headings, lists and tables in their order. `is_item`: the first paragraph begins an item."""
    for child in parent:
        kind = local(child)
        if kind == "p":
            _write_paragraph(child, writing, is_item)
            is_item = False  # what follows in the same item belongs to it
        elif kind == "h":
            _write_heading(child, writing)
        elif kind == "table":
            _write_table(child, writing)
        elif kind in LISTS:
            for item in child:
                write_blocks(item, writing, is_item=local(item) == "list-item")
        elif kind not in LEFT_OUT:
            write_blocks(child, writing)


def _write_paragraph(paragraph: Element, writing: Writing, is_item: bool) -> None:
    text = paragraph_text(paragraph)
    if text:
        writing.add(f"- {text}" if is_item else text, LINE if is_item else PARAGRAPH)
    _write_beside(paragraph, writing)


def _write_heading(heading: Element, writing: Writing) -> None:
    level = attribute(heading, "outline-level") or attribute(heading, "level")
    writing.head(paragraph_text(heading), min(max(1, whole_number(level, 1)), 9))
    _write_beside(heading, writing)


def _write_beside(paragraph: Element, writing: Writing) -> None:
    for node in beside(paragraph):
        if local(node) == "annotation":
            _write_comment(node, writing)
        else:
            write_blocks(node, writing)


def _write_comment(comment: Element, writing: Writing) -> None:
    author = next((node.text or "" for node in comment if local(node) == "creator"), "")
    text = "\n".join(filter(None, map(paragraph_text, elements(comment, "p", "h"))))
    if text:
        writing.add(f"[{author}] {text}" if author else text)


def _write_table(table: Element, writing: Writing) -> None:
    """Write a table row by row; what the cells hold where they are there for the layout: a frame, or tables in them."""
    rows = list(rows_of(table))
    is_frame = all(len(cells_of(row)) < 2 for row in rows)
    for is_layout, run in groupby(rows, lambda row: is_frame or any(elements(row, "table"))):
        if is_layout:
            write_blocks((cell for row in run for cell in row), writing)
        else:
            writing.tabulate(list(_bounded(run)))


def _bounded(rows: Iterable[Element]) -> Iterator[list[str]]:
    """Yield the cells of each row. Raises UnreadableFile where repeated ones make too many."""
    count = 0
    for row in rows:
        cells = cells_of(row)
        count += len(cells)
        if count > LARGEST_AREA:
            raise UnreadableFile(f"too large: a table of more than {LARGEST_AREA / 1e6:.0f} million cells")
        yield cells


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


MOST_COPIES = 1000  # of a row or cell with text: one that is said to be there more often is there for its looks
WIDEST = 16384  # columns, which is as many as a program shows
GROUPS = frozenset({"table-rows", "table-header-rows", "table-row-group"})
VALUES = ("string-value", "date-value", "time-value", "boolean-value", "value")
FURTHER = frozenset({"annotation", "note"})


def numbered_rows(table: Element) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that has text, with its number: an empty row that is repeated is only counted."""
    number = 1
    for row in rows_of(table):
        copies = _count(row, "number-rows-repeated")
        cells = cells_of(row)
        if any(cells):
            for copy in range(min(copies, MOST_COPIES)):
                yield number + copy, cells
        number += copies


def rows_of(table: Element) -> Iterator[Element]:
    """Yield the rows of a table, grouped or not."""
    for child in table:
        if local(child) == "table-row":
            yield child
        elif local(child) in GROUPS:
            yield from rows_of(child)


def cells_of(row: Element) -> list[str]:
    """Return the texts of the cells of a row, up to the last that has any."""
    cells: list[str] = []
    gap = 0
    for cell in row:
        if local(cell) in ("table-cell", "covered-table-cell"):
            copies, text = _count(cell, "number-columns-repeated"), _text(cell)
            if text:
                cells += [""] * min(gap, WIDEST) + [text] * min(copies, MOST_COPIES)
                gap = 0
            else:
                gap += copies
        if len(cells) > WIDEST:
            break
    return cells[:WIDEST]


def _text(cell: Element) -> str:
    """Return what a cell shows, or its value where it is written down only as such."""
    nodes = (node for child in cell if local(child) not in FURTHER for node in _paragraphs(child))
    shown = " ".join(filter(None, map(paragraph_text, nodes)))
    return shown or next(filter(None, (attribute(cell, name) for name in VALUES)), "")


def _paragraphs(child: Element) -> Iterator[Element]:
    if local(child) in ("p", "h"):
        yield child
    else:
        yield from elements(child, "p", "h")


def _count(node: Element, name: str) -> int:
    return max(1, whole_number(attribute(node, name), 1))

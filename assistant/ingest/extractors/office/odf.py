"""Read OpenDocument texts, presentations and drawings (OpenDocument 1.3 part 3, OASIS), as a package or as one XML file.

A text becomes headings, paragraphs, lists and tables with notes and comments where they are anchored; a presentation a part per
slide, a drawing a part per page. Also yields the rows of tables, for spreadsheets. Elements are found by local name. Repeat
counts of rows, cells and spaces are limited: a few bytes could otherwise state millions of cells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from xml.etree.ElementTree import Element, ParseError

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, ExtractionBuilder, Source
from assistant.ingest.extractors.legacy.ole import ENCRYPTED
from assistant.ingest.extractors.office.cell_errors import is_opendocument_error
from assistant.ingest.extractors.office.pptx import NOWHERE, Box, in_reading_order, write_notes
from assistant.ingest.extractors.office.workbook_bounds import LARGEST_AREA
from assistant.ingest.extractors.zip_package import (
    attribute,
    child_of,
    open_package,
    optional_xml,
    outermost,
    parse_xml,
    read_entry,
    read_xml_entry,
    tag_name,
    whole_number,
)

KIND = "OpenDocument file"
MANIFEST = "META-INF/manifest.xml"
SHAPES = "frame custom-shape g rect line polyline polygon regular-polygon path circle ellipse connector caption measure".split()
ANCHORED = frozenset({"note", "annotation", *SHAPES})  # not part of the sentence they stand in
LEFT_OUT = frozenset({"tracked-changes", "ruby-text", "forms", "event-listeners"})
LISTS = frozenset({"list", "ordered-list", "unordered-list"})
MOST_SPACES = 100

FURNITURE = frozenset({"page", "page-number", "date-time", "footer", "header"})  # placeholder classes
NO_SHAPE = frozenset({"notes", "forms", "animations", "par", "seq"})
LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)\s*(cm|mm|in|pt|pc|px)?")
UNITS = {"cm": 10.0, "mm": 1.0, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6, "px": 25.4 / 96}  # in millimetres

MOST_COPIES = 1000  # of a row or cell with text; more repeats are layout
WIDEST = 16384  # columns, the limit of spreadsheet programs
ROW_GROUPS = frozenset({"table-rows", "table-header-rows", "table-row-group"})
ROUNDED, LONG_NUMBER = re.compile(r"-?\d[.,]?\d*E\+\d+"), re.compile(r"-?\d{10,}")
VALUES = ("string-value", "date-value", "time-value", "boolean-value", "value")


def read_opendocument(source: Source) -> Extraction:
    """Read a text, presentation or drawing."""
    (body, title), writing = read_content(source), ExtractionBuilder()
    kind = tag_name(body)
    if kind in ("presentation", "drawing"):
        _write_pages(body, writing, source, kind == "presentation")
    else:
        _write_blocks(body, writing)
    return writing.finish(title)


def read_content(source: Source) -> tuple[Element, str]:
    """Return the element whose children are the content of an OpenDocument file, and the title.

    Raises UnreadableFile if the file is encrypted, damaged, or no OpenDocument file.
    """
    if source.suffix.startswith(".f") and not source.data.startswith(b"PK"):
        root = parse_flat_xml(source.data, KIND)
        return _body(root), _title(root)
    with open_package(source.data, KIND) as archive:
        names = archive.namelist()
        if MANIFEST in names and b"encryption-data" in read_entry(archive, MANIFEST):
            raise UnreadableFile(ENCRYPTED)
        if "content.xml" not in names:
            raise UnreadableFile(f"damaged: it holds no {KIND.removesuffix(' file')} content")
        return _body(read_xml_entry(archive, "content.xml")), _title(optional_xml(archive, "meta.xml"))


def parse_flat_xml(data: bytes, kind: str) -> Element:
    """Return the root of a file that is one XML document. Raises UnreadableFile if it is malformed or declares entities."""
    try:
        return parse_xml(data)
    except ParseError as error:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}") from error


def _body(root: Element) -> Element:
    found = next((child for node in root if tag_name(node) == "body" for child in node), None)
    if found is None:
        raise UnreadableFile("damaged: it has no body")
    return found


def _title(root: Element) -> str:
    return next((node.text or "" for meta in root if tag_name(meta) == "meta" for node in meta if tag_name(node) == "title"), "")


def _write_blocks(parent: Iterable[Element], writing: ExtractionBuilder, is_item: bool = False) -> None:
    """Write paragraphs, headings, lists and tables; `is_item`: the first paragraph begins a list item."""
    for child in parent:
        kind = tag_name(child)
        if kind == "p":
            _write_paragraph(child, writing, is_item)
            is_item = False  # further paragraphs continue the item
        elif kind == "h":
            level = attribute(child, "outline-level") or attribute(child, "level")
            writing.add_heading(_paragraph_text(child), min(max(1, whole_number(level, 1)), 9))
            _write_anchored(child, writing)
        elif kind == "table":
            _write_table(child, writing)
        elif kind in LISTS:
            for item in child:
                _write_blocks(item, writing, is_item=tag_name(item) == "list-item")
        elif kind not in LEFT_OUT:
            _write_blocks(child, writing)


def _write_paragraph(paragraph: Element, writing: ExtractionBuilder, is_item: bool) -> None:
    if text := _paragraph_text(paragraph):
        writing.add(f"- {text}" if is_item else text, LINE if is_item else PARAGRAPH)
    _write_anchored(paragraph, writing)


def _write_anchored(paragraph: Element, writing: ExtractionBuilder) -> None:
    for node in _anchored_in(paragraph):
        if tag_name(node) == "annotation":
            _write_comment(node, writing)
        else:
            _write_blocks(node, writing)


def _anchored_in(paragraph: Element) -> Iterator[Element]:
    """Yield the notes, comments, frames and shapes in a paragraph."""
    for child in paragraph:
        if tag_name(child) in ANCHORED:
            yield child
        elif tag_name(child) not in LEFT_OUT:
            yield from _anchored_in(child)


def _write_comment(comment: Element, writing: ExtractionBuilder) -> None:
    author = child_of(comment, "creator").text or ""
    text = "\n".join(filter(None, _paragraph_texts(comment)))
    if text:
        writing.add(f"[{author}] {text}" if author else text)


def _write_table(table: Element, writing: ExtractionBuilder) -> None:
    """Write a table row by row, and below it what is anchored in its cells.

    Rows of a layout table (one column, or tables in its cells) are written as blocks.
    """
    rows = list(_rows_of(table))
    is_frame = all(len(_cell_texts(row)) < 2 for row in rows)
    for is_layout, run in groupby(rows, lambda row: is_frame or any(True for _ in outermost(row, "table", skipped=LEFT_OUT))):
        if is_layout:
            _write_blocks((cell for row in run for cell in row), writing)
        else:
            plain = list(run)
            writing.add_table(list(_bounded_rows(plain)))
            for paragraph in outermost(plain, "p", "h", skipped=LEFT_OUT):
                _write_anchored(paragraph, writing)


def _bounded_rows(rows: Iterable[Element]) -> Iterator[list[str]]:
    """Yield the cells of each row. Raises UnreadableFile if repeated ones make too many."""
    count, spanning = 0, _SpanningCells()
    for number, row in enumerate(rows):
        cells = spanning.fill(_cell_texts(row), row, number)
        count += len(cells)
        if count > LARGEST_AREA:
            raise UnreadableFile(f"too large: a table of more than {LARGEST_AREA / 1e6:.0f} million cells")
        yield cells


def _paragraph_texts(node: Element) -> Iterator[str]:
    """Yield the text of each paragraph and heading in an element, empty ones included."""
    return map(_paragraph_text, outermost(node, "p", "h", skipped=LEFT_OUT))


def _paragraph_text(paragraph: Element) -> str:
    """Return the text of a paragraph or heading without what is anchored in it."""
    return "".join(_runs(paragraph)).strip()


def _runs(node: Element) -> Iterator[str]:
    """Yield the text of an element; white space collapses, further spaces are elements (OpenDocument 1.3, 6.1.2)."""
    yield _collapse(node.text)
    for child in node:
        kind = tag_name(child)
        if kind == "s":
            yield " " * min(whole_number(attribute(child, "c"), 1), MOST_SPACES)
        elif kind == "tab":
            yield "\t"
        elif kind == "line-break":
            yield "\n"
        elif kind not in ANCHORED and kind not in LEFT_OUT:
            yield from _runs(child)
        yield _collapse(child.tail)


def _collapse(text: str | None) -> str:
    if not text:
        return ""
    inner = " ".join(text.split(None))
    return f"{' ' if text[0].isspace() else ''}{inner}{' ' if inner and text[-1].isspace() else ''}"


def _write_pages(body: Element, writing: ExtractionBuilder, source: Source, are_slides: bool) -> None:
    pages = [page for page in body if tag_name(page) == "page"]
    for number, page in enumerate(pages, 1):
        source.on_step(f"page {number} of {len(pages)}")
        writing.begin(Part(0, 0, slide=number) if are_slides else Part(0, 0, page=number))
        shapes = list(_ordered_shapes(page))
        titles = [shape for shape in shapes if attribute(shape, "class") == "title"]
        for shape in titles:
            writing.add_heading(" ".join(_paragraph_texts(shape)), 1)
        for shape in shapes:
            if not any(shape is title for title in titles):
                _write_shape(shape, writing)
        notes = (shape for node in page if tag_name(node) == "notes" for shape in _ordered_shapes(node))
        write_notes([text for shape in notes for text in _paragraph_texts(shape) if text], writing)


def _ordered_shapes(parent: Element) -> Iterator[Element]:
    """Yield the shapes of a page or group in reading order; those of a group stay together."""
    shapes = [child for child in parent if tag_name(child) not in NO_SHAPE | LEFT_OUT]
    for shape in in_reading_order(shapes, [_box(shape) for shape in shapes]):
        if tag_name(shape) == "g":
            yield from _ordered_shapes(shape)
        elif attribute(shape, "class") not in FURNITURE:
            yield shape


def _write_shape(shape: Element, writing: ExtractionBuilder) -> None:
    """Write a shape; its paragraphs are lines of one block."""
    gap = PARAGRAPH
    for node in outermost(shape, "p", "h", "table", *LISTS, skipped=LEFT_OUT):
        if tag_name(node) in ("p", "h"):
            if text := _paragraph_text(node):
                writing.add(text, gap)
                gap = LINE
        else:
            _write_blocks([node], writing)


def _box(shape: Element) -> Box:
    """Return the position of a shape in millimetres, of a group that of its first shape."""
    if tag_name(shape) == "g":
        return next((box for box in map(_box, shape) if box.is_known), NOWHERE)
    left, top = LENGTH.match(attribute(shape, "x")), LENGTH.match(attribute(shape, "y"))
    if not left or not top:
        return NOWHERE
    height = LENGTH.match(attribute(shape, "height"))
    x, y, high = (float(size[1]) * UNITS.get(size[2] or "mm", 1.0) if size else 0.0 for size in (left, top, height))
    return Box(x, y, high)


def numbered_rows(table: Element) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and cells of each row that has text; of repeated rows MOST_COPIES at most.

    A cell that spans several rows stands in each of them that has other text.
    """
    number = 1
    spanning = _SpanningCells()
    for row in _rows_of(table):
        copies = _count(row, "number-rows-repeated")
        cells = spanning.fill(_cell_texts(row), row, number)
        if any(cells):
            for copy in range(min(copies, MOST_COPIES)):
                yield number + copy, cells
        number += copies


def _rows_of(table: Element) -> Iterator[Element]:
    """Yield the rows of a table, grouped or not."""
    for child in table:
        if tag_name(child) == "table-row":
            yield child
        elif tag_name(child) in ROW_GROUPS:
            yield from _rows_of(child)


def _cell_texts(row: Element) -> list[str]:
    """Return the texts of the cells of a row, up to the last that has any."""
    cells: list[str] = []
    gap = 0
    for cell in row:
        if tag_name(cell) in ("table-cell", "covered-table-cell"):
            copies, text = _count(cell, "number-columns-repeated"), _cell_text(cell)
            if text:
                cells += [""] * min(gap, WIDEST) + [text] * min(copies, MOST_COPIES)
                gap = 0
            else:
                gap += copies
        if len(cells) > WIDEST:
            break
    return cells[:WIDEST]


class _SpanningCells:
    """The cells that span further rows, by column: the last row of each and its text."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[int, str]] = {}

    def fill(self, cells: list[str], row: Element, number: int) -> list[str]:
        """Return the cells of a row with the text of those above that span it, unless the row has no text of its own."""
        self._open = {column: found for column, found in self._open.items() if found[0] >= number}
        if self._open and any(cells):
            cells = cells + [""] * (max(self._open) + 1 - len(cells))
            cells = [text or self._open.get(column, (0, ""))[1] for column, text in enumerate(cells)]
        self._open.update(_spanning_cells(row, number))
        return cells


def _spanning_cells(row: Element, number: int) -> Iterator[tuple[int, tuple[int, str]]]:
    """Yield the column of each cell with text that spans further rows, the last of these rows, and the text."""
    column = 0
    for cell in row:
        if tag_name(cell) in ("table-cell", "covered-table-cell"):
            rows = _count(cell, "number-rows-spanned")
            if rows > 1 and column < WIDEST and (text := _cell_text(cell)):
                yield column, (number + rows - 1, text)
            column += _count(cell, "number-columns-repeated")


def _cell_text(cell: Element) -> str:
    """Return the displayed text of a cell, or its value if it has none; notes and comments are left out."""
    children = [child for child in cell if tag_name(child) not in ("annotation", "note")]
    shown = " ".join(filter(None, map(_paragraph_text, outermost(children, "p", "h", skipped=LEFT_OUT))))
    if ROUNDED.fullmatch(shown) and LONG_NUMBER.fullmatch(attribute(cell, "value")):
        return attribute(cell, "value")  # a long number that is displayed rounded, because its column is narrow
    return shown or next(filter(None, (attribute(cell, name) for name in VALUES)), "")


def count_errors(table: Element) -> Counter[str]:
    """Count the errors that cells of a table of a spreadsheet show, repeated ones as often as they are read."""
    found: Counter[str] = Counter()
    for row in _rows_of(table):
        copies = min(_count(row, "number-rows-repeated"), MOST_COPIES)
        for cell in row:
            if tag_name(cell) in ("table-cell", "covered-table-cell") and is_opendocument_error(cell, text := _cell_text(cell)):
                found[text] += copies * min(_count(cell, "number-columns-repeated"), MOST_COPIES)
    return found


def formulas_without_value(body: Element) -> int:
    """Return the number of formulas of a spreadsheet whose result is not stored; a string may be empty."""
    count = 0
    for row in (row for table in body if tag_name(table) == "table" for row in _rows_of(table)):
        lacking = (cell for cell in row if attribute(cell, "formula") and attribute(cell, "value-type") != "string"
                   and not _cell_text(cell))
        count += _count(row, "number-rows-repeated") * sum(_count(cell, "number-columns-repeated") for cell in lacking)
    return count


def _count(node: Element, name: str) -> int:
    return max(1, whole_number(attribute(node, name), 1))

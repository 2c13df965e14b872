"""The content of an OpenDocument text in; its paragraphs, headings, lists, tables and notes written in their order out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from xml.etree.ElementTree import Element

from assistant.errors import UnreadableFile
from assistant.ingest.extract.office.grid import cells_of, rows_of
from assistant.ingest.extract.office.odf import LEFT_OUT, beside, elements, paragraph_text
from assistant.ingest.extract.office.ranges import LARGEST_AREA
from assistant.ingest.extract.package import attribute, local, whole_number
from assistant.ingest.extract.writing import LINE, PARAGRAPH, Writing

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

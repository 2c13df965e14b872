"""Read Word documents (WordprocessingML, ECMA-376 part 1): paragraphs, tables, notes and comments, headings by style.

The XML is read directly, by local names: this covers the strict variant, text boxes, content controls and equations, which
python-docx leaves out. Headers and footers are read once, behind the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, ExtractionBuilder, Source
from assistant.ingest.extractors.legacy.ole import decrypt
from assistant.ingest.extractors.zip_package import (
    SKIPPED,
    TEXT_BOX,
    Relation,
    attribute,
    child_of,
    core_title,
    main_part,
    open_package,
    optional_xml,
    outermost,
    read_xml_entry,
    relations,
    running_text,
    tag_name,
    targets,
    whole_number,
)

KIND = "Word document"
HEADING_NAME = re.compile(r"(?:heading|标题|標題)\s*(\d)$", re.I)
MAIN = "word/document.xml"
BODY_TEXT = 9  # the outline level of running text
PAGE_NUMBER = re.compile(r"(?:[\W\d]|page|seite|pagina|página|pag|pg|стр|of|von|sur|de|di|van|из|第|页|頁|共)*", re.I)
WIDEST = 63  # columns, the limit of Word


def read_docx(source: Source) -> Extraction:
    """Read a Word document."""
    with open_package(decrypt(source, KIND).data, KIND) as archive:
        main = main_part(archive, MAIN)
        if main not in archive.namelist():
            raise UnreadableFile(f"damaged: it holds no {KIND}")
        related, writing = relations(archive, main), ExtractionBuilder()
        levels = _heading_levels(_related_parts(archive, related, "styles")[0])
        _write_blocks(read_xml_entry(archive, main), writing, levels)
        for kind in ("footnotes", "endnotes"):
            for notes in _related_parts(archive, related, kind):
                _write_blocks(notes, writing, levels)
        for comments in _related_parts(archive, related, "comments"):
            for comment in comments:
                text = "\n".join(filter(None, (running_text(paragraph).strip() for paragraph in outermost(comment, "p"))))
                writing.add(f"[{attribute(comment, 'author')}] {text}" if text else "")
        _write_margins([optional_xml(archive, name) for name in targets(related, "header") + targets(related, "footer")], writing)
        return writing.finish(core_title(archive))


def _write_margins(margins: Sequence[Element], writing: ExtractionBuilder) -> None:
    """Write the paragraphs of headers and footers once, behind the body; without page numbers and what is in the body."""
    paragraphs = (paragraph for margin in margins for paragraph in outermost(margin, "p", TEXT_BOX))
    texts = (text for paragraph in paragraphs for text in _texts_with_boxes(paragraph))
    gap = PARAGRAPH
    for text in dict.fromkeys(texts):
        if not PAGE_NUMBER.fullmatch(text) and text not in writing:
            writing.add(text, gap)
            gap = LINE


def _texts_with_boxes(node: Element) -> Iterator[str]:
    """Yield the text of a paragraph, or of the paragraphs in a text box, and of the text boxes in it."""
    if tag_name(node) == "p":
        yield " ".join(running_text(node).split())
    for inner in outermost(node, "p", TEXT_BOX):
        yield from _texts_with_boxes(inner)


def _related_parts(archive: ZipFile, related: dict[str, Relation], kind: str) -> list[Element]:
    """Return the roots of the parts of one kind, at their usual place if there is no relationship."""
    return [optional_xml(archive, name) for name in targets(related, kind) or [f"word/{kind}.xml"]]


def _heading_levels(styles: Element) -> dict[str, int]:
    """Return the heading level of each style that has one: by its name, or its own or its parent's outline level."""
    found: dict[str, int] = {}
    parents: dict[str, str] = {}
    for style in styles:
        identity, name = attribute(style, "styleId"), _value(style, "name")
        parents[identity] = _value(style, "basedOn")
        numbered = HEADING_NAME.match(name)
        outlines = (whole_number(attribute(node, "val"), -1) for node in style.iter() if tag_name(node) == "outlineLvl")
        outline = next(outlines, -1)
        if numbered or outline >= 0:
            found[identity] = int(numbered[1]) if numbered else outline + 1
        elif name.lower() == "title":
            found[identity] = 1
    for identity, parent in parents.items():
        if identity not in found and parent in found:
            found[identity] = found[parent]
    return {identity: level for identity, level in found.items() if 1 <= level <= 9}


def _write_blocks(parent: Element, writing: ExtractionBuilder, levels: dict[str, int]) -> None:
    for child in parent:
        kind = tag_name(child)
        if kind == "p":
            _write_paragraph(child, writing, levels)
        elif kind == "tbl":
            _write_table(child, writing, levels)
        elif kind not in SKIPPED:
            _write_blocks(child, writing, levels)


def _write_paragraph(paragraph: Element, writing: ExtractionBuilder, levels: dict[str, int]) -> None:
    if text := running_text(paragraph).strip():
        properties = child_of(paragraph, "pPr")
        is_item = any(tag_name(node) == "numPr" for node in properties)
        outline = whole_number(_value(properties, "outlineLvl"), BODY_TEXT)
        level = outline + 1 if outline < BODY_TEXT else levels.get(_value(properties, "pStyle"), 0)
        gap = LINE if is_item else PARAGRAPH
        if level:
            writing.add_heading(text, level, gap)
        else:
            writing.add(f"- {text}" if is_item else text, gap)
    for box in outermost(paragraph, TEXT_BOX):
        _write_blocks(box, writing, levels)


def _write_table(table: Element, writing: ExtractionBuilder, levels: dict[str, int]) -> None:
    """Write a table row by row. Rows of a layout table (one column, or tables in its cells) are written as blocks."""
    rows = [_cells(row) for row in outermost(table, "tr")]
    is_frame = all(sum(len(cell) > 0 for cell in row) < 2 for row in rows)
    for is_layout, run in groupby(rows, lambda row: is_frame or any(True for cell in row for _ in outermost(cell, "tbl"))):
        if is_layout:
            for cell in chain.from_iterable(run):
                _write_blocks(cell, writing, levels)
        else:
            writing.add_table(_rows_with_merged_cells(run))


def _cells(row: Element) -> list[Element]:
    """Return the cells of a row, with empty ones for the columns that it leaves out before its first cell."""
    before = whole_number(_value(child_of(row, "trPr"), "gridBefore"))
    return [*(Element("tc") for _ in range(min(before, WIDEST))), *outermost(row, "tc")]


def _rows_with_merged_cells(rows: Iterable[Sequence[Element]]) -> list[list[str]]:
    """Return the texts of the cells; a cell merged with those above it repeats their text, unless its row has no other."""
    table: list[list[str]] = []
    above: dict[int, str] = {}  # the text of the merged cell that each column is in
    for row in rows:
        texts: list[str] = []
        repeated: dict[int, str] = {}
        for cell in row:
            column, merge = len(texts), _vertical_merge(cell)
            texts += _cell_texts(cell)
            if merge == "continue":
                repeated[column] = above.get(column, "")
            else:
                above[column] = texts[column] if merge else ""
        if any(texts):
            texts = [text or repeated.get(column, "") for column, text in enumerate(texts)]
        table.append(texts)
    return table


def _vertical_merge(cell: Element) -> str:
    """Return "restart" or "continue" if a cell is merged with those below or above it, else an empty string."""
    found = (node for node in child_of(cell, "tcPr") if tag_name(node) == "vMerge")
    return next((attribute(node, "val") or "continue" for node in found), "")


def _cell_texts(cell: Element) -> Iterator[str]:
    """Yield the text of a cell with its text boxes, and an empty one for each further column that it spans."""
    yield " ".join(text for paragraph in outermost(cell, "p", TEXT_BOX) for text in _texts_with_boxes(paragraph) if text)
    span = whole_number(_value(child_of(cell, "tcPr"), "gridSpan"), 1)
    yield from [""] * (min(span, WIDEST) - 1)


def _value(node: Element, kind: str) -> str:
    """Return the `val` attribute of the first child of a kind."""
    return attribute(child_of(node, kind), "val")

"""Word documents in; paragraphs and tables in their order, headings by style out.

The XML (ECMA-376 part 1) is read directly, by local names: that also reads the strict variant, text boxes, content
controls, equations, notes and comments, which the usual library leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, groupby
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, Writing
from assistant.ingest.extractors.office.encryption import opened
from assistant.ingest.extractors.office.ooxml import (
    SKIPPED,
    Relation,
    core_title,
    main_part,
    optional_xml,
    outermost,
    relations,
    running_text,
    targets,
)
from assistant.ingest.extractors.source import Source
from assistant.ingest.extractors.zip_package import attribute, local, opened_package, whole_number, xml_entry

HEADING_NAME = re.compile(r"(?:heading|标题|標題)\s*(\d)$", re.I)
MAIN = "word/document.xml"
BODY_TEXT = 9  # the outline level of what is no heading
WIDEST = 63  # columns, which is as many as Word makes


def read_docx(source: Source) -> Extraction:
    """Read a Word document."""
    with opened_package(opened(source, "Word document").data, "Word document") as archive:
        return _read_archive(archive)


def _read_archive(archive: ZipFile) -> Extraction:
    main = main_part(archive, MAIN)
    if main not in archive.namelist():
        raise UnreadableFile("damaged: it holds no Word document")
    related, writing = relations(archive, main), Writing()
    levels = _levels(_beside(archive, related, "styles")[0])
    _write_blocks(xml_entry(archive, main), writing, levels)
    for kind in ("footnotes", "endnotes"):
        for notes in _beside(archive, related, kind):
            _write_blocks(notes, writing, levels)
    for comments in _beside(archive, related, "comments"):
        _write_comments(comments, writing)
    if not writing.length:
        _write_margins(archive, related, writing)
    return writing.finish(core_title(archive))


def _beside(archive: ZipFile, related: dict[str, Relation], kind: str) -> list[Element]:
    """Return the roots of the parts of one kind, which stand at their usual place where the document does not say."""
    return [optional_xml(archive, name) for name in targets(related, kind) or [f"word/{kind}.xml"]]


def _levels(styles: Element) -> dict[str, int]:
    """Return the heading level of each style that has one, by its own or an inherited outline level or its name."""
    found: dict[str, int] = {}
    parents: dict[str, str] = {}
    for style in styles:
        identity = attribute(style, "styleId")
        parents[identity] = _value(style, "basedOn")
        name = HEADING_NAME.match(_value(style, "name"))
        outlines = (whole_number(attribute(node, "val"), -1) for node in style.iter() if local(node) == "outlineLvl")
        outline = next(outlines, -1)
        if name or outline >= 0:
            found[identity] = int(name[1]) if name else outline + 1
        elif _value(style, "name").lower() == "title":
            found[identity] = 1
    for identity, parent in parents.items():
        if identity not in found and parent in found:
            found[identity] = found[parent]
    return {identity: level for identity, level in found.items() if 1 <= level <= 9}


def _write_blocks(parent: Element, writing: Writing, levels: dict[str, int]) -> None:
    for child in parent:
        kind = local(child)
        if kind == "p":
            _write_paragraph(child, writing, levels)
        elif kind == "tbl":
            _write_table(child, writing, levels)
        elif kind not in SKIPPED:
            _write_blocks(child, writing, levels)


def _write_paragraph(paragraph: Element, writing: Writing, levels: dict[str, int]) -> None:
    text = running_text(paragraph).strip()
    if text:
        properties = next((node for node in paragraph if local(node) == "pPr"), Element("pPr"))
        is_item = any(local(node) == "numPr" for node in properties)
        level = _level(properties, levels)
        gap = LINE if is_item else PARAGRAPH
        if level:
            writing.head(text, level, gap)
        else:
            writing.add(f"- {text}" if is_item else text, gap)
    for box in outermost(paragraph, "txbxContent"):
        _write_blocks(box, writing, levels)


def _level(properties: Element, levels: dict[str, int]) -> int:
    outline = whole_number(_value(properties, "outlineLvl"), BODY_TEXT)
    if outline < BODY_TEXT:
        return outline + 1
    return levels.get(_value(properties, "pStyle"), 0)


def _write_table(table: Element, writing: Writing, levels: dict[str, int]) -> None:
    """Write a table row by row; what the cells hold where they are there for the layout: a frame, or tables in them."""
    rows = [list(outermost(row, "tc")) for row in outermost(table, "tr")]
    is_frame = all(len(row) < 2 for row in rows)
    for is_layout, run in groupby(rows, lambda row: is_frame or any(any(outermost(cell, "tbl")) for cell in row)):
        if is_layout:
            for cell in chain.from_iterable(run):
                _write_blocks(cell, writing, levels)
        else:
            writing.tabulate([[text for cell in row for text in _cells(cell)] for row in run])


def _cells(cell: Element) -> Iterator[str]:
    """Yield the text of a cell, and an empty one for each further column that it spans."""
    yield " ".join(word for paragraph in outermost(cell, "p") for word in running_text(paragraph).split())
    properties = next((node for node in cell if local(node) == "tcPr"), Element("tcPr"))
    yield from [""] * (min(whole_number(_value(properties, "gridSpan"), 1), WIDEST) - 1)


def _write_comments(comments: Element, writing: Writing) -> None:
    for comment in comments:
        text = "\n".join(filter(None, (running_text(paragraph).strip() for paragraph in outermost(comment, "p"))))
        if text:
            writing.add(f"[{attribute(comment, 'author')}] {text}")


def _write_margins(archive: ZipFile, related: dict[str, Relation], writing: Writing) -> None:
    """Write headers and footers: left out elsewhere, but the only text of a letterhead."""
    for name in targets(related, "header") + targets(related, "footer"):
        _write_blocks(optional_xml(archive, name), writing, {})


def _value(node: Element, child: str) -> str:
    return next((attribute(found, "val") for found in node if local(found) == child), "")

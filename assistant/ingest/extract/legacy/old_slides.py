"""PowerPoint presentations before 2007 (.ppt) in; one part to each slide, its title as heading, tables and notes out.

Written by [MS-PPT] and [MS-ODRAW] of Microsoft. What stands on masters is left out, and dates, footers and slide numbers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extract.legacy.compound import opened_compound, stream, title_of
from assistant.ingest.extract.legacy.old_slide_records import DAMAGED, Record, SavedObjects
from assistant.ingest.extract.legacy.old_slide_texts import NOTES, Shape, Texts, clean, shapes, table_rows, texts_of
from assistant.ingest.extract.office.protected import opened
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.writing import LINE, PARAGRAPH, Writing

KIND = "PowerPoint presentation"
MAIN, USER = "PowerPoint Document", "Current User"
ENCRYPTED = 0xF3D1C4DF
TEXT_LISTS, SLIDES, NOTE_PAGES = 0x0FF0, 0, 2
LISTED, SLIDE_ATOM, NOTES_ATOM = 0x03F3, 0x03EF, 0x03F1


def read_ppt(source: Source) -> Extraction:
    """Read a PowerPoint presentation of the years before 2007."""
    with opened_compound(source.data, KIND) as file:
        main, user, title = stream(file, MAIN), stream(file, USER), title_of(file)
    if not main or len(user) < 20:
        raise UnreadableFile("a program older than PowerPoint 97 wrote it, or it is damaged: save it anew as .pptx")
    if int.from_bytes(user[12:16], "little") == ENCRYPTED:
        found = opened(source)
        if found is source:
            raise UnreadableFile("it is encrypted in a way that cannot be undone here")
        return read_ppt(found)
    writing = Writing()
    try:
        _write_slides(SavedObjects(main, int.from_bytes(user[16:20], "little")), writing, source)
    except struct.error as error:
        raise UnreadableFile(DAMAGED) from error
    return writing.finish(title)


def _write_slides(objects: SavedObjects, writing: Writing, source: Source) -> None:
    document = objects.get(objects.document)
    if not document.is_container:
        raise UnreadableFile(DAMAGED)
    lists = {child.instance: child for child in document.children() if child.kind == TEXT_LISTS}
    notes = {listed.number(12): objects.get(listed.number(0)) for listed, _ in _listed(lists.get(NOTE_PAGES))}
    for number, (listed, texts) in enumerate(_listed(lists.get(SLIDES)), 1):
        slide = objects.get(listed.number(0))
        writing.begin(Part(0, 0, slide=number))
        _write_slide(slide, texts, writing)
        _write_notes(notes.get(slide.child(SLIDE_ATOM).number(16)), writing)
        source.on_step(f"slide {number}")


def _listed(text_list: Record | None) -> Iterator[tuple[Record, Texts]]:
    """Yield what a list says of each slide, and the texts of its outline."""
    entry: Record | None = None
    records: list[Record] = []
    for child in text_list.children() if text_list else ():
        if child.kind == LISTED:
            if entry:
                yield entry, texts_of(records)
            entry, records = child, []
        else:
            records.append(child)
    if entry:
        yield entry, texts_of(records)


def _write_slide(slide: Record, outline: Texts, writing: Writing) -> None:
    found = list(shapes(slide, outline))
    used = {id(text) for shape in found for text in shape.texts}
    left = [text for text in outline if id(text) not in used]
    everything = [*found, *(Shape((text,)) for text in left)]
    title = next((shape for shape in everything if shape.is_title), None)
    if title:
        writing.head(clean(title.texts[0].text), 1)
    for shape in everything:
        if shape is not title:
            _write_shape(shape, writing)


def _write_shape(shape: Shape, writing: Writing) -> None:
    if shape.cells:
        writing.tabulate(table_rows(shape.cells))
    for text in shape.texts:
        gap = PARAGRAPH
        for line in clean(text.text).split("\n"):
            if line.strip():
                writing.add(line.strip(), gap)
                gap = LINE


def _write_notes(page: Record | None, writing: Writing) -> None:
    found = [text for shape in shapes(page, []) for text in shape.texts if text.kind == NOTES] if page else []
    said = [clean(text.text) for text in found if clean(text.text)]
    if said:
        writing.head("Notes", 2)
        for text in said:
            writing.add(text)

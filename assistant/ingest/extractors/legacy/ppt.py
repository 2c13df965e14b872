"""Read PowerPoint presentations before 2007 (.ppt, [MS-PPT] and [MS-ODRAW]): a part per slide with title, tables and notes.

Masters, dates, footers and slide numbers are left out. Nesting is limited to `DEEPEST` and objects are read `MOST_OFTEN` times
the size of the file at most: a damaged file may list one slide without end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from struct import unpack_from

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, ExtractionBuilder, Source
from assistant.ingest.extractors.legacy.ole import decode_utf16, decrypt_old, open_compound, read_stream, summary_title

KIND = "PowerPoint presentation"
MAIN, USER = "PowerPoint Document", "Current User"
ENCRYPTED = 0xF3D1C4DF  # headerToken of the CurrentUserAtom
DAMAGED = "damaged: its slides cannot be found"
DEEPEST = 50
MOST_OFTEN = 10  # times that a byte of an undamaged file is read on average, at most

# record types of [MS-PPT]: SlideListWithText and its instances, SlidePersistAtom, SlideAtom, NotesAtom
TEXT_LISTS, SLIDES, NOTE_PAGES = 0x0FF0, 0, 2
LISTED, SLIDE_ATOM = 0x03F3, 0x03EF
USER_EDIT, PERSIST_DIRECTORY = 0x0FF5, 0x1772
TEXT_HEADER, TEXT_CHARS, TEXT_BYTES, OUTLINE_REFERENCE = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E
DRAWING, PLACEHOLDER = 0x040C, 0x0BC3
# record types of [MS-ODRAW]: OfficeArtSpgrContainer, -SpContainer, -ClientTextbox, -ClientData, -ChildAnchor, -TertiaryFOPT
GROUP, SHAPE, TEXT_BOX, CLIENT_DATA, CHILD_ANCHOR, MORE_OPTIONS = 0xF003, 0xF004, 0xF00D, 0xF011, 0xF00F, 0xF122
CONTAINER = 0xF  # record version
TABLE_PROPERTY = 0x039F
TITLE, NOTES, OTHER, CENTRED_TITLE = 0, 2, 4, 6  # text types
FURNITURE = frozenset({7, 8, 9, 10})  # placeholders: date, slide number, footer, header
LINE_BREAKS = str.maketrans({"\r": "\n", "\x0b": " ", "\0": None, "\x1f": None})
MOST_COLUMNS = 200
CornerCell = tuple[int, int, str]  # left and top of a table cell, and its text


def read_ppt(source: Source) -> Extraction:
    """Read a PowerPoint presentation before 2007."""
    with open_compound(source.data, KIND) as file:
        main, user, title = read_stream(file, MAIN), read_stream(file, USER), summary_title(file)
    if not main or len(user) < 20:
        raise UnreadableFile("a program older than PowerPoint 97 wrote it, or it is damaged: save it anew as .pptx")
    if int.from_bytes(user[12:16], "little") == ENCRYPTED:
        return read_ppt(decrypt_old(source))
    writing = ExtractionBuilder()
    try:
        _write_slides(PersistObjects(main, int.from_bytes(user[16:20], "little")), writing, source)
    except struct.error as error:
        raise UnreadableFile(DAMAGED) from error
    return writing.finish(title)


def _write_slides(objects: PersistObjects, writing: ExtractionBuilder, source: Source) -> None:
    document = objects.get(objects.document)
    if not document.is_container:
        raise UnreadableFile(DAMAGED)
    lists = {child.instance: child for child in document.children() if child.kind == TEXT_LISTS}
    notes = {listed.number(12): objects.get(listed.number(0)) for listed, _ in _listed(lists.get(NOTE_PAGES))}
    for number, (listed, outline) in enumerate(_listed(lists.get(SLIDES)), 1):
        slide = objects.get(listed.number(0))
        writing.begin(Part(0, 0, slide=number))
        _write_slide(slide, outline, writing)
        _write_notes(notes.get(slide.child(SLIDE_ATOM).number(16)), writing)
        source.on_step(f"slide {number}")


def _listed(text_list: Record | None) -> list[tuple[Record, list[SlideText]]]:
    """Return the SlidePersistAtom of each slide in a list, with the texts of its outline."""
    found: list[tuple[Record, list[Record]]] = []
    for child in text_list.children() if text_list else ():
        if child.kind == LISTED:
            found.append((child, []))
        elif found:
            found[-1][1].append(child)
    return [(entry, _texts_of(records)) for entry, records in found]


def _write_slide(slide: Record, outline: list[SlideText], writing: ExtractionBuilder) -> None:
    """Write the title, the shapes, and the outline texts that no shape refers to."""
    found = list(_shapes_of(slide, outline))
    used = {id(text) for shape in found for text in shape.texts}
    found += [SlideShape((text,)) for text in outline if id(text) not in used]
    title = next((shape for shape in found if shape.is_title), None)
    if title:
        writing.add_heading(title.texts[0].clean, 1)
    for shape in (shape for shape in found if shape is not title):
        writing.add_table(_table_rows(shape.cells))
        for text in shape.texts:
            writing.add(LINE.join(line.strip() for line in text.clean.split("\n") if line.strip()))


def _write_notes(page: Record | None, writing: ExtractionBuilder) -> None:
    shapes = _shapes_of(page, []) if page else ()
    texts = [text.clean for shape in shapes for text in shape.texts if text.kind == NOTES and text.clean]
    if texts:
        writing.add_heading("Notes", 2)
        writing.add(PARAGRAPH.join(texts))


@dataclass(frozen=True, slots=True)
class SlideText:
    """The text of one shape, and its text type."""

    text: str
    kind: int = OTHER

    @property
    def clean(self) -> str:
        """The text with newlines as line breaks, without control characters."""
        return self.text.translate(LINE_BREAKS).strip()


@dataclass(frozen=True, slots=True)
class SlideShape:
    """A shape with its texts, or a table with its cells."""

    texts: tuple[SlideText, ...] = ()
    cells: tuple[CornerCell, ...] = ()

    @property
    def is_title(self) -> bool:
        """Whether it is the title of its slide."""
        return any(text.kind in (TITLE, CENTRED_TITLE) and text.clean for text in self.texts)


def _shapes_of(slide: Record, outline: list[SlideText]) -> Iterator[SlideShape]:
    """Yield the shapes of a slide that have text, in drawing order; they may refer to texts of the outline."""
    for drawing in slide.child(DRAWING).children():
        yield from _shapes_in(drawing, outline, 0)


def _shapes_in(parent: Record, outline: list[SlideText], depth: int) -> Iterator[SlideShape]:
    if depth > DEEPEST:
        raise UnreadableFile("damaged: it is nested too deeply")
    for child in parent.children():
        if child.kind == GROUP and _is_table(child):
            yield SlideShape(cells=tuple(_cells(child, outline)))
        elif child.kind == GROUP:
            yield from _shapes_in(child, outline, depth + 1)
        elif child.kind == SHAPE:
            texts = _shape_texts(child, outline)
            if texts:
                yield SlideShape(tuple(texts))


def _shape_texts(shape: Record, outline: list[SlideText]) -> list[SlideText]:
    placeholder = shape.child(CLIENT_DATA).child(PLACEHOLDER).content
    if len(placeholder) > 4 and placeholder[4] in FURNITURE:
        return []
    box = list(shape.child(TEXT_BOX).children())
    referred = [record.number(0) for record in box if record.kind == OUTLINE_REFERENCE]
    own = [text for text in _texts_of(box) if text.text]
    return [outline[number] for number in referred if number < len(outline)] + own


def _texts_of(records: Iterable[Record]) -> list[SlideText]:
    """Return the texts in a sequence of records; a TextHeaderAtom gives the type of the text after it."""
    found: list[SlideText] = []
    for record in records:
        if record.kind == TEXT_HEADER:
            found.append(SlideText("", record.number(0)))
        elif record.kind in (TEXT_CHARS, TEXT_BYTES):
            kind = found.pop().kind if found and not found[-1].text else OTHER
            content = record.content
            found.append(SlideText(content.decode("latin-1") if record.kind == TEXT_BYTES else decode_utf16(content), kind))
    return found


def _is_table(group: Record) -> bool:
    """Return whether a group of shapes is a table, by the properties of its first shape."""
    options = group.child(SHAPE).child(MORE_OPTIONS)
    count = min(options.instance, (options.end - options.start) // 6)
    entries = (unpack_from("<HI", options.data, options.start + 6 * number) for number in range(count))
    return any(number & 0x3FFF == TABLE_PROPERTY and value & 1 for number, value in entries)


def _cells(table: Record, outline: list[SlideText]) -> Iterator[CornerCell]:
    for shape in table.children():
        anchor = shape.child(CHILD_ANCHOR)
        text = " ".join(text.clean for text in _shape_texts(shape, outline)) if shape.kind == SHAPE else ""
        if text and anchor.end - anchor.start >= 8:
            left, top = unpack_from("<ii", anchor.data, anchor.start)
            yield left, top, text


def _table_rows(cells: Sequence[CornerCell]) -> list[list[str]]:
    """Return the rows of a table by the corners of its cells."""
    columns = {left: number for number, left in enumerate(sorted({left for left, _, _ in cells}))}
    rows = {top: [""] * min(len(columns), MOST_COLUMNS) for top in sorted({top for _, top, _ in cells})}
    for left, top, text in cells:
        rows[top][min(columns[left], MOST_COLUMNS - 1)] = text
    return list(rows.values())


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its type, its `instance`, and the bounds of its content in the stream."""

    data: bytes
    kind: int
    instance: int
    start: int
    end: int
    is_container: bool

    @property
    def content(self) -> bytes:
        """The bytes of the record, without its header."""
        return self.data[self.start : self.end]

    def number(self, offset: int) -> int:
        """Return the 32-bit number at an offset of the content, 0 beyond its end."""
        return int.from_bytes(self.data[self.start + offset : min(self.end, self.start + offset + 4)], "little")

    def children(self) -> Iterator[Record]:
        """Yield the records inside a container."""
        at = self.start
        while self.is_container and at + 8 <= self.end:
            child = _record_at(self.data, at, self.end)
            yield child
            at = child.end

    def child(self, kind: int) -> Record:
        """Return the first record of a type inside, an empty record if there is none."""
        return next((child for child in self.children() if child.kind == kind), NO_RECORD)


NO_RECORD = Record(b"", 0, 0, 0, 0, False)


def _record_at(data: bytes, at: int, end: int) -> Record:
    """Return the record whose header is at an offset, cut at `end`."""
    version, kind, length = unpack_from("<HHI", data, at)
    return Record(data, kind, version >> 4, at + 8, min(end, at + 8 + length), version & 0xF == CONTAINER)


class PersistObjects:
    """The persist objects of a file by identifier: each save appends a UserEditAtom that says where the newest version is."""

    def __init__(self, data: bytes, newest_edit: int) -> None:
        self._data = data
        self._offsets: dict[int, int] = {}
        self._left = MOST_OFTEN * len(data)
        self.document = 0
        seen: set[int] = set()
        while newest_edit not in seen and newest_edit + 28 <= len(data):
            seen.add(newest_edit)
            edit = _record_at(data, newest_edit, len(data))
            if edit.kind != USER_EDIT:
                break
            self.document = self.document or edit.number(16)
            self._add_directory(edit.number(12))
            newest_edit = edit.number(8)
            if not newest_edit:
                break

    def get(self, number: int) -> Record:
        """Return an object, an empty record if there is none. Raises UnreadableFile if the objects overlap too often."""
        offset = self._offsets.get(number, -1)
        if not 0 <= offset <= len(self._data) - 8:
            return NO_RECORD
        found = _record_at(self._data, offset, len(self._data))
        self._left -= found.end - found.start
        if self._left < 0:
            raise UnreadableFile("damaged: its slides overlap")
        return found

    def _add_directory(self, offset: int) -> None:
        """Add the offsets of a PersistDirectoryAtom that no newer save has."""
        if offset + 8 > len(self._data):
            return
        directory = _record_at(self._data, offset, len(self._data))
        at = directory.start if directory.kind == PERSIST_DIRECTORY else directory.end
        while at + 4 <= directory.end:
            head = unpack_from("<I", self._data, at)[0]
            first, count = head & 0xFFFFF, min(head >> 20, (directory.end - at - 4) // 4)
            for number, place in enumerate(unpack_from(f"<{count}I", self._data, at + 4)):
                self._offsets.setdefault(first + number, place)
            at += 4 + 4 * count

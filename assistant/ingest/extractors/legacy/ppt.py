"""PowerPoint presentations before 2007 (.ppt) in; one part to each slide, its title as heading, tables and notes out.

Written by [MS-PPT] and [MS-ODRAW] of Microsoft. What stands on masters is left out, and dates, footers and slide numbers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from struct import unpack_from

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, Writing
from assistant.ingest.extractors.legacy.block_writer import paired
from assistant.ingest.extractors.legacy.ole import opened_compound, stream, title_of
from assistant.ingest.extractors.office.encryption import opened
from assistant.ingest.extractors.source import Source

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


CONTAINER = 0xF
USER_EDIT, PERSIST_DIRECTORY = 0x0FF5, 0x1772
DEEPEST = 50
MOST_OFTEN = 10  # how often a byte of a sound file is read on average, at most
DAMAGED = "damaged: its slides cannot be found"


@dataclass(frozen=True, slots=True)
class Record:
    """A record: what it is, its `instance` (which tells those of one kind apart) and where its content stands."""

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
        """Return the whole number at an offset of the content; 0 where it is shorter."""
        return int.from_bytes(self.data[self.start + offset : min(self.end, self.start + offset + 4)], "little")

    def children(self) -> Iterator[Record]:
        """Yield the records inside."""
        at = self.start
        while self.is_container and at + 8 <= self.end:
            child = record_at(self.data, at, self.end)
            yield child
            at = child.end

    def child(self, kind: int) -> Record:
        """Return the first record of a kind inside; an empty one where there is none."""
        return next((child for child in self.children() if child.kind == kind), Record(b"", 0, 0, 0, 0, False))


def record_at(data: bytes, at: int, end: int) -> Record:
    """Return the record whose header is at an offset; it goes up to `end` at most."""
    version, kind, length = unpack_from("<HHI", data, at)
    return Record(data, kind, version >> 4, at + 8, min(end, at + 8 + length), version & 0xF == CONTAINER)


class SavedObjects:
    """The objects of a file by their numbers: each save adds to the file and says where the newest of each stands."""

    def __init__(self, data: bytes, newest_edit: int) -> None:
        self._data = data
        self._offsets: dict[int, int] = {}
        self._left = MOST_OFTEN * len(data)
        self.document = 0
        seen: set[int] = set()
        while newest_edit not in seen and newest_edit + 28 <= len(data):
            seen.add(newest_edit)
            edit = record_at(data, newest_edit, len(data))
            if edit.kind != USER_EDIT:
                break
            self.document = self.document or edit.number(16)
            self._add(edit.number(12))
            newest_edit = edit.number(8)
            if not newest_edit:
                break

    def get(self, number: int) -> Record:
        """Return an object; an empty record where there is none. Raises UnreadableFile where objects overlap again and again."""
        offset = self._offsets.get(number, -1)
        if not 0 <= offset <= len(self._data) - 8:
            return Record(b"", 0, 0, 0, 0, False)
        found = record_at(self._data, offset, len(self._data))
        self._left -= found.end - found.start
        if self._left < 0:
            raise UnreadableFile("damaged: its slides overlap")
        return found

    def _add(self, offset: int) -> None:
        if offset + 8 > len(self._data):
            return
        directory = record_at(self._data, offset, len(self._data))
        at = directory.start if directory.kind == PERSIST_DIRECTORY else directory.end
        while at + 4 <= directory.end:
            head = unpack_from("<I", self._data, at)[0]
            first, count = head & 0xFFFFF, min(head >> 20, (directory.end - at - 4) // 4)
            for number, place in enumerate(unpack_from(f"<{count}I", self._data, at + 4)):
                self._offsets.setdefault(first + number, place)
            at += 4 + 4 * count


HEADER, CHARACTERS, BYTES, REFERENCE = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E
DRAWING, GROUP, SHAPE, TEXT_BOX, CLIENT_DATA = 0x040C, 0xF003, 0xF004, 0xF00D, 0xF011
CHILD_ANCHOR, MORE_OPTIONS, PLACEHOLDER = 0xF00F, 0xF122, 0x0BC3
IS_TABLE = 0x039F
TITLE, NOTES, OTHER, CENTRED_TITLE = 0, 2, 4, 6  # kinds of text
FURNITURE = frozenset({7, 8, 9, 10})  # placeholders: date, slide number, footer, header
LINE_BREAKS = str.maketrans({"\r": "\n", "\x0b": " ", "\0": None, "\x1f": None})


@dataclass(frozen=True, slots=True)
class Text:
    """The text of one shape, and its kind."""

    text: str
    kind: int = OTHER


Texts = list[Text]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table and its corner."""

    left: int
    top: int
    text: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape with its texts, or a table with its cells."""

    texts: tuple[Text, ...] = ()
    cells: tuple[Cell, ...] = ()

    @property
    def is_title(self) -> bool:
        """Whether it is the title of its slide."""
        return any(text.kind in (TITLE, CENTRED_TITLE) and clean(text.text) for text in self.texts)


def texts_of(records: Iterable[Record]) -> Texts:
    """Return the texts in a row of records: a header says of which kind the text behind it is."""
    found: Texts = []
    for record in records:
        if record.kind == HEADER:
            found.append(Text("", record.number(0)))
        elif record.kind in (CHARACTERS, BYTES):
            kind = found.pop().kind if found and not found[-1].text else OTHER
            found.append(Text(_decoded(record), kind))
    return found


def clean(text: str) -> str:
    """Return a text with its lines as lines."""
    return text.translate(LINE_BREAKS).strip()


def shapes(slide: Record, outline: Texts) -> Iterator[Shape]:
    """Yield the shapes of a slide that have text, in the order of drawing; `outline` is what they may refer to."""
    for drawing in slide.child(DRAWING).children():
        yield from _shapes(drawing, outline, 0)


def table_rows(cells: Iterable[Cell]) -> list[list[str]]:
    """Return the rows of a table by the corners of its cells; a cell keeps its column."""
    cells = list(cells)
    columns = {left: number for number, left in enumerate(sorted({cell.left for cell in cells}))}
    rows: dict[int, list[str]] = {top: [""] * min(len(columns), 200) for top in sorted({cell.top for cell in cells})}
    for cell in cells:
        row = rows[cell.top]
        row[min(columns[cell.left], len(row) - 1)] = cell.text
    return list(rows.values())


def _shapes(parent: Record, outline: Texts, depth: int) -> Iterator[Shape]:
    if depth > DEEPEST:
        raise UnreadableFile("damaged: it is nested too deeply")
    for child in parent.children():
        if child.kind == GROUP and _is_table(child):
            yield Shape(cells=tuple(_cells(child, outline)))
        elif child.kind == GROUP:
            yield from _shapes(child, outline, depth + 1)
        elif child.kind == SHAPE:
            texts = _shape_texts(child, outline)
            if texts:
                yield Shape(tuple(texts))


def _shape_texts(shape: Record, outline: Texts) -> Texts:
    if shape.child(CLIENT_DATA).child(PLACEHOLDER).content[4:5] in {bytes([number]) for number in FURNITURE}:
        return []
    box = list(shape.child(TEXT_BOX).children())
    referred = [record.number(0) for record in box if record.kind == REFERENCE]
    own = [text for text in texts_of(box) if text.text]
    return [outline[number] for number in referred if number < len(outline)] + own


def _is_table(group: Record) -> bool:
    """Say whether a group of shapes is a table: its own properties, on its first shape, say so."""
    options = group.child(SHAPE).child(MORE_OPTIONS)
    count = min(options.instance, (options.end - options.start) // 6)
    entries = (unpack_from("<HI", options.data, options.start + 6 * number) for number in range(count))
    return any(number & 0x3FFF == IS_TABLE and value & 1 for number, value in entries)


def _cells(table: Record, outline: Texts) -> Iterator[Cell]:
    for shape in table.children():
        anchor = shape.child(CHILD_ANCHOR)
        text = " ".join(clean(text.text) for text in _shape_texts(shape, outline)) if shape.kind == SHAPE else ""
        if text and anchor.end - anchor.start >= 8:
            left, top = unpack_from("<ii", anchor.data, anchor.start)
            yield Cell(left, top, text)


def _decoded(record: Record) -> str:
    if record.kind == BYTES:
        return record.content.decode("latin-1")
    content = record.content
    return paired(content[: len(content) // 2 * 2].decode("utf-16-le", "surrogatepass"))

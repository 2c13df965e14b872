"""A slide's records in; its shapes with their texts, and the cells of its tables, out. By [MS-PPT] 2.9 and [MS-ODRAW] 2.2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from struct import unpack_from

from assistant.errors import UnreadableFile
from assistant.ingest.extract.legacy.blocks import paired
from assistant.ingest.extract.legacy.old_slide_records import DEEPEST, Record

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

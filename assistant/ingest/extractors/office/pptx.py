"""Read PowerPoint presentations (PresentationML and DrawingML, ECMA-376 part 1): a part per slide, in presentation order.

Shapes are read from top to bottom and left to right, the title first, then tables, charts, SmartArt and speaker notes; dates,
footers and slide numbers are left out. The XML is read directly, so that one damaged part does not cost the other slides.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from xml.etree.ElementTree import Element

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, ExtractionBuilder, Source
from assistant.ingest.extractors.legacy.ole import decrypt
from assistant.ingest.extractors.zip_package import (
    DAMAGE,
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

KIND = "PowerPoint presentation"
SHAPES = frozenset({"sp", "cxnSp", "graphicFrame", "pic", "grpSp", "contentPart"})
PROPERTIES = frozenset({"spPr", "grpSpPr"})
TITLES = frozenset({"title", "ctrTitle"})  # placeholder types
FURNITURE = frozenset({"dt", "sldNum", "ftr", "hdr", "sldImg"})
BODIES = frozenset({"content", "body", "obj"})
MASTER_ROLES = {"ctrTitle": "title", "subTitle": "body", "obj": "body", "content": "body"}  # the type in a master
BULLETS = frozenset({"buChar", "buAutoNum", "buBlip"})
MOST_CHART_CELLS = 3_000_000

Positioned = TypeVar("Positioned")


def read_slides(source: Source) -> Extraction:
    """Read a presentation, hidden slides included."""
    with open_package(decrypt(source, KIND).data, KIND) as archive:
        main = main_part(archive, "ppt/presentation.xml")
        if main not in archive.namelist():
            raise UnreadableFile(f"damaged: it holds no {KIND}")
        names, deck = _slide_parts(archive, main), _Deck(archive)
        for number, name in enumerate(names, 1):
            source.on_step(f"slide {number} of {len(names)}")
            deck.write_slide(name, number)
        return deck.writing.finish(core_title(archive), tuple(deck.notes))


def _slide_parts(archive: zipfile.ZipFile, main: str) -> list[str]:
    """Return the part names of the slides in presentation order, empty for a slide without relationship."""
    related = relations(archive, main)
    identities = (_relation_id(node, "id") for node in read_xml_entry(archive, main).iter() if tag_name(node) == "sldId")
    return [related[identity].target if identity in related else "" for identity in dict.fromkeys(identities) if identity]


class _Deck:
    """Writes the slides of a presentation."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.writing = ExtractionBuilder()
        self.layouts = Layouts(archive)
        self.notes: list[str] = []
        self.related: dict[str, Relation] = {}

    def write_slide(self, name: str, number: int) -> None:
        self.writing.begin(Part(0, 0, slide=number))
        try:
            slide = read_xml_entry(self.archive, name)
        except DAMAGE:
            self.notes.append(f"slide {number} is missing or damaged")
            return
        self.related = relations(self.archive, name)
        self.layouts.choose(targets(self.related, "slideLayout"))
        shapes = [shape for tree in outermost(slide, "spTree") for shape in self._ordered(tree)]
        titles = [shape for shape in shapes if _role_of(shape)[0] in TITLES]
        for shape in titles:
            self.writing.add_heading(" ".join(_paragraph_texts(shape)), 1)
        for shape in shapes:
            if not any(shape is title for title in titles):
                self._write_shape(shape)
        for notes in targets(self.related, "notesSlide"):
            trees = outermost(optional_xml(self.archive, notes), "spTree")
            bodies = (shape for tree in trees for shape in _shapes_in(tree) if _role_of(shape)[0] == "body")
            write_notes([text for shape in bodies for text in _paragraph_texts(shape)], self.writing)

    def _ordered(self, tree: Element) -> Iterator[Element]:
        """Yield the shapes in reading order; those of a group stay together."""
        shapes = list(_shapes_in(tree))
        for shape in in_reading_order(shapes, [self.layouts.box(shape) for shape in shapes]):
            if tag_name(shape) == "grpSp":
                yield from self._ordered(shape)
            elif _role_of(shape)[0] not in FURNITURE:
                yield shape

    def _write_shape(self, shape: Element) -> None:
        for body in outermost(shape, "txBody") if tag_name(shape) != "graphicFrame" else ():
            self._write_text(body, _role_of(shape)[0] in BODIES)
        for table in outermost(shape, "tbl"):
            rows = [[" ".join(_paragraph_texts(cell)) for cell in outermost(row, "tc")] for row in outermost(table, "tr")]
            self.writing.add_table(rows)
        for chart in outermost(shape, "chart"):
            drawn = self._related_part(_relation_id(chart, "id"))
            self.writing.add(" ".join(_paragraph_texts(next(outermost(drawn, "title"), Element("title")))))
            self.writing.add_table(_chart_rows(drawn))
        for diagram in outermost(shape, "relIds"):  # SmartArt; points of other types are connections
            points = outermost(self._related_part(_relation_id(diagram, "dm")), "pt")
            texts = [" ".join(_paragraph_texts(point)) for point in points if attribute(point, "type") in ("", "node", "asst")]
            self.writing.add(LINE.join(f"- {text}" for text in texts if text))

    def _write_text(self, body: Element, is_content: bool) -> None:
        paragraphs = [(paragraph, running_text(paragraph).strip()) for paragraph in outermost(body, "p")]
        paragraphs = [(paragraph, text) for paragraph, text in paragraphs if text]
        by_default = is_content and len(paragraphs) > 1
        lines = (f"- {text}" if _is_item(paragraph, by_default) else text for paragraph, text in paragraphs)
        self.writing.add(LINE.join(lines))

    def _related_part(self, identity: str) -> Element:
        relation = self.related.get(identity)
        return optional_xml(self.archive, relation.target) if relation else Element("missing")


def write_notes(texts: list[str], writing: ExtractionBuilder) -> None:
    """Write the speaker notes of a slide under a heading of their own."""
    if texts:
        writing.add_heading("Notes", 2)
        writing.add(LINE.join(texts))


def _shapes_in(tree: Element) -> Iterator[Element]:
    """Yield the shapes and groups directly in a tree or group; of AlternateContent the Choice."""
    for child in tree:
        if tag_name(child) in ("AlternateContent", "Choice"):
            yield from _shapes_in(child)
        elif tag_name(child) in SHAPES:
            yield child


def _paragraph_texts(node: Element) -> Iterator[str]:
    """Yield the text of each paragraph that has any."""
    for paragraph in outermost(node, "p"):
        text = running_text(paragraph).strip()
        if text:
            yield text


def _is_item(paragraph: Element, by_default: bool) -> bool:
    """Return whether a paragraph has a bullet or number; `by_default`: its placeholder gives it one."""
    properties = child_of(paragraph, "pPr")
    kinds = {tag_name(node) for node in properties}
    if "buNone" in kinds:
        return False
    return by_default or bool(kinds & BULLETS) or attribute(properties, "lvl") not in ("", "0")


def _relation_id(node: Element, name: str) -> str:
    """Return a relationship identifier, an attribute with a namespace; one of the same local name has none."""
    return next((value for key, value in node.attrib.items() if key.startswith("{") and key.endswith(f"}}{name}")), "")


def _role_of(shape: Element) -> tuple[str, str]:
    """Return the placeholder type of a shape ("title") and its index, empty if it is no placeholder."""
    for node in shape:
        if tag_name(node).startswith("nv"):
            for placeholder in outermost(node, "ph"):
                return attribute(placeholder, "type") or "content", attribute(placeholder, "idx")
    return "", ""


class Layouts:
    """The positions of placeholders in the slide layouts and masters."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._known: dict[str, dict[str, Box]] = {}
        self._boxes: dict[str, Box] = {}

    def choose(self, layouts: Sequence[str]) -> None:
        """Use the layout of the next slide, if it has one."""
        name = layouts[0] if layouts else ""
        if name and name not in self._known:
            masters = targets(relations(self._archive, name), "slideMaster")
            self._known[name] = dict(box for part in [*masters[:1], name] for box in self._placeholders(part))
        self._boxes = self._known.get(name, {})

    def box(self, shape: Element) -> Box:
        """Return the position of a shape: its own, or that of its placeholder in the layout."""
        own = _own_box(shape)
        role, index = _role_of(shape)
        if own.is_known or not role:
            return own
        general = self._boxes.get(MASTER_ROLES.get(role, role), NOWHERE)
        return self._boxes.get(f"#{index}", self._boxes.get(role, general))

    def _placeholders(self, part: str) -> Iterator[tuple[str, Box]]:
        """Yield the positions in a layout or master, each by type and by "#index"."""
        for shape in outermost(optional_xml(self._archive, part), "sp"):
            box = _own_box(shape)
            role, index = _role_of(shape)
            if box.is_known and role:
                yield role, box
                if index:
                    yield f"#{index}", box


def _own_box(shape: Element) -> Box:
    for node in shape:
        for frame in [node] if tag_name(node) == "xfrm" else node if tag_name(node) in PROPERTIES else ():
            if tag_name(frame) == "xfrm":
                return _frame_box(frame)
    return NOWHERE


def _frame_box(frame: Element) -> Box:
    parts = {tag_name(node): node for node in frame}
    try:
        offset, extent = parts["off"], parts["ext"]
        return Box(float(attribute(offset, "x")), float(attribute(offset, "y")), float(attribute(extent, "cy")))
    except (KeyError, ValueError):
        return NOWHERE


@dataclass(frozen=True, slots=True)
class Box:
    """The position of a shape, in any unit. A shape whose position is not known is read after the one before it."""

    left: float = 0.0
    top: float = 0.0
    height: float = 0.0
    is_known: bool = True


NOWHERE = Box(is_known=False)


def in_reading_order(shapes: Sequence[Positioned], boxes: Sequence[Box]) -> list[Positioned]:
    """Return the shapes from top to bottom, those side by side from left to right."""
    settled: list[Box] = []
    for box in boxes:
        settled.append(box if box.is_known else settled[-1] if settled else Box())
    placed = sorted(zip(settled, shapes, strict=True), key=lambda pair: pair[0].top)
    rows: list[list[tuple[Box, Positioned]]] = []
    for box, shape in placed:
        first = rows[-1][0][0] if rows else NOWHERE
        if rows and box.top <= first.top + first.height / 2:  # it begins above the middle of the first box of the row
            rows[-1].append((box, shape))
        else:
            rows.append([(box, shape)])
    return [shape for row in rows for _, shape in sorted(row, key=lambda pair: pair[0].left)]


def _chart_rows(chart: Element) -> list[list[str]]:
    """Return the names of the series as header row, then a row per category. Raises UnreadableFile if there are too many."""
    series = list(outermost(chart, "ser"))
    labels: dict[int, str] = {}
    columns = []
    for one in series:
        for number, label in (_points(one, "cat") | _points(one, "xVal")).items():
            labels.setdefault(number, label)
        columns.append({**_points(one, "val"), **_points(one, "yVal")})
    numbers = sorted(set(labels).union(*columns))
    if len(numbers) * len(series) > MOST_CHART_CELLS:
        raise UnreadableFile(f"too large: a chart of more than {MOST_CHART_CELLS / 1e6:.0f} million cells")
    names = ["", *(" ".join(_points(one, "tx").values()) for one in series)]
    rows = [[labels.get(number, ""), *(column.get(number, "") for column in columns)] for number in numbers]
    return [names, *rows] if rows else []


def _points(series: Element, kind: str) -> dict[int, str]:
    """Return the cached points of a series by index."""
    found: dict[int, str] = {}
    for node in series:
        for point in outermost(node, "pt") if tag_name(node) == kind else ():
            index = whole_number(attribute(point, "idx"), -1)
            if index >= 0:
                found[index] = " ".join("".join(value.itertext()) for value in outermost(point, "v"))
    return found

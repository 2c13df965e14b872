"""PowerPoint presentations in; one part to a slide out, in the order of the presentation, with tables, charts and notes.

The XML (PresentationML and DrawingML, ECMA-376 part 1) is read directly, so that one broken part does not cost the rest.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from xml.etree.ElementTree import Element, ParseError

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, Writing
from assistant.ingest.extractors.office.encryption import opened
from assistant.ingest.extractors.office.ooxml import (
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

TITLES = frozenset({"title", "ctrTitle"})
FURNITURE = frozenset({"dt", "sldNum", "ftr", "hdr", "sldImg"})  # the same on every slide
BODIES = frozenset({"content", "body", "obj"})
DAMAGE = (ParseError, KeyError, zipfile.BadZipFile, zlib.error, EOFError)


def read_slides(source: Source) -> Extraction:
    """Read a presentation; hidden slides too."""
    with opened_package(opened(source, "PowerPoint presentation").data, "PowerPoint presentation") as archive:
        main = main_part(archive, "ppt/presentation.xml")
        if main not in archive.namelist():
            raise UnreadableFile("damaged: it holds no PowerPoint presentation")
        names, deck = _slides(archive, main), _Deck(archive)
        for number, name in enumerate(names, 1):
            source.on_step(f"slide {number} of {len(names)}")
            deck.write_slide(name, number)
        return deck.writing.finish(core_title(archive), tuple(deck.notes))


def _slides(archive: zipfile.ZipFile, main: str) -> list[str]:
    """Return the names of the slides' parts in the order of the presentation."""
    related = relations(archive, main)
    identities = (reference(node, "id") for node in xml_entry(archive, main).iter() if local(node) == "sldId")
    return [related[identity].target if identity in related else "" for identity in dict.fromkeys(identities) if identity]


class _Deck:
    """A presentation as it is written down."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.writing = Writing()
        self.layouts = Layouts(archive)
        self.notes: list[str] = []
        self.related: dict[str, Relation] = {}

    def write_slide(self, name: str, number: int) -> None:
        self.writing.begin(Part(0, 0, slide=number))
        try:
            slide = xml_entry(self.archive, name)
        except DAMAGE:
            self.notes.append(f"slide {number} is missing or damaged")
            return
        self.related = relations(self.archive, name)
        self.layouts.choose(targets(self.related, "slideLayout"))
        shapes = [shape for tree in outermost(slide, "spTree") for shape in self._ordered(tree)]
        titles = [shape for shape in shapes if role_of(shape)[0] in TITLES]
        for shape in titles:
            self.writing.head(" ".join(paragraphs_of(shape)), 1)
        for shape in shapes:
            if not any(shape is title for title in titles):
                self._write_shape(shape)
        for notes in targets(self.related, "notesSlide"):
            self._write_notes(optional_xml(self.archive, notes))

    def _ordered(self, tree: Element) -> Iterator[Element]:
        """Yield the shapes in reading order; those of a group stay together."""
        shapes = list(shapes_of(tree))
        for shape in in_reading_order(shapes, [self.layouts.box(shape) for shape in shapes]):
            if local(shape) == "grpSp":
                yield from self._ordered(shape)
            elif role_of(shape)[0] not in FURNITURE:
                yield shape

    def _write_shape(self, shape: Element) -> None:
        for body in outermost(shape, "txBody") if local(shape) != "graphicFrame" else ():
            self._write_text(body, role_of(shape)[0] in BODIES)
        for table in outermost(shape, "tbl"):
            rows = [[" ".join(paragraphs_of(cell)) for cell in outermost(row, "tc")] for row in outermost(table, "tr")]
            self.writing.tabulate(rows)
        for chart in outermost(shape, "chart"):
            self._write_chart(self._referred(reference(chart, "id")))
        for diagram in outermost(shape, "relIds"):
            self._write_diagram(self._referred(reference(diagram, "dm")))

    def _write_text(self, body: Element, is_content: bool) -> None:
        paragraphs = [(paragraph, running_text(paragraph).strip()) for paragraph in outermost(body, "p")]
        paragraphs = [(paragraph, text) for paragraph, text in paragraphs if text]
        gap = PARAGRAPH
        for paragraph, text in paragraphs:
            starts = is_item(paragraph, is_content and len(paragraphs) > 1)
            self.writing.add(f"- {text}" if starts else text, gap)
            gap = LINE

    def _write_chart(self, chart: Element) -> None:
        title = chart_title(chart)
        if title:
            self.writing.add(title)
        self.writing.tabulate(chart_rows(chart))

    def _write_diagram(self, diagram: Element) -> None:
        """Write the texts of a SmartArt, which stand apart from the connections between them."""
        points = [point for point in outermost(diagram, "pt") if attribute(point, "type") in ("", "node", "asst")]
        gap = PARAGRAPH
        for text in filter(None, (" ".join(paragraphs_of(point)) for point in points)):
            self.writing.add(f"- {text}", gap)
            gap = LINE

    def _write_notes(self, notes: Element) -> None:
        bodies = [shape for tree in outermost(notes, "spTree") for shape in shapes_of(tree) if role_of(shape)[0] == "body"]
        texts = [text for shape in bodies for text in paragraphs_of(shape)]
        if texts:
            self.writing.head("Notes", 2)
            self.writing.add("\n".join(texts))

    def _referred(self, identity: str) -> Element:
        relation = self.related.get(identity)
        return optional_xml(self.archive, relation.target) if relation else Element("missing")


BULLETS = frozenset({"buChar", "buAutoNum", "buBlip"})
SHAPES = frozenset({"sp", "cxnSp", "graphicFrame", "pic", "grpSp", "contentPart"})


def shapes_of(tree: Element) -> Iterator[Element]:
    """Yield the shapes and groups right in a tree or group; of alternatives the newer."""
    for child in tree:
        if local(child) in ("AlternateContent", "Choice"):
            yield from shapes_of(child)
        elif local(child) in SHAPES:
            yield child


def paragraphs_of(node: Element) -> Iterator[str]:
    """Yield the text of each paragraph that has any."""
    for paragraph in outermost(node, "p"):
        text = running_text(paragraph).strip()
        if text:
            yield text


def is_item(paragraph: Element, by_default: bool) -> bool:
    """Say whether a paragraph has a bullet or number. `by_default`: its placeholder gives it one."""
    properties = next((node for node in paragraph if local(node) == "pPr"), Element("pPr"))
    kinds = {local(node) for node in properties}
    if "buNone" in kinds:
        return False
    return by_default or bool(kinds & BULLETS) or attribute(properties, "lvl") not in ("", "0")


def reference(node: Element, name: str) -> str:
    """Return an attribute that names a relation, or nothing: such a one has a namespace, where its namesake has none."""
    return next((value for key, value in node.attrib.items() if key.startswith("{") and key.endswith(f"}}{name}")), "")


PROPERTIES = frozenset({"spPr", "grpSpPr"})
SAME_ROLE = {"ctrTitle": "title", "subTitle": "body", "obj": "body", "content": "body"}  # as a master calls it


class Layouts:
    """The places of placeholders, by layout."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._known: dict[str, dict[str, Box]] = {}
        self._places: dict[str, Box] = {}

    def choose(self, layouts: Sequence[str]) -> None:
        """Take the layout of the next slide; without one, only places that the slide itself gives are known."""
        name = layouts[0] if layouts else ""
        if name and name not in self._known:
            masters = targets(relations(self._archive, name), "slideMaster")
            self._known[name] = dict(place for part in [*masters[:1], name] for place in self._placeholders(part))
        self._places = self._known.get(name, {})

    def box(self, shape: Element) -> Box:
        """Return where a shape is: as it says itself, or as its layout says."""
        own = _own_box(shape)
        role, index = role_of(shape)
        if own.is_known or not role:
            return own
        general = self._places.get(SAME_ROLE.get(role, role), NOWHERE)
        return self._places.get(f"#{index}", self._places.get(role, general))

    def _placeholders(self, part: str) -> Iterator[tuple[str, Box]]:
        """Yield the places of a layout or master, each by index and by role."""
        for shape in outermost(optional_xml(self._archive, part), "sp"):
            box = _own_box(shape)
            role, index = role_of(shape)
            if box.is_known and role:
                yield role, box
                if index:
                    yield f"#{index}", box


def role_of(shape: Element) -> tuple[str, str]:
    """Return what a shape is a placeholder for ("title"), and its index; empty where it is none."""
    for node in shape:
        if local(node).startswith("nv"):
            for mark in outermost(node, "ph"):
                return attribute(mark, "type") or "content", attribute(mark, "idx")
    return "", ""


def _own_box(shape: Element) -> Box:
    for node in shape:
        for frame in [node] if local(node) == "xfrm" else node if local(node) in PROPERTIES else ():
            if local(frame) == "xfrm":
                return _box(frame)
    return NOWHERE


def _box(frame: Element) -> Box:
    parts = {local(node): node for node in frame}
    try:
        offset, extent = parts["off"], parts["ext"]
        return Box(float(attribute(offset, "x")), float(attribute(offset, "y")), float(attribute(extent, "cy")))
    except (KeyError, ValueError):
        return NOWHERE


Shape = TypeVar("Shape")


@dataclass(frozen=True, slots=True)
class Box:
    """Where a shape is, in any unit. One `is_known` to be nowhere is read after the shape before it."""

    left: float = 0.0
    top: float = 0.0
    height: float = 0.0
    is_known: bool = True


NOWHERE = Box(is_known=False)


def in_reading_order(shapes: Sequence[Shape], boxes: Sequence[Box]) -> list[Shape]:
    """Return the shapes from top to bottom, those side by side from left to right."""
    placed = sorted(zip(_settled(boxes), shapes, strict=True), key=lambda pair: pair[0].top)
    rows: list[list[tuple[Box, Shape]]] = []
    for box, shape in placed:
        if rows and _is_beside(box, rows[-1][0][0]):
            rows[-1].append((box, shape))
        else:
            rows.append([(box, shape)])
    return [shape for row in rows for _, shape in sorted(row, key=lambda pair: pair[0].left)]


def _settled(boxes: Sequence[Box]) -> list[Box]:
    """Give each box without a place that of the box before it."""
    settled: list[Box] = []
    for box in boxes:
        settled.append(box if box.is_known else settled[-1] if settled else Box())
    return settled


def _is_beside(box: Box, first: Box) -> bool:
    """Say whether a box begins above the middle of the one that its row began with."""
    return box.top <= first.top + first.height / 2


MOST_CELLS = 3_000_000


def chart_title(chart: Element) -> str:
    """Return the chart's title, or nothing."""
    for node in outermost(chart, "title"):
        return " ".join(filter(None, (running_text(paragraph).strip() for paragraph in outermost(node, "p"))))
    return ""


def chart_rows(chart: Element) -> list[list[str]]:
    """Return a row of the names of the series, then one row to each category."""
    series = list(outermost(chart, "ser"))
    labels: dict[int, str] = {}
    columns = []
    for one in series:
        for number, label in (_points(one, "cat") | _points(one, "xVal")).items():
            labels.setdefault(number, label)
        columns.append({**_points(one, "val"), **_points(one, "yVal")})
    numbers = sorted(set(labels).union(*columns))
    if len(numbers) * len(series) > MOST_CELLS:
        raise UnreadableFile(f"too large: a chart of more than {MOST_CELLS / 1e6:.0f} million cells")
    names = ["", *(" ".join(_points(one, "tx").values()) for one in series)]
    rows = [[labels.get(number, ""), *(column.get(number, "") for column in columns)] for number in numbers]
    return [names, *rows] if rows else []


def _points(series: Element, kind: str) -> dict[int, str]:
    """Return the values of one kind by their number."""
    return dict(pair for node in series if local(node) == kind for pair in _numbered(node))


def _numbered(node: Element) -> Iterator[tuple[int, str]]:
    for point in outermost(node, "pt"):
        index = whole_number(attribute(point, "idx"), -1)
        if index >= 0:
            yield index, " ".join("".join(value.itertext()) for value in outermost(point, "v"))

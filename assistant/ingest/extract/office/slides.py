"""PowerPoint presentations in; one part to a slide out, in the order of the presentation, with tables, charts and notes.

The XML (PresentationML and DrawingML, ECMA-376 part 1) is read directly, so that one broken part does not cost the rest.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extract.office.chart import chart_rows, chart_title
from assistant.ingest.extract.office.layout import Layouts, role_of
from assistant.ingest.extract.office.ooxml import Relation, core_title, main_part, optional_xml, relations, targets
from assistant.ingest.extract.office.placing import in_reading_order
from assistant.ingest.extract.office.protected import opened
from assistant.ingest.extract.office.runs import outermost, running_text
from assistant.ingest.extract.office.shapes import is_item, paragraphs_of, reference, shapes_of
from assistant.ingest.extract.package import attribute, local, opened_package, xml_entry
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.writing import LINE, PARAGRAPH, Writing

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

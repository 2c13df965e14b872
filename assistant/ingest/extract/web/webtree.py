"""The tree of a web page in; its text by blocks, headings and tables out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.datatypes import Part
from assistant.ingest.extract.web.flow import Flow
from assistant.ingest.extract.web.webtable import grid, is_for_layout
from assistant.ingest.extract.writing import LINE, PARAGRAPH, Writing

if TYPE_CHECKING:
    from bs4.element import Tag

BLOCK_LEVEL = (
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 "
    "h5 h6 header hr legend li main ol p pre section summary table tbody td tfoot th thead tr ul caption"
)
PARAGRAPHS = "p h1 h2 h3 h4 h5 h6 table ul ol dl pre blockquote section article"
BLOCKS = frozenset(BLOCK_LEVEL.split())
SPACED = frozenset(PARAGRAPHS.split())
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
SOFT_HYPHEN = "\u00ad"
PLAIN, RAISING = "0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻"
RAISED = str.maketrans(PLAIN, RAISING)

Anchors = Callable[[str], None]


def ignore_anchor(_identity: str) -> None:
    """Do nothing at a place that links could lead to."""


class Renderer:
    """Goes through a tree of elements and writes what is in it."""

    def __init__(self, flow: Flow, on_anchor: Anchors) -> None:
        self.flow = flow
        self.on_anchor = on_anchor

    def children(self, tag: Tag, is_verbatim: bool) -> None:
        """Write what is inside an element."""
        from bs4.element import PreformattedString, Tag

        for child in tag.children:
            if isinstance(child, Tag):
                self._tag(child, is_verbatim)
            elif not isinstance(child, PreformattedString):  # comments, doctypes, processing instructions
                text = str(child).replace(SOFT_HYPHEN, "")
                self.flow.verbatim(text) if is_verbatim else self.flow.words(text)

    def _tag(self, tag: Tag, is_verbatim: bool) -> None:
        self._anchor(tag)
        if tag.name == "br":
            self.flow.cut(LINE)
        elif tag.name in HEADINGS:
            self._heading(tag)
        elif tag.name == "sup" and not tag.find("a"):
            self.flow.words(_raised(tag.get_text()))
        elif tag.name == "math":
            self.flow.words(_formula(tag))
        elif tag.name == "table" and not is_for_layout(tag):
            self._table(tag)
        elif tag.name in BLOCKS:
            self._block(tag, is_verbatim or tag.name == "pre")
        else:
            self.children(tag, is_verbatim)

    def _anchor(self, tag: Tag) -> None:
        identity = tag.get("id") or (tag.get("name") if tag.name == "a" else None)
        if isinstance(identity, str) and identity and self.on_anchor is not ignore_anchor:
            self.flow.pause()
            self.on_anchor(identity)

    def _heading(self, tag: Tag) -> None:
        for inner in tag.find_all(id=True) if self.on_anchor is not ignore_anchor else ():
            self._anchor(inner)
        self.flow.head(self._inside(tag), int(tag.name[1]))

    def _block(self, tag: Tag, is_verbatim: bool) -> None:
        gap = PARAGRAPH if tag.name in SPACED and not tag.find_parent("li") else LINE
        self.flow.cut(gap)
        if tag.name == "li":
            self.flow.mark = "- "
        self.children(tag, is_verbatim)
        self.flow.cut(gap)
        self.flow.mark = ""

    def _table(self, table: Tag) -> None:
        self.flow.cut(PARAGRAPH)
        caption = table.find("caption", recursive=False)
        if caption:
            self.flow.words(self._inside(caption))
        self.flow.tabulate(grid(table, self._inside))

    def _inside(self, tag: Tag) -> str:
        """Return the words inside an element, in one line."""
        if tag.string is not None:
            return " ".join(tag.string.replace(SOFT_HYPHEN, "").split())
        writing = Writing()
        writing.begin(Part(0, 0))
        flow = Flow(writing)
        Renderer(flow, ignore_anchor).children(tag, False)
        flow.end()
        return _in_one_line(writing.finish().text)


def _in_one_line(text: str) -> str:
    """Join lines with spaces, the items of a list with semicolons."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    joined = "; " if any(line.startswith("- ") for line in lines) else " "
    return joined.join(line.removeprefix("- ") for line in lines)


def _raised(text: str) -> str:
    """Write an exponent in raised characters: 10⁵ must not read as 105."""
    return text.translate(RAISED) if text and set(text) <= set(PLAIN) else text


def _formula(tag: Tag) -> str:
    spoken = str(tag.get("alttext") or "")
    return spoken or "".join(text for text in tag.strings if text.parent and text.parent.name != "annotation")

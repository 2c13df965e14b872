"""HTML in; what a reader sees of it, one block to a line, out: no scripts, no menus; tables as "a | b | c" rows."""

from __future__ import annotations

import dataclasses
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction, Part
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, Writing
from assistant.ingest.extractors.encoding import decode
from assistant.ingest.extractors.source import Source
from assistant.ingest.extractors.web.boilerplate import drop_furniture, drop_unseen, main_part

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
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


PROLOG = re.compile(r"\A\s*<\?xml[^>]*\?>")
DEEPEST = 200  # elements in each other; deeper ones are read as bare lines


def read_html(source: Source) -> Extraction:
    """Read the main text of a page."""
    decoded = decode(source.data, ".html", trust_declaration=True)
    found = read_markup(decoded.text)
    return dataclasses.replace(found, encoding=decoded.encoding, notes=decoded.notes)


def read_markup(markup: str) -> Extraction:
    """Return the main text of a page that is decoded."""
    writing = Writing()
    writing.begin(Part(0, 0))
    return writing.finish(render(markup, writing))


def render(markup: str, writing: Writing, on_anchor: Anchors = ignore_anchor) -> str:
    """Add the main text of a page and return its title; `on_anchor` is told the id of each element before its text."""
    soup = _parse(markup)
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    body = soup.body or soup
    drop_unseen(body)
    flow = Flow(writing)
    if _depth(body) > DEEPEST:
        flow.verbatim("\n".join(" ".join(text.split()) for text in body.strings if text.strip()))
    else:
        drop_furniture(body)
        Renderer(flow, on_anchor).children(main_part(body), False)
    flow.end()
    return title


def _depth(body: Tag) -> int:
    """Return how deep elements lie in each other: some programs never close any."""
    depths = {id(body): 0}
    for tag in body.find_all(True):
        depths[id(tag)] = depths.get(id(tag.parent), 0) + 1
    return max(depths.values())


def plain_text(markup: str) -> str:
    """Return the main text of a page."""
    return read_markup(markup).text


def _parse(markup: str) -> BeautifulSoup:
    from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, XMLParsedAsHTMLWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(PROLOG.sub("", markup, count=1), "lxml")


LONGEST_CELL = 1000  # characters; text of this length stands in a column of a page, not of a table
MOST_COLUMNS, MOST_ROWS = 200, 1000  # that one cell may span
MOST_SPANNED = 300_000  # cells of one table that are there because another spans them
LAYOUT = ("h1", "h2", "h3", "form")


def is_for_layout(table: Tag) -> bool:
    """Say whether a table only places text on the page: it has no header cells and long texts, or others, in it."""
    if table.get("role") in ("presentation", "none"):
        return True
    rows = [_cells(row) for row in _rows(table)]
    if any(cell.name == "th" for row in rows for cell in row):
        return False
    is_grid = sum(len(row) > 1 for row in rows) > 1
    return not is_grid or table.find("table") is not None or any(_is_long(cell) for row in rows for cell in row)


def grid(table: Tag, text_of: Callable[[Tag], str]) -> list[list[str]]:
    """Return the texts of the cells by row and column; one that spans several rows is in each of them."""
    grown = _Grid()
    for row in _rows(table):
        for cell in _cells(row):
            grown.take(text_of(cell), _span(cell, "colspan", MOST_COLUMNS), _span(cell, "rowspan", MOST_ROWS))
        grown.end_row()
    return grown.lines


class _Grid:
    """The rows so far, and the cells above that reach into the next ones: by column, how many rows more, and the text."""

    def __init__(self) -> None:
        self.lines: list[list[str]] = []
        self._line: list[str] = []
        self._held: dict[int, tuple[int, str]] = {}
        self._spare = MOST_SPANNED

    def take(self, text: str, columns: int, rows: int) -> None:
        """Add a cell; one that spans more than there may be is taken for a single one."""
        self._take_held()
        if self._spare <= 0:
            columns = rows = 1
        self._spare -= columns - 1
        for number in range(columns):
            self._held[len(self._line)] = (rows - 1, "" if number else text)
            self._line.append("" if number else text)

    def end_row(self) -> None:
        """End a row."""
        self._take_held()
        self.lines.append(self._line)
        self._line = []

    def _take_held(self) -> None:
        """Fill the columns that a cell of a row above reaches into."""
        while self._spare > 0 and self._held.get(len(self._line), (0, ""))[0] > 0:
            rows, text = self._held[len(self._line)]
            self._held[len(self._line)] = (rows - 1, text)
            self._line.append(text)
            self._spare -= 1


def _rows(table: Tag) -> Iterator[Tag]:
    """Yield the rows of this table, not of those inside it."""
    for child in table.find_all(["tr", "thead", "tbody", "tfoot"], recursive=False):
        if child.name == "tr":
            yield child
        else:
            yield from child.find_all("tr", recursive=False)


def _cells(row: Tag) -> list[Tag]:
    return list(row.find_all(["td", "th"], recursive=False))


def _span(cell: Tag, name: str, most: int) -> int:
    value = str(cell.get(name, "1")).strip()
    return max(1, min(int(value), most)) if value.isdecimal() and len(value) < 9 else 1


def _is_long(cell: Tag) -> bool:
    return cell.find(LAYOUT) is not None or len(cell.get_text()) > LONGEST_CELL


class Flow:
    """Text that grows by words and is cut into blocks, as HTML is laid out."""

    def __init__(self, writing: Writing) -> None:
        self.mark = ""  # a list item's, until its first text
        self._writing = writing
        self._pieces: list[str] = []
        self._is_apart = False  # white space is due before the next word
        self._gap = PARAGRAPH

    def words(self, text: str) -> None:
        """Add running text, where any white space is one space."""
        words = " ".join(text.split())
        self._is_apart = self._is_apart or text[:1].isspace()
        if words:
            self.verbatim(words)
            self._is_apart = text[-1:].isspace()

    def verbatim(self, text: str) -> None:
        """Add text as it is."""
        if not self._pieces:
            text = text.lstrip("\r\n")
        elif self._is_apart and text:
            self._pieces.append(" ")
        if text:
            self._pieces.append(text)
            self._is_apart = False

    def cut(self, gap: str) -> None:
        """End the block; before the next one stands the widest gap that was asked for."""
        text, self._pieces, self._is_apart = "".join(self._pieces).rstrip(), [], False
        if text.strip():
            self._writing.add(self.mark + text, self._gap)
            self.mark, self._gap = "", gap
        self._gap = PARAGRAPH if PARAGRAPH in (gap, self._gap) else LINE

    def pause(self) -> None:
        """End the block where there is one."""
        if self._pieces:
            self.cut(LINE)

    def head(self, title: str, level: int) -> None:
        """Add a heading."""
        self.cut(PARAGRAPH)
        self._writing.head(title, level, self._gap)
        self.mark = ""

    def tabulate(self, rows: Sequence[Sequence[str]]) -> None:
        """Add a table."""
        self.cut(PARAGRAPH)
        self._writing.tabulate(rows)

    def end(self) -> None:
        """End the last block."""
        self.cut(PARAGRAPH)

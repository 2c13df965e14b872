"""Read HTML: its main text, one block per line; tables as "a | b | c" rows.

Boilerplate is removed: scripts, hidden text, menus, banners, footers.
"""

from __future__ import annotations

import dataclasses
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, ExtractionBuilder, Source
from assistant.ingest.extractors.encoding import decode

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from bs4.element import NavigableString, Tag

BLOCK_LEVEL = (
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 "
    "h5 h6 header hr legend li main ol p pre section summary table tbody td tfoot th thead tr ul caption"
)
PARAGRAPHS = "p h1 h2 h3 h4 h5 h6 table ul ol dl pre blockquote section article"
BLOCKS = frozenset(BLOCK_LEVEL.split())
SPACED = frozenset(PARAGRAPHS.split())
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
SOFT_HYPHEN = "\u00ad"
PLAIN, SUPERSCRIPT = "0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻"
TO_SUPERSCRIPT = str.maketrans(PLAIN, SUPERSCRIPT)
Anchors = Callable[[str], None]
PROLOG = re.compile(r"\A\s*<\?xml[^>]*\?>")
MAX_DEPTH = 200  # of nested elements; a deeper page is read as bare lines
MAX_CELL = 1000  # characters; a longer cell is a column of a page layout
MAX_COLSPAN, MAX_ROWSPAN = 200, 1000
MOST_SPANNED = 300_000  # cells of one table that are filled by spanning cells
LAYOUT = ("h1", "h2", "h3", "form")

INVISIBLE = (
    "head script style noscript template nav svg iframe object select button dialog canvas audio video rt rp"
).split()
MENU_ROLES = frozenset({"navigation", "search", "menu", "menubar", "dialog", "alertdialog"})
MAIN_SHARE = 0.5  # of the page's text that a <main> or <article> must hold
MAX_DROPPED = 0.3  # share of a page's text: an element with more is no banner or menu, whatever its name
MOSTLY_LINKS = 0.6  # share of link text in a menu
MAX_BANNER = 3000  # characters
BOILERPLATE = ("header", "aside")
BANNER = re.compile(r"(?:^|[-_])(?:cookies?|consent|gdpr|onetrust)(?:$|[-_])", re.I)
MENU = re.compile(r"(?:^|[-_])(?:menu|nav|navbar|navigation|breadcrumbs?|sidebar|share|social|pagination)(?:$|[-_])", re.I)
WIKI_CLASSES = frozenset({"mw-editsection", "mw-jump-link", "catlinks", "printfooter", "skip-link"})  # of MediaWiki pages
# Invisible to users but not to a language model, so a place for prompt injections.
HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?(?![.\d])", re.I)
NO_SIZE = re.compile(r"(?<![\w-])font-size\s*:\s*0(?:\.0+)?(?![.\d])", re.I)
OWN_SIZE = re.compile(  # not em or %, which are parts of the size around the element
    r"(?<![\w-])font(?:-size)?\s*:[^;]*?"
    r"(?:(?:[1-9]\d*(?:\.\d+)?|\.\d*[1-9]\d*)(?:px|pt|pc|in|cm|mm|rem|vw)|\bsmall|\bmedium|\blarge)\b", re.I)
MAX_HIDDEN = 0.5  # share of a page's text


def read_html(source: Source) -> Extraction:
    """Read an HTML file."""
    decoded = decode(source.data, ".html", trust_declaration=True)
    found = read_markup(decoded.text)
    return dataclasses.replace(found, encoding=decoded.encoding, notes=decoded.notes)


def read_markup(markup: str) -> Extraction:
    """Return the extraction of decoded HTML."""
    builder = ExtractionBuilder()
    return builder.finish(render(markup, builder))


def html_to_text(markup: str) -> str:
    """Return the main text of decoded HTML."""
    return read_markup(markup).text


def render(markup: str, builder: ExtractionBuilder, on_anchor: Anchors | None = None) -> str:
    """Write the main text of a page and return its title. `on_anchor` receives the id of each element before its text."""
    soup = _parse(markup)
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    body = soup.body or soup
    drop_hidden(body)
    flow = TextFlow(builder)
    if _depth(body) > MAX_DEPTH:
        flow.verbatim("\n".join(" ".join(text.split()) for text in body.strings if text.strip()))
    else:
        drop_boilerplate(body)
        Renderer(flow, on_anchor).children(main_part(body), False)
    flow.cut(PARAGRAPH)
    return title


def _parse(markup: str) -> BeautifulSoup:
    from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, XMLParsedAsHTMLWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(PROLOG.sub("", markup, count=1), "lxml")


def _depth(body: Tag) -> int:
    """Return the depth of nesting: some programs never close an element."""
    depths = {id(body): 0}
    for tag in body.find_all(True):
        depths[id(tag)] = depths.get(id(tag.parent), 0) + 1
    return max(depths.values())


class Renderer:
    """Walk a tree of elements and write its text to a text flow."""

    def __init__(self, flow: TextFlow, on_anchor: Anchors | None = None) -> None:
        self._flow = flow
        self._on_anchor = on_anchor

    def children(self, tag: Tag, is_verbatim: bool) -> None:
        """Write the content of an element."""
        from bs4.element import PreformattedString, Tag

        for child in tag.children:
            if isinstance(child, Tag):
                self._tag(child, is_verbatim)
            elif not isinstance(child, PreformattedString):  # comments, doctypes, processing instructions
                text = str(child).replace(SOFT_HYPHEN, "")
                self._flow.verbatim(text) if is_verbatim else self._flow.words(text)

    def _tag(self, tag: Tag, is_verbatim: bool) -> None:
        self._anchor(tag)
        if tag.name == "br":
            self._flow.cut(LINE)
        elif tag.name in HEADINGS:
            self._heading(tag)
        elif tag.name == "sup" and not tag.find("a"):
            text = tag.get_text()  # an exponent: 10⁵ must not read as 105
            self._flow.words(text.translate(TO_SUPERSCRIPT) if set(text) <= set(PLAIN) else text)
        elif tag.name == "math":
            own = (text for text in tag.strings if text.parent and text.parent.name != "annotation")
            self._flow.words(str(tag.get("alttext") or "") or "".join(own))
        elif tag.name == "table" and not is_layout_table(tag):
            self._table(tag)
        elif tag.name in BLOCKS:
            self._block(tag, is_verbatim or tag.name == "pre")
        else:
            self.children(tag, is_verbatim)

    def _anchor(self, tag: Tag) -> None:
        identity = tag.get("id") or (tag.get("name") if tag.name == "a" else None)
        if isinstance(identity, str) and identity and self._on_anchor:
            self._flow.pause()
            self._on_anchor(identity)

    def _heading(self, tag: Tag) -> None:
        for inner in tag.find_all(id=True) if self._on_anchor else ():
            self._anchor(inner)
        self._flow.add_heading(self._inline_text(tag), int(tag.name[1]))

    def _block(self, tag: Tag, is_verbatim: bool) -> None:
        gap = PARAGRAPH if tag.name in SPACED and not tag.find_parent("li") else LINE
        self._flow.cut(gap)
        if tag.name == "li":
            self._flow.mark = "- "
        self.children(tag, is_verbatim)
        self._flow.cut(gap)
        self._flow.mark = ""

    def _table(self, table: Tag) -> None:
        self._flow.cut(PARAGRAPH)
        if caption := table.find("caption", recursive=False):
            self._flow.words(self._inline_text(caption))
        self._flow.add_table(grid(table, self._inline_text))

    def _inline_text(self, tag: Tag) -> str:
        """Return the text inside an element in one line."""
        if tag.string is not None:
            return " ".join(tag.string.replace(SOFT_HYPHEN, "").split())
        builder = ExtractionBuilder()
        flow = TextFlow(builder)
        Renderer(flow).children(tag, False)
        flow.cut(PARAGRAPH)
        return _in_one_line(builder.finish().text)


def _in_one_line(text: str) -> str:
    """Join lines with spaces, the items of a list with semicolons."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    joined = "; " if any(line.startswith("- ") for line in lines) else " "
    return joined.join(line.removeprefix("- ") for line in lines)


def is_layout_table(table: Tag) -> bool:
    """Return True if a table is page layout: no header cells, and long texts, nested tables or a single column."""
    if table.get("role") in ("presentation", "none"):
        return True
    rows = [_cells(row) for row in _rows(table)]
    if any(cell.name == "th" for row in rows for cell in row):
        return False
    is_grid = sum(len(row) > 1 for row in rows) > 1
    return not is_grid or table.find("table") is not None or any(
        cell.find(LAYOUT) is not None or len(cell.get_text()) > MAX_CELL for row in rows for cell in row)


def grid(table: Tag, text_of: Callable[[Tag], str]) -> list[list[str]]:
    """Return the cell texts by row and column. The text of a cell that spans rows is repeated in each row."""
    grown = _Grid()
    for _, group in groupby(_rows(table), lambda row: id(row.parent)):
        for row in group:
            for cell in _cells(row):
                grown.add_cell(text_of(cell), _span(cell, "colspan", MAX_COLSPAN), _span(cell, "rowspan", MAX_ROWSPAN))
            grown.end_row()
        grown.end_group()
    return grown.lines


class _Grid:
    """A table under construction: its rows, and by column the cells that span further rows, with the number of rows left."""

    def __init__(self) -> None:
        self.lines: list[list[str]] = []
        self._line: list[str] = []
        self._spanning: dict[int, tuple[int, str]] = {}
        self._spans_left = MOST_SPANNED

    def add_cell(self, text: str, columns: int, rows: int) -> None:
        """Add a cell. Once MOST_SPANNED is used up, spans are ignored."""
        self._fill_spanned()
        if self._spans_left <= 0:
            columns = rows = 1
        self._spans_left -= columns - 1
        for number in range(columns):
            self._spanning[len(self._line)] = (rows - 1, "" if number else text)
            self._line.append("" if number else text)

    def end_row(self) -> None:
        """End a row."""
        self._fill_spanned()
        self.lines.append(self._line)
        self._line = []

    def end_group(self) -> None:
        """End a group of rows: no cell spans further."""
        self._spanning.clear()

    def _fill_spanned(self) -> None:
        """Fill the columns that are spanned by cells of rows above."""
        while self._spans_left > 0 and self._spanning.get(len(self._line), (0, ""))[0] > 0:
            rows, text = self._spanning[len(self._line)]
            self._spanning[len(self._line)] = (rows - 1, text)
            self._line.append(text)
            self._spans_left -= 1


def _rows(table: Tag) -> Iterator[Tag]:
    """Yield the rows of this table, not of nested ones."""
    for child in table.find_all(["tr", "thead", "tbody", "tfoot"], recursive=False):
        if child.name == "tr":
            yield child
        else:
            yield from child.find_all("tr", recursive=False)


def _cells(row: Tag) -> list[Tag]:
    return list(row.find_all(["td", "th"], recursive=False))


def _span(cell: Tag, name: str, most: int) -> int:
    """Return how many columns or rows a cell spans; 0 rows are all that are left of their group."""
    value = str(cell.get(name, "1")).strip()
    if name == "rowspan" and value == "0":
        return most
    return max(1, min(int(value), most)) if value.isdecimal() and len(value) < 9 else 1


class TextFlow:
    """Collect words, collapse white space, and write blocks, as HTML is laid out."""

    def __init__(self, builder: ExtractionBuilder) -> None:
        self.mark = ""  # of a list item, until its first text
        self._builder = builder
        self._pieces: list[str] = []
        self._needs_space = False  # a space is due before the next word
        self._gap = PARAGRAPH

    def words(self, text: str) -> None:
        """Add text with collapsed white space."""
        words = " ".join(text.split())
        self._needs_space = self._needs_space or text[:1].isspace()
        if words:
            self.verbatim(words)
            self._needs_space = text[-1:].isspace()

    def verbatim(self, text: str) -> None:
        """Add text unchanged."""
        if not self._pieces:
            text = text.lstrip("\r\n")
        elif self._needs_space and text:
            self._pieces.append(" ")
        if text:
            self._pieces.append(text)
            self._needs_space = False

    def cut(self, gap: str) -> None:
        """End the block. The gap before the next one is the widest that was requested since."""
        text, self._pieces, self._needs_space = "".join(self._pieces).rstrip(), [], False
        if text.strip():
            self._builder.add(self.mark + text, self._gap)
            self.mark, self._gap = "", gap
        self._gap = PARAGRAPH if PARAGRAPH in (gap, self._gap) else LINE

    def pause(self) -> None:
        """End the block if it has text."""
        if self._pieces:
            self.cut(LINE)

    def add_heading(self, title: str, level: int) -> None:
        """Add a heading."""
        self.cut(PARAGRAPH)
        self._builder.add_heading(title, level, self._gap)
        self.mark = ""

    def add_table(self, rows: Sequence[Sequence[str]]) -> None:
        """Add a table."""
        self.cut(PARAGRAPH)
        self._builder.add_table(rows)


def drop_hidden(body: Tag) -> None:
    """Remove elements that a browser does not show, or only on request."""
    for tag in body.find_all(lambda tag: tag.name in INVISIBLE or tag.has_attr("hidden") or tag.get("role") in MENU_ROLES):
        if not tag.decomposed:
            tag.decompose()
    whole = _length(body)
    for tag in body.find_all(style=HIDDEN_STYLE):
        # a page that a script reveals on load is hidden as a whole
        if not tag.decomposed and _length(tag) <= MAX_HIDDEN * whole:
            tag.decompose()
    for texts in _texts_without_size(body):
        if sum(len(text.strip()) for text in texts) <= MAX_HIDDEN * whole:
            for text in texts:
                text.extract()


def _texts_without_size(body: Tag) -> list[list[NavigableString]]:
    """Return the texts of font size zero, by the element that sets it; an element inside may set a size of its own."""
    from bs4.element import NavigableString, Tag

    groups: list[list[NavigableString]] = []
    waiting: list[tuple[Tag, list[NavigableString] | None]] = [(body, None)]
    while waiting:
        tag, group = waiting.pop()
        style = str(tag.get("style") or "")
        if NO_SIZE.search(style):
            groups.append(group := [])
        elif OWN_SIZE.search(style):
            group = None
        for child in tag.children:
            if isinstance(child, Tag):
                waiting.append((child, group))
            elif group is not None and isinstance(child, NavigableString) and child.strip():
                group.append(child)
    return groups


def drop_boilerplate(body: Tag) -> None:
    """Remove footers, menus and banners."""
    for tag in body.find_all("footer"):
        if not tag.decomposed and not tag.find_parent("blockquote"):  # in a quotation it names the author
            tag.decompose()
    whole = len(body.get_text())
    for tag in body.find_all(_may_be_boilerplate):
        if not tag.decomposed and _is_boilerplate(tag, whole):
            tag.decompose()


def main_part(body: Tag) -> Tag:
    """Return the only <main> or <article> if it holds most of the text, else the body."""
    mains = body.find_all("main") or body.find_all("article")
    is_main = len(mains) == 1 and _length(mains[0]) >= MAIN_SHARE * _length(body)
    return mains[0] if is_main else body


def _may_be_boilerplate(tag: Tag) -> bool:
    names = _names(tag)
    return tag.name in BOILERPLATE or any(name in WIKI_CLASSES or BANNER.search(name) or MENU.search(name) for name in names)


def _names(tag: Tag) -> list[str]:
    """Return the id and the classes of an element."""
    return [name for key in ("id", "class") for name in tag.get_attribute_list(key) if name]


def _is_boilerplate(tag: Tag, whole: int) -> bool:
    names, length = _names(tag), len(tag.get_text())
    if length > MAX_DROPPED * whole or tag.name in ("body", "main", "article"):
        return not whole
    if any(BANNER.search(name) for name in names):
        return length <= MAX_BANNER
    if WIKI_CLASSES.intersection(names):
        return True
    links = sum(_length(link) for link in tag.find_all("a"))
    return tag.find("h1") is None and links / max(1, _length(tag)) > MOSTLY_LINKS


def _length(tag: Tag) -> int:
    """Return the length of the text without surrounding white space."""
    return sum(len(text.strip()) for text in tag.strings)

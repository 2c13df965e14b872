"""HTML in; what a reader sees of it, one block to a line, out: no scripts, no menus; tables as "a | b | c" rows."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction, Heading, Part
from assistant.ingest.extract.decode import decode
from assistant.ingest.extract.text import first_title

if TYPE_CHECKING:
    from bs4.element import Tag

INVISIBLE = "head script style noscript template nav footer svg math iframe object select button dialog canvas audio video"
BLOCK_LEVEL = (
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure form h1 h2 h3 h4 h5 "
    "h6 header hr legend li main ol p pre section summary table tbody td tfoot th thead tr ul caption"
)
PARAGRAPHS = "p h1 h2 h3 h4 h5 h6 table ul ol dl pre blockquote section article"
HIDDEN = frozenset(INVISIBLE.split())
BLOCKS = frozenset(BLOCK_LEVEL.split())
SPACED = frozenset(PARAGRAPHS.split())
MAIN_SHARE = 0.5  # a <main> with less of the page's text than this is not where its text is
PROLOG = re.compile(r"\s*<\?xml[^>]*\?>")


class _Page:
    """Text that grows by words, lines and paragraphs."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.headings: list[Heading] = []
        self.length = 0
        self.gap = ""
        self.mark = ""  # a list item's, until its first text

    def write(self, text: str) -> None:
        """Add text as it is, after the white space that is due."""
        text = text.lstrip() if not self.pieces or "\n" in self.gap else text
        if not text:
            return
        text, self.mark = self.mark + text, ""
        self.pieces += [self.gap, text] if self.pieces else [text]
        self.length += len(self.pieces[-1]) + (len(self.gap) if len(self.pieces) > 1 else 0)
        self.gap = ""

    def part(self, gap: str) -> None:
        """Ask for white space before the next text; the widest that is asked for wins."""
        self.gap = max(self.gap, gap, key=_width)

    def text(self) -> str:
        """Return everything written so far."""
        return "".join(self.pieces)


def read_html(data: bytes, name: str) -> Extraction:
    """Read the main text of a page."""
    from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning

    decoded = decode(data, ".html", trust_declaration=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        soup = BeautifulSoup(PROLOG.sub("", decoded.text, count=1), "lxml")
    whole = _render(soup.body or soup)
    mains = soup.find_all("main") or soup.find_all("article")
    main = _render(mains[0]) if len(mains) == 1 else whole
    page = main if main.length >= MAIN_SHARE * whole.length else whole
    text = page.text()
    title = soup.title.get_text() if soup.title else ""
    headings = tuple(page.headings)
    return Extraction(
        text,
        (Part(0, len(text)),),
        headings,
        title.strip() or first_title(headings),
        encoding=decoded.encoding,
        notes=decoded.notes,
    )


def _render(root: Tag) -> _Page:
    page = _Page()
    _render_children(root, page, False)
    return page


def _render_children(tag: Tag, page: _Page, is_verbatim: bool) -> None:
    from bs4.element import PreformattedString, Tag

    for child in tag.children:
        if isinstance(child, Tag):
            _render_tag(child, page, is_verbatim)
        elif not isinstance(child, PreformattedString):  # comments, doctypes, processing instructions
            _render_text(str(child), page, is_verbatim)


def _render_text(text: str, page: _Page, is_verbatim: bool) -> None:
    if is_verbatim:
        page.write(text)
        return
    words = " ".join(text.split())
    if text[:1].isspace():
        page.part(" ")
    page.write(words)
    if words and text[-1:].isspace():
        page.part(" ")


def _render_tag(tag: Tag, page: _Page, is_verbatim: bool) -> None:
    if tag.name in HIDDEN or tag.has_attr("hidden") or tag.get("role") == "navigation":
        return
    if tag.name == "br":
        page.part("\n")
    elif tag.name == "table" and not tag.find("table"):  # one with tables inside is there for the layout
        _render_table(tag, page)
    elif tag.name in BLOCKS:
        _render_block(tag, page, is_verbatim or tag.name == "pre")
    else:
        _render_children(tag, page, is_verbatim)


def _render_block(tag: Tag, page: _Page, is_verbatim: bool) -> None:
    gap = "\n\n" if tag.name in SPACED and not tag.find_parent("li") else "\n"
    page.part(gap)
    if tag.name == "li":
        page.mark = "- "
    if tag.name in ("h1", "h2", "h3", "h4", "h5", "h6"):
        title = " ".join(tag.get_text(" ").split())
        if title:
            page.headings.append(
                Heading(page.length + (len(page.gap) if page.pieces else 0) + len(page.mark), int(tag.name[1]), title)
            )
    _render_children(tag, page, is_verbatim)
    page.mark = ""
    page.part(gap)


def _render_table(table: Tag, page: _Page) -> None:
    page.part("\n\n")
    for row in table.find_all(["tr", "caption"]):
        cells = [row] if row.name == "caption" else row.find_all(["td", "th"])
        page.write(" | ".join(filter(None, (" ".join(_visible(cell)) for cell in cells))))
        page.part("\n")
    page.part("\n\n")


def _visible(cell: Tag) -> Iterator[str]:
    """Yield the words of a cell."""
    cell_page = _render(cell)
    yield from cell_page.text().split()


def _width(gap: str) -> int:
    return gap.count("\n") * 2 + len(gap)

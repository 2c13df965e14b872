"""HTML in; what a reader sees of it, one block to a line, out: no scripts, no menus; tables as "a | b | c" rows."""

from __future__ import annotations

import dataclasses
import re
import warnings
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction, Part
from assistant.ingest.extract.decode import decode
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.web.boilerplate import drop_furniture, drop_unseen, main_part
from assistant.ingest.extract.web.flow import Flow
from assistant.ingest.extract.web.webtree import Anchors, Renderer, ignore_anchor
from assistant.ingest.extract.writing import Writing

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from bs4.element import Tag

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

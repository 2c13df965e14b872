"""The tree of a web page in; the same without scripts, menus and banners, and the element its text is in, out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4.element import Tag

INVISIBLE = (
    "head script style noscript template nav svg iframe object select button dialog canvas audio video rt rp"
).split()
MENU_ROLES = frozenset({"navigation", "search", "menu", "menubar", "dialog", "alertdialog"})
MAIN_SHARE = 0.5  # a <main> with less of the page's text than this is not where its text is
MOST_DROPPED = 0.3  # share of a page's text; what holds more is no banner or menu, whatever it is called
MOSTLY_LINKS = 0.6
LONGEST_BANNER = 3000  # characters
FURNITURE = ("header", "aside")
BANNER = re.compile(r"(?:^|[-_])(?:cookies?|consent|gdpr|onetrust)(?:$|[-_])", re.I)
MENU = re.compile(r"(?:^|[-_])(?:menu|nav|navbar|navigation|breadcrumbs?|sidebar|share|social|pagination)(?:$|[-_])", re.I)
EDITOR = frozenset({"mw-editsection", "mw-jump-link", "catlinks", "printfooter", "skip-link"})  # of encyclopedias
# nobody sees it, but a language model would read it: where orders to the reading machine hide
UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0(?:\.0+)?(?![.\d])", re.IGNORECASE)
MOST_UNSEEN = 0.5


def drop_unseen(body: Tag) -> None:
    """Take out of a page what a browser does not show, or only where it is asked to."""
    for tag in body.find_all(_is_unseen):
        if not tag.decomposed:
            tag.decompose()
    whole = _length(body)
    for tag in body.find_all(style=UNSEEN):
        # a page that a script uncovers when it is loaded is hidden as a whole
        if not tag.decomposed and _length(tag) <= MOST_UNSEEN * whole:
            tag.decompose()


def drop_furniture(body: Tag) -> None:
    """Take the footers, menus and banners out of a page."""
    _drop_footers(body)
    whole = len(body.get_text())
    for tag in body.find_all(_may_be_furniture):
        if not tag.decomposed and _is_furniture(tag, whole):
            tag.decompose()


def main_part(body: Tag) -> Tag:
    """Return the one <main> or <article> where it holds most of the text, else the whole."""
    mains = body.find_all("main") or body.find_all("article")
    is_main = len(mains) == 1 and _length(mains[0]) >= MAIN_SHARE * _length(body)
    return mains[0] if is_main else body


def _is_unseen(tag: Tag) -> bool:
    return tag.name in INVISIBLE or tag.has_attr("hidden") or tag.get("role") in MENU_ROLES


def _drop_footers(body: Tag) -> None:
    """Drop the page's footers; that of a quotation or an article's own may name its author."""
    for tag in body.find_all("footer"):
        if not tag.decomposed and not tag.find_parent("blockquote"):
            tag.decompose()


def _may_be_furniture(tag: Tag) -> bool:
    return tag.name in FURNITURE or any(map(_is_telling, _names(tag)))


def _is_telling(name: str) -> bool:
    return name in EDITOR or bool(BANNER.search(name) or MENU.search(name))


def _names(tag: Tag) -> list[str]:
    """Return its id and classes."""
    return [name for key in ("id", "class") for name in tag.get_attribute_list(key) if name]


def _is_furniture(tag: Tag, whole: int) -> bool:
    names, length = _names(tag), len(tag.get_text())
    if length > MOST_DROPPED * whole or tag.name in ("body", "main", "article"):
        return not whole
    if any(BANNER.search(name) for name in names):
        return length <= LONGEST_BANNER
    return bool(EDITOR.intersection(names)) or _link_share(tag) > MOSTLY_LINKS


def _link_share(tag: Tag) -> float:
    links = sum(_length(link) for link in tag.find_all("a"))
    return links / max(1, _length(tag)) if tag.find("h1") is None else 0.0


def _length(tag: Tag) -> int:
    """Return how much text there is, white space left out."""
    return sum(len(text.strip()) for text in tag.strings)

"""Remove boilerplate from a web page (scripts, hidden text, menus, banners, footers) and find its main element."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4.element import Tag

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
HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0(?:\.0+)?(?![.\d])", re.I)
MAX_HIDDEN = 0.5  # share of a page's text


def drop_hidden(body: Tag) -> None:
    """Remove elements that a browser does not show, or only on request."""
    for tag in body.find_all(_is_hidden):
        if not tag.decomposed:
            tag.decompose()
    whole = _length(body)
    for tag in body.find_all(style=HIDDEN_STYLE):
        # a page that a script reveals on load is hidden as a whole
        if not tag.decomposed and _length(tag) <= MAX_HIDDEN * whole:
            tag.decompose()


def drop_boilerplate(body: Tag) -> None:
    """Remove footers, menus and banners."""
    _drop_footers(body)
    whole = len(body.get_text())
    for tag in body.find_all(_may_be_boilerplate):
        if not tag.decomposed and _is_boilerplate(tag, whole):
            tag.decompose()


def main_part(body: Tag) -> Tag:
    """Return the only <main> or <article> if it holds most of the text, else the body."""
    mains = body.find_all("main") or body.find_all("article")
    is_main = len(mains) == 1 and _length(mains[0]) >= MAIN_SHARE * _length(body)
    return mains[0] if is_main else body


def _is_hidden(tag: Tag) -> bool:
    return tag.name in INVISIBLE or tag.has_attr("hidden") or tag.get("role") in MENU_ROLES


def _drop_footers(body: Tag) -> None:
    """Remove footers, except in a quotation, where they name its author."""
    for tag in body.find_all("footer"):
        if not tag.decomposed and not tag.find_parent("blockquote"):
            tag.decompose()


def _may_be_boilerplate(tag: Tag) -> bool:
    return tag.name in BOILERPLATE or any(map(_is_boilerplate_name, _names(tag)))


def _is_boilerplate_name(name: str) -> bool:
    return name in WIKI_CLASSES or bool(BANNER.search(name) or MENU.search(name))


def _names(tag: Tag) -> list[str]:
    """Return the id and the classes of an element."""
    return [name for key in ("id", "class") for name in tag.get_attribute_list(key) if name]


def _is_boilerplate(tag: Tag, whole: int) -> bool:
    names, length = _names(tag), len(tag.get_text())
    if length > MAX_DROPPED * whole or tag.name in ("body", "main", "article"):
        return not whole
    if any(BANNER.search(name) for name in names):
        return length <= MAX_BANNER
    return bool(WIKI_CLASSES.intersection(names)) or _link_share(tag) > MOSTLY_LINKS


def _link_share(tag: Tag) -> float:
    links = sum(_length(link) for link in tag.find_all("a"))
    return links / max(1, _length(tag)) if tag.find("h1") is None else 0.0


def _length(tag: Tag) -> int:
    """Return the length of the text without surrounding white space."""
    return sum(len(text.strip()) for text in tag.strings)

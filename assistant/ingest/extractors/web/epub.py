"""Read e-books (.epub): their chapters in reading order.

The formats are EPUB 3.3 (W3C) and 2.0.1 (IDPF: OPF, NCX).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import ExtractionBuilder, Source
from assistant.ingest.extractors.encoding import decode
from assistant.ingest.extractors.web.html import render
from assistant.ingest.extractors.zip_package import attribute, open_package, optional_xml, read_entry, read_xml_entry, tag_name

CONTAINER, ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")
NCX = "application/x-dtbncx+xml"
MAX_TITLE_PIECES = 100  # text nodes in the title of a chapter
FONT_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


class _Book(NamedTuple):
    """The package document of an e-book: its title, and the names of its pages in order and of the tables of contents."""

    title: str
    pages: list[str]
    contents: list[str]


def read_epub(source: Source) -> Extraction:
    """Read an e-book; each chapter is a part."""
    with open_package(source.data, "e-book") as archive:
        names = set(archive.namelist())
        if CONTAINER not in names:
            raise UnreadableFile("damaged: it is no e-book")
        book = _open_book(archive, names)
        _refuse_protected(archive, names, set(book.pages))
        return _write(archive, names, book, source)


def _write(archive: ZipFile, names: set[str], book: _Book, source: Source) -> Extraction:
    builder, current = ExtractionBuilder(), ""
    titles: dict[tuple[str, str], str] = {}  # by entry and id of an element
    for contents in book.contents:
        for where, title in _titles(archive, contents):
            titles.setdefault(where, title)

    def begin(name: str, identity: str = "") -> None:
        """Begin a part if a chapter begins at this id, or at the start of an entry."""
        nonlocal current
        title = titles.get((name, identity), "")
        if title or not identity:
            current = title or current
            builder.begin(Part(0, 0, chapter=current or None))

    pages = list(dict.fromkeys(book.pages))
    there = [name for name in pages if name in names]
    for number, name in enumerate(there, 1):
        source.on_step(f"chapter {number} of {len(there)}")
        begin(name)
        markup = decode(read_entry(archive, name), ".xhtml", trust_declaration=True).text
        render(markup, builder, partial(begin, name))
    lost = len(pages) - len(there)
    return builder.finish(book.title, (f"{lost} chapters are missing in the file",) if lost else ())


def _open_book(archive: ZipFile, names: set[str]) -> _Book:
    roots = [attribute(node, "full-path") for node in read_xml_entry(archive, CONTAINER).iter() if tag_name(node) == "rootfile"]
    path = next((unquote(root) for root in roots if unquote(root) in names), "")
    if not path:
        raise UnreadableFile("damaged: the e-book does not say what is in it")
    package = read_xml_entry(archive, path)
    items = {attribute(item, "id"): item for item in package.iter() if tag_name(item) == "item"}
    spine = [items[attribute(node, "idref")] for node in package.iter()
             if tag_name(node) == "itemref" and attribute(node, "idref") in items]  # fmt: skip
    contents = [item for item in items.values() if _is_navigation(item) or attribute(item, "media-type") == NCX]
    return _Book(
        next((node.text or "" for node in package.iter() if tag_name(node) == "title"), ""),
        [_target(path, attribute(item, "href"))[0] for item in spine
         if attribute(item, "media-type") in PAGES and not _is_navigation(item)],
        [name for name in (_target(path, attribute(item, "href"))[0] for item in contents) if name in names],
    )  # fmt: skip


def _is_navigation(item: Element) -> bool:
    return "nav" in attribute(item, "properties").split()


def _target(base: str, link: str) -> tuple[str, str]:
    """Return the entry and the id that a link in the entry `base` points to."""
    path, _, identity = link.partition("#")
    name = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(path))) if path else base
    return name, unquote(identity)


def _titles(archive: ZipFile, contents: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the target and title of each chapter in a table of contents; none if it is damaged, as one with "&nbsp;" is."""
    for node in optional_xml(archive, contents).iter():
        if tag_name(node) == "navPoint":  # EPUB 2
            label = next((child for child in node if tag_name(child) == "navLabel"), Element("none"))
            link = next((attribute(child, "src") for child in node if tag_name(child) == "content"), "")
        elif tag_name(node) == "nav" and attribute(node, "type") == "page-list":
            node.clear()
            continue
        elif tag_name(node) == "a":  # EPUB 3
            label, link = node, attribute(node, "href")
        else:
            continue
        title = " ".join("".join(islice(label.itertext(), MAX_TITLE_PIECES)).split())
        if title and link:
            yield _target(contents, link), title


def _refuse_protected(archive: ZipFile, names: set[str], pages: set[str]) -> None:
    """Raise UnreadableFile if the text is encrypted; obfuscated fonts do not matter."""
    for data in read_xml_entry(archive, ENCRYPTION) if ENCRYPTION in names else ():
        methods = [attribute(node, "Algorithm") for node in data.iter() if tag_name(node) == "EncryptionMethod"]
        hidden = {unquote(attribute(node, "URI")) for node in data.iter() if tag_name(node) == "CipherReference"}
        if hidden & pages and not any(method in FONT_OBFUSCATION for method in methods):
            raise UnreadableFile("it is protected (DRM): its text is encrypted for one reading program")

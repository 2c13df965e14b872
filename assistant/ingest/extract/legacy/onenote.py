"""OneNote sections (.one) in; one part to each page, its title as heading, then its paragraphs and tables, out.

Written by [MS-ONE] and [MS-ONESTORE] of Microsoft. Only what the newest state of a page leads to is read: what was
deleted, and earlier versions of a page, may still be in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extract.legacy.blocks import paired
from assistant.ingest.extract.legacy.onenote_properties import Identity
from assistant.ingest.extract.legacy.onenote_store import Space, Store, Stored
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.writing import LINE, PARAGRAPH, Writing

SECTION_FILE = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
REVISION_STORE = bytes.fromhex("3fdd9a101b91f549a5d01791edc8aed8")
TITLE, RICH_TEXT, TABLE, ROW, CELL = 0x2C, 0x0E, 0x22, 0x23, 0x24  # classes of objects
UNICODE, ASCII = 0x1C22, 0x3498  # properties
PAGES, TITLES = 0x1D63, 0x1D5F
CHILDREN = (TITLES, 0x1C1F, 0x1C20)  # of a page's frame, of its content, of an element
DEEPEST = 200
LINK = re.compile('\ufddfHYPERLINK "[^"]*"')
LINE_BREAKS = str.maketrans({"\x0b": "\n", "\r": "\n", "\0": None, "\ufddf": None})


def read_one(source: Source) -> Extraction:
    """Read a OneNote section."""
    if not source.data.startswith(SECTION_FILE):
        raise UnreadableFile("damaged: it is cut off or no OneNote section")
    if source.data[48:64] != REVISION_STORE:
        raise UnreadableFile("it is a OneNote section as OneDrive keeps it: export it from OneNote")
    store, writing = Store(source.data), Writing()
    for number, identity in enumerate(_order(store), 1):
        _write_page(store.spaces[identity], writing)
        source.on_step(f"page {number}")
    if not writing.length and any(space.is_encrypted for space in store.spaces.values()):
        raise UnreadableFile("it is encrypted: a password is needed, and files of this kind cannot be opened with one here")
    return writing.finish()


def _order(store: Store) -> list[Identity]:
    """Return the spaces of the pages, as the section lists them; what it does not list comes behind."""
    section = store.spaces.get(store.root, Space())
    listed = [identity for stored in section.objects.values() for identity in stored.properties.spaces.get(PAGES, [])]
    return [identity for identity in dict.fromkeys([*listed, *store.spaces]) if identity in store.spaces]


def _write_page(space: Space, writing: Writing) -> None:
    page = _Page(space)
    if not page.title and not page.blocks:
        return
    writing.begin(Part(0, 0, chapter=page.title or None))
    writing.head(page.title, 1)
    gap = PARAGRAPH
    for block in page.blocks:
        if isinstance(block, list):
            writing.tabulate(block)
            gap = PARAGRAPH
        else:
            writing.add(block, gap)
            gap = LINE


class _Page:
    """The title and the blocks of a page, from its newest root on."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._seen: set[Identity] = set()
        self.title = ""
        self.blocks: list[str | list[list[str]]] = []
        for identity in space.roots[-1:]:
            self._walk(identity, 0)

    def _walk(self, identity: Identity, depth: int) -> None:
        stored = self._space.objects.get(identity)
        if not stored or identity in self._seen:
            return
        if depth > DEEPEST:
            raise UnreadableFile("damaged: it is nested too deeply")
        self._seen.add(identity)
        if stored.kind == TITLE:
            self.title, *beside = [*self._texts(stored, depth), ""] if not self.title else [self.title]
            self._add(" ".join(beside).strip())  # when it was written
        elif stored.kind == TABLE:
            rows = [self._objects(row, CELL) for row in self._objects(stored, ROW)]
            self.blocks.append([[" ".join(self._texts(cell, depth)) for cell in row] for row in rows])
        else:
            self._add(_text(stored))
            for child in _children(stored):
                self._walk(child, depth + 1)

    def _add(self, text: str) -> None:
        if text:
            self.blocks.append(text)

    def _objects(self, stored: Stored, kind: int) -> list[Stored]:
        """Return the objects of a kind right below another; each belongs to one, the first that names it."""
        new = [child for child in dict.fromkeys(_children(stored)) if child not in self._seen]
        found = {identity: child for identity in new if (child := self._space.objects.get(identity)) and child.kind == kind}
        self._seen.update(found)
        return list(found.values())

    def _texts(self, stored: Stored, depth: int) -> Iterator[str]:
        """Yield the texts of an object and of all below it."""
        if depth > DEEPEST:
            raise UnreadableFile("damaged: it is nested too deeply")
        if _text(stored):
            yield _text(stored)
        for identity in _children(stored):
            child = self._space.objects.get(identity)
            if child and identity not in self._seen:
                self._seen.add(identity)
                yield from self._texts(child, depth + 1)


def _children(stored: Stored) -> Iterator[Identity]:
    for number in CHILDREN:
        yield from stored.properties.objects.get(number, [])


def _text(stored: Stored) -> str:
    if stored.kind != RICH_TEXT:
        return ""
    texts = stored.properties.texts
    wide = texts.get(UNICODE, b"")
    text = paired(wide[: len(wide) // 2 * 2].decode("utf-16-le", "surrogatepass"))
    return LINK.sub("", text or texts.get(ASCII, b"").decode("cp1252", "replace")).translate(LINE_BREAKS).strip()

"""OneNote sections (.one) in; one part to each page, its title as heading, then its paragraphs and tables, out.

Written by [MS-ONE] and [MS-ONESTORE] of Microsoft. Only what the newest state of a page leads to is read: what was
deleted, and earlier versions of a page, may still be in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, Writing
from assistant.ingest.extractors.legacy.block_writer import paired
from assistant.ingest.extractors.source import Source

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


FRAGMENT = (0xA4567AB1F5F7F4C4).to_bytes(8, "little")
ROOT_LIST = 172  # where the header says where the first list is
NEXT_FRAGMENT = 20
END_OF_FRAGMENT = 0xFF
OBJECT_SPACE, ROOT_SPACE = 0x08, 0x04
GLOBAL_IDS, GLOBAL_ID = (0x21, 0x22), 0x24
DECLARATIONS, OLD_DECLARATIONS, CHANGES = (0xA4, 0xA5, 0xC4, 0xC5), (0x2D, 0x2E), (0x41, 0x42)
ROOT_OBJECT_OLD, ROOT_OBJECT, CONTENT_ROLE = 0x59, 0x5A, 1
KEY = 0x7C
POINTERS = {0: (8, 1), 1: (4, 1), 2: (2, 8), 3: (4, 8)}  # how many bytes a pointer has, and what to multiply it with
LENGTHS = {0: (4, 1), 1: (8, 1), 2: (1, 8), 3: (2, 8)}
TO_DATA, TO_LIST = 1, 2
MOST_NODES, MOST_OFTEN = 5_000_000, 10  # how often a byte of a sound file is read on average, at most
DEEPEST_SPACES = 50


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a list: what it is, what it refers to, and the rest of its content."""

    kind: int
    refers_to: int
    pointer: int
    length: int
    content: bytes


@dataclass(slots=True)
class Stored:
    """An object: the number of its class, and its properties."""

    kind: int
    properties: Properties


@dataclass(slots=True)
class Space:
    """The objects of the section or of one page by their identities."""

    objects: dict[Identity, Stored] = field(default_factory=dict)
    roots: list[Identity] = field(default_factory=list)
    is_encrypted: bool = False


class Store:
    """The spaces of a file, in the order in which they stand in it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._nodes = self._bytes_read = 0
        self._seen: set[int] = set()
        self._global_ids: dict[int, bytes] = {}
        self.spaces: dict[Identity, Space] = {}
        self.root: Identity = (b"", 0)
        pointer = int.from_bytes(data[ROOT_LIST : ROOT_LIST + 8], "little")
        length = int.from_bytes(data[ROOT_LIST + 8 : ROOT_LIST + 12], "little")
        for node in self._list(pointer, length):
            if node.kind == ROOT_SPACE:
                self.root = _extended(node.content)
            elif node.kind == OBJECT_SPACE and node.refers_to == TO_LIST:
                space = self.spaces.setdefault(_extended(node.content), Space())
                self._read(self._list(node.pointer, node.length), space, 0)

    def _list(self, pointer: int, length: int) -> Iterator[Node]:
        """Yield the nodes of a list, fragment by fragment."""
        while pointer not in self._seen and length >= 36 and pointer + length <= len(self._data):
            self._seen.add(pointer)
            fragment = self._data[pointer : pointer + length]
            if not fragment.startswith(FRAGMENT):
                return
            yield from self._fragment(fragment)
            pointer = int.from_bytes(fragment[-NEXT_FRAGMENT : -NEXT_FRAGMENT + 8], "little")
            length = int.from_bytes(fragment[-NEXT_FRAGMENT + 8 : -NEXT_FRAGMENT + 12], "little")

    def _fragment(self, fragment: bytes) -> Iterator[Node]:
        at, end = 16, len(fragment) - NEXT_FRAGMENT
        while at + 4 <= end:
            head = int.from_bytes(fragment[at : at + 4], "little")
            kind, size = head & 0x3FF, head >> 10 & 0x1FFF
            self._nodes += 1
            if kind in (0, END_OF_FRAGMENT) or size < 4 or self._nodes > MOST_NODES:
                return
            yield _node(kind, head, fragment[at + 4 : at + size])
            at += size

    def _read(self, nodes: Iterator[Node], space: Space, depth: int) -> None:
        if depth > DEEPEST_SPACES:
            raise UnreadableFile("damaged: it is nested too deeply")
        for node in nodes:
            if node.refers_to == TO_LIST:
                self._read(self._list(node.pointer, node.length), space, depth + 1)
            elif node.kind in GLOBAL_IDS:
                self._global_ids = {}
            elif node.kind == GLOBAL_ID:
                self._global_ids[int.from_bytes(node.content[:4], "little")] = node.content[4:20]
            elif node.kind == KEY:
                space.is_encrypted = True
            elif node.refers_to == TO_DATA:
                self._keep(node, space)
            else:
                self._note_root(node, space)

    def _note_root(self, node: Node, space: Space) -> None:
        if node.kind == ROOT_OBJECT and int.from_bytes(node.content[20:24], "little") == CONTENT_ROLE:
            space.roots.append(_extended(node.content))
        elif node.kind == ROOT_OBJECT_OLD and int.from_bytes(node.content[4:8], "little") == CONTENT_ROLE:
            space.roots.append(self._identity(int.from_bytes(node.content[:4], "little")))

    def _keep(self, node: Node, space: Space) -> None:
        """Keep an object; a later one of the same identity takes its place."""
        if space.is_encrypted or node.kind not in DECLARATIONS + OLD_DECLARATIONS + CHANGES:
            return
        self._bytes_read += node.length
        if self._bytes_read > MOST_OFTEN * len(self._data):
            raise UnreadableFile("damaged: its objects overlap")
        identity = self._identity(int.from_bytes(node.content[:4], "little"))
        kind = int.from_bytes(node.content[4:6], "little")
        if node.kind in OLD_DECLARATIONS:
            kind &= 0x3FF
        elif node.kind in CHANGES:
            kind = space.objects[identity].kind if identity in space.objects else 0
        properties = read_properties(self._data[node.pointer : node.pointer + node.length], self._identity)
        space.objects[identity] = Stored(kind, properties)

    def _identity(self, compact: int) -> Identity:
        return self._global_ids.get(compact >> 8, b""), compact & 0xFF


def _node(kind: int, head: int, content: bytes) -> Node:
    refers_to = head >> 27 & 0xF
    if refers_to not in (TO_DATA, TO_LIST):
        return Node(kind, 0, 0, 0, content)
    width, factor = POINTERS[head >> 23 & 3]
    length_width, length_factor = LENGTHS[head >> 25 & 3]
    pointer = int.from_bytes(content[:width], "little") * factor
    length = int.from_bytes(content[width : width + length_width], "little") * length_factor
    return Node(kind, refers_to, pointer, length, content[width + length_width :])


def _extended(content: bytes) -> Identity:
    return content[:16], int.from_bytes(content[16:20], "little")


WIDTHS = {1: 0, 2: 0, 3: 1, 4: 2, 5: 4, 6: 8}
BYTES, OBJECT, OBJECTS, SPACE, SPACES, CONTEXT, CONTEXTS, SETS, SET = 7, 8, 9, 10, 11, 12, 13, 16, 17
COUNTED = (OBJECTS, SPACES, CONTEXTS)
COUNT, MORE_STREAMS, NO_SPACES = 0xFFFFFF, 0x40000000, 0x80000000
DEEPEST_PROPERTIES = 20
DAMAGED = "damaged: its properties cannot be read"

Identity = tuple[bytes, int]


@dataclass(slots=True)
class Properties:
    """Properties by their numbers: bytes, and the identities of objects and of spaces that are referred to."""

    texts: dict[int, bytes] = field(default_factory=dict)
    objects: dict[int, list[Identity]] = field(default_factory=dict)
    spaces: dict[int, list[Identity]] = field(default_factory=dict)


def read_properties(data: bytes, identify: Callable[[int], Identity]) -> Properties:
    """Return the properties of an object; `identify` tells who is meant by a short number."""
    return _Reading(data, identify).properties


class _Reading:
    def __init__(self, data: bytes, identify: Callable[[int], Identity]) -> None:
        self._data, self._at = data, 0
        self.properties = Properties()
        flags, numbers = self._stream()
        self._objects = iter([identify(number) for number in numbers])
        self._spaces: Iterator[Identity] = iter(())
        if not flags & NO_SPACES:
            flags, numbers = self._stream()
            self._spaces = iter([identify(number) for number in numbers])
            if flags & MORE_STREAMS:
                self._stream()
        self._set(self.properties, 0)

    def _number(self, width: int) -> int:
        if self._at + width > len(self._data):
            raise UnreadableFile(DAMAGED)
        self._at += width
        return int.from_bytes(self._data[self._at - width : self._at], "little")

    def _stream(self) -> tuple[int, list[int]]:
        flags = self._number(4)
        return flags, [self._number(4) for _ in range(flags & COUNT)]

    def _set(self, properties: Properties, depth: int) -> None:
        if depth > DEEPEST_PROPERTIES:
            raise UnreadableFile("damaged: it is nested too deeply")
        for identity in [self._number(4) for _ in range(self._number(2))]:
            self._property(properties, identity & 0x3FFFFFF, identity >> 26 & 0x1F, depth)

    def _property(self, properties: Properties, number: int, kind: int, depth: int) -> None:
        if kind in WIDTHS:
            self._at += WIDTHS[kind]
        elif kind == BYTES:
            length = self._number(4)
            properties.texts[number] = self._data[self._at : self._at + length]
            self._at += length
        elif kind in (OBJECT, SPACE, CONTEXT, *COUNTED):
            self._refer(properties, number, kind, self._number(4) if kind in COUNTED else 1)
        elif kind == SETS:
            count = self._number(4)
            self._at += 4 if count else 0
            for _ in range(count):
                self._set(Properties(), depth + 1)
        elif kind == SET:
            self._set(Properties(), depth + 1)
        else:
            raise UnreadableFile(DAMAGED)

    def _refer(self, properties: Properties, number: int, kind: int, count: int) -> None:
        """Take references off the streams, in which they stand in the order of the properties."""
        if kind in (OBJECT, OBJECTS):
            properties.objects[number] = [found for _, found in zip(range(count), self._objects, strict=False)]
        elif kind in (SPACE, SPACES):
            properties.spaces[number] = [found for _, found in zip(range(count), self._spaces, strict=False)]

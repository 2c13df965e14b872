"""Read OneNote sections (.one, [MS-ONE] in a revision store by [MS-ONESTORE]): a part per page, its title as heading.

Only objects that the newest root of a page leads to are read: a file also keeps deleted objects and earlier revisions. Nodes,
nesting and the bytes of property sets read are limited, because lists and objects of a damaged file may refer to each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from assistant.datatypes import Extraction, Part
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, ExtractionBuilder, Source
from assistant.ingest.extractors.legacy.ole import decode_utf16

SECTION_FILE = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")  # guidFileType
REVISION_STORE = bytes.fromhex("3fdd9a101b91f549a5d01791edc8aed8")  # guidFileFormat
TITLE, RICH_TEXT, TABLE, ROW, CELL = 0x2C, 0x0E, 0x22, 0x23, 0x24  # object classes (JCID)
UNICODE, ASCII = 0x1C22, 0x3498  # properties: RichEditTextUnicode, TextExtendedAscii
PAGES = 0x1D63  # property ChildGraphSpaceElementNodes
CHILDREN = (0x1D5F, 0x1C1F, 0x1C20)  # properties StructureElementChildNodes, ContentChildNodes, ElementChildNodes
DEEPEST = 200
LINK = re.compile('\ufddfHYPERLINK "[^"]*"')
LINE_BREAKS = str.maketrans({"\x0b": "\n", "\r": "\n", "\0": None, "\ufddf": None})
TOO_DEEP = "damaged: it is nested too deeply"

FRAGMENT = (0xA4567AB1F5F7F4C4).to_bytes(8, "little")  # magic of a FileNodeListFragment
ROOT_LIST = 172  # offset of fcrFileNodeListRoot in the header
NEXT_FRAGMENT = 20  # distance of nextFragment from the end
END_OF_FRAGMENT = 0xFF  # ChunkTerminatorFND
# FileNode identifiers, see [MS-ONESTORE] 2.4.3
OBJECT_SPACE, ROOT_SPACE = 0x08, 0x04
GLOBAL_IDS, GLOBAL_ID = (0x21, 0x22), 0x24
DECLARATIONS, OLD_DECLARATIONS, CHANGES = (0xA4, 0xA5, 0xC4, 0xC5), (0x2D, 0x2E), (0x41, 0x42)
ROOT_OBJECT_OLD, ROOT_OBJECT, CONTENT_ROLE = 0x59, 0x5A, 1
KEY = 0x7C  # ObjectDataEncryptionKeyV2FNDX
POINTERS = {0: (8, 1), 1: (4, 1), 2: (2, 8), 3: (4, 8)}  # StpFormat: bytes of a pointer, and its factor
LENGTHS = {0: (4, 1), 1: (8, 1), 2: (1, 8), 3: (2, 8)}  # CbFormat
TO_DATA, TO_LIST = 1, 2  # BaseType
MOST_NODES = 5_000_000
MOST_OFTEN = 10  # times that a byte of an undamaged file is read on average, at most
DEEPEST_SPACES = 50

# property types ([MS-ONESTORE] 2.6.6)
WIDTHS = {1: 0, 2: 0, 3: 1, 4: 2, 5: 4, 6: 8}
BYTES, OBJECT, OBJECTS, SPACE, SPACES, CONTEXT, CONTEXTS, SETS, SET = 7, 8, 9, 10, 11, 12, 13, 16, 17
COUNTED = (OBJECTS, SPACES, CONTEXTS)
COUNT, MORE_STREAMS, NO_SPACES = 0xFFFFFF, 0x40000000, 0x80000000  # header of an object stream
DEEPEST_PROPERTIES = 20
DAMAGED = "damaged: its properties cannot be read"

ExtendedGuid = tuple[bytes, int]


def read_one(source: Source) -> Extraction:
    """Read a OneNote section."""
    if not source.data.startswith(SECTION_FILE):
        raise UnreadableFile("damaged: it is cut off or no OneNote section")
    if source.data[48:64] != REVISION_STORE:
        raise UnreadableFile("it is a OneNote section as OneDrive keeps it: export it from OneNote")
    store, writing = RevisionStore(source.data), ExtractionBuilder()
    for number, identity in enumerate(_page_order(store), 1):
        _write_page(store.spaces[identity], writing)
        source.on_step(f"page {number}")
    if not writing.length and any(space.is_encrypted for space in store.spaces.values()):
        raise UnreadableFile("it is encrypted: a password is needed, and files of this kind cannot be opened with one here")
    return writing.finish()


def _page_order(store: RevisionStore) -> list[ExtendedGuid]:
    """Return the object spaces of the pages in the order of the section, then those that it does not list."""
    section = store.spaces.get(store.root, ObjectSpace())
    listed = [identity for stored in section.objects.values() for identity in stored.spaces.get(PAGES, [])]
    return [identity for identity in dict.fromkeys([*listed, *store.spaces]) if identity in store.spaces]


def _write_page(space: ObjectSpace, writing: ExtractionBuilder) -> None:
    page = _PageContent(space)
    if not page.title and not page.blocks:
        return
    writing.begin(Part(0, 0, chapter=page.title or None))
    writing.add_heading(page.title, 1)
    gap = PARAGRAPH
    for block in page.blocks:
        if isinstance(block, list):
            writing.add_table(block)
            gap = PARAGRAPH
        else:
            writing.add(block, gap)
            gap = LINE


class _PageContent:
    """The title and the blocks (texts and tables) of a page, collected from its newest root."""

    def __init__(self, space: ObjectSpace) -> None:
        self._space = space
        self._seen: set[ExtendedGuid] = set()
        self.title = ""
        self.blocks: list[str | list[list[str]]] = []
        for identity in space.roots[-1:]:
            self._walk(identity, 0)

    def _walk(self, identity: ExtendedGuid, depth: int) -> None:
        stored = self._space.objects.get(identity)
        if not stored or identity in self._seen:
            return
        if depth > DEEPEST:
            raise UnreadableFile(TOO_DEEP)
        self._seen.add(identity)
        if stored.kind == TITLE:
            self.title, *beside = [*self._texts(stored, depth), ""] if not self.title else [self.title]
            self._add(" ".join(beside).strip())  # date and time of the page
        elif stored.kind == TABLE:
            rows = [self._take_children(row, CELL) for row in self._take_children(stored, ROW)]
            self.blocks.append([[" ".join(self._texts(cell, depth)) for cell in row] for row in rows])
        else:
            self._add(_own_text(stored))
            for child in _children(stored):
                self._walk(child, depth + 1)

    def _add(self, text: str) -> None:
        if text:
            self.blocks.append(text)

    def _take_children(self, stored: StoredObject, kind: int) -> list[StoredObject]:
        """Return the children of a class; each belongs to the first parent that names it."""
        new = [child for child in dict.fromkeys(_children(stored)) if child not in self._seen]
        found = {identity: child for identity in new if (child := self._space.objects.get(identity)) and child.kind == kind}
        self._seen.update(found)
        return list(found.values())

    def _texts(self, stored: StoredObject, depth: int) -> Iterator[str]:
        """Yield the texts of an object and its descendants."""
        if depth > DEEPEST:
            raise UnreadableFile(TOO_DEEP)
        if _own_text(stored):
            yield _own_text(stored)
        for identity in _children(stored):
            child = self._space.objects.get(identity)
            if child and identity not in self._seen:
                self._seen.add(identity)
                yield from self._texts(child, depth + 1)


def _children(stored: StoredObject) -> Iterator[ExtendedGuid]:
    for number in CHILDREN:
        yield from stored.objects.get(number, [])


def _own_text(stored: StoredObject) -> str:
    if stored.kind != RICH_TEXT:
        return ""
    text = decode_utf16(stored.texts.get(UNICODE, b"")) or stored.texts.get(ASCII, b"").decode("cp1252", "replace")
    return LINK.sub("", text).translate(LINE_BREAKS).strip()


@dataclass(frozen=True, slots=True)
class FileNode:
    """A FileNode: its identifier, the data or list it refers to, and the rest of its content."""

    kind: int
    refers_to: int
    pointer: int
    length: int
    content: bytes


@dataclass(slots=True)
class StoredObject:
    """An object: its class (JCID) and its properties: bytes, references to objects, and references to object spaces."""

    kind: int = 0
    texts: dict[int, bytes] = field(default_factory=dict)
    objects: dict[int, list[ExtendedGuid]] = field(default_factory=dict)
    spaces: dict[int, list[ExtendedGuid]] = field(default_factory=dict)


@dataclass(slots=True)
class ObjectSpace:
    """The objects of the section or of one page by their identities."""

    objects: dict[ExtendedGuid, StoredObject] = field(default_factory=dict)
    roots: list[ExtendedGuid] = field(default_factory=list)
    is_encrypted: bool = False


class RevisionStore:
    """The object spaces of a file, in file order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._nodes = self._bytes_read = 0
        self._seen: set[int] = set()
        self._global_ids: dict[int, bytes] = {}
        self.spaces: dict[ExtendedGuid, ObjectSpace] = {}
        self.root: ExtendedGuid = (b"", 0)
        for node in self._list(_number(data, ROOT_LIST, 8), _number(data, ROOT_LIST + 8)):
            if node.kind == ROOT_SPACE:
                self.root = _extended_guid(node.content)
            elif node.kind == OBJECT_SPACE and node.refers_to == TO_LIST:
                space = self.spaces.setdefault(_extended_guid(node.content), ObjectSpace())
                self._read(self._list(node.pointer, node.length), space, 0)

    def _list(self, pointer: int, length: int) -> Iterator[FileNode]:
        """Yield the nodes of a FileNodeList, fragment by fragment; each fragment is read once."""
        while pointer not in self._seen and length >= 36 and pointer + length <= len(self._data):
            self._seen.add(pointer)
            fragment = self._data[pointer : pointer + length]
            if not fragment.startswith(FRAGMENT):
                return
            yield from self._fragment(fragment)
            end = len(fragment) - NEXT_FRAGMENT
            pointer, length = _number(fragment, end, 8), _number(fragment, end + 8)

    def _fragment(self, fragment: bytes) -> Iterator[FileNode]:
        at, end = 16, len(fragment) - NEXT_FRAGMENT
        while at + 4 <= end:
            head = _number(fragment, at)
            kind, size = head & 0x3FF, head >> 10 & 0x1FFF
            self._nodes += 1
            if kind in (0, END_OF_FRAGMENT) or size < 4 or self._nodes > MOST_NODES:
                return
            yield _parse_node(kind, head, fragment[at + 4 : at + size])
            at += size

    def _read(self, nodes: Iterator[FileNode], space: ObjectSpace, depth: int) -> None:
        if depth > DEEPEST_SPACES:
            raise UnreadableFile(TOO_DEEP)
        for node in nodes:
            if node.refers_to == TO_LIST:
                self._read(self._list(node.pointer, node.length), space, depth + 1)
            elif node.kind in GLOBAL_IDS:
                self._global_ids = {}
            elif node.kind == GLOBAL_ID:
                self._global_ids[_number(node.content, 0)] = node.content[4:20]
            elif node.kind == KEY:
                space.is_encrypted = True
            elif node.refers_to == TO_DATA:
                self._add_object(node, space)
            elif node.kind == ROOT_OBJECT and _number(node.content, 20) == CONTENT_ROLE:
                space.roots.append(_extended_guid(node.content))
            elif node.kind == ROOT_OBJECT_OLD and _number(node.content, 4) == CONTENT_ROLE:
                space.roots.append(self._identity(_number(node.content, 0)))

    def _add_object(self, node: FileNode, space: ObjectSpace) -> None:
        """Add an object; a later revision replaces it."""
        if space.is_encrypted or node.kind not in DECLARATIONS + OLD_DECLARATIONS + CHANGES:
            return
        self._bytes_read += node.length
        if self._bytes_read > MOST_OFTEN * len(self._data):
            raise UnreadableFile("damaged: its objects overlap")
        identity = self._identity(_number(node.content, 0))
        kind = _number(node.content, 4, 2)
        if node.kind in OLD_DECLARATIONS:
            kind &= 0x3FF
        elif node.kind in CHANGES:
            kind = space.objects[identity].kind if identity in space.objects else 0
        data = self._data[node.pointer : node.pointer + node.length]
        space.objects[identity] = replace(_PropertyReader(data, self._identity).read, kind=kind)

    def _identity(self, compact: int) -> ExtendedGuid:
        """Return the identity that a CompactID stands for in the current global identification table."""
        return self._global_ids.get(compact >> 8, b""), compact & 0xFF


def _parse_node(kind: int, head: int, content: bytes) -> FileNode:
    refers_to = head >> 27 & 0xF
    if refers_to not in (TO_DATA, TO_LIST):
        return FileNode(kind, 0, 0, 0, content)
    width, factor = POINTERS[head >> 23 & 3]
    length_width, length_factor = LENGTHS[head >> 25 & 3]
    pointer, length = _number(content, 0, width) * factor, _number(content, width, length_width) * length_factor
    return FileNode(kind, refers_to, pointer, length, content[width + length_width :])


def _extended_guid(content: bytes) -> ExtendedGuid:
    return content[:16], _number(content, 16)


def _number(data: bytes, at: int, width: int = 4) -> int:
    return int.from_bytes(data[at : at + width], "little")


class _PropertyReader:
    """Reads an ObjectSpaceObjectPropSet; `identify` resolves a CompactID."""

    def __init__(self, data: bytes, identify: Callable[[int], ExtendedGuid]) -> None:
        self._data, self._at = data, 0
        self.read = StoredObject()
        flags, numbers = self._stream()
        self._objects = iter([identify(number) for number in numbers])
        self._spaces: Iterator[ExtendedGuid] = iter(())
        if not flags & NO_SPACES:
            flags, numbers = self._stream()
            self._spaces = iter([identify(number) for number in numbers])
            if flags & MORE_STREAMS:
                self._stream()
        self._set(self.read, 0)

    def _take(self, width: int) -> int:
        if self._at + width > len(self._data):
            raise UnreadableFile(DAMAGED)
        self._at += width
        return _number(self._data, self._at - width, width)

    def _stream(self) -> tuple[int, list[int]]:
        flags = self._take(4)
        return flags, [self._take(4) for _ in range(flags & COUNT)]

    def _set(self, found: StoredObject, depth: int) -> None:
        if depth > DEEPEST_PROPERTIES:
            raise UnreadableFile(TOO_DEEP)
        for identity in [self._take(4) for _ in range(self._take(2))]:
            self._property(found, identity & 0x3FFFFFF, identity >> 26 & 0x1F, depth)

    def _property(self, found: StoredObject, number: int, kind: int, depth: int) -> None:
        """Read the value of a property; nested property sets are skipped."""
        if kind in WIDTHS:
            self._at += WIDTHS[kind]
        elif kind == BYTES:
            length = self._take(4)
            found.texts[number] = self._data[self._at : self._at + length]
            self._at += length
        elif kind in (OBJECT, SPACE, CONTEXT, *COUNTED):
            self._refer(found, number, kind, self._take(4) if kind in COUNTED else 1)
        elif kind == SETS:
            count = self._take(4)
            self._at += 4 if count else 0
            for _ in range(count):
                self._set(StoredObject(), depth + 1)
        elif kind == SET:
            self._set(StoredObject(), depth + 1)
        else:
            raise UnreadableFile(DAMAGED)

    def _refer(self, found: StoredObject, number: int, kind: int, count: int) -> None:
        """Take references from the object streams, where they stand in the order of the properties."""
        if kind in (OBJECT, OBJECTS):
            found.objects[number] = list(islice(self._objects, count))
        elif kind in (SPACE, SPACES):
            found.spaces[number] = list(islice(self._spaces, count))

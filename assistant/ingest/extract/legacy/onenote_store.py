"""A OneNote section file in; its object spaces (the section and each page) with their newest objects out.

By [MS-ONESTORE] of Microsoft: a file is lists of nodes, which may refer to more lists, and to sets of properties.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from assistant.errors import UnreadableFile
from assistant.ingest.extract.legacy.onenote_properties import Identity, Properties, read_properties

FRAGMENT = (0xA4567AB1F5F7F4C4).to_bytes(8, "little")
ROOT_LIST = 172  # where the header says where the first list is
NEXT_FRAGMENT = 20
END_OF_FRAGMENT = 0xFF
SPACE, ROOT_SPACE = 0x08, 0x04
GLOBAL_IDS, GLOBAL_ID = (0x21, 0x22), 0x24
DECLARATIONS, OLD_DECLARATIONS, CHANGES = (0xA4, 0xA5, 0xC4, 0xC5), (0x2D, 0x2E), (0x41, 0x42)
ROOT_OBJECT_OLD, ROOT_OBJECT, CONTENT_ROLE = 0x59, 0x5A, 1
KEY = 0x7C
POINTERS = {0: (8, 1), 1: (4, 1), 2: (2, 8), 3: (4, 8)}  # how many bytes a pointer has, and what to multiply it with
LENGTHS = {0: (4, 1), 1: (8, 1), 2: (1, 8), 3: (2, 8)}
TO_DATA, TO_LIST = 1, 2
MOST_NODES, MOST_OFTEN = 5_000_000, 10  # how often a byte of a sound file is read on average, at most
DEEPEST = 50


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
            elif node.kind == SPACE and node.refers_to == TO_LIST:
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
        if depth > DEEPEST:
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

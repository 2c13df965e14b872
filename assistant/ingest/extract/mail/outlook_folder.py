"""A compound file that holds an Outlook message in; its properties out, as [MS-OXMSG] of Microsoft describes them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.ingest.extract.decode import decode_as
from assistant.ingest.extract.legacy.codepages import codec_of
from assistant.ingest.extract.legacy.compound import stream

if TYPE_CHECKING:
    from olefile import OleFileIO

PROPERTIES, VALUE, ATTACHED = "__properties_version1.0", "__substg1.0_", "__attach_version1.0_#"
UNICODE, BYTE_TEXT, BINARY, OBJECT = 0x001F, 0x001E, 0x0102, 0x000D  # kinds of properties
CODE_PAGE = 0x3FFD


@dataclass(frozen=True, slots=True)
class Folder:
    """A message, or an attachment, inside the file."""

    file: OleFileIO
    path: str = ""

    def inner(self, name: str) -> Folder:
        """Return a folder in this one."""
        return Folder(self.file, f"{self.path}{name}/")

    def message_in(self, identity: int) -> list[Folder]:
        """Return the message that a property is, none where it is none."""
        found = self.inner(f"{VALUE}{identity:04X}{OBJECT:04X}")
        return [found] if self.file.exists(found.path + PROPERTIES) else []

    def bytes_of(self, identity: int, kind: int = BINARY) -> bytes:
        """Return the bytes of a property, nothing where there is none."""
        return stream(self.file, f"{self.path}{VALUE}{identity:04X}{kind:04X}")

    def text_of(self, identity: int) -> str:
        """Return the text of a property, empty where there is none."""
        wide = self.bytes_of(identity, UNICODE)
        if wide:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        return decode_as(self.bytes_of(identity, BYTE_TEXT), self._codec()).rstrip("\0")

    def record(self, identity: int) -> int:
        """Return a property of fixed length, 0 where there is none."""
        records = stream(self.file, self.path + PROPERTIES)[self._header_size() :]
        for at in range(0, len(records) - 15, 16):
            _, found, _, value = struct.unpack_from("<HHIQ", records, at)
            if found == identity:
                return int(value)
        return 0

    def names(self) -> list[str]:
        """Return the names of the folders in this one."""
        own = self.path.split("/")[:-1]
        paths = self.file.listdir(streams=False, storages=True)
        return sorted(path[-1] for path in paths if path[:-1] == own)

    def _header_size(self) -> int:
        """Return how long what stands before the records is: it differs for the file, a message in it and an attachment."""
        if not self.path:
            return 32
        return 8 if self.path.split("/")[-2].startswith(ATTACHED) else 24

    def _codec(self) -> str:
        page = self.record(CODE_PAGE) & 0xFFFFFFFF
        return codec_of(page) if page else ""

"""Rows of the collections: chunks, ledger entries and named values, as the fields of Milvus hold them."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from assistant.datatypes import Chunk, FileState, LedgerEntry, Location
from assistant.index.chunks import StoredChunk
from assistant.index.milvus.connection import Row
from assistant.index.milvus.schema import LONGEST

COMPRESSED = "\uf8ffz"  # begins a compressed text; a text that itself begins so is compressed
LIST_FIELDS = ("empty_pages", "ocr_pages", "notes")
SHORTENED_FIELDS = (*LIST_FIELDS, "title", "reason")
CHUNK_FIELDS = ("id", "file", "text", "context", "location", "char_start", "char_end")
FILE, META, ROOT, EXCLUDED, GENERATION, GONE = "file", "meta", "root", "excluded", "generation", "gone"
MOUNT, LEASE, RENEWAL, CLAIM = "mount", "lease", "renewal", "claim"
JOURNAL = "journal"
MACHINE = "machine"  # when a machine was last here; no part of a version of the library


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as the ledger holds it. `first` is the id of the first chunk of its current generation, 0 if it has no chunks."""

    entry: LedgerEntry
    title: str
    first: int = 0
    words: int = 0  # number of words of all its chunks
    waiting: bool = False  # whether chunks have no vector yet

    @property
    def ids(self) -> range:
        """The ids of its chunks."""
        return range(self.first, self.first + self.entry.chunks)


def packed_text(text: str) -> str:
    """Return a text as a field holds it: compressed if it is too long. Raises ValueError if it is too long even so."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) <= LONGEST and not text.startswith(COMPRESSED) and is_utf8(text):
        return text
    packed = COMPRESSED + base64.b64encode(zlib.compress(raw)).decode("ascii")
    if len(packed.encode()) > LONGEST:
        raise ValueError("a text is too long")
    return packed


def unpacked_text(field: str) -> str:
    """Return the text that a field holds."""
    if not field.startswith(COMPRESSED):
        return field
    return zlib.decompress(base64.b64decode(field[len(COMPRESSED) :])).decode("utf-8", "surrogatepass")


def is_utf8(text: str) -> bool:
    """Return whether a text has no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def row_id(kind: str, key: str) -> str:
    """Return the primary key of a row of the ledger: a hash, since paths may be longer than a key can be."""
    return hashlib.sha256(f"{kind}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()


def ledger_row(kind: str, key: str, value: Mapping[str, Any]) -> Row:
    """Return a row of the ledger."""
    packed = packed_text(json.dumps(value, ensure_ascii=False))
    return {"id": row_id(kind, key), "kind": kind, "value": packed, "nothing": [0.0, 0.0]}


def gone_row(kind: str, key: str) -> Row:
    """Return the row that replaces a removed one until it is deleted: a deletion is part of the request that changes others."""
    return {**ledger_row(kind, key, {}), "kind": GONE}


def file_key(path: str, epoch: str) -> str:
    """Return the key of the row of a file. That of an epoch is its own, so that holders never replace each other's rows."""
    return f"{path}\0{epoch}" if epoch else path


def file_row(row: FileRow, epoch: str) -> Row:
    """Return the row of a file, whose paths are those of the library, in an epoch of its root."""
    value = {**asdict(row.entry), "title": row.title, "first": row.first, "words": row.words, "waiting": row.waiting}
    return shortened_row(file_key(row.entry.path, epoch), {**value, **({"epoch": epoch} if epoch else {})})


def shortened_row(key: str, value: dict[str, Any]) -> Row:
    """Return the row of a file. What is extremely long is shortened to fit."""
    while True:
        try:
            return ledger_row(FILE, key, value)
        except ValueError:
            longest = max(SHORTENED_FIELDS, key=lambda name: len(json.dumps(value[name])))
            if not value[longest]:
                raise
            value[longest] = value[longest][: len(value[longest]) // 2]


def translated(entry: LedgerEntry, translate: Callable[[str], str]) -> LedgerEntry:
    """Return the entry of a file with its paths translated."""
    container = translate(entry.container) if entry.container else ""
    return replace(entry, path=translate(entry.path), root=translate(entry.root), container=container)


def parsed_file(value: Mapping[str, Any]) -> FileRow:
    """Return the file in a row of the ledger."""
    named = {field.name: value[field.name] for field in fields(LedgerEntry)}
    named |= {name: tuple(named[name]) for name in LIST_FIELDS}
    entry = LedgerEntry(**{**named, "state": FileState(named["state"])})
    return FileRow(entry, value["title"], value["first"], value["words"], value["waiting"])


def chunk_row(number: int, file: int, ordinal: int, chunk: Chunk, key: bytes, words: Mapping[int, float]) -> Row:
    """Return the row of a chunk. Raises ValueError if its text is too long for a field."""
    location = {name: value for name, value in asdict(chunk.location).items() if value is not None}
    return {
        "id": number, "file": file, "ordinal": ordinal, "char_start": chunk.location.char_start,
        "char_end": chunk.location.char_end, "text": packed_text(chunk.text), "context": packed_text(chunk.context),
        "location": packed_text(json.dumps(location)), "key": key.hex(), "words": dict(words),
    }


def parsed_chunk(row: Row, path: str, title: str) -> StoredChunk:
    """Return the chunk in a row."""
    location = Location(**json.loads(unpacked_text(row["location"])))
    return StoredChunk(row["id"], path, title, Chunk(unpacked_text(row["text"]), location, unpacked_text(row["context"])))

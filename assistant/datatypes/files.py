"""The file ledger, changes, progress and reports of ingestion, and the status of a library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class FileState(StrEnum):
    """The status of a file that was seen."""

    INDEXED = "indexed"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """The status of one file; every file that was seen has one.

    path: of the file; for a file inside another (attachment, archive entry) the container's path and its name below that
    root: the added path that it belongs to
    reason: why it has this status; "" if it was indexed without remarks
    size: bytes
    mtime_ns: time of modification, nanoseconds since 1970
    content_hash: SHA-256 of its bytes; "" if it must be read again
    empty_pages, ocr_pages: page numbers without text, and with text recognized by OCR
    encoding: character encoding of a text file, None for other formats
    notes: warnings for the user
    container: path of the file that contains it; "" if none
    """

    path: str
    root: str
    state: FileState
    reason: str
    size: int
    mtime_ns: int
    content_hash: str = ""
    chunks: int = 0
    pages: int = 0
    empty_pages: tuple[int, ...] = ()
    ocr_pages: tuple[int, ...] = ()
    encoding: str | None = None
    notes: tuple[str, ...] = ()
    container: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """The outcome of one file.

    was: the old path of a moved file; "" otherwise
    """

    kind: Literal["indexed", "moved", "removed", "skipped", "failed"]
    path: str
    reason: str = ""
    chunks: int = 0
    old_path: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a long task; counts are of this run."""

    stage: str
    done: int
    total: int
    chunks: int = 0
    current: str = ""


OnProgress = Callable[[Progress], None]


def ignore_progress(_progress: Progress) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The result of one `add` or `sync`.

    indexed, unchanged, removed: number of files
    skipped, failed: their ledger entries
    chunks: number of new chunks
    embedded: number of new vectors
    seconds: wall-clock time
    interrupted: True if the run was stopped
    away: roots that do not exist at the moment; the library keeps their files
    """

    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: tuple[LedgerEntry, ...] = ()
    failed: tuple[LedgerEntry, ...] = ()
    chunks: int = 0
    embedded: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    away: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """The contents of a library.

    documents, chunks, skipped, failed: counts
    bytes: size on disk
    waiting: number of chunks without a vector, which only keyword search finds
    """

    name: str
    path: str
    embedder: str
    documents: int
    chunks: int
    roots: tuple[str, ...]
    skipped: int
    failed: int
    bytes: int
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of importing a library.

    held: its contents
    away: its roots that do not exist on this machine
    shared: pairs (root, library) of roots that another library also has
    """

    held: LibraryStatus
    away: tuple[str, ...]
    shared: tuple[tuple[str, str], ...]

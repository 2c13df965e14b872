"""What becomes of files: the ledger, changes, progress and reports; what a library holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class FileState(StrEnum):
    """What became of a file that was seen."""

    INDEXED = "indexed"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What is known of one file: every file that was ever seen has one, with the reason for its state.

    A file inside a file (an attachment, an entry of an archive) has the `container`'s path and its own name below that.
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
    """What became of one file in the library; `was` is the path that a moved one had."""

    kind: Literal["indexed", "moved", "removed", "skipped", "failed"]
    path: str
    reason: str = ""
    chunks: int = 0
    was: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long task is. Counts are of this run."""

    stage: str
    done: int
    total: int
    chunks: int = 0
    current: str = ""


OnProgress = Callable[[Progress], None]


def ignore_progress(_progress: Progress) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one `add` or `sync` did. `unchanged` files cost one stat; the files of roots that are `away` are kept."""

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
    """What a library holds; chunks that wait for a vector are found by keyword only."""

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
class Imported:
    """A library that was brought in: its folders that are not on this machine, and those of another library here too."""

    held: LibraryStatus
    away: tuple[str, ...]
    shared: tuple[tuple[str, str], ...]

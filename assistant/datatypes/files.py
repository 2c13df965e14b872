"""The file ledger, reports of ingestion, the status of a library, diagnostic findings, and the hardware of this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class FileState(StrEnum):
    """The status of a file that was seen."""

    INDEXED = "indexed"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """The status of one file; every file that was seen has one."""

    path: str  # of the file; for a file inside another (attachment, archive entry) the container's path and its name below that
    root: str  # the added path that it belongs to
    state: FileState
    reason: str  # why it has this status; "" if it was indexed without remarks
    size: int  # bytes
    mtime_ns: int  # time of modification, nanoseconds since 1970
    content_hash: str = ""  # SHA-256 of its bytes; "" if it must be read again
    chunks: int = 0
    pages: int = 0
    empty_pages: tuple[int, ...] = ()  # empty_pages, ocr_pages: page numbers without text, and with text recognized by OCR
    ocr_pages: tuple[int, ...] = ()
    encoding: str | None = None  # character encoding of a text file, None for other formats
    notes: tuple[str, ...] = ()  # warnings for the user
    container: str = ""  # path of the file that contains it; "" if none


@dataclass(frozen=True, slots=True)
class OutdatedFile:
    """A file whose text in the library may no longer be that of the file on the disk."""

    path: str
    state: Literal["changed", "missing"]  # saved again since it was read, or not at its place


@dataclass(frozen=True, slots=True)
class Change:
    """The outcome of one file."""

    kind: Literal["indexed", "moved", "removed", "skipped", "failed"]
    path: str
    reason: str = ""
    chunks: int = 0
    old_path: str = ""  # of a moved file; "" otherwise


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
    """The result of one `add` or `sync`."""

    # indexed, unchanged, removed: number of files
    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: tuple[LedgerEntry, ...] = ()  # skipped, failed: their ledger entries
    failed: tuple[LedgerEntry, ...] = ()
    chunks: int = 0  # number of new chunks
    embedded: int = 0  # number of new vectors
    seconds: float = 0.0  # wall-clock time, with the loading of the embedding model
    interrupted: bool = False  # True if the run was stopped
    away: tuple[str, ...] = ()  # roots that do not exist at the moment; the library keeps their files


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """The contents of a library."""

    name: str
    path: str
    embedder: str
    # documents, chunks, skipped, failed: counts
    documents: int
    chunks: int
    roots: tuple[str, ...]
    skipped: int
    failed: int
    bytes: int  # size on disk
    waiting: int = 0  # number of chunks without a vector, which only keyword search finds


@dataclass(frozen=True, slots=True)
class MachineSync:
    """When a machine last brought its folders up to date in a shared library: seconds since 1970."""

    machine: str
    synced: float


@dataclass(frozen=True, slots=True)
class LibraryMetrics:
    """Measurements of a shared library, as far as the reader may see it."""

    is_read_only: bool  # on this machine
    files: int  # files, passages, vectors: numbers of rows
    passages: int
    vectors: int
    unswept_generations: int  # versions of files that this machine has replaced or left unfinished, and not erased yet
    machines: tuple[MachineSync, ...]  # those that keep a readable folder up to date, and this one
    round_trip_ms: float  # duration of one small request


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of importing a library."""

    held: LibraryStatus  # its contents
    away: tuple[str, ...]  # its roots that do not exist on this machine
    shared: tuple[tuple[str, str], ...]  # pairs (root, library) of roots that another library also has


class Severity(StrEnum):
    """The severity of a finding of `doctor`."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of `doctor`."""

    subject: str  # what was checked
    severity: Severity
    detail: str  # what was found
    remedy: str = ""  # what to do about it; "" if nothing


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU."""

    name: str
    memory_total: int  # memory_total, memory_free: bytes, 0 if unknown
    memory_free: int
    interface: str = ""  # "CUDA", "Vulkan", "Metal", ...


@dataclass(frozen=True, slots=True)
class Machine:
    """The hardware of this machine."""

    system: str
    processor: str
    cores: int  # number of physical cores
    features: tuple[str, ...]  # CPU features such as "avx2"
    # memory_total, memory_available, disk_free: bytes
    memory_total: int
    memory_available: int
    disk_free: int
    gpus: tuple[Gpu, ...] = field(default=())

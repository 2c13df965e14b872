"""Read files: discover them, extract their text in worker processes, and split it into chunks.

The package uses no model and no database; DuckDB only parses files.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.ingest.chunking.chunker import CHUNKER_VERSION, CountTokens, chunk, iterate_chunks
    from assistant.ingest.discovery import (
        Candidate,
        ExcludedEntry,
        RescanTarget,
        clamped_mtime_ns,
        discover,
        is_utf8,
        printable,
        rescan_target,
    )
    from assistant.ingest.extractors.registry import EXTRACTOR_VERSION, is_ocr_available, known_types
    from assistant.ingest.workers.pool import ReaderPool, ReadRequest
    from assistant.ingest.workers.read_file import ReadOptions, ReadResult, Unchanged
    from assistant.ingest.workers.supervisor import WorkerLimits, probe_confinement

__all__ = [
    "CHUNKER_VERSION",
    "EXTRACTOR_VERSION",
    "Candidate",
    "CountTokens",
    "ExcludedEntry",
    "ReadOptions",
    "ReadRequest",
    "ReadResult",
    "ReaderPool",
    "RescanTarget",
    "Unchanged",
    "WorkerLimits",
    "chunk",
    "clamped_mtime_ns",
    "discover",
    "is_ocr_available",
    "is_utf8",
    "iterate_chunks",
    "known_types",
    "printable",
    "probe_confinement",
    "rescan_target",
]

PLACES = {
    "chunking.chunker": {"CHUNKER_VERSION", "CountTokens", "chunk", "iterate_chunks"},
    "extractors.registry": {"EXTRACTOR_VERSION", "is_ocr_available", "known_types"},
    "workers.pool": {"ReadRequest", "ReaderPool"},
    "workers.read_file": {"ReadOptions", "ReadResult", "Unchanged"},
    "workers.supervisor": {"WorkerLimits", "probe_confinement"},
}


def __getattr__(name: str) -> object:
    """Import a name on first use: a reader worker, which starts for every few files, needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    place = next((place for place, names in PLACES.items() if name in names), "discovery")
    return getattr(import_module(f"{__name__}.{place}"), name)

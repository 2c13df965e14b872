"""Paths in, Documents and their Chunks out. Knows no model and no database.

`discover` says which files there are, `read_document` reads one of them, `chunk` cuts it into passages.
"""

from __future__ import annotations

from assistant.ingest.chunk import CHUNKER_VERSION, CountTokens, chunk
from assistant.ingest.discover import Candidate, Refusal, discover, is_utf8, printable
from assistant.ingest.extract import EXTRACTOR_VERSION, READERS, Reader, read_document

__all__ = [
    "CHUNKER_VERSION",
    "EXTRACTOR_VERSION",
    "READERS",
    "Candidate",
    "CountTokens",
    "Reader",
    "Refusal",
    "chunk",
    "discover",
    "is_utf8",
    "printable",
    "read_document",
]

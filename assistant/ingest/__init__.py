"""Read files: discover them, extract their text in worker processes, and split it into chunks.

The package uses no model and no database.
"""

from __future__ import annotations

from assistant.ingest.chunking.chunker import CHUNKER_VERSION, CountTokens, chunk
from assistant.ingest.discovery import Candidate, Refusal, ToLookAt, discover, is_utf8, printable, to_look_at
from assistant.ingest.extractors.registry import EXTRACTOR_VERSION, OPENERS, READERS, can_read_pictures
from assistant.ingest.workers.pool import Job, Pool
from assistant.ingest.workers.read_file import Reading, Terms, Unchanged, read_document
from assistant.ingest.workers.supervisor import Bounds, confinement_of_readers

__all__ = [
    "CHUNKER_VERSION",
    "EXTRACTOR_VERSION",
    "OPENERS",
    "READERS",
    "Bounds",
    "Candidate",
    "CountTokens",
    "Job",
    "Pool",
    "Reading",
    "Refusal",
    "Terms",
    "ToLookAt",
    "Unchanged",
    "can_read_pictures",
    "chunk",
    "confinement_of_readers",
    "discover",
    "is_utf8",
    "printable",
    "read_document",
    "to_look_at",
]

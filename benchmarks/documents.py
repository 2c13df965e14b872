"""Read one file as a reader process does, in this process."""

from __future__ import annotations

from pathlib import Path

import checkout  # noqa: F401

from assistant.datatypes import Document
from assistant.errors import UnreadableFile
from assistant.ingest.workers.read_file import ReadOptions, ReadTask, read_with_members


def read_document(path: Path, max_bytes: int) -> Document:
    """Return the document of a file. Raises UnreadableFile if there is none."""
    outcome = list(read_with_members(ReadTask(path, ReadOptions(max_bytes))))[-1].outcome
    if isinstance(outcome, UnreadableFile):
        raise outcome
    if not isinstance(outcome, Document):
        raise TypeError(f"{path} has no document")
    return outcome

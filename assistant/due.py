"""What is known of a file in; whether it is read again although it has not changed, out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from assistant.datatypes import FileState, LedgerEntry
from assistant.errors import ENCRYPTED
from assistant.ingest import CHUNKER_VERSION, EXTRACTOR_VERSION

FOR_OCR = "for OCR"  # how a reason ends that says what to install


def shape(chunk_tokens: int) -> str:
    """Return what decides how a file becomes chunks: where it differs, files are read again."""
    return f"extractor {EXTRACTOR_VERSION}, chunker {CHUNKER_VERSION}, {chunk_tokens} tokens"


IsDue = Callable[[LedgerEntry], bool]


def due_again(entries: Iterable[LedgerEntry], *, has_passwords: bool, has_new_eyes: bool, everything: bool) -> IsDue:
    """Return what says of a known file that it should be read even if it has not changed.

    With passwords, those that are encrypted, or hold something that is, are due; where OCR was installed since the last
    run, those with pages that are pictures.
    """
    due = {path for entry in entries for path in (entry.path, entry.container)
           if (has_passwords and entry.state is FileState.FAILED and ENCRYPTED in entry.reason)
           or (has_new_eyes and (entry.empty_pages or FOR_OCR in entry.reason))}
    return lambda entry: everything or entry.path in due


def known_hash(known: LedgerEntry | None, is_due: IsDue) -> str:
    """Return the hash that makes reading a file again needless; nothing where it must be read."""
    return known.content_hash if known and is_indexed(known) and not is_due(known) else ""


def is_indexed(known: LedgerEntry | None) -> bool:
    """Return whether there is text of a file in the library."""
    return known is not None and known.state is FileState.INDEXED

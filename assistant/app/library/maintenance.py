"""Maintain a library: write lock, consistency check, and deleting all traces of removed files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.app.library.conversations import forget_text
from assistant.app.library.library import Library
from assistant.app.library.tables import check_tables, purge_tables
from assistant.datatypes import Citation, Finding, OnProgress, Progress, Severity
from assistant.errors import LibraryUnwritable
from assistant.generation.documents import NotesCache
from assistant.history import Sessions
from assistant.index import PRIVATE_FOLDER
from assistant.models.llama.kv_cache import keep_documents

REWRITE_LIMIT = 20_000  # chunks: a larger library is rewritten by `doctor --check` only
LOG_IN_USE = Finding("library", Severity.WARNING, "Another program is reading this library: its log still contains removed text.",
                     "Close that program (assistant engine stop), then check again.")


@contextmanager
def write_lock(folder: Path, on_progress: OnProgress) -> Iterator[None]:
    """Hold the write lock of a library's folder; wait while another program has it. Raises LibraryUnwritable."""
    # the waiting program holds the turn lock, so that a program that writes repeatedly cannot starve it
    turn, lock = FileLock(folder / "writer.turn"), FileLock(folder / "writer.lock")
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        turn.acquire(timeout=0)
        lock.acquire(timeout=0)
    except Timeout:
        on_progress(Progress("waiting", 0, 0, current="another program is writing to this library"))
        turn.acquire()
        lock.acquire()
    except OSError as error:
        raise LibraryUnwritable(f"{folder} cannot be written: {error.strerror or error}.",
                                "Check its permissions and the disk, or set ASSISTANT_HOME.") from error
    finally:
        turn.release(force=True)
    try:
        yield
    finally:
        lock.release()


def check_consistency(library: Library, sessions: Sessions, *, repair: bool) -> tuple[Finding, ...]:
    """Check the consistency of a library and finish pending deletions; return the problems, which `repair` repairs.

    Raises LibraryDamaged if the file cannot be repaired.
    """
    store = library.writable
    purge(library)
    redact_sessions(library, sessions)
    found = store.inspect(repair=repair)
    swept = store.erase_removed(thorough=True)
    return (*found, *check_tables(store, repair=repair), *(() if swept else (LOG_IN_USE,)))


def purge_removed(library: Library, sessions: Sessions) -> None:
    """Delete what was just removed from every file of the library; a large library only empties its log."""
    purge(library)
    redact_sessions(library, sessions)
    store = library.writable
    store.erase_removed(thorough=store.count_chunks() <= REWRITE_LIMIT)


def redact_sessions(library: Library, sessions: Sessions) -> None:
    """Delete answers that cite removed files from the saved conversations. Raises LibraryUnwritable.

    A cited file counts as removed if the library does not know it and no other chunk has the quote (a renamed file has).
    """
    store = library.writable
    known = store.ledger()

    def is_gone(cited: Citation) -> bool:
        return cited.kind == "file" and cited.path not in known and not store.says(cited.quote)

    try:
        forget_text(sessions, library.folder.parent, library.name, is_gone)
    except OSError as error:
        raise LibraryUnwritable(f"A saved conversation cannot be written: {error.strerror or error}.",
                                "Check the permissions of the home folder, then run: assistant doctor --check") from error


def purge(library: Library) -> None:
    """Delete what was derived from files that were removed or changed: tables, KV states, notes, calibration trials."""
    store = library.writable
    purge_tables(store)
    folder = library.folder.parent
    keep_documents(folder.parent, library.name, lambda: {entry.content_hash for entry in store.ledger().values()},
                   (each.name for each in folder.iterdir()))
    trials = library.trial_log("")
    if not (trials.file.exists() or library.notes_folder.exists()):
        return
    ledger = store.ledger()  # read once: this runs after every saved file while watching
    NotesCache(library.notes_folder).keep_only({entry.content_hash for entry in ledger.values()})
    if trials.file.exists():
        trials.keep_only(ledger)

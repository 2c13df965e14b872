"""Maintain a library: write lock, consistency check, and deleting all traces of removed files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.app.library.derived import folder_of_notes, notebook_of, notes_of
from assistant.app.library.library import Library
from assistant.datatypes import Citation, Finding, OnProgress, Progress, Severity
from assistant.errors import LibraryUnwritable
from assistant.history import Sessions
from assistant.index import PRIVATE_FOLDER, Inspection, sweep, view_fault

REMOVED = "removed"  # metadata key: set while files may still contain removed text
REWRITE_LIMIT = 20_000  # chunks: a larger library is rewritten by `doctor --check` only
LOG_IN_USE = Finding("library", Severity.WARNING, "Another program is reading this library: its log still contains removed text.",
                     "Close that program (assistant engine stop), then check again.")


@contextmanager
def only_writer(folder: Path, on_progress: OnProgress) -> Iterator[None]:
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


def check(library: Library, sessions: Sessions, *, repair: bool) -> tuple[Finding, ...]:
    """Check the consistency of a library and finish pending deletions; return the problems, which `repair` repairs.

    Raises LibraryDamaged if the file cannot be repaired.
    """
    store = library.store
    forget(library)
    redact_sessions(library, sessions)
    found = Inspection(store, repair=repair).run()
    view = view_fault(store)
    if found or view:
        store.set_meta(REMOVED, "yes")
    swept = rewrite_stale_files(library)
    return (*found, *view, *(() if swept else (LOG_IN_USE,)))


def forget_removed(library: Library, sessions: Sessions) -> None:
    """Delete what was just removed from every file of the library; a large library only empties its log."""
    forget(library)
    redact_sessions(library, sessions)
    if library.store.count_chunks() <= REWRITE_LIMIT:
        rewrite_stale_files(library)
    else:
        library.store.empty_log()


def rewrite_stale_files(library: Library) -> bool:
    """Rewrite the files that may contain removed text; return whether all of it is deleted."""
    store = library.store
    is_swept = sweep(library.file, everything=bool(store.meta(REMOVED)))
    store.forget_words()
    if is_swept:
        store.set_meta(REMOVED, "")
    return store.empty_log() and is_swept


def redact_sessions(library: Library, sessions: Sessions) -> None:
    """Delete answers that cite removed files from the saved conversations. Raises LibraryUnwritable.

    A cited file counts as removed if the library does not know it and no other chunk has the quote (a renamed file has).
    """
    known = library.store.ledger()

    def is_gone(cited: Citation) -> bool:
        return cited.kind == "file" and cited.path not in known and not library.store.says(cited.quote)

    try:
        sessions.forget(library.name, is_gone)
    except OSError as error:
        raise LibraryUnwritable(f"A saved conversation cannot be written: {error.strerror or error}.",
                                "Check the permissions of the home folder, then run: assistant doctor --check") from error


def forget(library: Library) -> None:
    """Delete what models derived from files that were removed or changed: notes and calibration trials."""
    notebook = notebook_of(library.file, "")
    if not (notebook.file.exists() or folder_of_notes(library).exists()):
        return
    ledger = library.store.ledger()  # read once: this runs after every saved file while watching
    notes_of(library).keep_only({entry.content_hash for entry in ledger.values()})
    if notebook.file.exists():
        notebook.keep_only(ledger)

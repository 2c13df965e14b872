"""A library in; what removing left in its files out, what is wrong with it, and one writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.app.library.derived import notebook_of, purge_notes
from assistant.app.library.library import Library
from assistant.datatypes import Citation, Finding, OnProgress, Progress, Severity
from assistant.errors import LibraryUnwritable
from assistant.history import Sessions
from assistant.index import PRIVATE_FOLDER, Inspection, sweep, view_fault

REMOVED = "removed"  # a note of the library: what was removed may still stand in files that are yet to be written anew
REWRITE_LIMIT = 20_000  # passages: in a larger library that is left to `doctor --check`
LOG_IN_USE = Finding("library", Severity.WARNING, "Another program reads this library: what was removed is still in its log.",
                      "Close that program, or: assistant engine stop; then check again")


@contextmanager
def only_writer(folder: Path, on_progress: OnProgress) -> Iterator[None]:
    """Be the only writer of the library in a folder; where another program is, say so and wait. Raises LibraryUnwritable."""
    # who waits holds the turn: a program that writes again and again cannot keep it out
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
    """Verify everything against everything, finish what removing began; return what is wrong, or was, with `repair`.

    Raises LibraryDamaged where the file cannot be mended.
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
    """Take what was removed just now out of every file of the library; out of a large one when it is checked."""
    forget(library)
    redact_sessions(library, sessions)
    if library.store.count_chunks() <= REWRITE_LIMIT:
        rewrite_stale_files(library)
    else:
        library.store.empty_log()


def rewrite_stale_files(library: Library) -> bool:
    """Write anew what may still hold what was removed; return whether nothing is left of it in any file."""
    store = library.store
    is_swept = sweep(library.file, everything=bool(store.meta(REMOVED)))
    store.forget_words()
    if is_swept:
        store.set_meta(REMOVED, "")
    return store.empty_log() and is_swept


def redact_sessions(library: Library, sessions: Sessions) -> None:
    """Take answers that stand on files that were removed out of the kept conversations. Raises LibraryUnwritable.

    Gone is a file that the library does not know, if no other passage says the same: a file that was renamed is not.
    """
    known = library.store.ledger()

    def is_gone(cited: Citation) -> bool:
        return cited.kind == "file" and cited.path not in known and not library.store.says(cited.quote)

    try:
        sessions.forget(library.name, is_gone)
    except OSError as error:
        raise LibraryUnwritable(f"A kept conversation cannot be written: {error.strerror or error}.",
                                "Check the permissions of the home folder, then: assistant doctor --check") from error


def forget(library: Library) -> None:
    """Remove what a model has written about files, or computed of them, that are no longer in the library as they were."""
    purge_notes(library)
    forget_computed(library)
    notebook = notebook_of(library.file, "")
    if notebook.file.exists():
        notebook.keep_only(library.store.ledger())


def forget_computed(library: Library) -> None:
    """Remove the keys and values of passages of files that are no longer in the library as they were."""
    kept = list((library.file.parent / "kv").glob("*"))
    known = {entry.content_hash for entry in library.store.ledger().values()} if kept else set()
    for file in kept:
        if file.name.partition("-")[0] not in known:
            file.unlink(missing_ok=True)

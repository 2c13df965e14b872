"""How a watch stands in; a file that tells it to other programs, and what they ask of it, out."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.errors import LibraryBusy, LibraryUnwritable

STATE, LOCK, STOP = "watch.json", "watch.lock", "watch.stop"


@dataclass(frozen=True, slots=True)
class Followed:
    """A file or folder that is followed, how ("events", "polling" or "away"), and why not by events."""

    path: str
    manner: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a watch is doing, what waits, and what has been done since it began.

    `queued` are paths that are still to be looked at, `waiting` passages without a vector; `since` is in seconds since 1970.
    """

    doing: str = "starting"
    current: str = ""
    queued: int = 0
    waiting: int = 0
    indexed: int = 0
    moved: int = 0
    removed: int = 0
    skipped: int = 0
    failed: int = 0
    followed: tuple[Followed, ...] = ()
    problem: str = ""
    process: int = 0
    since: float = 0.0


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Be the one watch of a library. Raises LibraryBusy where there is one already, or LibraryUnwritable."""
    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise LibraryBusy("This library is being watched already.", "See how it stands: assistant watch --status") from error
    except OSError as error:
        raise LibraryUnwritable(f"{folder} cannot be written: {error.strerror or error}.",
                                "Check its permissions and the disk, or set ASSISTANT_HOME.") from error
    try:
        (folder / STOP).unlink(missing_ok=True)
        yield
    finally:
        for name in (STATE, STOP):
            (folder / name).unlink(missing_ok=True)
        lock.release()


def is_watched(folder: Path) -> bool:
    """Return whether a watch of this library is running."""
    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def save(folder: Path, standing: Standing) -> None:
    """Tell other programs how the watch stands. Where the disk refuses, they are not told."""
    aside = folder / f"{STATE}.{os.getpid()}"
    with suppress(OSError):
        aside.write_text(json.dumps(asdict(standing), ensure_ascii=False), "utf-8")
        aside.replace(folder / STATE)


def read(folder: Path) -> Standing:
    """Return how the watch stands that is running; that it starts where it has not told yet."""
    with suppress(OSError, ValueError, TypeError):
        said = json.loads((folder / STATE).read_text("utf-8"))
        return Standing(**{**said, "followed": tuple(Followed(**each) for each in said["followed"])})
    return Standing()


def ask_to_stop(folder: Path, seconds: float) -> bool:
    """Ask the watch to end, and wait so long; return whether it has."""
    (folder / STOP).write_bytes(b"")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not is_watched(folder):
            return True
        time.sleep(0.1)
    return False


def is_asked_to_stop(folder: Path) -> bool:
    """Return whether another program wants the watch to end."""
    return (folder / STOP).exists()

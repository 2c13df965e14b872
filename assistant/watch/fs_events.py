"""File system events of the operating system, through the watchdog library.

watchdog rather than watchfiles: it reports when a file was closed after writing, and when events were lost.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from assistant.errors import AssistantError

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

TELLS_CLOSED = sys.platform.startswith("linux")
SETTLE_SECONDS = 0.5 if TELLS_CLOSED else 1.5  # longer on systems that do not report closing
IGNORED = frozenset({"opened", "closed_no_write"})  # reading changes nothing

OnPath = Callable[[str, bool], None]
OnLoss = Callable[[], None]
# file systems that other machines can change without an event on this one
REMOTE = frozenset({
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "davfs2", "drvfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs",
    "fuse.vmhgfs-fuse", "glusterfs", "lustre", "macfuse", "ncpfs", "nfs", "nfs3", "nfs4", "osxfuse", "prl_fs", "smb2", "smb3",
    "smbfs", "vboxsf", "virtiofs", "vmhgfs", "webdav",
})
TEST_SECONDS = 3.0


class EventsUnavailable(AssistantError):
    """The operating system reports no events for a folder; the message says why."""


class Events:
    """The events of some folders, reported on a thread of its own. Close it after use."""

    def __init__(self, on_path: OnPath, on_loss: OnLoss) -> None:
        self._on_path = on_path
        self._observer: BaseObserver | None = None
        self._watches: dict[str, ObservedWatch] = {}
        self._loss_handler = _LossHandler(on_loss)
        logging.getLogger("watchdog").addHandler(self._loss_handler)

    def close(self) -> None:
        """Stop reporting."""
        logging.getLogger("watchdog").removeHandler(self._loss_handler)
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(5)
        self._observer = None
        self._watches.clear()

    def attach(self, root: Path) -> None:
        """Start reporting events below a folder, or of a file. Raises EventsUnavailable.

        Of a symbolic link its target is watched, since a link itself reports nothing; the paths reported are below the link.
        """
        from watchdog.events import FileSystemEventHandler
        from watchdog.observers import Observer

        handler = FileSystemEventHandler()
        target = os.path.realpath(root)
        handler.on_any_event = partial(self._on_event, target, str(root))  # type: ignore[method-assign]
        warnings.filterwarnings("ignore", module="watchdog")  # about its internal bookkeeping
        if self._observer is None:
            self._observer = Observer()
            self._observer.daemon = True
            self._observer.start()
        is_folder = root.is_dir()
        try:
            # for a file its folder is watched: a program that saves it may replace the file
            watched = target if is_folder else os.path.dirname(target)  # noqa: PTH120 - of a string, as events have
            self._watches[str(root)] = self._observer.schedule(handler, watched, recursive=is_folder)
        except OSError as error:
            raise events_unavailable(error) from error

    @property
    def is_running(self) -> bool:
        """Whether the observer's threads are still running."""
        return self._observer is None or (self._observer.is_alive() and all(each.is_alive() for each in self._observer.emitters))

    def detach(self, root: Path) -> None:
        """Stop reporting events of a folder."""
        watch = self._watches.pop(str(root), None)
        if watch is not None and self._observer is not None and watch not in self._watches.values():
            self._observer.unschedule(watch)

    def _on_event(self, target: str, root: str, event: FileSystemEvent) -> None:
        if event.event_type in IGNORED or (event.is_directory and event.event_type == "modified"):
            return
        is_open = TELLS_CLOSED and not event.is_directory and event.event_type in {"created", "modified"}
        self._on_path(below(root, os.fsdecode(event.src_path), target), is_open)
        if event.event_type == "moved":
            self._on_path(below(root, os.fsdecode(event.dest_path), target), False)


def below(root: str, path: str, target: str) -> str:
    """Return a path at or below the target of a root as a path at or below the root; any other path as it is."""
    stem = target.rstrip(os.sep)
    is_inside = root != target and (path == target or path.startswith(stem + os.sep))
    return root + path[len(stem):] if is_inside else path


class _LossHandler(logging.Handler):
    """Logging handler for watchdog's warnings: events may be lost, so everything must be scanned again."""

    def __init__(self, on_loss: OnLoss) -> None:
        super().__init__(logging.WARNING)
        self._on_loss = on_loss

    def emit(self, record: logging.LogRecord) -> None:
        """Report the loss."""
        self._on_loss()


def events_unavailable(error: OSError) -> EventsUnavailable:
    """Return the error for a failed watch, with a hint."""
    if error.errno in {errno.ENOSPC, errno.EMFILE}:
        return EventsUnavailable("the system's limit of watched folders is reached",
                        "Raise fs.inotify.max_user_watches and max_user_instances with sysctl.")
    return EventsUnavailable(error.strerror or str(error))


def why_no_events(folder: Path) -> str:
    """Return why a folder reports no events; an empty string if it should report them."""
    kind, options = file_system_of(folder)
    if kind.lower() in REMOTE or "remote" in options.split(","):
        return f"it is on {kind}, which does not report changes made by other machines"
    return ""


def file_system_of(folder: Path) -> tuple[str, str]:
    """Return the type and the mount options of the file system of a folder; empty strings if unknown."""
    real = os.path.realpath(folder)
    best = ("", "", "")
    for partition in psutil.disk_partitions(all=True):
        mount = partition.mountpoint
        is_above = real == mount or real.startswith(mount.rstrip(os.sep) + os.sep)
        if is_above and len(mount) >= len(best[0]):  # of several mounts at one place the last one is visible
            best = (mount, partition.fstype, partition.opts)
    return best[1], best[2]


def events_arrive() -> bool:
    """Return True if a new file in a temporary folder causes an event: some machines and containers report none."""
    heard = threading.Event()
    events = Events(lambda _path, _is_open: heard.set(), lambda: None)
    try:
        with tempfile.TemporaryDirectory() as folder:
            events.attach(Path(folder))
            (Path(folder) / "test").write_bytes(b"")
            return heard.wait(TEST_SECONDS)
    except EventsUnavailable:
        return False
    finally:
        events.close()

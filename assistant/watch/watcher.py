"""Watch the roots of a library: rescan changed paths, embed pending chunks, and report what happens.

An event only says where to look; the scan decides what changed. So repeated, late or wrong events do no harm, and a lost event
costs a later full rescan.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from assistant.datatypes import Change, IngestReport, Progress
from assistant.errors import (
    BEING_WRITTEN,
    UNREAD,
    DiskFull,
    LibraryBusy,
    LibraryUnwritable,
    ReadersUnavailable,
    ServerUnavailable,
)
from assistant.watch.debounce import Debouncer, Timing
from assistant.watch.fs_events import Events, EventsUnavailable, events_arrive, why_no_events
from assistant.watch.service import WatchedRoot, WatchStatus

TEMPORARY = (DiskFull, LibraryBusy, LibraryUnwritable, ReadersUnavailable, ServerUnavailable)
RETRY_SECONDS = 15.0
PULSE_SECONDS = 0.05  # between two checks for quiet paths
EMBEDDED_AT_ONCE = 32  # chunks embedded between two checks for changes
PATHS_AT_ONCE = 200
REST_SECONDS = 60.0  # idle time after which the reader processes are stopped
GIVING_WAY_SECONDS = 0.25  # between two checks whether a question is still being answered
AWAY = "is missing; its files stay in the library"
MOST_TRIES = 5  # for a file that cannot be read at the moment

Identity = tuple[int, int]
RescanTarget = Callable[[str], str]


class WatchedLibrary(Protocol):
    """What a watch needs of an Assistant."""

    def roots(self) -> tuple[Path, ...]:
        """Return the files and folders that were added."""

    def hold(self, roots: Sequence[Path]) -> Mapping[Path, str]:
        """Take or renew the leases of roots; return the machine that keeps each of the others up to date, by root."""

    def release(self) -> None:
        """Let other machines take over the roots."""

    def refresh(self, paths: Sequence[Path] | None, on_progress: Callable[[Progress], None],
                on_change: Callable[[Change], None], quiet_seconds: float) -> IngestReport:
        """Scan these paths, or everything; skip files that were modified within `quiet_seconds`."""

    def embed_waiting(self, most: int) -> int:
        """Embed up to `most` pending chunks; return how many are still pending."""

    def rest(self) -> None:
        """Free what is held between two scans."""

    def to_look_at(self, roots: Iterable[Path]) -> RescanTarget:
        """Return a function from a changed path to the path to scan, or "" to ignore it."""


class WatchListener(Protocol):
    """Receives what a watch reports."""

    def changed(self, change: Change) -> None:
        """Receive the outcome of a file."""

    def noticed(self, words: str) -> None:
        """Receive a notice to show."""

    def stands(self, status: WatchStatus) -> None:
        """Receive the current status; called often."""


class Watcher:
    """Watches the roots of a library, or `only` some of them, until it is told to stop.

    Embedding pauses while `is_asked` says that a question is being answered on this machine.
    """

    def __init__(self, library: WatchedLibrary, listener: WatchListener, timing: Timing, *, only: Sequence[Path] = (),
                 always_poll: bool = False, is_asked: Callable[[], bool] = lambda: False) -> None:
        self._library, self._listener, self._timing, self._is_asked = library, listener, timing, is_asked
        self._only, self._always_poll = tuple(only), always_poll
        self._changes = Debouncer(timing)
        self._events = Events(self._on_event, self._request_full_rescan)
        self._rescan_target: RescanTarget = lambda _path: ""
        self._identities: dict[Path, Identity | None] = {}
        self._watched_roots: dict[Path, WatchedRoot] = {}
        self._next_poll: dict[Path, float] = {}
        self._tries: dict[str, int] = {}
        self._needs_full_rescan = True
        self._next_full_rescan = self._next_root_check = self._retry_at = 0.0
        self._last_work = time.monotonic()
        self._status = WatchStatus(process=os.getpid(), since=time.time())

    def follow(self, should_stop: Callable[[], bool]) -> None:
        """Watch until `should_stop` returns True. Raises errors that only the user can resolve."""
        if not self._always_poll and not events_arrive():
            self._listener.noticed("This machine does not report file changes: folders are polled.")
            self._always_poll = True
        try:
            while not should_stop():
                self._step(time.monotonic())
        finally:
            self._events.close()
            self._library.rest()
            with suppress(*TEMPORARY):
                self._library.release()

    def _step(self, now: float) -> None:
        """Do the next due task."""
        if now >= self._next_root_check:
            self._check_roots(now)
        polled = [root for root, due in self._next_poll.items() if now >= due]
        if now < self._retry_at:
            self._changes.wait(PULSE_SECONDS)
        elif self._needs_full_rescan or now >= self._next_full_rescan:
            self._rescan_all(now)
        elif polled:
            self._next_poll.update((root, now + self._timing.poll) for root in polled)
            self._rescan(polled, self._timing.open, is_poll=True)
        elif ready := self._changes.take(now):
            self._rescan(list(map(Path, ready)))
        elif self._status.waiting and self._is_asked():
            self._report(replace(self._status, doing="giving way", current="", queued=len(self._changes)))
            self._changes.wait(GIVING_WAY_SECONDS)
        elif self._status.waiting:
            self._embed()
        else:
            self._idle(now)

    def _idle(self, now: float) -> None:
        self._report(replace(self._status, doing="watching", current="", queued=len(self._changes)))
        if now - self._last_work > REST_SECONDS:
            self._library.rest()
        if len(self._changes):
            time.sleep(PULSE_SECONDS)  # does not wake up for each of a thousand events
        else:
            self._changes.wait(max(PULSE_SECONDS, min(self._next_root_check - now, 1.0)))

    def _on_event(self, path: str, is_open: bool) -> None:
        if found := self._rescan_target(path):
            self._changes.add(found, time.monotonic(), is_open=is_open)

    def _request_full_rescan(self) -> None:
        self._needs_full_rescan = True

    def _check_roots(self, now: float) -> None:
        """Check which roots exist, and whether each is still the same folder."""
        self._next_root_check = now + self._timing.root_check
        try:
            roots = self._only or self._library.roots()
            elsewhere = self._library.hold(roots)
        except TEMPORARY as error:
            self._retry_later(error)
            return
        if not self._events.is_running:
            self._events.close()
            self._events = Events(self._on_event, self._request_full_rescan)
            self._identities = dict.fromkeys(self._identities)  # all roots are entered again
        if set(roots) != set(self._identities):
            for root in set(self._identities) - set(roots):
                self._detach(root)
            self._identities = {root: self._identities.get(root) for root in roots}
            self._rescan_target = self._library.to_look_at(roots)
        for root in roots:
            found = folder_identity(root)
            if root in elsewhere:
                self._leave(root, elsewhere[root])
                found = None
            elif found is None and (root not in self._watched_roots or self._watched_roots[root].method != "away"):
                self._detach(root)
                self._watched_roots[root] = WatchedRoot(str(root), "away", f"it {AWAY}")
                self._listener.noticed(f"{root} {AWAY}.")
            elif found is not None and found != self._identities[root]:
                self._attach(root, now)
            self._identities[root] = found
        self._report(replace(self._status, followed=tuple(self._watched_roots[root] for root in roots)))

    def _leave(self, root: Path, machine: str) -> None:
        """Leave a root to the machine that keeps it up to date; it is entered once its lease has expired."""
        known = self._watched_roots.get(root)
        if known is None or known.method != "elsewhere":
            self._detach(root)
            self._listener.noticed(f"{root} is kept up to date by {machine}. This machine takes over when that stops.")
        self._watched_roots[root] = WatchedRoot(str(root), "elsewhere", f"{machine} keeps it up to date")

    def _attach(self, root: Path, now: float) -> None:
        """Watch a root that is new, has come back, or is another folder of the same name."""
        self._detach(root)
        reason = "as asked" if self._always_poll else why_no_events(root)
        if not reason:
            try:
                self._events.attach(root)
            except EventsUnavailable as error:
                reason = str(error)
                self._listener.noticed(f"{root} is polled: {error}. {error.hint}".strip())
        if reason:
            self._next_poll[root] = now + self._timing.poll
        self._watched_roots[root] = WatchedRoot(str(root), "polling" if reason else "events", reason)
        self._changes.add(str(root), now)

    def _detach(self, root: Path) -> None:
        self._events.detach(root)
        self._next_poll.pop(root, None)
        self._watched_roots.pop(root, None)

    def _rescan_all(self, now: float) -> None:
        self._needs_full_rescan = False
        self._next_full_rescan = now + self._timing.full_rescan
        self._changes.clear()
        self._rescan(self._only or None)

    def _rescan(self, paths: Sequence[Path] | None, quiet_seconds: float = 0.0, *, is_poll: bool = False) -> None:
        self._last_work = time.monotonic()
        changed = 0 if is_poll else len(paths or ())
        self._report(replace(self._status, doing="looking", queued=len(self._changes) + changed))
        try:
            for some in [None] if paths is None else path_batches(paths):  # other processes may write between two batches
                self._library.refresh(some, self._on_progress, self._on_change, quiet_seconds)
            self._report(replace(self._status, waiting=self._library.embed_waiting(0), problem=""))
        except TEMPORARY as error:
            self._retry_later(error)

    def _embed(self) -> None:
        self._last_work = time.monotonic()
        self._report(replace(self._status, doing="embedding", current="", queued=len(self._changes)))
        try:
            self._report(replace(self._status, waiting=self._library.embed_waiting(EMBEDDED_AT_ONCE)))
        except TEMPORARY as error:
            self._retry_later(error)

    def _retry_later(self, error: Exception) -> None:
        """Schedule a full rescan after a pause."""
        if str(error) != self._status.problem:
            self._listener.noticed(f"{error} Trying again every {RETRY_SECONDS:.0f} seconds.")
        self._report(replace(self._status, problem=str(error)))
        self._needs_full_rescan = True
        self._retry_at = time.monotonic() + RETRY_SECONDS

    def _on_change(self, change: Change) -> None:
        tries = self._tries.pop(change.path, 0)
        if change.reason.startswith((BEING_WRITTEN, UNREAD)) and tries < MOST_TRIES:
            self._tries[change.path] = tries + 1
            self._changes.add(change.path, time.monotonic(), is_open=True)
        count = int(getattr(self._status, change.kind))
        self._status = replace(self._status, **{change.kind: count + 1})  # type: ignore[arg-type]
        self._listener.changed(change)

    def _on_progress(self, progress: Progress) -> None:
        queued = len(self._changes) + progress.total - progress.done
        self._report(replace(self._status, doing=progress.stage, current=progress.current, queued=queued))

    def _report(self, status: WatchStatus) -> None:
        self._status = status
        self._listener.stands(status)


def path_batches(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """Yield the paths in batches."""
    yield from (paths[start : start + PATHS_AT_ONCE] for start in range(0, len(paths), PATHS_AT_ONCE))


def folder_identity(root: Path) -> Identity | None:
    """Return the device and inode of a root, which tell it from another of the same name; None if it does not exist."""
    try:
        status = root.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino

"""Watch folders and keep a library up to date with their changes."""

from __future__ import annotations

from assistant.watch.debounce import Debouncer, Timing
from assistant.watch.fs_events import SETTLE_SECONDS
from assistant.watch.service import (
    WatchedRoot,
    WatchStatus,
    already_watched,
    ask_to_stop,
    claim_watch,
    is_asked_to_stop,
    is_watched,
    launchd_agent,
    read_status,
    systemd_unit,
    write_status,
)
from assistant.watch.watcher import Watcher, WatchListener

__all__ = [
    "SETTLE_SECONDS", "Debouncer", "Timing", "WatchListener", "WatchStatus", "WatchedRoot", "Watcher", "already_watched",
    "ask_to_stop", "claim_watch", "is_asked_to_stop", "is_watched", "launchd_agent", "read_status", "systemd_unit",
    "write_status",
]

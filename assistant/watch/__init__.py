"""Watch folders and keep a library up to date with their changes."""

from __future__ import annotations

from assistant.watch.debounce import Debouncer, Pace
from assistant.watch.fs_events import SETTLE_SECONDS
from assistant.watch.service import (
    Followed,
    Standing,
    ask_to_stop,
    claim,
    is_asked_to_stop,
    is_watched,
    launchd_agent,
    read,
    save,
    systemd_unit,
)
from assistant.watch.watcher import Audience, Follower

__all__ = [
    "SETTLE_SECONDS",
    "Audience",
    "Debouncer",
    "Followed",
    "Follower",
    "Pace",
    "Standing",
    "ask_to_stop",
    "claim",
    "is_asked_to_stop",
    "is_watched",
    "launchd_agent",
    "read",
    "save",
    "systemd_unit",
]

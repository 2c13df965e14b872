"""Folders in; a library that follows what happens in them out."""

from __future__ import annotations

from assistant.watch.changes import Changes, Pace
from assistant.watch.events import SETTLE_SECONDS
from assistant.watch.follow import Audience, Follower
from assistant.watch.service import launchd_agent, systemd_unit
from assistant.watch.standing import Followed, Standing, ask_to_stop, claim, is_asked_to_stop, is_watched, read, save

__all__ = [
    "SETTLE_SECONDS",
    "Audience",
    "Changes",
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

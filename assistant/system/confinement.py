"""Confine a process that reads strange files: no network, no writing outside its own folder, no other programs.

On Linux by Landlock and seccomp, which need neither root nor an installation. macOS and Windows offer nothing of the kind that is
both simple and supported: there such a process is isolated from crashes only, and may do what its user may do.
"""

from __future__ import annotations

import errno
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

TASKS = Path("/proc/self/task")


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a process is kept from, and by which means of the system."""

    network: bool = False
    files: bool = False
    programs: bool = False
    means: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Return whether it is kept from everything that it can be kept from."""
        return self.network and self.files and self.programs


def confine(scratch: Path) -> Confinement:
    """Confine this process for the rest of its life; only below `scratch` can it write. Return what was achieved.

    Landlock would leave threads free that run already, such as those of a tool that watches every Python process. Where there
    are any, seccomp is used alone, which reaches all threads and allows no writing at all.
    """
    if not sys.platform.startswith("linux"):
        return Confinement()
    has_threads = TASKS.exists() and len(list(TASKS.iterdir())) > 1
    landlock = "" if has_threads else with_landlock(scratch)
    seccomp = with_seccomp(may_write=bool(landlock))
    return Confinement(network=bool(seccomp), files=bool(landlock or seccomp), programs=bool(landlock or seccomp),
                       means=tuple(filter(None, (landlock, seccomp))))


def with_landlock(scratch: Path) -> str:
    """Give up writing outside the folder; return by which version of Landlock, nothing where there is none."""
    from assistant.system import landlock

    try:
        offered = landlock.version()
        if offered:
            landlock.restrict(scratch, offered)
    except OSError:
        return ""
    return f"Landlock {offered}" if offered else ""


def with_seccomp(*, may_write: bool) -> str:
    """Give up the system calls; return the name of the means, nothing where the kernel or this processor has none."""
    from assistant.system import seccomp

    calls = seccomp.syscalls_here()
    try:
        if calls:
            seccomp.restrict(calls, may_write=may_write)
    except OSError:
        return ""
    return "seccomp" if calls else ""


LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})
REFUSED_EVENT = "assistant.network_refused"  # an audit event of our own, so that a record of events tells what was refused
LOCAL_FAMILIES = frozenset({getattr(socket, "AF_UNIX", None)} - {None})


def refuse_network() -> None:
    """Make every later attempt of this process to open a network socket or look up a name fail. It cannot be undone."""
    sys.addaudithook(block_network_event)


def block_network_event(event: str, arguments: tuple[object, ...]) -> None:
    """Raise OSError for an audit event that stands for a network call; let every other event pass."""
    if event in LOOKUPS or (event == "socket.__new__" and arguments[1] not in LOCAL_FAMILIES):
        sys.audit(REFUSED_EVENT, event)
        raise OSError(errno.ENETUNREACH, "this process uses no network")

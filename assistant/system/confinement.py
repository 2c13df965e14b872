"""Confine a process that reads untrusted files: no network, no writing outside its own folder, no other programs.

On Linux with Landlock and seccomp, which need no root and no installation. macOS and Windows have no simple, supported
equivalent: there the process is separate but has the user's full rights.

Independently, `refuse_network` makes Python's network calls fail in processes that need none (readers and engine). Some libraries
open a socket on import (urllib3 binds an IPv6 socket) or download missing files. An audit hook (PEP 578) runs before the system
call, and the call fails as on a machine without a network. It covers calls through Python's socket module; system calls by C
libraries are covered by `assistant doctor --prove-offline`. The one exception is `permit_network`: the thread that asks a chat
model on another machine, which the user has configured, can reach the addresses of that machine and no others.
"""

from __future__ import annotations

import errno
import re
import socket
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TASKS = Path("/proc/self/task")


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a process is prevented from, and by which mechanisms."""

    network: bool = False
    files: bool = False
    programs: bool = False
    means: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether network, files and programs are all denied."""
        return self.network and self.files and self.programs


def confine(scratch: Path) -> Confinement:
    """Confine this process irrevocably; it can write only below `scratch`. Return what was achieved.

    Landlock does not cover threads that already run, such as those of a monitoring tool. If there are any, only seccomp is used,
    which covers all threads and allows no writing at all.
    """
    if not sys.platform.startswith("linux"):
        return Confinement()
    has_threads = TASKS.exists() and len(list(TASKS.iterdir())) > 1
    landlock = "" if has_threads else with_landlock(scratch)
    seccomp = with_seccomp(may_write=bool(landlock))
    return Confinement(network=bool(seccomp), files=bool(landlock or seccomp), programs=bool(landlock or seccomp),
                       means=tuple(filter(None, (landlock, seccomp))))


def with_landlock(scratch: Path) -> str:
    """Give up writing outside the folder; return the Landlock version used, an empty string if there is none."""
    from assistant.system import landlock

    try:
        offered = landlock.version()
        if offered:
            landlock.restrict(scratch, offered)
    except OSError:
        return ""
    return f"Landlock {offered}" if offered else ""


def with_seccomp(*, may_write: bool) -> str:
    """Give up the system calls; return "seccomp", or an empty string if the kernel or processor does not support it."""
    from assistant.system import seccomp

    calls = seccomp.syscalls_here()
    try:
        if calls:
            seccomp.restrict(calls, may_write=may_write)
    except OSError:
        return ""
    return "seccomp" if calls else ""


LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})
REFUSED_EVENT = "assistant.network_refused"  # our own audit event, so that a log of events shows what was refused
IPV4_LOOPBACK = re.compile(r"127\.\d{1,3}\.\d{1,3}\.\d{1,3}")
LOCAL_FAMILIES = frozenset({getattr(socket, "AF_UNIX", None)} - {None})


class Permission(threading.local):
    """The host names and addresses that this thread may look up and connect to; none by default."""

    hosts: Collection[str] = ()


PERMISSION = Permission()
REFUSALS: list[str] = []  # what this process refuses for good
SENDING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


@contextmanager
def permit_network(hosts: Collection[str]) -> Iterator[None]:
    """Let this thread look up and connect to these host names and addresses for the duration of the block."""
    PERMISSION.hosts = hosts
    try:
        yield
    finally:
        PERMISSION.hosts = ()


def refuse_network() -> None:
    """Make every later attempt to use the network or look up a name fail in this process, unless `permit_network` allows it."""
    REFUSALS.append("network")
    sys.addaudithook(block_network_event)


def is_network_refused() -> bool:
    """Return whether this process refuses to use the network, or to connect to other machines."""
    return bool(REFUSALS)


def block_network_event(event: str, arguments: tuple[object, ...]) -> None:
    """Audit hook: raise OSError for a network call that is not permitted."""
    if is_network_call(event, arguments) and not is_permitted(event, arguments):
        sys.audit(REFUSED_EVENT, event)
        raise OSError(errno.ENETUNREACH, "this process uses no network")


def is_network_call(event: str, arguments: tuple[object, ...]) -> bool:
    """Return whether an audit event is a name lookup, a new network socket, or a packet to another address."""
    if event in SENDING:
        return getattr(arguments[0], "family", None) not in LOCAL_FAMILIES
    return event in LOOKUPS or (event == "socket.__new__" and arguments[1] not in LOCAL_FAMILIES)


def is_permitted(event: str, arguments: tuple[object, ...]) -> bool:
    """Return whether `permit_network` allows a network call of this thread."""
    hosts = PERMISSION.hosts
    if event == "socket.__new__":
        return bool(hosts)
    if event in SENDING:  # the address is (host, port, ...); sendmsg on a connected socket has none
        return isinstance(address := arguments[1], tuple) and address[0] in hosts
    return arguments[0] in hosts


def refuse_outgoing_network() -> None:
    """Make every later attempt to connect to another machine or look up a name fail in this process, irrevocably.

    For servers: what clients sent to this machine is still received, and answered. `permit_network` is the exception here too.
    """
    REFUSALS.append("outgoing network")
    sys.addaudithook(block_outgoing_event)


def block_outgoing_event(event: str, arguments: tuple[object, ...]) -> None:
    """Audit hook: raise OSError for a name lookup, and for a connection that leaves this machine, unless it is permitted."""
    if event in LOOKUPS and not is_loopback(arguments[0]):
        refused = True
    elif event in SENDING:
        to = arguments[1]
        refused = isinstance(to, tuple) and not is_loopback(to[0])
    else:
        return
    if refused and not is_permitted(event, arguments):
        sys.audit(REFUSED_EVENT, event)
        raise OSError(errno.ENETUNREACH, "this process connects to no other machine")


def is_loopback(host: object) -> bool:
    """Return whether a host is this machine, by its loopback name or address; no host means this machine too."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    return name in {None, "", "localhost", "::1"} or (isinstance(name, str) and IPV4_LOOPBACK.fullmatch(name) is not None)

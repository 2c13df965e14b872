"""Refuse Python's network calls in a process that needs none: the workers that read files, and the engine.

Some libraries open a network socket when they are imported, to find out what the machine can do (urllib3 binds an IPv6
socket), or fetch what they miss. An audit hook (PEP 578) runs before the system call and makes these calls fail as they
would fail on a machine without a network. It sees calls that go through Python's socket module; a C library could still
make its own, which `assistant doctor --prove-offline` looks for.
"""

from __future__ import annotations

import errno
import socket
import sys

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

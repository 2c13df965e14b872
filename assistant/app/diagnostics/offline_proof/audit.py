"""Record network calls made through Python in every process of the program, with audit events (PEP 578).

The weakest evidence: system calls by C libraries are not seen. `assistant/__init__.py` starts the recording if
ASSISTANT_SOCKET_LOG names a file.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from assistant.app.diagnostics.offline_proof import NetworkEvidence
from assistant.system.children import interpreter
from assistant.system.confinement import REFUSED_EVENT

VARIABLE = "ASSISTANT_SOCKET_LOG"
BEGIN = "begin"
LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})
ADDRESSED = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})
RUNNING = frozenset({"subprocess.Popen", *(f"os.{name}" for name in ("exec", "posix_spawn", "system"))})
CREATED = "socket.__new__"
LOCAL_FAMILIES = frozenset({getattr(socket, "AF_UNIX", None), getattr(socket, "AF_NETLINK", None)} - {None})
LOOPBACK = ("127.", "::1", "localhost")


def record(log: str) -> None:
    """Append a line to `log` for this process and for each of its network events from now on."""
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(event: str, *details: object) -> None:
        line = json.dumps({"process": os.getpid(), "event": event, "details": [str(each) for each in details]})
        os.write(handle, line.encode() + b"\n")

    write(BEGIN, *sys.orig_argv[1:4])
    sys.addaudithook(audit_hook(write))


def audit_hook(write: Callable[..., None]) -> Callable[[str, tuple[object, ...]], None]:
    """Return an audit hook that passes relevant events to `write`."""

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        if event == CREATED:
            write(event, "local" if arguments[1] in LOCAL_FAMILIES else "network", *arguments[1:])
        elif event in ADDRESSED:
            address = arguments[1] if len(arguments) > 1 else None
            write(event, *(address[:2] if isinstance(address, tuple) else ("unix", address)))
        elif event in LOOKUPS or event in RUNNING or event == REFUSED_EVENT:
            write(event, *arguments[:1])

    return heard


def read_audit_log(log: Path) -> NetworkEvidence:
    """Return the evidence in a log of audit events."""
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    events = [Event(**json.loads(line)) for line in lines]
    names = {event.process: " ".join(event.details) for event in events if event.event == BEGIN}
    heard, refused = split_refused(events)
    attempts = [event for event in heard if event.is_attempt]
    return NetworkEvidence(
        processes=len(names), calls=len(heard) + len(refused),
        inet_sockets=sum(event.event == CREATED for event in attempts),
        names=sum(event.event in LOOKUPS for event in attempts),
        attempts=tuple(f"{names.get(event.process, 'process')} ({event.process}): {event.words}" for event in attempts),
        apart=dict(Counter([event.words for event in heard if not event.is_attempt]
                           + [f"refused by the program before any system call: {event.words}" for event in refused])),
        gaps=unobserved_programs(event.details[0] for event in events if event.event in RUNNING),
    )


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log."""

    process: int
    event: str
    details: list[str]

    @property
    def words(self) -> str:
        """The event as text."""
        return " ".join([self.event, *self.details])

    @property
    def is_attempt(self) -> bool:
        """Whether the event is network use: a network socket, a name lookup or a remote address."""
        if self.event == CREATED:
            return self.details[0] == "network"
        return self.event in LOOKUPS or (self.details[0] != "unix" and not self.details[0].startswith(LOOPBACK))


def split_refused(events: Iterable[Event]) -> tuple[list[Event], list[Event]]:
    """Split the network events into those that took place and those that the program refused right after the audit event."""
    heard: list[Event] = []
    refused: list[Event] = []
    for event in events:
        if event.event.startswith("socket."):
            heard.append(event)
        elif event.event == REFUSED_EVENT:
            last = next(index for index in reversed(range(len(heard))) if heard[index].process == event.process)
            refused.append(heard.pop(last))
    return heard, refused


def unobserved_programs(programs: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence for each started program other than Python, which cannot be observed."""
    others = sorted({program for program in programs if program != interpreter()[0]})
    return tuple(f"the program {program} was started and could not be observed" for program in others)

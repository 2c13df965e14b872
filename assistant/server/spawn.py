"""A place in, a connection to its engine out, which is started where there is none: one background process for a home."""

from __future__ import annotations

import atexit
import os
import time
from contextlib import suppress
from multiprocessing.connection import Client, Connection
from multiprocessing.context import AuthenticationError
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import EngineUnavailable
from assistant.server.endpoint import PRIVATE_FILE, Endpoint

if TYPE_CHECKING:
    import subprocess

START_SECONDS = 60.0
POLL_SECONDS = 0.02
AGAIN_SECONDS = 1.0
LAST_LINES = 3
CONNECTION_ERRORS = (EOFError, OSError)
STARTED_PROCESSES: list[subprocess.Popen[bytes]] = []  # held, since Python warns of a process that is let go while it runs


@atexit.register
def reap() -> None:
    """Take note of engines that have ended: nothing is left of them in the system's table of processes."""
    for process in tuple(STARTED_PROCESSES):  # other threads may start one, or take note, meanwhile
        if process.poll() is not None:
            with suppress(ValueError):
                STARTED_PROCESSES.remove(process)


def connect(place: Endpoint) -> Connection:
    """Return a connection to the engine. Raises OSError or EOFError where none answers; makes nothing, neither key nor folder."""
    if not place.is_owned_by_user():
        raise ConnectionRefusedError(f"no engine at {place.address}")
    try:
        return Client(place.address, place.family, authkey=place.key_file.read_bytes())
    except AuthenticationError as error:
        raise EngineUnavailable("The engine has another key than this home.", "Run: assistant engine stop") from error


def connect_or_start(place: Endpoint, home: Path) -> Connection:
    """Return a connection to the engine, after its start where there was none. Raises EngineUnavailable, with what it said."""
    try:
        return connect(place)
    except CONNECTION_ERRORS:
        return start(place, home)


def start(place: Endpoint, home: Path) -> Connection:
    """Start an engine; return a connection to it, or to one that somebody else has started meanwhile."""
    process, deadline = spawn(place, home), time.monotonic() + START_SECONDS
    again = time.monotonic() + AGAIN_SECONDS
    while time.monotonic() < deadline:
        try:
            return connect(place)
        except CONNECTION_ERRORS:
            time.sleep(POLL_SECONDS)
        ended = process.poll()
        if ended:
            raise EngineUnavailable(f"The engine does not start: {last_log_lines(place.log) or f'it ended with code {ended}'}",
                                    f"See {place.log}, or use --no-engine.")
        if ended == 0 and time.monotonic() > again:  # it gave way to one that was about to end
            process, again = spawn(place, home), time.monotonic() + AGAIN_SECONDS
    raise EngineUnavailable(f"The engine was not ready after {START_SECONDS:.0f} seconds.", "Use --no-engine.")


def spawn(place: Endpoint, home: Path) -> subprocess.Popen[bytes]:
    """Return a new process of the engine, which outlives this one."""
    from assistant.system.children import command_of, start_lasting  # only who starts an engine needs it

    reap()
    try:
        place.key()
        log = os.open(place.log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, PRIVATE_FILE)
    except OSError as error:
        raise EngineUnavailable(f"{place.folder} cannot be written: {error.strerror}.", "Use --no-engine.") from error
    with os.fdopen(log, "ab") as errors:
        process = start_lasting(command_of("assistant.server"), home, None, errors, {"ASSISTANT_HOME": str(home)})
    STARTED_PROCESSES.append(process)
    return process


def last_log_lines(log: Path) -> str:
    """Return the last lines that an engine wrote; nothing where the file has gone with its home."""
    try:
        return " ".join(log.read_text("utf-8", "replace").strip().splitlines()[-LAST_LINES:])
    except OSError:
        return ""

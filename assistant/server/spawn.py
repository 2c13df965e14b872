"""Connect to the engine of a home, or start it: one background process per home."""

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
STARTED_PROCESSES: list[subprocess.Popen[bytes]] = []  # kept, since Python warns when a running process is collected


@atexit.register
def reap() -> None:
    """Reap engines that have ended, so that none stays a zombie."""
    for process in tuple(STARTED_PROCESSES):  # a copy: other threads may start or reap one meanwhile
        if process.poll() is not None:
            with suppress(ValueError):
                STARTED_PROCESSES.remove(process)


def connect(endpoint: Endpoint) -> Connection:
    """Return a connection to the engine. Raises OSError or EOFError if none answers; creates neither key nor folder."""
    if not endpoint.is_owned_by_user():
        raise ConnectionRefusedError(f"no engine at {endpoint.address}")
    try:
        return Client(endpoint.address, endpoint.family, authkey=endpoint.key_file.read_bytes())
    except AuthenticationError as error:
        raise EngineUnavailable("The engine has another key than this home.", "Run: assistant engine stop") from error


def connect_or_start(endpoint: Endpoint, home: Path) -> Connection:
    """Return a connection to the engine, started if none runs. Raises EngineUnavailable with the last lines of its log."""
    try:
        return connect(endpoint)
    except CONNECTION_ERRORS:
        return start(endpoint, home)


def start(endpoint: Endpoint, home: Path) -> Connection:
    """Start an engine; return a connection to it, or to one that another process has started meanwhile."""
    process, deadline = spawn(endpoint, home), time.monotonic() + START_SECONDS
    again = time.monotonic() + AGAIN_SECONDS
    while time.monotonic() < deadline:
        try:
            return connect(endpoint)
        except CONNECTION_ERRORS:
            time.sleep(POLL_SECONDS)
        ended = process.poll()
        if ended:
            raise EngineUnavailable(f"The engine does not start: {last_log_lines(endpoint.log) or f'it ended with code {ended}'}",
                                    f"See {endpoint.log}, or use --no-engine.")
        if ended == 0 and time.monotonic() > again:  # it ended in favour of one that was about to end
            process, again = spawn(endpoint, home), time.monotonic() + AGAIN_SECONDS
    raise EngineUnavailable(f"The engine was not ready after {START_SECONDS:.0f} seconds.", "Use --no-engine.")


def spawn(endpoint: Endpoint, home: Path) -> subprocess.Popen[bytes]:
    """Start the process of an engine, which outlives this one."""
    from assistant.system.children import module_command, start_lasting  # only needed to start an engine

    reap()
    try:
        endpoint.key()
        log = os.open(endpoint.log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, PRIVATE_FILE)
    except OSError as error:
        raise EngineUnavailable(f"{endpoint.folder} cannot be written: {error.strerror}.", "Use --no-engine.") from error
    with os.fdopen(log, "ab") as errors:
        process = start_lasting(module_command("assistant.server"), home, None, errors, {"ASSISTANT_HOME": str(home)})
    STARTED_PROCESSES.append(process)
    return process


def last_log_lines(log: Path) -> str:
    """Return the last lines of the engine's log; an empty string if the file is gone."""
    try:
        return " ".join(log.read_text("utf-8", "replace").strip().splitlines()[-LAST_LINES:])
    except OSError:
        return ""

"""The endpoint of a home's engine: its socket or pipe, and the key of both sides. Connect to the engine, or start it."""

from __future__ import annotations

import atexit
import errno
import hashlib
import os
import secrets
import stat
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection
from multiprocessing.context import AuthenticationError
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import EngineUnavailable
from assistant.system.atomic_files import write_atomically

if TYPE_CHECKING:
    import subprocess


PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
LONGEST_SOCKET = 100  # bytes: the systems' own limit is 104 to 108
KEY_BYTES = 32
HINT = "Remove it if you can, or set ASSISTANT_HOME to a folder of your own with a shorter path, or use --no-engine."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The files of one home's engine. `address` is a socket's path, or the name of a pipe on Windows."""

    folder: Path
    address: str

    @property
    def family(self) -> str:
        """The address family, as multiprocessing.connection names it: never a network."""
        return "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"

    @property
    def lock(self) -> Path:
        """The lock file that the engine holds while it runs."""
        return self.folder / "engine.lock"

    @property
    def log(self) -> Path:
        """The log file of the engine's own failures; never with a question or a text."""
        return self.folder / "engine.log"

    @property
    def key_file(self) -> Path:
        """The file of the key."""
        return self.folder / "key"

    def key(self) -> bytes:
        """Return the key that both sides must know, made if there is none. Raises EngineUnavailable.

        The file appears whole: another process may make or read it at the same moment.
        """
        make_private_folder(self.folder)
        if not self.key_file.exists():
            write_atomically(self.key_file, secrets.token_bytes(KEY_BYTES), PRIVATE_FILE, overwrite=False)
        return self.key_file.read_bytes()

    def is_owned_by_user(self) -> bool:
        """Return whether the socket exists, and it and its folder belong to this user: no other is connected to."""
        if sys.platform == "win32":
            return True  # a pipe is opened with its owner's rights
        try:
            socket, folder = os.lstat(self.address), Path(self.address).parent.lstat()
        except OSError:
            return False
        return (stat.S_ISSOCK(socket.st_mode) and stat.S_ISDIR(folder.st_mode)
                and socket.st_uid == folder.st_uid == os.getuid())


def endpoint_of(home: Path) -> Endpoint:
    """Return the endpoint of a home's engine."""
    folder = home / "engine"
    name = hashlib.sha256(str(home).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    if sys.platform == "win32":
        return Endpoint(folder, rf"\\.\pipe\private-assistant-{name}")
    socket = folder / "socket"
    if len(os.fsencode(socket)) > LONGEST_SOCKET:  # a home with a long path: the socket goes to the folder for run-time files
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        socket = Path(base) / f"private-assistant-{os.getuid()}-{name}" / "socket"
    return Endpoint(folder, str(socket))


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, or restrict an existing one to its owner.

    Raises EngineUnavailable, and changes nothing, if the path is anything else: a link is not followed, since other users can
    plant one in a shared temporary folder, and a folder of another user is left alone.
    """
    if sys.platform == "win32":
        folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        return
    with suppress(FileExistsError):
        folder.mkdir(parents=True, mode=PRIVATE_FOLDER)
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        why = "is a link or a file, and no folder" if error.errno in (errno.ELOOP, errno.ENOTDIR) else "cannot be opened"
        raise EngineUnavailable(f"{folder} {why}: the engine does not use it.", HINT) from error
    try:
        if os.fstat(handle).st_uid != os.getuid():
            raise EngineUnavailable(f"{folder} belongs to another user.", HINT)
        os.fchmod(handle, PRIVATE_FOLDER)
    finally:
        os.close(handle)


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
        raise EngineUnavailable(f"{endpoint.folder} cannot be written: {error.strerror}.",
                                "Set ASSISTANT_HOME to a folder of your own, or use --no-engine.") from error
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

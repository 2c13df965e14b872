"""Find the socket or pipe of a home's engine, and the key that both sides of a connection must know."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import EngineUnavailable
from assistant.system.atomic_files import write_atomically

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

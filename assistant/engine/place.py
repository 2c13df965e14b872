"""A home in; where its engine listens, and the key without which it talks to nobody, out."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import EngineUnavailable

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
LONGEST_SOCKET = 100  # bytes: the systems' own limit is 104 to 108
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Place:
    """What belongs to the engine of one home. `address` is a socket's path, or the name of a pipe on Windows."""

    folder: Path
    address: str

    @property
    def family(self) -> str:
        """How the address is spoken to, as multiprocessing.connection names it: never over a network."""
        return "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"

    @property
    def lock(self) -> Path:
        """Held by the engine for as long as it lives."""
        return self.folder / "engine.lock"

    @property
    def log(self) -> Path:
        """What the engine has to say about failures of its own; never a question or a text."""
        return self.folder / "engine.log"

    @property
    def key_file(self) -> Path:
        """Where the key stands."""
        return self.folder / "key"

    def key(self) -> bytes:
        """Return the key that both sides must know; made where there is none yet. Raises EngineUnavailable."""
        make_private(self.folder)
        try:
            handle = os.open(self.key_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
        except FileExistsError:
            return self.key_file.read_bytes()
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        return self.key_file.read_bytes()

    def is_ours(self) -> bool:
        """Return whether the socket is there and belongs to this user: nobody else's is spoken to."""
        if sys.platform == "win32":
            return True  # a pipe is opened with its owner's rights
        try:
            return Path(self.address).stat().st_uid == os.getuid()
        except OSError:
            return False


def place_of(home: Path) -> Place:
    """Return the place of a home's engine."""
    folder = home / "engine"
    name = hashlib.sha256(str(home).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    if sys.platform == "win32":
        return Place(folder, rf"\\.\pipe\private-assistant-{name}")
    socket = folder / "socket"
    if len(os.fsencode(socket)) > LONGEST_SOCKET:  # a home deep down: the socket goes where the system keeps such things
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        socket = Path(base) / f"private-assistant-{os.getuid()}-{name}" / "socket"
    return Place(folder, str(socket))


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can enter. Raises EngineUnavailable where it belongs to somebody else."""
    folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    if sys.platform != "win32" and folder.stat().st_uid != os.getuid():
        raise EngineUnavailable(f"{folder} belongs to another user.",
                                "Set ASSISTANT_HOME to a folder of your own, or use --no-engine.")
    folder.chmod(PRIVATE_FOLDER)

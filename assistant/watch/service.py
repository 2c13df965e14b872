"""Run the watch as a service: exclusive lock, status file, stop request, and unit files for systemd and launchd."""

from __future__ import annotations

import json
import plistlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.errors import LibraryBusy, LibraryUnwritable
from assistant.system.atomic_files import write_atomically

STATE, LOCK, STOP = "watch.json", "watch.lock", "watch.stop"
LOG = "watch.log"


@dataclass(frozen=True, slots=True)
class WatchedRoot:
    """A watched file or folder, how it is watched ("events", "polling", "away" or "elsewhere"), and why not by events."""

    path: str
    method: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """What a watch is doing, what is pending, and what it has done since it began.

    indexed to failed: number of files with this outcome
    """

    doing: str = "starting"
    current: str = ""
    queued: int = 0  # paths still to scan
    waiting: int = 0  # chunks without a vector
    indexed: int = 0
    moved: int = 0
    removed: int = 0
    skipped: int = 0
    failed: int = 0
    followed: tuple[WatchedRoot, ...] = ()
    problem: str = ""  # the error that pauses the watch, or ""
    process: int = 0
    since: float = 0.0  # start time, seconds since 1970


@contextmanager
def claim_watch(folder: Path) -> Iterator[None]:
    """Hold the exclusive lock of a library's watch. Raises LibraryBusy if another watch runs, or LibraryUnwritable."""
    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise already_watched() from error
    except OSError as error:
        raise LibraryUnwritable(f"{folder} cannot be written: {error.strerror or error}.",
                                "Check its permissions and the disk, or set ASSISTANT_HOME.") from error
    try:
        (folder / STOP).unlink(missing_ok=True)
        yield
    finally:
        for name in (STATE, STOP):
            (folder / name).unlink(missing_ok=True)
        lock.release()


def already_watched() -> LibraryBusy:
    """Return the error for a second watch of a library."""
    return LibraryBusy("This library is already being watched.", "See its status: assistant watch --status")


def is_watched(folder: Path) -> bool:
    """Return True if a watch of this library is running."""
    if not (folder / LOCK).exists():
        return False
    try:
        with FileLock(folder / LOCK).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def write_status(folder: Path, standing: WatchStatus) -> None:
    """Write the status file; on a full or read-only disk it is not written."""
    with suppress(OSError):
        write_atomically(folder / STATE, json.dumps(asdict(standing)).encode())


def read_status(folder: Path) -> WatchStatus:
    """Return the status of the running watch; "starting" if it has written none yet."""
    with suppress(OSError, ValueError, TypeError):
        said = json.loads((folder / STATE).read_text("utf-8"))
        return WatchStatus(**{**said, "followed": tuple(WatchedRoot(**each) for each in said["followed"])})
    return WatchStatus()


def ask_to_stop(folder: Path, seconds: float) -> bool:
    """Ask the watch to stop and wait this long; return True if it has stopped."""
    (folder / STOP).write_bytes(b"")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not is_watched(folder):
            return True
        time.sleep(0.1)
    return False


def is_asked_to_stop(folder: Path) -> bool:
    """Return True if another process has asked the watch to stop."""
    return (folder / STOP).exists()


def systemd_unit(command: Sequence[str], environment: Mapping[str, str], home: Path) -> str:
    """Return a systemd user unit (systemd.service(5)) that runs the command in the program's home folder."""
    folder = str(home).replace("%", "%%")  # WorkingDirectory= takes an unquoted path
    variables = "".join(f"Environment={systemd_quoted(f'{name}={value}')}\n" for name, value in environment.items())
    return (
        "[Unit]\nDescription=Private assistant: follows your files\n\n"
        f"[Service]\nType=exec\nExecStart={' '.join(systemd_quoted(word).replace('$', '$$') for word in command)}\n{variables}"
        f"WorkingDirectory=-{folder}\nRestart=on-failure\nRestartSec=30\nNice=10\n\n[Install]\nWantedBy=default.target\n"
    )


def systemd_quoted(text: str) -> str:
    """Return the text as one quoted word of a unit file."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def launchd_agent(label: str, command: Sequence[str], environment: Mapping[str, str], home: Path) -> str:
    """Return a launchd property list (launchd.plist(5)) that runs the command, and logs, in the program's home folder."""
    return plistlib.dumps({
        "Label": label, "ProgramArguments": list(command), "EnvironmentVariables": dict(environment), "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False}, "WorkingDirectory": str(home), "ProcessType": "Background",
        "StandardErrorPath": str(home / LOG),
    }, sort_keys=False).decode()

"""A folder in; whether the operating system tells what happens in it, or the reason why it must be polled, out."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import psutil

from assistant.watch.events import Events, NoEvents

# file systems whose files others can change without this machine hearing of it
REMOTE = frozenset({
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "davfs2", "drvfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs",
    "fuse.vmhgfs-fuse", "glusterfs", "lustre", "macfuse", "ncpfs", "nfs", "nfs3", "nfs4", "osxfuse", "prl_fs", "smb2", "smb3",
    "smbfs", "vboxsf", "virtiofs", "vmhgfs", "webdav",
})
TEST_SECONDS = 3.0


def why_no_events(folder: Path) -> str:
    """Return why no events come from a folder; nothing where they should."""
    kind, options = file_system_of(folder)
    if kind.lower() in REMOTE or "remote" in options.split(","):
        return f"it lies on {kind}, where changes that others make are not told"
    return ""


def file_system_of(folder: Path) -> tuple[str, str]:
    """Return the type and the options of the file system that a folder lies on; empty where that is unknown."""
    real = os.path.realpath(folder)
    best = ("", "", "")
    for partition in psutil.disk_partitions(all=True):
        mount = partition.mountpoint
        is_above = real == mount or real.startswith(mount.rstrip(os.sep) + os.sep)
        if is_above and len(mount) >= len(best[0]):  # the last one mounted at a place is the one that is seen
            best = (mount, partition.fstype, partition.opts)
    return best[1], best[2]


def events_arrive() -> bool:
    """Write a file into a temporary folder and return whether that is told: some machines and containers tell nothing."""
    heard = threading.Event()
    events = Events(lambda _path, _is_open: heard.set(), lambda: None)
    try:
        with tempfile.TemporaryDirectory() as folder:
            events.attach(Path(folder))
            (Path(folder) / "test").write_bytes(b"")
            return heard.wait(TEST_SECONDS)
    except NoEvents:
        return False
    finally:
        events.close()

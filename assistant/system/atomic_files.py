"""Replace files atomically: write a temporary file beside the target, sync it to the disk, rename it into place."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO


def write_atomically(path: Path, data: bytes, mode: int = 0o666, *, overwrite: bool = True) -> None:
    """Write `data` to `path` so that readers, and a crash, see either the old file or the new one. Raises OSError.

    A new file gets the permissions `mode` (less the umask); pass 0o600 for a private file. Without `overwrite`, a file that is
    there stays as it is. The temporary file is called `<name>.<process>-<thread>.partial`, so that two writers do not share one.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_native_id()}.partial")
    partial.unlink(missing_ok=True)
    try:
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        rename_synced(partial, path, overwrite=overwrite)
    finally:
        partial.unlink(missing_ok=True)


def rename_synced(partial: Path, path: Path, *, overwrite: bool = True) -> None:
    """Give a completely written file its final name once its content is on the disk. Raises OSError."""
    with partial.open("rb+") as file:
        sync_file(file)
    try:
        if not overwrite:
            os.link(partial, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links: of two processes at once the later wins
        overwrite = True
    if overwrite:
        partial.replace(path)
    sync_folder(path.parent)


def sync_file(file: IO[bytes]) -> None:
    """Flush an open file and wait until its content is on the disk. Raises OSError."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; do nothing on systems that cannot sync a folder."""
    with suppress(OSError, AttributeError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

"""Open files that a person names, so that a pipe nobody writes to or a device without end never holds up the program."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from typing import IO, cast

HANDED_OVER = ("/proc/", "/dev/fd/")
"""Where a shell puts the pipes that it opened for this program: `<(command)`, /dev/stdin."""


def read_file(path: Path, most: int) -> bytes:
    """Return a file's bytes. Raises OSError: also for a folder, a pipe with a name, and for more than `most` bytes."""
    with opened(path, os.O_RDONLY, "rb") as file:
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode) and not os.path.realpath(path).startswith(HANDED_OVER):
            raise OSError(errno.EINVAL, "it is a named pipe and not a file", str(path))
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", str(path))
    return content


def write_file(path: Path, content: bytes) -> None:
    """Write a file, a new one or over one that is there. Raises OSError: also for a pipe with a name that nobody reads."""
    with opened(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, "wb") as file:
        file.write(content)


def open_to_append(path: Path) -> IO[str]:
    """Return a file that lines can be added to. Raises OSError: also for a pipe with a name that nobody reads."""
    return io.TextIOWrapper(opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, "ab"), "utf-8", "replace", newline="\n",
                            write_through=True)


def opened(path: Path, flags: int, mode: str) -> IO[bytes]:
    """Open a file without waiting for whoever may hold the other end; what is done with it afterwards may wait."""
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "its name holds a NUL character")
    number = os.open(path, flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0), 0o666)
    try:
        if stat.S_ISDIR(os.fstat(number).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if os.name == "posix":
            os.set_blocking(number, True)
        return cast("IO[bytes]", os.fdopen(number, mode))
    except BaseException:
        os.close(number)
        raise

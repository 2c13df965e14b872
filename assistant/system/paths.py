"""Resolve the names that users give for models, files and folders, and read and write such files. Imports little."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import IO, cast

from assistant.errors import UsageError

FAKE = "fake:"
LIBRARY_LINK = "shared.json"  # the file in a library's folder that says where a shared library lives
ADDRESS = re.compile(r"https?://", re.IGNORECASE)
SPECIAL = re.compile(r"[*?\[]")


def is_address(name: str) -> bool:
    """Return whether the name of a chat model is the address of a server, http:// or https://."""
    return ADDRESS.match(name) is not None


def user_path(name: str) -> Path | None:
    """Return the path if the name is a path to the user's own files; None if it is a catalog name or the address of a server."""
    if is_address(name):
        return None
    looks_like_path = os.sep in name or "/" in name or name.startswith(("~", ".")) or name.lower().endswith(".gguf")
    return expand_user(Path(name)).absolute() if looks_like_path else None  # ".." may follow a symbolic link


def is_fake(name: str) -> bool:
    """Return whether the name is that of the test models without weights."""
    return name == FAKE


def is_pattern(path: str) -> bool:
    """Return whether a path is a pattern: "*" matches any characters including "/", "?" matches one."""
    return "*" in path or "?" in path


def escape_pattern(path: str) -> str:
    """Return the pattern that matches only this path, with "*", "?" and "[" escaped."""
    return SPECIAL.sub(r"[\g<0>]", path) if is_pattern(path) else path


def absolute(path: Path) -> Path:
    """Return the absolute path with `~` and `..` resolved, but not symbolic links."""
    return Path(os.path.abspath(expand_user(path)))  # noqa: PTH100 - resolve() would follow the links


def expand_user(path: Path) -> Path:
    """Return the path with `~` and `~user` resolved; unchanged if there is no such user, as in a shell."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


OPENED = ("/dev/fd/", "/dev/stdout", "/dev/stderr", "/proc/")
"""Names of files that a shell has opened."""

HANDED_OVER = ("/proc/", "/dev/fd/")
"""Locations of pipes that a shell passes to the program: `<(command)`, /dev/stdin."""


def read_file(path: Path, most: int) -> bytes:
    """Return a file's bytes. Raises OSError, also for a folder, a named pipe, and more than `most` bytes."""
    with opened(path, os.O_RDONLY, "rb") as file:
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode) and not os.path.realpath(path).startswith(HANDED_OVER):
            raise OSError(errno.EINVAL, "it is a named pipe and not a file", str(path))
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", str(path))
    return content


def require_new(path: Path, *, allows_stream: bool = True) -> None:
    """Raise UsageError if what the user names for output exists already.

    A device or pipe may exist, unless what is written is renamed into place, which would replace it.
    """
    if os.path.lexists(expand_user(path)) and not (allows_stream and is_stream(expand_user(path))):
        raise UsageError(f"{path} already exists.", "Choose another name, or move the file away.")


def is_stream(path: Path) -> bool:
    """Return whether a path is a device or pipe, or a file that the shell has opened: writing to it replaces nothing."""
    return str(absolute(path)).startswith(OPENED) or (path.exists() and not path.is_file() and not path.is_dir())


def write_new_file(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet, or to a device or pipe. Raises OSError, also for a named pipe without a reader."""
    flags = 0 if is_stream(path) else os.O_CREAT | os.O_EXCL
    with opened(path, os.O_WRONLY | flags, "wb") as file:
        file.write(content)


def open_to_append(path: Path) -> IO[str]:
    """Open a text file for appending lines. Raises OSError, also for a named pipe without a reader."""
    return io.TextIOWrapper(opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, "ab"), "utf-8", "replace", newline="\n",
                            write_through=True)


def opened(path: Path, flags: int, mode: str) -> IO[bytes]:
    """Open a file without blocking on a named pipe; later reads and writes may block."""
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "its name contains a NUL character")
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


def distinct_names(paths: Iterable[str]) -> dict[str, str]:
    """Return the file name of each path, behind as many of its folders as tell it from those of the other paths."""
    parts = {path: PurePath(path).parts for path in paths}
    depths = dict.fromkeys(parts, 1)
    while True:
        names = {path: str(PurePath(*parts[path][-depth:])) for path, depth in depths.items()}
        counts = Counter(names.values())
        shared = [path for path, name in names.items() if counts[name] > 1 and depths[path] < len(parts[path])]
        if not shared:
            return names
        for path in shared:
            depths[path] += 1


def is_under(path: str, folders: Iterable[str]) -> bool:
    """Return whether the path is one of the folders, or inside one."""
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)

"""Landlock (Linux 5.13 or newer): give up writing to files outside one folder, and running programs.

Documented in the kernel's userspace-api/landlock.rst. Needs no root and no library. The rights that can be given up depend on the
ABI version that the kernel reports. Reading stays allowed.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every processor
REPORT_VERSION, PATH_BENEATH = 1, 1
SET_NO_NEW_PRIVILEGES = 38  # of prctl(2)

EXECUTE, WRITE_FILE = 1 << 0, 1 << 1
REMOVE_DIRECTORY, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_CHARACTER_DEVICE, MAKE_DIRECTORY, MAKE_FILE, MAKE_SOCKET = 1 << 6, 1 << 7, 1 << 8, 1 << 9
MAKE_PIPE, MAKE_BLOCK_DEVICE, MAKE_LINK = 1 << 10, 1 << 11, 1 << 12
REFER, TRUNCATE, CONTROL_DEVICE = 1 << 13, 1 << 14, 1 << 15
EVERY_TCP = 0b11  # to bind to a port and to connect to one
EVERY_SCOPE = 0b11  # abstract Unix sockets and signals to processes outside

FILES = EXECUTE | WRITE_FILE | REMOVE_DIRECTORY | REMOVE_FILE | MAKE_CHARACTER_DEVICE | MAKE_DIRECTORY | MAKE_FILE
FILES |= MAKE_SOCKET | MAKE_PIPE | MAKE_BLOCK_DEVICE | MAKE_LINK
IN_SCRATCH = WRITE_FILE | REMOVE_DIRECTORY | REMOVE_FILE | MAKE_DIRECTORY | MAKE_FILE | REFER | TRUNCATE


class Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr: the rights given up. Older kernels know only the first fields."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class PathRule(ctypes.Structure):
    """struct landlock_path_beneath_attr: the rights kept below a folder or for a file."""

    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return the Landlock ABI version of the kernel; 0 if it has none or it is off."""
    return max(0, int(libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(REPORT_VERSION))))


def restrict(scratch: Path, offered: int) -> None:
    """Give up all rights that the ABI version covers, in this thread and those it starts later. Raises OSError."""
    files = handled_files(offered)
    rules = Ruleset(files, EVERY_TCP if offered >= 4 else 0, EVERY_SCOPE if offered >= 6 else 0)
    size = 24 if offered >= 6 else 16 if offered >= 4 else 8
    ruleset = syscall(CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        allow_path(ruleset, scratch, IN_SCRATCH & files)
        allow_path(ruleset, Path(os.devnull), (WRITE_FILE | TRUNCATE) & files)
        forbid_new_privileges()
        syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def handled_files(offered: int) -> int:
    """Return the file rights that an ABI version can deny, except reading."""
    later = (REFER if offered >= 2 else 0) | (TRUNCATE if offered >= 3 else 0) | (CONTROL_DEVICE if offered >= 5 else 0)
    return FILES | later


def allow_path(ruleset: int, path: Path, rights: int) -> None:
    """Keep rights below a folder or for a file."""
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = PathRule(rights, parent)
        syscall(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(parent)


def forbid_new_privileges() -> None:
    """Set no_new_privs, which Linux requires of a process that restricts itself."""
    if libc().prctl(SET_NO_NEW_PRIVILEGES, *map(ctypes.c_ulong, (1, 0, 0, 0))) != 0:
        raise last_os_error()


def syscall(number: int, *arguments: object) -> int:
    """Make a system call. Raises OSError if it fails."""
    result = libc().syscall(number, *arguments)
    if result < 0:
        raise last_os_error()
    return int(result)


def libc() -> ctypes.CDLL:
    """Return the C library that this process has loaded."""
    return ctypes.CDLL(None, use_errno=True)


def last_os_error() -> OSError:
    """Return the error of the last C call."""
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))

"""Seccomp (Linux): give up the system calls that a file reader never needs.

These are sockets, new processes and programs, signals to and inspection of other processes, changes of permissions, owners and
times, and other ways into the kernel (io_uring, 32-bit calls, calls newer than this list). Landlock restricts files; without it,
opening files for writing is given up as well.
Documented in seccomp(2) and the kernel's userspace-api/seccomp_filter.rst; the filter is a classic BPF program.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.system.landlock import forbid_new_privileges, syscall

SET_FILTER, FOR_ALL_THREADS = 1, 1  # of seccomp(2)
LOAD, EQUAL, AT_LEAST, ANY_BIT, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06  # operations of classic BPF
NUMBER_AT, MACHINE_AT, ARGUMENTS_AT = 0, 4, 16  # offsets in struct seccomp_data
ALLOW, FAIL = 0x7FFF0000, 0x00050000
FIRST_UNKNOWN = 463  # first system call after Linux 6.12; libraries work without the newer ones
THREAD = 0x00010000  # CLONE_THREAD: clone(2) makes a thread, not a process
TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
TRUNCATING = os.O_WRONLY | os.O_RDWR | os.O_TRUNC  # Landlock before version 3 allows truncating files opened for reading

Instruction = tuple[int, int, int, int]  # operation, instructions to skip if true, if false, value


@dataclass(frozen=True, slots=True)
class SyscallTable:
    """Linux system call numbers of one processor architecture. Calls that it does not have are left out."""

    seccomp: int
    machine: int  # AUDIT_ARCH_...: what the filter sees
    forbidden: tuple[int, ...]
    changes_of_names: tuple[int, ...]  # create, move and remove files and folders
    opening: tuple[tuple[int, int], ...]  # a call, and the index of its flags argument
    signals: tuple[int, ...]  # calls whose first argument is the target process of a signal
    limits: int  # prlimit64, which can also limit other processes
    clone: int
    unavailable: tuple[int, ...]  # clone3 and openat2 hide their flags from filters; C libraries fall back to the older calls


X86_64 = SyscallTable(
    seccomp=317,
    machine=0xC000003E,
    forbidden=(
        41, 59, 322, 57, 58,  # socket, execve, execveat, fork, vfork
        101, 310, 311, 312, 440, 448,  # ptrace, process_vm_readv, process_vm_writev, kcmp, process_madvise, process_mrelease
        434, 438, 424, 129, 297,  # pidfd_open, pidfd_getfd, pidfd_send_signal, rt_sigqueueinfo, rt_tgsigqueueinfo
        425, 426, 427,  # io_uring_setup, io_uring_enter, io_uring_register
        90, 91, 268, 452, 92, 93, 94, 260,  # chmod, fchmod, fchmodat, fchmodat2, chown, fchown, lchown, fchownat
        132, 235, 261, 280, 76,  # utime, utimes, futimesat, utimensat, truncate
        188, 189, 190, 197, 198, 199,  # setxattr, lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr
        165, 166, 155, 161, 308, 272,  # mount, umount2, pivot_root, chroot, setns, unshare
        428, 429, 430, 431, 432, 442,  # open_tree, move_mount, fsopen, fsconfig, fsmount, mount_setattr
        321, 298, 323, 304, 248, 249, 250,  # bpf, perf_event_open, userfaultfd, open_by_handle_at, add_key, request_key, keyctl
        175, 313, 176, 246, 320, 169,  # init_module, finit_module, delete_module, kexec_load, kexec_file_load, reboot
        29, 30, 31, 68, 69, 70, 71,  # shmget, shmat, shmctl, msgget, msgsnd, msgrcv, msgctl
        64, 65, 66, 220, 240, 241,  # semget, semop, semctl, semtimedop, mq_open, mq_unlink
    ),
    changes_of_names=(
        85, 83, 258, 84, 87, 263, 82, 264, 316,  # creat, mkdir, mkdirat, rmdir, unlink, unlinkat, rename, renameat, renameat2
        86, 265, 88, 266, 133, 259,  # link, linkat, symlink, symlinkat, mknod, mknodat
    ),
    opening=((2, 1), (257, 2)),  # open, openat
    signals=(62, 234, 200),  # kill, tgkill, tkill
    limits=302,
    clone=56,
    unavailable=(435, 437),
)
AARCH64 = SyscallTable(
    seccomp=277,
    machine=0xC00000B7,
    forbidden=(
        198, 221, 281,  # socket, execve, execveat
        117, 270, 271, 272, 440, 448,  # ptrace, process_vm_readv, process_vm_writev, kcmp, process_madvise, process_mrelease
        434, 438, 424, 138, 240,  # pidfd_open, pidfd_getfd, pidfd_send_signal, rt_sigqueueinfo, rt_tgsigqueueinfo
        425, 426, 427,  # io_uring_setup, io_uring_enter, io_uring_register
        52, 53, 452, 55, 54,  # fchmod, fchmodat, fchmodat2, fchown, fchownat
        88, 45,  # utimensat, truncate
        5, 6, 7, 14, 15, 16,  # setxattr, lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr
        40, 39, 41, 51, 268, 97,  # mount, umount2, pivot_root, chroot, setns, unshare
        428, 429, 430, 431, 432, 442,  # open_tree, move_mount, fsopen, fsconfig, fsmount, mount_setattr
        280, 241, 282, 265, 217, 218, 219,  # bpf, perf_event_open, userfaultfd, open_by_handle_at, add_key, request_key, keyctl
        105, 273, 106, 104, 294, 142,  # init_module, finit_module, delete_module, kexec_load, kexec_file_load, reboot
        194, 196, 195, 186, 189, 188, 187,  # shmget, shmat, shmctl, msgget, msgsnd, msgrcv, msgctl
        190, 193, 191, 192, 180, 181,  # semget, semop, semctl, semtimedop, mq_open, mq_unlink
    ),
    changes_of_names=(34, 35, 38, 276, 37, 36, 33),  # mkdirat, unlinkat, renameat, renameat2, linkat, symlinkat, mknodat
    opening=((56, 2),),  # openat
    signals=(129, 131, 130),  # kill, tgkill, tkill
    limits=261,
    clone=220,
    unavailable=(435, 437),
)


class BpfProgram(ctypes.Structure):
    """struct sock_fprog: a classic BPF program."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def syscalls_here() -> SyscallTable | None:
    """Return the system call numbers of this machine; None if they are unknown."""
    known = {"x86_64": X86_64, "aarch64": AARCH64} if sys.maxsize > 2**32 and sys.byteorder == "little" else {}
    return known.get(platform.machine())


def restrict(calls: SyscallTable, *, may_write: bool) -> None:
    """Give up the system calls, in all threads of this process. Raises OSError."""
    program = filter_program(calls, os.getpid(), may_write=may_write)
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    prepared = BpfProgram(len(program), code)
    forbid_new_privileges()
    if syscall(calls.seccomp, ctypes.c_uint(SET_FILTER), ctypes.c_uint(FOR_ALL_THREADS), ctypes.byref(prepared)) != 0:
        raise OSError(errno.EPERM, "a thread has its own filter")


def filter_program(calls: SyscallTable, process: int, *, may_write: bool) -> list[Instruction]:
    """Return the BPF filter. Without `may_write`, no file can be opened for writing, created, moved or removed."""
    return [
        (LOAD, 0, 0, MACHINE_AT), (EQUAL, 1, 0, calls.machine), fail_with(errno.EPERM),
        (LOAD, 0, 0, NUMBER_AT), (AT_LEAST, 0, 1, FIRST_UNKNOWN), fail_with(errno.ENOSYS),  # x32 calls have large numbers as well
        *(step for number in calls.unavailable for step in always_fail(number, errno.ENOSYS)),
        *(step for number in calls.forbidden for step in always_fail(number, errno.EPERM)),
        *(step for number in (() if may_write else calls.changes_of_names) for step in always_fail(number, errno.EPERM)),
        *(step for number, argument in calls.opening for step in restrict_opening(number, argument, may_write=may_write)),
        *(step for number in calls.signals for step in allow_only_if(number, (EQUAL, 1, 0, process))),
        *allow_only_if(calls.limits, (EQUAL, 1, 0, 0)),  # 0: this process itself
        *allow_only_if(calls.clone, (ANY_BIT, 1, 0, THREAD)),
        (RETURN, 0, 0, ALLOW),
    ]  # fmt: skip


def fail_with(code: int) -> Instruction:
    """Return the instruction that makes a call fail with an error code."""
    return (RETURN, 0, 0, FAIL | code)


def always_fail(number: int, code: int) -> Iterator[Instruction]:
    """Yield instructions that make every call of this number fail."""
    yield from ((EQUAL, 0, 1, number), fail_with(code))


def allow_only_if(number: int, test: Instruction) -> Iterator[Instruction]:
    """Yield instructions that make a call of this number fail unless its first argument passes the test."""
    yield from ((EQUAL, 0, 4, number), (LOAD, 0, 0, ARGUMENTS_AT), test, fail_with(errno.EPERM), (RETURN, 0, 0, ALLOW))


def restrict_opening(number: int, argument: int, *, may_write: bool) -> Iterator[Instruction]:
    """Yield instructions that deny opening a file for writing or, with `may_write`, truncating a file opened for reading."""
    yield from ((EQUAL, 0, 5, number), (LOAD, 0, 0, ARGUMENTS_AT + 8 * argument))
    yield (AND, 0, 0, TRUNCATING if may_write else TO_WRITE)
    yield (EQUAL, 0, 1, os.O_TRUNC) if may_write else (EQUAL, 1, 0, 0)
    yield from (fail_with(errno.EPERM), (RETURN, 0, 0, ALLOW))

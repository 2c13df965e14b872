"""The filter of system calls, run instruction by instruction, for each kind of processor."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.system.seccomp import (
    AARCH64,
    ALLOW,
    AND,
    ANY_BIT,
    ARGUMENTS_AT,
    AT_LEAST,
    EQUAL,
    FAIL,
    LOAD,
    MACHINE_AT,
    NUMBER_AT,
    RETURN,
    THREAD,
    X86_64,
    Instruction,
    SyscallTable,
    filter_program,
)

OWN = 4711
HEADERS = {"x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), "aarch64": Path("/usr/include/asm-generic/unistd.h")}
MACHINES = {"x86_64": X86_64, "aarch64": AARCH64}
both = pytest.mark.parametrize("calls", MACHINES.values(), ids=MACHINES)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the flags of files are those of Unix")


def outcome(program: Sequence[Instruction], machine: int, number: int, *arguments: int) -> int:
    """Return the error that the filter gives to a call, 0 where it lets it pass."""
    data = {MACHINE_AT: machine, NUMBER_AT: number}
    data |= {ARGUMENTS_AT + 8 * place: value & 0xFFFFFFFF for place, value in enumerate((*arguments, 0, 0, 0, 0, 0, 0)[:6])}
    held = at = 0
    while True:
        operation, if_true, if_false, value = program[at]
        at += 1
        if operation == RETURN:
            assert value == ALLOW or value & 0xFFFF0000 == FAIL
            return 0 if value == ALLOW else value & 0xFFFF
        if operation == LOAD:
            held = data[value]
        elif operation == AND:
            held &= value
        else:
            is_true = {EQUAL: held == value, AT_LEAST: held >= value, ANY_BIT: bool(held & value)}[operation]
            at += if_true if is_true else if_false


@both
@pytest.mark.parametrize("may_write", [True, False])
def test_every_forbidden_call_fails_and_the_rest_passes(calls: SyscallTable, may_write: bool):
    program = filter_program(calls, OWN, may_write=may_write)
    special = {calls.clone, calls.limits, *calls.signals, *calls.unavailable, *(number for number, _ in calls.opening)}
    for number in range(463):
        if number in special:
            continue
        is_forbidden = number in calls.forbidden or (not may_write and number in calls.changes_of_names)
        assert outcome(program, calls.machine, number) == (errno.EPERM if is_forbidden else 0), number


@both
def test_other_machines_numbers_and_calls_from_later_kernels_fail(calls: SyscallTable):
    program = filter_program(calls, OWN, may_write=True)
    assert outcome(program, 0x40000003, 1) == errno.EPERM  # 32-bit x86
    assert outcome(program, calls.machine, 463) == outcome(program, calls.machine, 0x40000000 + 41) == errno.ENOSYS
    assert {outcome(program, calls.machine, number) for number in calls.unavailable} == {errno.ENOSYS}


@both
def test_threads_and_signals_to_itself_are_allowed(calls: SyscallTable):
    program = filter_program(calls, OWN, may_write=True)
    assert outcome(program, calls.machine, calls.clone, THREAD | 0x3D0F00) == 0
    assert outcome(program, calls.machine, calls.clone, 17) == errno.EPERM
    for number in calls.signals:
        assert outcome(program, calls.machine, number, OWN) == 0
        assert {outcome(program, calls.machine, number, other) for other in (1, 0, -1, OWN + 1)} == {errno.EPERM}
    assert [outcome(program, calls.machine, calls.limits, process) for process in (0, 1)] == [0, errno.EPERM]


@both
def test_files_open_for_reading_alone_where_nothing_else_keeps_them(calls: SyscallTable):
    free, strict = (filter_program(calls, OWN, may_write=may_write) for may_write in (True, False))
    for number, place in calls.opening:
        def opened(program: Sequence[Instruction], flags: int, number: int = number, place: int = place) -> int:
            return outcome(program, calls.machine, number, *[0] * place, flags)

        assert opened(free, os.O_RDONLY) == opened(strict, os.O_RDONLY) == 0
        assert opened(free, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) == opened(free, os.O_RDWR) == 0  # Landlock decides
        assert opened(free, os.O_RDONLY | os.O_TRUNC) == errno.EPERM
        for flags in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC):
            assert opened(strict, flags) == errno.EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_those_of_the_kernel(machine: str):
    """The comments beside the numbers name the calls; the kernel's own header says whether that is so."""
    if not HEADERS[machine].exists():
        pytest.skip("needs the kernel's headers")
    defined = re.finditer(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text())
    known = {found[1]: int(found[2]) for found in defined}
    import assistant.system.seccomp as module

    source = Path(module.__file__).read_text("utf-8")
    own = source[source.index(f"\n{'X86_64' if machine == 'x86_64' else 'AARCH64'} = "):].split("\n)\n")[0]
    compared = 0
    for line in own.replace("((2, 1), (257, 2))", "(2, 257,)").splitlines():
        numbers, _, names = line.partition("#")
        values = [int(value) for value in re.findall(r"\b\d+\b(?=[,)])", numbers.partition("=")[2] or numbers)]
        for value, name in zip(values, names.split(","), strict=False):
            assert known.get(name.strip(), value) == value, line
            compared += name.strip() in known
    assert compared > 70
    assert (MACHINES[machine].clone, MACHINES[machine].limits) == (known["clone"], known["prlimit64"])

"""Feed mutated files to parsers in child processes, and note what breaks: exceptions, hangs, memory, crashes of C libraries.

A mutated file is known by its target, its number and the seed of the run, so that it can be made again after the child that
read it has died. A child reads one file after the other until it has done its share or something breaks; then the next child
goes on behind that file.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

import checkout  # noqa: F401
from fuzz_targets import TARGETS, Target, judge, without_ocr
from mutations import Mutator

CPU_SECONDS = 10.0  # that one file may take; the product gives up after 120 seconds without progress
WALL_SECONDS = 60.0
MEMORY = 1 << 30  # bytes beyond what the child has at its start; the product allows 2 GiB
GLANCE_SECONDS = 0.02
MOST_KEPT = 5  # inputs of one finding
SHARE = 20_000  # files that one child reads


class TooSlow(BaseException):
    """One file took too long."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take, and the seed of the run."""

    cpu_seconds: float = CPU_SECONDS
    wall_seconds: float = WALL_SECONDS
    memory: int = MEMORY
    run_seed: int = 0


@dataclass(slots=True)
class Outcome:
    """How many mutated files a target read, in how long, and what broke: each finding with the numbers of its files."""

    done: int = 0
    seconds: float = 0.0
    findings: dict[str, list[int]] = field(default_factory=dict)

    def note(self, finding: str, number: int) -> None:
        """Note a finding."""
        self.findings.setdefault(finding, []).append(number)


def mutated(target: Target, seeds: Sequence[bytes], number: int, run_seed: int) -> bytes:
    """Return the mutated file of a number."""
    return Mutator(seeds, target.tokens, random.Random(f"{run_seed} {target.name} {number}")).mutate()


def fuzz(target: Target, seeds: Sequence[bytes], numbers: range, limits: Limits, until: float = float("inf")) -> Outcome:
    """Feed the mutated files of some numbers to a target, in children, until a time of `time.monotonic`."""
    outcome, at, began = Outcome(), numbers.start, time.monotonic()
    while at < numbers.stop and time.monotonic() < until:
        at = _share(target, seeds, range(at, min(numbers.stop, at + SHARE)), limits, until, outcome)
    outcome.done, outcome.seconds = at - numbers.start, time.monotonic() - began
    return outcome


def _share(target: Target, seeds: Sequence[bytes], numbers: range, limits: Limits, until: float, outcome: Outcome) -> int:
    """Let one child read its share and return the number to go on with."""
    context = _context()
    current = context.RawArray("q", 1)
    ours, theirs = context.Pipe()
    child = context.Process(target=read_share, args=(target.name, list(seeds), numbers, limits, until, current, theirs))
    child.start()
    theirs.close()
    ended = _watch(child, current, ours, limits, outcome)
    child.join()
    ours.close()
    if ended >= 0:
        return ended
    outcome.note(_cause(child.exitcode), current[0])
    return int(current[0]) + 1


def _watch(child: BaseProcess, current: Sequence[int], pipe: Connection, limits: Limits, outcome: Outcome) -> int:
    """Take what a child says until it ends: where it ended, -1 where it died."""
    number, since = -1, time.monotonic()
    while True:
        if pipe.poll(GLANCE_SECONDS * 10):
            try:
                finding, at = pipe.recv()
            except EOFError:
                return -1
            if not finding:
                return int(at)
            outcome.note(finding, at)
        if current[0] != number:
            number, since = current[0], time.monotonic()
        elif time.monotonic() - since > limits.wall_seconds:
            child.kill()


def _cause(exit_code: int | None) -> str:
    if exit_code == -signal.SIGKILL:
        return "hang: killed, deaf to signals"
    name = signal.Signals(-exit_code).name if exit_code and exit_code < 0 else f"exit code {exit_code}"
    return f"crash of the process: {name}"


@cache
def _context() -> ForkServerContext:
    """Return what starts children: they are forked off a server that has imported all parsers."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fuzzing", "fuzz_preload"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *sys.path])  # the server knows no other path
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        os.environ |= {} if before is None else {"PYTHONPATH": before}
    return context


def read_share(
    name: str, seeds: list[bytes], numbers: range, limits: Limits, until: float, current: list[int], pipe: Connection
) -> None:
    """Read mutated files in a child process and say what broke; end early where memory has grown."""
    target = next(target for target in TARGETS if target.name == name)
    _be_quiet()
    without_ocr()
    signal.signal(signal.SIGPROF, _give_up)
    judge(target, seeds[0])  # what is imported now does not count
    start = _peak()
    address_space = _address_space() + limits.memory
    resource.setrlimit(resource.RLIMIT_AS, (address_space, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    number = numbers.start
    for number in numbers:
        current[0] = number
        if time.monotonic() > until:
            pipe.send(("", number))
            return
        finding = _judged(target, mutated(target, seeds, number, limits.run_seed), limits)
        grown = _peak() - start > limits.memory * 3 // 4
        if finding or grown:
            pipe.send((finding or "memory: more than the bound", number))
        if grown:
            break
    pipe.send(("", number + 1))


def _judged(target: Target, data: bytes, limits: Limits) -> str:
    signal.setitimer(signal.ITIMER_PROF, limits.cpu_seconds)
    try:
        return judge(target, data)
    except TooSlow:
        return "hang"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow


def _be_quiet() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    gc.collect()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()

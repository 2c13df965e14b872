"""Run one command of the program after the other in a trial home. Takes the folder of the sample files as its argument.

Reports every step as a line of JSON on stdout: {"begin": name}, then {"name": ..., "seconds": ..., "failure": ...}. This
process and all that it starts are what is observed; it is told nothing about how.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.system.children import command_of, run_to_end

if TYPE_CHECKING:
    import subprocess

QUESTION = "When does the lease of the old mill end?"
NEWS = "The lift of the old mill was inspected in May.\n"
ANSWER_REFUSED = 3  # the exit code of a question that the files do not answer
WARNED = 1  # of a doctor who found something
COMMAND_SECONDS = 1800.0
WATCH_SECONDS = 120.0
LAST_WORDS = 300


def main() -> int:
    """Run every step; return 0 where each did its work."""
    files = Path(sys.argv[1])
    try:
        return int(any([run_step(name, action) for name, action in trial_steps(files)]))
    finally:
        for command in (("watch", "--stop"), ("engine", "stop")):  # where a step failed half-way
            call(command)


def trial_steps(files: Path) -> list[tuple[str, Callable[[], str]]]:
    """Return the steps in order: their names, and what runs them and returns why they failed."""
    ask, alone = ("ask", QUESTION), "--no-engine"
    return [
        ("add files of seven kinds, in reader processes", lambda: run_command(("add", str(files)))),
        ("search in one process", lambda: run_command(("search", alone, QUESTION))),
        ("ask in one process", lambda: run_command((*ask, alone), ANSWER_REFUSED)),
        ("start the engine", lambda: run_command(("engine", "start"))),
        ("search through the engine", lambda: run_command(("search", QUESTION))),
        ("ask through the engine", lambda: run_command(ask, ANSWER_REFUSED)),
        ("hold a conversation", lambda: run_command(("chat",), typed=QUESTION + "\n")),
        ("watch a folder", lambda: watch(files)),
        ("look at what is new", lambda: run_command(("sync",))),
        ("examine the installation", lambda: run_command(("doctor",), WARNED)),
        ("stop the engine", lambda: run_command(("engine", "stop"))),
    ]


def run_step(name: str, action: Callable[[], str]) -> bool:
    """Run a step and report it; return whether it failed."""
    report({"begin": name})
    began = time.monotonic()
    failure = action()
    report({"name": name, "seconds": round(time.monotonic() - began, 2), "failure": failure})
    return bool(failure)


def report(message: dict[str, object]) -> None:
    """Write one line for the process that observes."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def call(command: Sequence[str], typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of the program to its end. Raises TimeoutError."""
    return run_to_end(command_of("assistant", *command), typed, COMMAND_SECONDS)


def run_command(command: Sequence[str], also_good: int = 0, *, typed: str = "") -> str:
    """Run a command; return why it failed, or nothing."""
    try:
        ended = call(command, typed)
    except TimeoutError as error:
        return str(error)
    said = " ".join((ended.stderr or ended.stdout).split())[-LAST_WORDS:]
    return "" if ended.returncode in {0, also_good} else f"exit code {ended.returncode}: {said}"


def watch(files: Path) -> str:
    """Let the program follow a folder in the background, save a file there, and wait until it is indexed."""
    if failure := run_command(("watch", str(files), "--daemon")):
        return failure
    (files / "lift.txt").write_text(NEWS, "utf-8")
    is_indexed = wait_until(has_indexed)
    return run_command(("watch", "--stop")) or ("" if is_indexed else "the watch did not index a new file")


def has_indexed() -> bool:
    """Return whether the watch has indexed a file and embedded it."""
    try:
        standing = json.loads(call(("watch", "--status", "--json")).stdout)
    except ValueError:
        return False
    return bool(standing.get("indexed")) and not standing.get("waiting") and not standing.get("queued")


def wait_until(is_so: Callable[[], bool]) -> bool:
    """Return whether something becomes true in the time that the watch has."""
    until = time.monotonic() + WATCH_SECONDS
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.2)
    return False


if __name__ == "__main__":
    sys.exit(main())

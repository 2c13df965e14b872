"""Trial run: a temporary home with linked models and sample files that refer to the network, and the steps run in it.

Run as a module with the folder of the sample files, this runs the steps and reports each as JSON lines on stdout:
{"begin": name}, then {"name": ..., "seconds": ..., "failure": ...}. This process and its children are what is observed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.config import PREFIX, Settings
from assistant.system.children import module_command, run_to_end
from assistant.system.interrupts import exiting_on_termination
from assistant.system.paths import user_path

if TYPE_CHECKING:
    import subprocess

    import psutil

SAMPLES = Path(__file__).parent / "files"
PACKAGE = Path(__file__).parents[4]
STAMP = ".verified.json"  # copied; other hidden files next to a model are left out, so that the trial creates them again
LEFT_OUT = frozenset({"home", "library", "hub", "engine", "save_sessions"})
SECONDS_TO_END = 5.0


@dataclass(frozen=True, slots=True)
class TrialHome:
    """The folders of a trial run, and the environment of its processes."""

    folder: Path
    home: Path
    files: Path
    environment: Mapping[str, str]


@contextmanager
def trial_home(settings: Settings) -> Iterator[TrialHome]:
    """Create the folders; in the end, also on SIGTERM, stop every process of the trial and delete the folders."""
    with exiting_on_termination():
        folder = Path(tempfile.mkdtemp(prefix="assistant-offline-")).resolve()
        home, files = folder / "home", folder / "files"
        try:
            home.mkdir()
            shutil.copytree(SAMPLES, files)
            link_models(settings, home)
            yield TrialHome(folder, home, files, trial_environment(settings, home))
        finally:
            end_processes_of(home)
            shutil.rmtree(folder, ignore_errors=True)


def link_models(settings: Settings, home: Path) -> None:
    """Link the chosen models into the home's models folder: new folders, linked files."""
    for name in {settings.chat, settings.embed, settings.rerank}:
        own = user_path(name) if name else None
        source = own if own else settings.models_folder / name
        if name and source.is_dir():
            link_files(source, home / "models" / source.name)


def link_files(source: Path, target: Path) -> None:
    """Recreate a folder tree with links to its files."""
    for path in source.rglob("*"):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif path.name == STAMP or not path.name.startswith("."):
            place.parent.mkdir(parents=True, exist_ok=True)
            link_file(path, place, is_copied=path.name == STAMP)


def link_file(source: Path, target: Path, *, is_copied: bool) -> None:
    """Link a file; copy it if it will be written to, or if the system allows no links."""
    if not is_copied:
        with suppress(OSError):
            target.symlink_to(source.resolve())
            return
    shutil.copy2(source, target)


def trial_environment(settings: Settings, home: Path) -> dict[str, str]:
    """Return this process's environment with all of the user's settings as variables, for the trial's home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    own = {PREFIX + field.name.upper(): str(getattr(settings, field.name)) for field in fields(Settings)
           if field.name not in LEFT_OUT}
    if own_embedder := user_path(settings.embed):
        own[PREFIX + "EMBED"] = str(home / "models" / own_embedder.name)
    paths = os.pathsep.join(filter(None, (str(PACKAGE), os.environ.get("PYTHONPATH", ""))))
    return {**kept, **own, PREFIX + "HOME": str(home), PREFIX + "ENGINE": "on", "PYTHONPATH": paths}


def end_processes_of(home: Path) -> None:
    """Kill every process started for a home; repeat until none is found, since one may be starting another."""
    import psutil  # type: ignore[import-untyped, unused-ignore]

    until = time.monotonic() + SECONDS_TO_END
    while (found := processes_of(home)) and time.monotonic() < until:
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(found, timeout=SECONDS_TO_END)


def processes_of(home: Path) -> list[psutil.Process]:
    """Return the processes whose environment names a home, and their children."""
    import psutil

    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(PREFIX + "HOME") == str(home):
                found |= {each.pid: each for each in (process, *process.children(recursive=True))}
    return list(found.values())


QUESTION = "When does the lease of the old mill end?"
NEWS = "The lift of the old mill was inspected in May.\n"
ANSWER_REFUSED = 3  # the exit code of a question that the files do not answer
WARNED = 1  # of a doctor who found something
COMMAND_SECONDS = 1800.0
WATCH_SECONDS = 120.0
LAST_WORDS = 300


def main() -> int:
    """Run every step; return 0 if all succeeded."""
    files = Path(sys.argv[1])
    try:
        return int(any([run_step(name, action) for name, action in trial_steps(files)]))
    finally:
        for command in (("watch", "--stop"), ("engine", "stop")):  # in case a step failed half-way
            call(command)


def trial_steps(files: Path) -> list[tuple[str, Callable[[], str]]]:
    """Return the steps in order: name, and a function that runs the step and returns why it failed."""
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
    """Write one line for the observing process."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def call(command: Sequence[str], typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of the program to its end. Raises TimeoutError."""
    return run_to_end(module_command("assistant", *command), typed, COMMAND_SECONDS)


def run_command(command: Sequence[str], also_good: int = 0, *, typed: str = "") -> str:
    """Run a command; return why it failed, or an empty string."""
    try:
        ended = call(command, typed)
    except TimeoutError as error:
        return str(error)
    said = " ".join((ended.stderr or ended.stdout).split())[-LAST_WORDS:]
    return "" if ended.returncode in {0, also_good} else f"exit code {ended.returncode}: {said}"


def watch(files: Path) -> str:
    """Watch a folder in the background, save a file there, and wait until it is indexed."""
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
    """Return whether a condition becomes true within WATCH_SECONDS."""
    until = time.monotonic() + WATCH_SECONDS
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.2)
    return False


if __name__ == "__main__":
    sys.exit(main())

"""A temporary home for a trial run: the person's models by links, sample files that refer to the network, own settings."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.config import PREFIX, Settings
from assistant.system.paths import own_path

if TYPE_CHECKING:
    import psutil

SAMPLES = Path(__file__).parent / "files"
PACKAGE = Path(__file__).parents[4]
STAMP = ".verified.json"  # copied; what else a program keeps beside a model is left out, so that it is made anew in the trial
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
    """Make the folders; at the end, whatever happened, end every process of the trial and remove them."""
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
    """Put links to the chosen models where a home has its models: folders anew, files as links."""
    for name in {settings.chat, settings.embed, settings.rerank}:
        own = own_path(name) if name else None
        source = own if own else settings.models_folder / name
        if name and source.is_dir():
            link_files(source, home / "models" / source.name)


def link_files(source: Path, target: Path) -> None:
    """Make a folder like another, of links to its files."""
    for path in source.rglob("*"):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif path.name == STAMP or not path.name.startswith("."):
            place.parent.mkdir(parents=True, exist_ok=True)
            link_file(path, place, is_copied=path.name == STAMP)


def link_file(source: Path, target: Path, *, is_copied: bool) -> None:
    """Link a file, or copy it where it is written to or the system allows no link."""
    if not is_copied:
        with suppress(OSError):
            target.symlink_to(source.resolve())
            return
    shutil.copy2(source, target)


def trial_environment(settings: Settings, home: Path) -> dict[str, str]:
    """Return this process's environment with the person's settings for the home of the trial, whatever file they come from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    own = {PREFIX + field.name.upper(): str(getattr(settings, field.name)) for field in fields(Settings)
           if field.name not in LEFT_OUT}
    if own_embedder := own_path(settings.embed):
        own[PREFIX + "EMBED"] = str(home / "models" / own_embedder.name)
    paths = os.pathsep.join(filter(None, (str(PACKAGE), os.environ.get("PYTHONPATH", ""))))
    return {**kept, **own, PREFIX + "HOME": str(home), PREFIX + "ENGINE": "on", "PYTHONPATH": paths}


def end_processes_of(home: Path) -> None:
    """End every process that was started for a home, again until none is found: one may have been starting another."""
    import psutil  # type: ignore[import-untyped, unused-ignore]

    until = time.monotonic() + SECONDS_TO_END
    while (found := processes_of(home)) and time.monotonic() < until:
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(found, timeout=SECONDS_TO_END)


def processes_of(home: Path) -> list[psutil.Process]:
    """Return the processes whose environment names a home, and all that they started."""
    import psutil

    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(PREFIX + "HOME") == str(home):
                found |= {each.pid: each for each in (process, *process.children(recursive=True))}
    return list(found.values())

"""Decoys: modules of every name that a child process may import, which mark that they ran and then act as the real one."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Iterable
from pathlib import Path

DECOY = '''
import sys
try:
    import posix as _system  # some modules are imported before `open` and `os` are there
except ImportError:
    import nt as _system
_here, _name = {folder!r}, {name!r}
for _marks in ({marks!r}, "."):
    try:
        _system.close(_system.open(_marks + "/ran-" + _name, _system.O_CREAT | _system.O_WRONLY))
        break
    except OSError:
        pass
_path, _saved = sys.path, sys.path[:]
_path[:] = [entry for entry in _path if entry not in ("", ".", _here)]
sys.modules.pop(_name, None)
try:
    __import__(_name)
finally:
    _path[:] = _saved
'''


def names(imported: Iterable[str]) -> list[str]:
    """Return the top-level names that decoys are needed for: what a child imported, Python's own modules, what is installed."""
    top = {name.partition(".")[0] for name in imported}
    found = top | set(sys.stdlib_module_names) | set(importlib.metadata.packages_distributions())
    return sorted(name for name in found - {"__main__", "assistant", "sitecustomize"} if name.isidentifier())


def plant(folder: Path, marks: Path, imported: Iterable[str]) -> int:
    """Write decoys into a folder, every second one as a package; return how many."""
    folder.mkdir(parents=True, exist_ok=True)
    marks.mkdir(parents=True, exist_ok=True)
    planted = [*names(imported), "sitecustomize", "usercustomize"]
    for number, name in enumerate(planted):
        code = DECOY.format(folder=str(folder), name=name, marks=str(marks))
        if number % 2:
            (folder / name).mkdir()
            (folder / name / "__init__.py").write_text(code, "utf-8")
        else:
            (folder / f"{name}.py").write_text(code, "utf-8")
    return len(planted)


def plant_program(folder: Path, marks: Path, name: str) -> None:
    """Write a program that marks that it ran."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n: > {marks}/ran-program-{name}\n", "utf-8")
    os.chmod(file, 0o755)  # noqa: PTH101


def ran(*folders: Path) -> set[str]:
    """Return the names of the decoys that ran."""
    return {path.name.removeprefix("ran-") for folder in folders for path in folder.glob("ran-*")}

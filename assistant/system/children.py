"""Start every child process of the program with an isolated import path, a cleaned environment and an explicit folder.

`-P` keeps the current folder off the import path of Python. No other module starts processes (tests/test_architecture.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from assistant.system.credentials import SECRET_VARIABLES
from assistant.system.environment import cleaned

ENTRY = Path(__file__).absolute().with_name("entry.py")
OUTPUT_SECONDS = 10  # for a system program


def interpreter() -> list[str]:
    """Return the command that starts Python without the current folder on its import path."""
    return [sys.executable, "-P"]


def interpreter_name() -> str:
    """Return the command to type for starting this Python without the current folder on its import path."""
    return f"{Path(sys.executable).name} -P"


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this package."""
    return [*interpreter(), str(ENTRY), module, *arguments]


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment, cleaned, without keys and tokens and with the changes, for a child."""
    inherited = {name: value for name, value in os.environ.items() if name not in SECRET_VARIABLES}
    return cleaned(inherited) | dict(changes)


def start_piped(module: str, folder: Path, changes: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a module of this package in its own session (no Ctrl-C), with pipes for input and output."""
    return subprocess.Popen(module_command(module), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            cwd=folder, env=environment_with(changes), start_new_session=os.name == "posix")


def start_lasting(command: Sequence[str], folder: Path, output: IO[bytes] | None, errors: IO[bytes],
                  changes: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a command of `command_of` that outlives this program and its terminal; without `output`, stdout is discarded."""
    flags = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output or subprocess.DEVNULL, stderr=errors, cwd=folder,
                            env=environment_with(changes), start_new_session=os.name == "posix", creationflags=flags)


def ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Return whether a process ends within the time."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def run_to_end(command: Sequence[str], typed: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command of `command_of` with text on stdin; return its output. Raises TimeoutError."""
    try:
        return subprocess.run(command, input=typed, capture_output=True, text=True, encoding="utf-8", errors="replace",
                              timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"it did not finish within {seconds:.0f} seconds") from error


def run_inside(command: Sequence[str]) -> int:
    """Run a command with this process's stdin, stdout and stderr; return its exit code."""
    return subprocess.run(command, check=False).returncode


def start_lines(command: Sequence[str], folder: Path, errors: IO[bytes], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a command in its own session (no Ctrl-C) with exactly this environment, for reading its stdout line by line."""
    return subprocess.Popen(list(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=dict(environment),
                            cwd=folder, text=True, encoding="utf-8", errors="replace", start_new_session=sys.platform != "win32",
                            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0))


def run_tool(module: str, arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a Python tool from this environment, such as pip; return its output."""
    return subprocess.run([*interpreter(), "-m", module, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", check=False, cwd=folder, env=environment_with({}))


def output_of(*command: str) -> str:
    """Return the stdout of a system program; an empty string if it is missing or fails."""
    environment = environment_with({})
    program = find_program(command[0], environment.get("PATH", os.defpath))
    if program is None:
        return ""
    try:
        return subprocess.run([program, *command[1:]], capture_output=True, text=True, errors="replace", check=True,
                              timeout=OUTPUT_SECONDS, stdin=subprocess.DEVNULL, cwd=program.parent, env=environment).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def find_program(name: str, folders: str) -> Path | None:
    """Find a program in the folders of PATH. `shutil.which` also searches the current folder on Windows."""
    file_name = f"{name}.exe" if os.name == "nt" else name
    candidates = (Path(folder) / file_name for folder in folders.split(os.pathsep) if os.path.isabs(folder))  # noqa: PTH117
    return next((path for path in candidates if path.is_file() and os.access(path, os.X_OK)), None)


def write_bytecode(modules: Sequence[str]) -> None:
    """Write the bytecode of uncompiled modules by importing them in a forked process, before this one is confined.

    Python compiles a module on import and caches the bytecode next to it, unless the installer has done so (pip does, uv does
    not). A confined process cannot write the cache and would compile the same libraries each time it starts.
    """
    missing = [] if sys.dont_write_bytecode else list(filter(lacks_bytecode, modules))
    if not missing:
        return
    child = os.fork()
    if child == 0:
        import_and_exit(missing)
    os.waitpid(child, 0)


def lacks_bytecode(module: str) -> bool:
    """Return whether the package of a module has no cached bytecode and its folder can be written."""
    spec = find_spec(module.partition(".")[0])
    if spec is None or spec.cached is None or spec.origin is None:
        return False
    return not os.path.exists(spec.cached) and os.access(os.path.dirname(spec.origin), os.W_OK)  # noqa: PTH110, PTH120


def import_and_exit(modules: Sequence[str]) -> None:
    """Import modules, ignore failures, and exit the process at once."""
    try:
        for module in modules:
            with suppress(Exception):
                import_module(module)
    finally:
        os._exit(0)

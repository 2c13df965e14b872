"""Start processes of this program's own: its modules, and pip.

Every child process of Python is started here, and nowhere else (tests/test_architecture.py): with `-P`, so that the current
folder is not on its import path, with a cleaned environment, and in a folder that the caller names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING

from assistant.system.environment import cleaned

if TYPE_CHECKING:
    import subprocess  # imported at run time only where a process is started: most commands start none

ENTRY = Path(__file__).absolute().with_name("entry.py")


def interpreter() -> list[str]:
    """Return the command that starts Python without the current folder on its import path."""
    return [sys.executable, "-P"]


def interpreter_name() -> str:
    """Return what a person types to start this Python without the current folder on its import path."""
    return f"{Path(sys.executable).name} -P"


def command_of(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this package."""
    return [*interpreter(), str(ENTRY), module, *arguments]


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment for a child: cleaned, with the changes."""
    return cleaned(dict(os.environ)) | dict(changes)


def start_piped(module: str, folder: Path, changes: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a module of this package with pipes for its input and output, out of reach of the terminal's Ctrl-C."""
    import subprocess

    return subprocess.Popen(command_of(module), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            cwd=folder, env=environment_with(changes), start_new_session=os.name == "posix")


def start_lasting(command: Sequence[str], folder: Path, output: IO[bytes] | None, errors: IO[bytes],
                  changes: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a command of `command_of` that outlives this program and its terminal; without `output` it prints to nowhere."""
    import subprocess

    flags = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output or subprocess.DEVNULL, stderr=errors, cwd=folder,
                            env=environment_with(changes), start_new_session=os.name == "posix", creationflags=flags)


def has_ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Return whether a process has ended, or does so within the time."""
    import subprocess

    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def run_to_end(command: Sequence[str], typed: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command of `command_of` to its end with something typed; return what it said. Raises TimeoutError."""
    import subprocess

    try:
        return subprocess.run(command, input=typed, capture_output=True, text=True, encoding="utf-8", errors="replace",
                              timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"it was not done after {seconds:.0f} seconds") from error


def run_inside(command: Sequence[str]) -> int:
    """Run a command with this process's own input and output; return its exit code."""
    import subprocess

    return subprocess.run(command, check=False).returncode


def start_lines(command: Sequence[str], folder: Path, errors: IO[bytes], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a command whose output is read line by line, in this environment alone, out of reach of the terminal's Ctrl-C."""
    import subprocess

    return subprocess.Popen(list(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=dict(environment),
                            cwd=folder, text=True, encoding="utf-8", errors="replace", start_new_session=sys.platform != "win32",
                            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0))


def run_tool(module: str, arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a Python tool that is installed beside this program, such as pip, to its end; return what it said."""
    import subprocess

    return subprocess.run([*interpreter(), "-m", module, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", check=False, cwd=folder, env=environment_with({}))


SECONDS = 10


def output_of(*command: str) -> str:
    """Return what a program of the system prints; nothing where it is not there or fails."""
    import subprocess

    environment = cleaned(dict(os.environ))
    program = find_program(command[0], environment.get("PATH", os.defpath))
    if program is None:
        return ""
    try:
        return subprocess.run([program, *command[1:]], capture_output=True, text=True, errors="replace", check=True,
                              timeout=SECONDS, stdin=subprocess.DEVNULL, cwd=program.parent, env=environment).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def find_program(name: str, folders: str) -> Path | None:
    """Return a program from the folders of PATH. `shutil.which` would also look into the current folder on Windows."""
    file_name = f"{name}.exe" if os.name == "nt" else name
    candidates = (Path(folder) / file_name for folder in folders.split(os.pathsep) if os.path.isabs(folder))  # noqa: PTH117
    return next((path for path in candidates if path.is_file() and os.access(path, os.X_OK)), None)


def keep_compiled(modules: Sequence[str]) -> None:
    """Import those modules that were never compiled, in a process apart, which leaves this one as it is. Needs `fork`."""
    missing = [] if sys.dont_write_bytecode else list(filter(lacks_bytecode, modules))
    if not missing:
        return
    child = os.fork()
    if child == 0:
        import_and_exit(missing)
    os.waitpid(child, 0)


def lacks_bytecode(module: str) -> bool:
    """Return whether the package of a module has no compiled form, and one could be kept beside it."""
    spec = find_spec(module.partition(".")[0])
    if spec is None or spec.cached is None or spec.origin is None:
        return False
    return not os.path.exists(spec.cached) and os.access(os.path.dirname(spec.origin), os.W_OK)  # noqa: PTH110, PTH120


def import_and_exit(modules: Sequence[str]) -> None:
    """Import modules as far as that goes, and end the process without the rest of the program."""
    try:
        for module in modules:
            with suppress(Exception):
                import_module(module)
    finally:
        os._exit(0)

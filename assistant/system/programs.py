"""Run programs of the system, such as nvidia-smi, and return what they print."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from assistant.system.environment import cleaned

SECONDS = 10


def output_of(*command: str) -> str:
    """Return what a program of the system prints; nothing where it is not there or fails."""
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

"""A program of the system in, what it prints out; nothing raises."""

from __future__ import annotations

import shutil
import subprocess

SECONDS = 10


def output_of(*command: str) -> str:
    """Return what a program of the system prints; nothing where it is not there or fails."""
    program = shutil.which(command[0])
    if program is None:
        return ""
    try:
        return subprocess.run([program, *command[1:]], capture_output=True, text=True, errors="replace", check=True,
                              timeout=SECONDS, stdin=subprocess.DEVNULL).stdout
    except (OSError, subprocess.SubprocessError):
        return ""

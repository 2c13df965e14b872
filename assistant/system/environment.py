"""Remove the current folder from the environment variables and from the import path.

Users run the program in folders of untrusted files. A `psutil.py` or a program named `uname` there must not run because a
variable has an empty or relative entry, which means the current folder. This module imports only what Python has loaded anyway
(no pathlib), since it runs while the current folder is still on the import path.
"""

import os
import sys

LISTS_OF_FOLDERS = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH",
                    "DYLD_FALLBACK_LIBRARY_PATH", "DYLD_FALLBACK_FRAMEWORK_PATH")
FOLDERS = ("PYTHONHOME", "PYTHONUSERBASE", "PYTHONPYCACHEPREFIX")
FOR_PROMPTS = ("PYTHONSTARTUP", "PYTHONINSPECT")  # these let Python read commands from a file or from standard input
SAFE = {"PYTHONSAFEPATH": "1", "NoDefaultCurrentDirectoryInExePath": "1"}  # for Python's import path, for Windows' programs


def cleaned(environment: dict[str, str]) -> dict[str, str]:
    """Return the environment without entries that make Python or the system search the current folder."""
    kept = {name: value for name, value in environment.items() if name not in FOR_PROMPTS}
    for name in LISTS_OF_FOLDERS:
        set_or_remove(kept, name, os.pathsep.join(filter(os.path.isabs, kept.get(name, "").split(os.pathsep))))
    for name in FOLDERS:
        parts = kept.get(name, "").split(os.pathsep)
        set_or_remove(kept, name, os.pathsep.join(parts) if all(map(os.path.isabs, parts)) else "")
    return kept | SAFE


def set_or_remove(environment: dict[str, str], name: str, value: str) -> None:
    """Set a variable, or remove it if the value is empty, since an empty PATH means the current folder."""
    environment.pop(name, None)
    if value:
        environment[name] = value


def leave_current_folder(*, is_run_as_module: bool) -> None:
    """Remove the current folder from this process's import path, and clean the environment that child processes inherit.

    `python -m` puts the current folder first on the path. Otherwise it appears as an empty entry, or through an empty or relative
    entry of PYTHONPATH, which Python has made absolute.
    """
    if is_run_as_module and not sys.flags.safe_path:
        del sys.path[0]
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    meant = set(filter(os.path.isabs, entries))
    relative = set(map(os.path.abspath, set(entries) - meant)) if any(entries) else set()
    sys.path[:] = [entry for entry in sys.path if entry and (entry in meant or entry not in relative)]
    for name in set(os.environ) - set(clean := cleaned(dict(os.environ))):
        del os.environ[name]
    os.environ.update(clean)

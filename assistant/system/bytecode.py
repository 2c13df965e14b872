"""Keep the compiled form of libraries on the disk for a process that will not be able to write it there itself.

Python compiles a module when it is imported and keeps the result beside it, unless the installer has done so (pip does, uv does
not). A confined process cannot keep it, and would compile the same libraries in each of its lives.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec


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

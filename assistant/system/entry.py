"""Run a module of this package in a new process: `python -P entry.py MODULE ARGUMENT...`.

The package is loaded from where this file lies, installed or not. The folder around it does not come onto the import path: it may
be one of strange files. So the code is also that of the program which starts the process, whatever else is installed.
"""

import runpy
import sys
from importlib.util import module_from_spec, spec_from_file_location
from os.path import abspath, dirname, join


def load_package() -> None:
    """Import the package from the folder above this file's, under its own name."""
    folder = dirname(dirname(abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib would be imported before it is needed
    spec = spec_from_file_location("assistant", join(folder, "__init__.py"), submodule_search_locations=[folder])  # noqa: PTH118
    assert spec is not None and spec.loader is not None
    package = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(package)


if __name__ == "__main__":
    if "assistant" not in sys.modules:
        load_package()
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)

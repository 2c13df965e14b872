"""Run a module of this package in a new process: `python -P entry.py MODULE ARGUMENT...`.

The package is loaded from this file's location, installed or not, so the child runs the same code as its parent. The folder
around the package is not added to the import path: it may contain untrusted files.
"""

import runpy
import sys
from importlib.util import module_from_spec, spec_from_file_location
from os.path import abspath, dirname, join


def load_package() -> None:
    """Import the package from the parent folder of this file's folder, as `assistant`."""
    folder = dirname(dirname(abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib would be imported before it is needed
    spec = spec_from_file_location("assistant", join(folder, "__init__.py"), submodule_search_locations=[folder])  # noqa: PTH118
    assert spec is not None and spec.loader is not None
    package = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(package)


if __name__ == "__main__":
    if "assistant" not in sys.modules:
        load_package()
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)

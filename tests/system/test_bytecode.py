"""Libraries that an installer did not compile are compiled once, by a process that can still write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from assistant.system.children import lacks_bytecode, write_bytecode
names = ["madeup.inner", "broken", "absent", "sys"]
print(*[name for name in names if lacks_bytecode(name)])
write_bytecode(names)
print(*[name for name in names if lacks_bytecode(name)], *sorted({"madeup", "broken"} & set(sys.modules)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_what_was_never_compiled_is_compiled_and_this_process_stays_as_it_is(tmp_path):
    (tmp_path / "madeup").mkdir()
    (tmp_path / "madeup" / "__init__.py").touch()
    (tmp_path / "madeup" / "inner.py").write_text("value = 1\n", "utf-8")
    (tmp_path / "broken.py").write_text("raise RuntimeError\n", "utf-8")
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-P", "-c", PROGRAM], capture_output=True, encoding="utf-8", check=True, cwd=tmp_path,
                          env=variables | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])})
    assert done.stdout.splitlines() == ["madeup.inner broken", ""]
    kept = (tmp_path / "madeup" / "__pycache__").iterdir()
    assert sorted(path.name.partition(".")[0] for path in kept) == ["__init__", "inner"]


def test_what_cannot_be_kept_is_left_alone(tmp_path):
    (tmp_path / "madeup.py").touch()
    subprocess.run([sys.executable, "-P", "-c", PROGRAM], check=True, cwd=tmp_path,
                   env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)]), "PYTHONDONTWRITEBYTECODE": "1"})
    assert not (tmp_path / "__pycache__").exists()

"""Ctrl-C during work that must not be left in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.system.interrupts import deferred_interrupts, import_whole


@pytest.fixture(autouse=True)
def _ctrl_c_raises() -> Iterator[None]:
    """Install Python's own handler, which a test run in the background of a shell does not have: there Ctrl-C is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_waits_for_the_end_of_the_block() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("the rest")
    assert done == ["the rest"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_ctrl_c_nothing_is_raised() -> None:
    with deferred_interrupts():
        pass
    import_whole("json")


def test_an_interrupted_import_is_finished_first(tmp_path: Path) -> None:
    module = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(9): pass\nWHOLE = 1\n"
    (tmp_path / "slow.py").write_text(module)
    script = "from assistant.system.interrupts import import_whole\nimport signal, sys\n" \
             "signal.signal(signal.SIGINT, signal.default_int_handler)\ntry:\n    import_whole('slow')\n" \
             "except KeyboardInterrupt:\n    print(sys.modules['slow'].WHOLE)\n"
    root = str(Path(__file__).parents[2])
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False,
                            env={**os.environ, "PYTHONPATH": os.pathsep.join([root, str(tmp_path)])})
    assert (result.stdout, result.stderr) == ("1\n", "")

"""What pytest says at its end about tests that were skipped for want of something on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_skipped_tests_of_models_and_of_the_offline_proof_are_counted(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": str(tmp_path), "ASSISTANT_HOME": str(tmp_path)}  # neither weights nor tools
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/app/offline_proof/test_proof.py",
                           "-k", "nothing_is_attempted"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "2 tests with the marker 'model' were skipped: this run says nothing about llama.cpp" in done.stdout
    assert "  2 x needs weights: assistant models pull all-minilm-l6-v2" in done.stdout
    assert "4 tests with the marker 'offline' were skipped" in done.stdout
    assert "  1 x cannot observe by strace: strace is not installed" in done.stdout
    assert "  1 x cannot observe by unshare: unshare is not installed" in done.stdout

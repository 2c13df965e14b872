"""The scripts' folder on the path: the model of random operations is the benchmark's."""

from __future__ import annotations

import sys
from pathlib import Path

SCRIPTS = str(Path(__file__).parents[2] / "benchmarks")

if SCRIPTS not in sys.path:
    sys.path.insert(0, SCRIPTS)

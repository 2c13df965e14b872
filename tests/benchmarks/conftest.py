"""Lets the tests import the benchmarks as their own scripts do: each module by its bare name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

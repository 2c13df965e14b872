"""Ask a shared library thousands of questions as readers of random groups, and count what they are told of hidden files.

    PYTHONPATH=. python benchmarks/shared_rights.py --questions 5000 --seed 1

Every result (hits with their scores, counts, lists, texts, answers, errors) is compared with that of a library which holds
only the files that the reader may see. The tables of Milvus are in memory, and the models are fake. Exits with 1 if any differ.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.app.test_shared_rights import READERS, differences, opened_office


def main() -> int:
    """Run the benchmark; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as home, opened_office(Path(home)) as office:
        wrong = differences(office, arguments.questions, arguments.seed)
        files = len(office.files)
    for reader, found, expected in wrong[:5]:
        print(f"{reader} was told {found}\n  instead of {expected}")
    print(f"{arguments.questions:,} questions of {len(READERS)} readers about {files} files: {len(wrong)} told of hidden files "
          f"({time.monotonic() - started:.0f} s)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Shared driver of the peers: parse the arguments, print one line when the files are indexed and one line per question.

Runs in the peer's environment, so it uses the standard library alone.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

Ask = Callable[[str], list[str]]


def drive(package: str, index: Callable[[Path, Path, Path, int], Ask]) -> None:
    """Index the folder, say so, then answer the questions on stdin: JSON lines with `id` and `question`."""
    parser = argparse.ArgumentParser()
    for name in ("folder", "model", "state"):
        parser.add_argument(name, type=Path)
    parser.add_argument("depth", type=int)
    arguments = parser.parse_args()
    started = time.perf_counter()
    ask = index(arguments.folder, arguments.model, arguments.state, arguments.depth)
    say(version=importlib.metadata.version(package), seconds=time.perf_counter() - started, cpu_seconds=time.process_time())
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.perf_counter()
        files = ask(asked["question"])
        say(id=asked["id"], files=files, milliseconds=(time.perf_counter() - began) * 1000)


def say(**facts: object) -> None:
    """Print one line of JSON."""
    print(json.dumps(facts), flush=True)


def texts_of(folder: Path) -> dict[str, str]:
    """Return the text of every file, by file name."""
    return {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir())}

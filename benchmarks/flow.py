"""Measure how far the control flow of one question wanders: files entered, and changes of package between consecutive calls.

    python benchmarks/flow.py [--json] [--steps] [--chunk-tokens N]

One Markdown file, models without weights, no engine. `sys.setprofile` sees every call of a function of the program on the main
thread. A change of package is counted when the first folder below `assistant/` differs between one call and the next; a stage
change is the same without the packages that every stage may call (datatypes, errors, text, system, config).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from assistant.app.assistant import Assistant  # noqa: E402
from assistant.config import Settings  # noqa: E402

PACKAGE = f"{ROOT / 'assistant'}{os.sep}"
SHARED = {"datatypes", "errors", "text", "system", "config"}
SECTIONS = {
    "Lease": "The lease of the office ends on 31 May 2027. The rent is 900 euros a month.",
    "Notice": "Either party may end the lease of the office with ninety days notice in writing.",
    "Deposit": "The deposit of the office is 1,800 euros and is paid back within two months of the end of the lease.",
    "Cleaning": "The office is cleaned on Mondays. The company that cleans it is paid 120 euros a month.",
    "Keys": "Four keys of the office were handed over on 1 June 2022. A lost key costs 45 euros.",
    "Parking": "One parking space belongs to the office. It ends with the lease and costs nothing more.",
}
TEXT = "# The office\n\n" + "\n\n".join(f"## {heading}\n\n{text}" for heading, text in SECTIONS.items()) + "\n"
QUESTION = "When does the lease of the office end?"


def main() -> None:
    """Measure one question and print what was counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--steps", action="store_true", help="print every change of package, in order")
    parser.add_argument("--chunk-tokens", type=int, default=Settings(Path()).chunk_tokens, help="40 makes the file six passages")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        calls, answer = profiled(Path(folder), options.chunk_tokens)
    counts = counted([file for file, _ in calls])
    if options.steps:
        print(*(f"{file}:{name} -> {next_file}:{next_name}" for (file, name), (next_file, next_name) in pairwise(calls)
                if package_of(file) != package_of(next_file)), sep="\n")
    print(json.dumps({**counts, "answer": answer}) if options.json else "\n".join(f"{key}: {n}" for key, n in counts.items()))


def profiled(folder: Path, chunk_tokens: int) -> tuple[list[tuple[str, str]], str]:
    """Return (file, function) of every call that answering the question makes, in order, and the answer."""
    (folder / "lease.md").write_text(TEXT, "utf-8")
    settings = Settings(home=folder / "home", embed="fake:", chat="fake:", engine="off", chunk_tokens=chunk_tokens)
    with Assistant(settings) as assistant:
        assistant.add([folder / "lease.md"])
    calls: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(PACKAGE):
            calls.append((file.removeprefix(PACKAGE), frame.f_code.co_name))

    with Assistant(settings) as assistant:
        sys.setprofile(note)
        try:
            answer = assistant.ask(QUESTION).answer
        finally:
            sys.setprofile(None)
    return calls, answer.text


def counted(files: list[str]) -> dict[str, int]:
    """Return the counts of the files of consecutive calls."""
    packages = [package_of(file) for file in files]
    stages = [package for package in packages if package not in SHARED]
    return {"files": len(set(files)), "calls": len(files), "file_changes": sum(changes(files)),
            "package_changes": sum(changes(packages)), "stage_changes": sum(changes(stages))}


def changes(names: list[str]) -> Iterator[bool]:
    """Yield whether each name differs from the one before it."""
    return (one != other for one, other in pairwise(names))


def package_of(file: str) -> str:
    """Return the first folder of a file below the package, or the module's name."""
    return Path(file).parts[0].removesuffix(".py")


if __name__ == "__main__":
    main()

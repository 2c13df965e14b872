"""Measure which questions are refused because they need all rows of a table or many files.

    python benchmarks/aggregates.py DATA [--sets squad2 cmrc hotpot] [--embed MODEL] [--show]

DATA holds the public sets (see README.md). No chat model is used: every question is searched, and the rule decides. In a set of
prose hardly any question may be refused; in `tables` every question of the kinds count, sum, average and extreme that one row
does not answer should be.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import checkout  # noqa: F401
from report import markdown_table

from assistant import Assistant, Settings
from assistant.config import find_home
from assistant.generation import needs_all_rows
from assistant.text.calculations import recognize_aggregate

PROSE = ("squad2", "cmrc", "hotpot", "xquad", "multiformat")


def main() -> int:
    """Run the measurement; return 0."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("data", type=Path)
    reader.add_argument("--sets", nargs="+", default=[*PROSE, "tables"])
    reader.add_argument("--embed", default="fake:")
    reader.add_argument("--show", action="store_true", help="print every question that is refused (of tables: that is not)")
    asked = reader.parse_args()
    rows = [row for name in asked.sets for row in measure(asked.data / name, asked.embed, show=asked.show)]
    print(markdown_table(["set", "kind", "questions", "with the words", "refused", "share"], rows))
    return 0


def measure(folder: Path, embed: str, *, show: bool) -> list[list[str]]:
    """Return a line for each kind of question of a set: how many there are, and how many are refused."""
    questions = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "models").symlink_to(find_home({}) / "models")
        with Assistant(Settings(home=Path(home), embed=embed, chat="fake:")) as assistant:
            assistant.add([folder / "corpus"])
            for question in questions:
                aggregate = recognize_aggregate(question["question"])
                refused = aggregate is not None and needs_all_rows(
                    question["question"], aggregate, assistant.search(question["question"], 10).hits)
                kind = question["kind"] if folder.name == "tables" else "answerable" if question.get("answerable") else "not"
                for place, value in enumerate((True, aggregate is not None, refused)):
                    counts[kind][place] += value
                if show and refused != (folder.name == "tables"):
                    print(folder.name, kind, question["question"], question.get("answers", [])[:2])
    return [[folder.name, kind, str(total), str(worded), str(refused), f"{refused / total:.3f}"]
            for kind, (total, worded, refused) in counts.items()]


if __name__ == "__main__":
    sys.exit(main())

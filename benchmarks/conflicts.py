"""Count the disagreements that are reported on ordinary files, and print each of them, to be looked at.

    python benchmarks/conflicts.py FOLDER [--questions FILE.jsonl] [--embed MODEL]

Every question is answered by the fake chat model, with the sentence of the passages that shares most words with it. Without a
file of questions the first sentences of the files are asked for. Ordinary files hardly disagree: what is printed is either true
or a fault.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import checkout  # noqa: F401

from assistant import Assistant, Settings
from assistant.config import find_home
from assistant.text.sentences import sentence_spans

MOST_ASKED = 400


def main() -> int:
    """Run the measurement; return 0."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("folder", type=Path)
    reader.add_argument("--questions", type=Path)
    reader.add_argument("--embed", default="fake:")
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "models").symlink_to(find_home({}) / "models")
        with Assistant(Settings(home=Path(home), embed=asked.embed, chat="fake:")) as assistant:
            assistant.add([asked.folder])
            questions = list(read_questions(asked.questions) if asked.questions else made_questions(assistant))[:MOST_ASKED]
            found = sum(report(assistant, question) for question in questions)
    print(f"{found} disagreements for {len(questions)} questions over {asked.folder}")
    return 0


def report(assistant: Assistant, question: str) -> int:
    """Ask a question and print the disagreements that come with its answer; return how many there are."""
    answer = assistant.ask(question).answer
    for conflict in answer.conflicts:
        print(f"\n{question}")
        for side in conflict.sides:
            print(f"  {Path(side.citation.path).name} {side.date}: {' '.join(side.citation.quote.split())[:220]}")
    return len(answer.conflicts)


def read_questions(file: Path) -> Iterator[str]:
    """Yield the questions of a JSON Lines file."""
    for line in file.read_text("utf-8").splitlines():
        yield json.loads(line)["question"]


def made_questions(assistant: Assistant) -> Iterator[str]:
    """Yield a sentence of each file as a question."""
    for entry in assistant.ledger():
        hits = assistant.search(Path(entry.path).stem, 3).hits if entry.chunks else ()
        for hit in hits:
            yield from (hit.chunk.text[start:end][:200] for start, end in list(sentence_spans(hit.chunk.text))[1:3])


if __name__ == "__main__":
    sys.exit(main())

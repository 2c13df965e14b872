"""Measure the support of answers that are hardly more than a number or a name: the right one, and others of the same sentence.

    python benchmarks/short_answers.py DATA [--sets squad2 cmrc]

DATA/reading holds questions of SQuAD 2.0 and CMRC 2018 with their passage, as README.md describes. No models; a minute.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import checkout  # noqa: F401
from intervals import share_text
from report import markdown_table

from assistant.datatypes import Chunk, Location
from assistant.generation.support import judge_support
from assistant.text.facts import ParsedChunk, parse_chunk, parse_claim

NAME = re.compile(r"[A-Z][\w'-]+(?: [A-Z][\w'-]+)*")
SUBJECT = re.compile(r"\W*(?:who|which|谁)\b|谁", re.IGNORECASE)  # questions that a name answers
FEW = 2  # words: a number with fewer is a short answer


def read_questions(file: Path) -> Iterator[tuple[str, list[str], str]]:
    """Yield question, right answers and passage."""
    for line in file.read_text("utf-8").splitlines():
        record: dict[str, Any] = json.loads(line)
        answers = [each if isinstance(each, str) else each["text"] for each in record["answers"]]
        if answers:
            yield record["question"], list(dict.fromkeys(answers)), record["context"]


def candidates(question: str, answers: list[str], passage: ParsedChunk, text: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of short answers: right numbers and names, and others of the sentence of the first answer."""
    for answer in answers:
        if re.search(r"\d", answer) and len(parse_claim(answer, question).whole.words) < FEW:
            yield "right number", answer
        elif SUBJECT.match(question) and NAME.fullmatch(answer):
            yield "right name", answer
    for unit in passage.units:
        sentence = text[unit.start : unit.end]
        if answers[0] not in sentence:
            continue
        if re.search(r"\d", answers[0]):
            yield from (("other number", token.written) for token in unit.statement.numbers
                        if not any(token.written in answer for answer in answers))
        elif SUBJECT.match(question) and NAME.fullmatch(answers[0]):
            yield from (("other name", name) for name in sorted(set(NAME.findall(sentence)))
                        if name not in question and not any(name in answer or answer in name for answer in answers))


def main() -> None:
    """Print for each kind of short answer how many have full support."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--sets", nargs="+", default=["squad2", "cmrc"])
    arguments = parser.parse_args()
    counts: Counter[tuple[str, bool]] = Counter()
    for name in arguments.sets:
        for question, answers, text in read_questions(arguments.data / "reading" / f"{name}.jsonl"):
            passage = parse_chunk(Chunk(text, Location(1, 1, 0, len(text)), ""))
            for kind, answer in candidates(question, answers, passage, text):
                counts[kind, judge_support(parse_claim(answer, question), [passage]).support == "full"] += 1
    rows = [[kind, str(total), share_text(counts[kind, True], total)]
            for kind in sorted({kind for kind, _ in counts}) for total in [counts[kind, True] + counts[kind, False]]]
    print(markdown_table(["short answer", "answers", "full support"], rows))


if __name__ == "__main__":
    main()

"""Measure what a statement of the chat model adds to the readings by rule of questions over tables.

    python benchmarks/table_agreement.py DATA --model FILE.gguf --replies FILE [--each N] [--skip N] [--threads N]

DATA is laid out as for `benchmarks/fit_tables.py`; use the validation questions of `benchmarks/wikitables.py`, on which nothing
is fitted. N questions of each kind are asked, chosen by a hash. Where the best reading by rule has less confidence than SURE, the
chat model writes its two statements. Printed are the shares of right and wrong answers by the confidence that a reading needs
which a statement confirms (CONFIRMED), and how often the first statement is right: by whether a reading by rule or the second
statement has the same answer. --replies names a file that keeps the replies of the chat model for a second run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fit_tables import read_table
from tables import KeptReplies, same

from assistant.datatypes import ChatModel
from assistant.models.llama.chat import LlamaChat
from assistant.tables import answering
from assistant.tables.answering import SURE, agreeing, decide, is_certain, solutions, understand
from assistant.tables.connection import TableConnection
from assistant.tables.model_statements import WriteSql, statements_of_model
from assistant.tables.solutions import Solved, same_answer
from assistant.text.calculations import recognize_intent

KINDS = ("count", "sum", "extreme", "order", "compare", "difference")
LEVELS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
LEAST_OF_RULE = 0.1  # confidence of a reading by rule with which a statement counts as agreeing


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its gold answers, its readings by rule and the statements of the chat model."""

    answers: tuple[str, ...]
    by_rule: tuple[Solved, ...] = ()
    by_model: tuple[Solved, ...] = ()


def main() -> None:
    """Ask the questions and print both tables."""
    arguments = parse_arguments()
    folder = arguments.data / "tables"
    kept = KeptReplies(arguments.replies)

    @cache
    def chat() -> ChatModel:
        return LlamaChat(arguments.model.stem, arguments.model, 4096, arguments.threads, 0)

    with tempfile.TemporaryDirectory() as files:
        asked = []
        for number, record in enumerate(balanced(folder, arguments.skip, arguments.each)):
            asked.append(ask(record, folder, Path(files), number, lambda *parts: kept.write(chat, *parts)))
            print(number, record["kind"], record["question"], file=sys.stderr, flush=True)
    show_levels(asked)
    show_agreements(asked)


def parse_arguments() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--replies", type=Path, required=True)
    parser.add_argument("--each", type=int, default=10, help="questions of each kind")
    parser.add_argument("--skip", type=int, default=0, help="questions of each kind to skip")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def balanced(folder: Path, skip: int, each: int) -> list[dict[str, Any]]:
    """Return as many questions of each kind, chosen by a hash, one of each kind after the other."""
    records = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    records.sort(key=lambda record: hashlib.sha256(f"m{record['id']}".encode()).hexdigest())
    by_kind = [[record for record in records if record["kind"] == kind][skip:][:each] for kind in KINDS]
    return [record for row in zip(*by_kind, strict=True) for record in row]


def ask(record: dict[str, Any], folder: Path, files: Path, number: int, write: WriteSql) -> Asked:
    """Return the readings by rule of a question, and the statements of the chat model where the rules are not sure."""
    gold = tuple(record["answers"])
    table, intent = read_table(folder / "corpus" / record["table"], files, number), recognize_intent(record["question"])
    if table is None or intent is None:
        return Asked(gold)
    with TableConnection([table], {table.sources[0].stored.file: files}) as connection:
        asked = understand(record["question"], intent, table, connection)
        by_rule = tuple(solutions(asked, connection))
        if by_rule and by_rule[0].reading.confidence >= SURE:
            return Asked(gold, by_rule)
        return Asked(gold, by_rule, tuple(statements_of_model(asked, connection, write)))


def is_right(solved: Solved, gold: Sequence[str]) -> bool:
    """Return whether the first column of a result holds the gold answers."""
    rows = solved.result.rows[:1] if solved.reading.target == "compare" else solved.result.rows
    values = ["" if row[0] is None else str(row[0]) for row in rows]
    return len(values) == len(gold) and all(any(same(each, value) for value in values) for each in gold)


def show_levels(asked: Sequence[Asked]) -> None:
    """Print right and wrong by the confidence that a confirmed reading needs, first without the chat model."""
    print("| confirmed from | right | wrong | wrong of answered |\n|---|---|---|---|")
    by_rule = [each.by_rule[:1] if is_certain(each.by_rule[:1]) else () for each in asked]
    show_row("rules only", asked, by_rule)
    for level in LEVELS:
        answering.CONFIRMED = level
        show_row(str(level), asked, [answer_of(each) for each in asked])


def answer_of(asked: Asked) -> Sequence[Solved]:
    """Return the answer to a question with the chat model."""
    if asked.by_rule and asked.by_rule[0].reading.confidence >= SURE:
        return asked.by_rule[:1]
    return decide(asked.by_rule, iter(asked.by_model))


def show_row(name: str, asked: Sequence[Asked], answers: Sequence[Sequence[Solved]]) -> None:
    """Print the shares of right and wrong answers."""
    given = [is_right(found[0], each.answers) for each, found in zip(asked, answers, strict=True) if found]
    right, wrong = sum(given), len(given) - sum(given)
    print(f"| {name} | {right / len(asked):.3f} | {wrong / len(asked):.3f} | {wrong / max(1, len(given)):.3f} |")


def show_agreements(asked: Sequence[Asked]) -> None:
    """Print how often the first statement is right, by what else has its answer."""
    counts: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    for each in asked:
        for first in each.by_model[:1]:
            rules = [found for found in agreeing(each.by_rule, first) if found.reading.confidence >= LEAST_OF_RULE]
            second = any(same_answer(first, other) for other in each.by_model[1:])
            agrees = " and ".join([*(["a rule"] if rules else []), *(["the second"] if second else [])]) or "none"
            counts[agrees, "doubts" if first.doubts else "no doubts"][is_right(first, each.answers)] += 1
    print("\n| the first statement agrees with | doubts | number | right |\n|---|---|---|---|")
    for (agrees, doubts), found in sorted(counts.items()):
        print(f"| {agrees} | {doubts} | {found.total()} | {found[True]} |")


if __name__ == "__main__":
    main()

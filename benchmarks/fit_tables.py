"""Fit the weights of the confidence of readings by rule on questions over tables whose answers are known.

    python benchmarks/fit_tables.py DATA [--own HOME] [--write]

DATA holds `tables/corpus` and `tables/queries.jsonl` (id, question, table, answers, kind), such as training questions of
WikiTableQuestions that have no table in common with the questions on which `benchmarks/tables.py` reports. With `--own`, the
development half of the project's own questions is added, with weight; HOME is the home of a run of
`benchmarks/tables.py --own --home HOME`. A reading is right if its values are the gold answers; the weights are those of a
logistic regression with an L2 penalty (Newton's method). A quarter of the questions is held out, and the shares of right and
wrong answers on it are printed by threshold. `--write` writes `assistant/tables/rules/weights.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tables import OWN, same

from assistant.app.assistant import Assistant
from assistant.app.library.tables import LibraryTables
from assistant.config import load_settings
from assistant.datatypes import Filter
from assistant.datatypes.tables import TableInfo, TableSource
from assistant.tables.answering import CERTAIN, solutions, understand
from assistant.tables.catalog import name_tables
from assistant.tables.connection import TableConnection
from assistant.tables.delimited import DelimitedRows
from assistant.tables.find import rank_tables, without_suffixes
from assistant.tables.parquet import TableFiles
from assistant.tables.raw import RawTable
from assistant.tables.rules.confidence import CHOSEN
from assistant.tables.typed import type_table
from assistant.text.calculations import recognize_intent

PENALTY = 4.0
OWN_WEIGHT = 20.0  # of a question of the project's own
FEWEST = 4  # readings that must have a feature
HELD_OUT = 0.25
WEIGHTS = Path(__file__).parents[1] / "assistant/tables/rules/weights.py"
THRESHOLDS = (0.3, 0.4, 0.45, CERTAIN, 0.6, 0.7)


@dataclass(frozen=True, slots=True)
class Example:
    """The readings of one question: their features, and whether they are right."""

    readings: tuple[tuple[dict[str, float], bool], ...]
    weight: float = 1.0


def main() -> None:
    """Fit the weights and print how they do on the questions held out."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("data")
    parser.add_argument("--own", default="")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        examples = list(read_examples(Path(arguments.data) / "tables", Path(folder)))
    own = list(own_examples(arguments.own)) if arguments.own else []
    held = int(len(examples) * HELD_OUT)
    show(fitted([*examples[held:], *own]), examples[:held])
    if arguments.write:
        write_weights(fitted([*examples, *own]))


def read_examples(folder: Path, files: Path) -> Iterable[Example]:
    """Yield the questions of a set, each over its own table."""
    known: dict[str, TableInfo | None] = {}
    for line in (folder / "queries.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        name = record["table"]
        if name not in known:
            known[name] = read_table(folder / "corpus" / name, files, len(known))
        table = known[name]
        if table is not None:
            with TableConnection([table], {table.sources[0].stored.file: files}) as connection:
                yield example_of(record["question"], record["answers"], table, connection)


def read_table(path: Path, files: Path, number: int) -> TableInfo | None:
    """Return the table in a CSV file; None if it holds none."""
    typed = type_table(RawTable(DelimitedRows(path.read_text("utf-8"))))
    if typed is None:
        return None
    (table,) = name_tables([TableSource(str(path), path.stem, TableFiles(files).write(f"{number:064x}", 0, typed))])
    return table


def own_examples(home: str) -> Iterable[Example]:
    """Yield the development half of the project's own questions, each over the table with most words in common."""
    os.environ["ASSISTANT_HOME"] = home
    with Assistant(load_settings({"embed": "fake:", "chat": "fake:", "library": "tables-own"})) as assistant:
        assistant.add([OWN / "files"])
        tables = LibraryTables([assistant._library], Filter())
        for line in (OWN / "questions.jsonl").read_text("utf-8").splitlines()[::2]:
            record = json.loads(line)
            ranked = rank_tables(record["question"], tables.tables, {})
            if ranked and record["answers"]:
                table = ranked[0].table
                with tables.open([table]) as connection:
                    question = without_suffixes(record["question"], [table])
                    example = example_of(question, record["answers"], table, connection, OWN_WEIGHT)
                if any(is_right for _, is_right in example.readings):
                    yield example


def example_of(
    question: str, answers: Sequence[str], table: TableInfo, connection: TableConnection, weight: float = 1.0
) -> Example:
    """Return the readings of a question over a table."""
    intent = recognize_intent(question)
    if intent is None:
        return Example(())
    readings = []
    for solved in solutions(understand(question, intent, table, connection), connection):
        rows = solved.result.rows[:1] if solved.reading.target == "compare" else solved.result.rows
        values = ["" if row[0] is None else str(row[0]) for row in rows]
        is_right = len(values) == len(answers) and all(any(same(gold, value) for value in values) for gold in answers)
        readings.append((dict(solved.reading.features), is_right))
    return Example(tuple(readings), weight)


def fitted(examples: Sequence[Example]) -> dict[str, float]:
    """Return the weights of a logistic regression over all readings."""
    counts = Counter(name for example in examples for features, _ in example.readings for name in features)
    names = ["bias", *sorted(name for name, count in counts.items() if count >= FEWEST and name not in CHOSEN)]
    place = {name: number for number, name in enumerate(names)}
    rows = [(features, is_right, example.weight) for example in examples for features, is_right in example.readings]
    matrix = np.zeros((len(rows), len(names)))
    matrix[:, 0] = 1.0
    for number, (features, _, _) in enumerate(rows):
        for name, value in features.items():
            if name in place:
                matrix[number, place[name]] = value
    right, importance = np.array([row[1] for row in rows], float), np.array([row[2] for row in rows])
    penalty = np.r_[1e-6, np.full(len(names) - 1, PENALTY)]
    weights = np.zeros(len(names))
    for _ in range(30):
        chance = 1 / (1 + np.exp(-(matrix @ weights).clip(-30, 30)))
        gradient = matrix.T @ (importance * (chance - right)) + penalty * weights
        curvature = (matrix * (importance * chance * (1 - chance))[:, None]).T @ matrix + np.diag(penalty)
        weights -= np.linalg.solve(curvature, gradient)
    return dict(zip(names, map(float, weights), strict=True))


def chance_of(features: dict[str, float], weights: dict[str, float]) -> float:
    """Return the probability that a reading is right."""
    total = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in features.items())
    return float(1 / (1 + np.exp(-total)))


def show(weights: dict[str, float], examples: Sequence[Example]) -> None:
    """Print the shares of right and wrong answers by the confidence that an answer needs."""
    best = [
        max(((chance_of(features, weights), is_right) for features, is_right in example.readings), default=(0.0, False))
        for example in examples
    ]
    print("| confidence | right | wrong | wrong of answered |\n|---|---|---|---|")
    for threshold in THRESHOLDS:
        answered = [is_right for chance, is_right in best if chance >= threshold]
        right, wrong = sum(answered), len(answered) - sum(answered)
        count = max(1, len(best))
        print(f"| {threshold} | {right / count:.3f} | {wrong / count:.3f} | {wrong / max(1, len(answered)):.3f} |")


def write_weights(weights: dict[str, float]) -> None:
    """Write the module with the weights."""
    lines = [f'    "{name}": {value:.2f},' for name, value in sorted(weights.items()) if abs(value) >= 0.005]
    head = '"""Weights of the confidence of a reading, fitted by `benchmarks/fit_tables.py`."""\n\n'
    WEIGHTS.write_text(head + "WEIGHTS: dict[str, float] = {\n" + "\n".join(lines) + "\n}\n", "utf-8")
    print(f"wrote {WEIGHTS}", file=sys.stderr)


if __name__ == "__main__":
    main()

"""Fit the weights of the confidence of readings by rule on questions over tables whose answers are known.

    python benchmarks/fit_tables.py DATA [--validate DATA] [--most N] [--most-held N] [--own HOME] [--keep FILE]
                                     [--refine] [--write]

DATA holds `tables/corpus` and `tables/queries.jsonl` (id, question, table, answers, kind), such as the training questions of
WikiTableQuestions that `benchmarks/wikitables.py` prepares, which have no table in common with the questions on which
`benchmarks/tables.py` reports. With `--own`, the development half of the project's own questions is added, with weight; HOME
is the home of a run of `benchmarks/tables.py --own --home HOME`. A reading is right if its values are the gold answers. The
shares of right and wrong answers are printed by the confidence that an answer needs: on the questions of `--validate`, on which
nothing is fitted, or on a quarter of DATA. `--keep` keeps the readings in a file, which a second run takes instead of reading the
questions again. With `--refine` the weights in use are the prior. `--write` writes `assistant/tables/rules/weights.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import pickle
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from tables import OWN, same

from assistant.app.assistant import Assistant
from assistant.app.library.tables import LibraryTables
from assistant.config import load_settings
from assistant.datatypes import Filter
from assistant.datatypes.tables import TableInfo, TableSource
from assistant.tables.answering import solutions, understand
from assistant.tables.catalog import name_tables
from assistant.tables.connection import TableConnection
from assistant.tables.delimited import DelimitedRows
from assistant.tables.find import rank_tables, without_suffixes
from assistant.tables.parquet import TableFiles
from assistant.tables.raw import RawTable
from assistant.tables.rules.confidence import CHOSEN
from assistant.tables.rules.weights import WEIGHTS
from assistant.tables.typed import type_table
from assistant.text.calculations import recognize_intent

PENALTY = 3.0
OWN_WEIGHT = 20.0  # of a question of the project's own
FEWEST = 4  # readings that must have a feature
HELD_OUT = 0.25
MOST = 100_000
WEIGHTS_FILE = Path(__file__).parents[1] / "assistant/tables/rules/weights.py"
THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Example:
    """The readings of one question: their features, and whether they are right."""

    readings: tuple[tuple[dict[str, float], bool], ...]
    weight: float = 1.0
    kind: str = ""


def main() -> None:
    """Fit the weights and print how they do on the questions held out."""
    arguments = parse_arguments()
    examples, held_out = kept_examples(arguments)
    own = list(own_examples(arguments.own)) if arguments.own else []
    weights = fitted([*examples, *own], WEIGHTS if arguments.refine else {})
    show(weights, held_out)
    if arguments.write:
        write_weights(weights)


def parse_arguments() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--validate", type=Path)
    parser.add_argument("--own", default="")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--most", type=int, default=MOST, help="questions of DATA to fit on, of tables chosen by a hash")
    parser.add_argument("--most-held", type=int, default=MOST, help="questions to hold out, chosen alike")
    parser.add_argument("--refine", action="store_true", help="start from the weights in use")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def kept_examples(arguments: argparse.Namespace) -> tuple[list[Example], list[Example]]:
    """Return the examples to fit on and those held out, from the file of an earlier run if there is one."""
    if arguments.keep and arguments.keep.exists():
        found: tuple[list[Example], list[Example]] = pickle.loads(arguments.keep.read_bytes())
        return found
    with tempfile.TemporaryDirectory() as folder:
        examples = list(read_examples(arguments.data / "tables", Path(folder), arguments.most))
        if arguments.validate:
            held_out = list(read_examples(arguments.validate / "tables", Path(folder), arguments.most_held))
        else:
            count = int(len(examples) * HELD_OUT)
            examples, held_out = examples[count:], examples[:count]
    if arguments.keep:
        arguments.keep.write_bytes(pickle.dumps((examples, held_out)))
    return examples, held_out


def read_examples(folder: Path, files: Path, most: int = MOST) -> Iterable[Example]:
    """Yield the questions of a set, each over its own table."""
    records = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    records.sort(key=lambda record: (hashlib.sha256(record["table"].encode()).hexdigest(), record["id"]))
    for number, (name, asked) in enumerate(groupby(records[:most], key=lambda record: record["table"])):
        table = read_table(folder / "corpus" / name, files, number)
        if table is None:
            yield from (Example(()) for _ in asked)
            continue
        with TableConnection([table], {table.sources[0].stored.file: files}) as connection:
            for record in asked:
                yield example_of(record["question"], record["answers"], table, connection, kind=record.get("kind", ""))


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
    question: str, answers: Sequence[str], table: TableInfo, connection: TableConnection, weight: float = 1.0, kind: str = ""
) -> Example:
    """Return the readings of a question over a table."""
    intent = recognize_intent(question)
    if intent is None:
        return Example((), kind=kind)
    readings = []
    for solved in solutions(understand(question, intent, table, connection), connection):
        rows = solved.result.rows[:1] if solved.reading.target == "compare" else solved.result.rows
        values = ["" if row[0] is None else str(row[0]) for row in rows]
        is_right = len(values) == len(answers) and all(any(same(gold, value) for value in values) for gold in answers)
        readings.append((dict(solved.reading.features), is_right))
    return Example(tuple(readings), weight, kind)


def fitted(examples: Sequence[Example], prior: Mapping[str, float] = MappingProxyType({})) -> dict[str, float]:
    """Return the weights of a log-linear model of which reading of a question is right, or that none is.

    They maximise the likelihood of the right answers, summed over the readings that give them, with an L2 penalty (Pasupat and
    Liang, "Compositional Semantic Parsing on Semi-Structured Tables", 2015). The score of "none is right" is zero. The penalty
    is on the distance from the prior weights; features that no example has keep theirs.
    """
    examples = [example for example in examples if example.readings]
    counts = Counter(name for example in examples for features, _ in example.readings for name in features)
    frequent = {name for name, count in counts.items() if count >= FEWEST} - CHOSEN.keys()
    names = ["bias", *sorted(frequent | prior.keys() - {"bias"})]
    likelihood = Likelihood(examples, names, prior)
    found = minimize(likelihood, likelihood.prior, jac=True, method="L-BFGS-B").x
    return dict(zip(names, map(float, found), strict=True))


class Likelihood:
    """The negative logarithm of the likelihood of some examples, and its gradient, for given weights."""

    def __init__(self, examples: Sequence[Example], names: Sequence[str], prior: Mapping[str, float]) -> None:
        place = {name: number for number, name in enumerate(names)}
        rows = [(number, each) for number, example in enumerate(examples) for each in example.readings]
        entries = [
            (row, place[name], value)
            for row, (_, (features, _)) in enumerate(rows)
            for name, value in {**features, "bias": 1.0}.items()
            if name in place
        ]
        at, columns, values = (np.array(each) for each in zip(*entries, strict=True))
        self._matrix = csr_matrix((values, (at.astype(int), columns.astype(int))), shape=(len(rows), len(names)))
        self._chosen = np.array([sum(CHOSEN.get(name, 0.0) * value for name, value in each[0].items()) for _, each in rows])
        self._question = np.array([number for number, _ in rows])
        self._right = np.array([each[1] for _, each in rows], float)
        self._weight = np.array([example.weight for example in examples])
        self.prior = np.array([prior.get(name, 0.0) for name in names])
        self._penalty = np.r_[1e-6, np.full(len(names) - 1, PENALTY)]

    def __call__(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the loss and its gradient."""
        odds = np.exp((self._matrix @ weights + self._chosen).clip(-30, 30))
        total, right = 1 + self._sums(odds), self._sums(odds * self._right)
        none_right = self._sums(self._right) == 0
        loss = self._weight @ (np.log(total) - np.log(np.where(none_right, 1.0, right)))
        wanted = np.where(none_right[self._question], 0.0, odds * self._right / np.where(none_right, 1.0, right)[self._question])
        change = (odds / total[self._question] - wanted) * self._weight[self._question]
        distance = weights - self.prior
        return float(loss + self._penalty @ distance**2 / 2), self._matrix.T @ change + self._penalty * distance

    def _sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sums of some values of readings by question."""
        return np.bincount(self._question, values, len(self._weight))


def best_of(example: Example, weights: dict[str, float]) -> tuple[float, bool]:
    """Return the probability of the likeliest reading of a question, and whether it is right."""
    if not example.readings:
        return 0.0, False
    odds = [math.exp(min(30.0, score_of(features, weights))) for features, _ in example.readings]
    best = int(np.argmax(odds))
    return odds[best] / (1 + sum(odds)), example.readings[best][1]


def score_of(features: dict[str, float], weights: dict[str, float]) -> float:
    """Return the score of a reading."""
    known = CHOSEN | weights
    return weights.get("bias", 0.0) + sum(known.get(name, 0.0) * value for name, value in features.items())


def show(weights: dict[str, float], examples: Sequence[Example]) -> None:
    """Print the shares of right and wrong answers by the confidence that an answer needs."""
    best = [best_of(example, weights) for example in examples]
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
    WEIGHTS_FILE.write_text(head + "WEIGHTS: dict[str, float] = {\n" + "\n".join(lines) + "\n}\n", "utf-8")
    print(f"wrote {WEIGHTS_FILE}", file=sys.stderr)


if __name__ == "__main__":
    main()

"""Measure answers computed over tables: right, wrong and refused, on public questions and on the project's own.

    python benchmarks/tables.py DATA [--context path|title] [--half develop|report|all] [--model] [--replies FILE] [--home HOME]
                                [--out FILE]
    python benchmarks/tables.py DATA --routes [--home HOME]
    python benchmarks/tables.py --own [--half develop|report|all] [--model] [--home HOME]

DATA holds `tables/corpus` and `tables/queries.jsonl` (WikiTableQuestions). Every table is in one library; with `--context path`
(default) a question is asked of its own file (`--path`), with `title` it is asked of all as "in TITLE: question". Questions
with even numbers are for development, the others for the report. `--own` asks the 80 questions of `benchmarks/tables`. Without
`--model` no chat model is asked, so that only the rules answer. An answer is right if its values are the gold values
(numbers by value, dates by day, texts without case, notes and brackets); "wrong of answered" is the share of wrong ones among the
answers given. `--replies` keeps the statements of the chat model in a file, so that a second run with the same prompts does
not run the model. `--routes` counts how many of 500 questions of squad2, cmrc and hotpot are taken for computing while the
library holds nothing but the tables. Answers that passages gave count as wrong unless they hold the gold answer.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.app.ask import computed
from assistant.app.ask.computed import ComputedAnswerStream
from assistant.app.assistant import Assistant
from assistant.config import load_settings
from assistant.datatypes import Answer, ChatModel, Filter
from assistant.generation.sql_writer import write_sql
from assistant.system.paths import escape_pattern
from assistant.tables.values import DateFormat, parse_date

ROUTED = ("squad2", "cmrc", "hotpot")
ROUTED_QUESTIONS = 167  # of each set
OWN = Path(__file__).parent / "tables"
DETAILS = re.compile(r"(?<!^)\s*(?:\([^)]*\)|\[[^\]]*\])\s*$")
DASHES = re.compile(r"[‐‑‒–—−]")
MARKS = re.compile(r"[\[\]*†‡^#\"“”‘’']")
NUMBER = re.compile(r"[-+−]?[$€£¥]?\s*(\d[\d,]*(?:\.\d+)?|\.\d+)\s*(?:%|[^\W\d]{1,6}\.?)?$")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with its gold answers and its table."""

    number: str
    question: str
    answers: tuple[str, ...]
    table: str
    kind: str


def main() -> None:
    """Ask the questions and print the table of results."""
    arguments = parse_arguments()
    corpus, questions = read_questions(arguments)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(arguments.home or folder)
        os.environ["ASSISTANT_HOME"] = str(home)
        settings = load_settings(
            {
                "embed": arguments.embed,
                "chat": arguments.chat if arguments.model else "fake:",
                "library": "tables-own" if arguments.own else "tables",
            }
        )
        if arguments.replies:
            vars(computed)["write_sql"] = KeptReplies(Path(arguments.replies))
        with Assistant(settings) as assistant:
            assistant.add([corpus])
            if arguments.routes:
                show_routes(assistant, Path(arguments.data))
                return
            results = [measured(assistant, corpus, asked, arguments) for asked in questions]
    show(results, arguments)


class KeptReplies:
    """Writes statements as `write_sql` does, and keeps them in a file of JSON lines."""

    def __init__(self, file: Path) -> None:
        self._file = file
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        self._known: dict[str, str] = dict(map(json.loads, lines))

    def __call__(self, chat: ChatModel, *parts: str) -> str:
        """Return the statement for these parts of a prompt."""
        return self.write(lambda: chat, *parts)

    def write(self, open_chat: Callable[[], ChatModel], *parts: str) -> str:
        """Return the statement for these parts of a prompt; the chat model is opened for one that is not known."""
        key = "\x00".join(parts)
        if key not in self._known:
            self._known[key] = write_sql(open_chat(), *parts)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, self._known[key]], ensure_ascii=False) + "\n")
        return self._known[key]


def parse_arguments() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("data", nargs="?")
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--routes", action="store_true")
    parser.add_argument("--context", choices=("path", "title"), default="path")
    parser.add_argument("--half", choices=("develop", "report", "all"), default="develop")
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--replies", default="")
    parser.add_argument("--embed", default="fake:")
    parser.add_argument("--chat", default="qwen2.5-coder-1.5b-instruct")
    parser.add_argument("--home", default="")
    parser.add_argument("--out", default="")
    parser.add_argument("--first", type=int, default=0, help="skip this many questions")
    parser.add_argument("--most", type=int, default=10_000)
    parser.add_argument("--quiet", action="store_true", help="print no question")
    return parser.parse_args()


def read_questions(arguments: argparse.Namespace) -> tuple[Path, list[Asked]]:
    """Return the folder of the tables and the questions of the half."""
    folder = OWN if arguments.own else Path(arguments.data) / "tables"
    file = folder / ("questions.jsonl" if arguments.own else "queries.jsonl")
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    start, step = {"develop": (0, 2), "report": (1, 2), "all": (0, 1)}[arguments.half]
    found = [
        Asked(str(each["id"]), each["question"], tuple(each["answers"]), each.get("table", ""), each.get("kind", ""))
        for each in records
    ]
    return folder / ("files" if arguments.own else "corpus"), found[start::step][arguments.first :][: arguments.most]


def measured(assistant: Assistant, corpus: Path, asked: Asked, arguments: argparse.Namespace) -> tuple[Asked, str, float]:
    """Return a question with its outcome and seconds."""
    question, wanted = asked.question, Filter()
    if not arguments.own and arguments.context == "path":
        wanted = Filter((escape_pattern(str(corpus / asked.table)),))
    elif not arguments.own:
        question = f"in {re.sub(r' ?[(][0-9-]+[)][.]csv$', '', asked.table)}: {question}"
    started = time.perf_counter()
    answer = assistant.ask(question, (), wanted).answer
    seconds = time.perf_counter() - started
    outcome = outcome_of(answer, asked.answers)
    if arguments.out:
        with Path(arguments.out).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record(asked, answer, outcome, seconds), ensure_ascii=False) + "\n")
    if not arguments.quiet:
        sql = answer.computation.sql if answer.computation else ""
        values = list(answer.computation.values[:4]) if answer.computation else answer.text[:100]
        print(f"{outcome:8} {asked.kind:10} {question} {list(asked.answers)} -> {values} {sql}", file=sys.stderr, flush=True)
    return asked, outcome, seconds


def show_routes(assistant: Assistant, data: Path) -> None:
    """Print how many questions of sets about prose are taken for computing."""
    for name in ROUTED:
        lines = (data / name / "queries.jsonl").read_text("utf-8").splitlines()
        step = max(1, len(lines) // ROUTED_QUESTIONS)
        questions = [json.loads(line)["question"] for line in lines[::step][:ROUTED_QUESTIONS]]
        taken = [question for question in questions if is_computed(assistant, question)]
        print(f"{name}: {len(taken)} of {len(questions)} taken for computing", *taken[:10], sep="\n  ", flush=True)


def is_computed(assistant: Assistant, question: str) -> bool:
    """Return whether a question is taken for computing over a table."""
    return isinstance(assistant.ask(question), ComputedAnswerStream)


def record(asked: Asked, answer: Answer, outcome: str, seconds: float) -> dict[str, object]:
    """Return the line of one answer for the file of results."""
    done = answer.computation
    return {
        "id": asked.number,
        "question": asked.question,
        "gold": asked.answers,
        "outcome": outcome,
        "answer": answer.text,
        "sql": done.sql if done else "",
        "by_model": bool(done and done.by_model),
        "confidence": done.confidence if done else 0.0,
        "kind": asked.kind,
        "seconds": round(seconds, 2),
    }


def outcome_of(answer: Answer, gold: Sequence[str]) -> str:
    """Return right, wrong or refused."""
    if answer.abstained:
        return "right" if not gold else "refused"
    if not gold:
        return "wrong"
    if answer.computation is None:
        return "right" if all(plain(each) in plain(answer.text) for each in gold) else "wrong"
    values = answer.computation.values
    return "right" if len(values) == len(gold) and all(any(same(each, value) for value in values) for each in gold) else "wrong"


def same(gold: str, value: str) -> bool:
    """Return whether a value is the gold value: as a number, as a date, or as text without case, notes and brackets."""
    days = [parse_date(DETAILS.sub("", text), DateFormat()) for text in (gold, value)]
    if None not in days:
        return days[0] == days[1]
    numbers = [number_of(text) for text in (gold, value)]
    if None not in numbers:
        return abs(float(numbers[0] or 0) - float(numbers[1] or 0)) <= 0.005 + 1e-6 * abs(float(numbers[0] or 0))
    return plain(gold) == plain(value)


def number_of(text: str) -> float | None:
    """Return the number that a text is; None if it is something else."""
    match = NUMBER.fullmatch(text.strip())
    if not match:
        return None
    return float(match[1].replace(",", "")) * (-1 if text.strip()[0] in "-−" else 1)


def plain(text: str) -> str:
    """Return a text as it is compared."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", DASHES.sub("-", text)) if not unicodedata.combining(c))
    return " ".join(MARKS.sub(" ", DETAILS.sub("", folded)).lower().split()).strip(" .")


def show(results: Sequence[tuple[Asked, str, float]], arguments: argparse.Namespace) -> None:
    """Print the shares, over all questions and by kind."""
    print(
        f"| {arguments.half} half{', own' if arguments.own else ', ' + arguments.context}{', model' if arguments.model else ''} "
        "| questions | right | wrong | refused | wrong of answered | seconds, median |\n|---|---|---|---|---|---|---|"
    )
    kinds = ["", *sorted({asked.kind for asked, _, _ in results})]
    for kind in kinds:
        chosen = [(outcome, seconds) for asked, outcome, seconds in results if not kind or asked.kind == kind]
        counts = Counter(outcome for outcome, _ in chosen)
        answered = counts["right"] + counts["wrong"]
        median = sorted(seconds for _, seconds in chosen)[len(chosen) // 2]
        shares = " | ".join(f"{counts[name] / len(chosen):.2f}" for name in ("right", "wrong", "refused"))
        print(f"| {kind or 'all'} | {len(chosen)} | {shares} | {counts['wrong'] / max(1, answered):.2f} | {median:.2f} |")


if __name__ == "__main__":
    main()

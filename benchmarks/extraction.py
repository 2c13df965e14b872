"""Measure how often the sentence that is quoted without a language model holds the right answer, and how long choosing takes.

    python benchmarks/extraction.py DATA --home HOME [--half fit|report|all] [--sample 100] [--slices "squad2 answerable" ...]

DATA and HOME are those of `answers.py`, which adds the sets to the libraries. Five passages are found for each question. Printed
are the shares of questions for which the right answer stands in the quoted sentence, in the best passage, and in any of the five.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from answer_bars import interval
from answer_sets import SLICES, Asked, folder_of, read_slice, write_passages
from report import Cell, markdown_table

from assistant import Assistant, load_settings
from assistant.datatypes import EVERY_FILE, Filter, SearchResult
from assistant.evaluation import Question
from assistant.evaluation.metrics import is_contained
from assistant.generation import likely_sentences

PASSAGES = 5
DEFAULT = ("squad2 answerable", "cmrc answerable", "rgb noise en", "rgb noise zh", "hotpot")


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for a question: whether each text holds the answer, and how long choosing the sentence took."""

    sentence: float
    best_passage: float
    any_passage: float
    milliseconds: float


def holds_answer(text: str, question: Question) -> float:
    """Return 1.0 if the text holds one answer of each group of right answers."""
    groups = question.answer_groups or (question.answers,)
    return float(all(any(is_contained(answer, text) for answer in group) for group in groups))


def measure(asked: Asked, found: SearchResult) -> Found:
    """Return what the passages of one question hold."""
    texts = [hit.chunk.text for hit in found.hits]
    begun = time.perf_counter()
    likely = likely_sentences(asked.question.text, found.hits)
    taken = 1000 * (time.perf_counter() - begun)
    quote = likely[0].quote if likely else ""
    judged = [holds_answer(text, asked.question) for text in (quote, *texts[:1], "\n".join(texts))]
    return Found(judged[0], judged[1], judged[-1], taken)


def ask_all(arguments: argparse.Namespace) -> Iterator[tuple[str, list[Found]]]:
    """Yield what was found for the questions of each slice."""
    settings = replace(load_settings(), home=arguments.home, engine="off")
    for wanted in (each for each in SLICES if each.name in arguments.slices):
        group = read_slice(arguments.data, wanted, arguments.sample, arguments.half)
        write_passages(group, settings.home / "corpora")
        own = settings.home / "corpora" / wanted.folder
        with Assistant(replace(settings, library=wanted.folder)) as assistant:
            assistant.add([own if wanted.own_passages else arguments.data / wanted.folder / "corpus"])
            yield wanted.name, [measure(asked, assistant.search(asked.question.text, PASSAGES, filter_of(asked, settings.home)))
                                for asked in group]


def filter_of(asked: Asked, home: Path) -> Filter:
    """Return the filter that a question is asked with."""
    return Filter(paths=(str(folder_of(asked, home / "corpora")),)) if asked.passages else EVERY_FILE


def row_of(name: str, found: Sequence[Found]) -> list[Cell]:
    """Return the row of a slice."""
    mean, low, high = interval([each.sentence for each in found])
    passages = [sum(getattr(each, key) for each in found) / len(found) for key in ("best_passage", "any_passage")]
    return [name, len(found), mean, f"{low:.3f} to {high:.3f}", *passages, round(median(each.milliseconds for each in found), 1)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--home", type=Path, required=True, help="state folder of the assistant, models included")
    parser.add_argument("--half", choices=("fit", "report", "all"), default="report", help="only the questions of one half")
    parser.add_argument("--sample", type=int, default=100, metavar="N", help="questions of each slice (default 100)")
    parser.add_argument("--slices", nargs="+", choices=DEFAULT, default=DEFAULT, help="only these (default: all)")
    rows = [row_of(name, found) for name, found in ask_all(parser.parse_args())]
    header = ["slice", "questions", "sentence holds the answer", "95 % interval", "best passage", "any of five", "ms (median)"]
    print(markdown_table(header, rows))


if __name__ == "__main__":
    main()

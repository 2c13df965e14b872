"""A set of documents and questions in; how good the answers, refusals and citations of `assistant ask` are out.

    python benchmarks/answers.py DATA [--set squad2] [--answerable 50] [--unanswerable 50] [--seed 7] [--out FILE.json]

DATA holds samples of the public sets SQuAD 2.0 (`squad2`) and CMRC 2018 (`cmrc`), each as `SET/corpus/` and
`SET/queries.jsonl` (see README.md); XQuAD, HotpotQA, RGB and FinanceBench work too. The set becomes a library of its
own name. The sample is the same for the same seed.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path

from command import CommandFailed, Library, Result, median_time
from questions import read_set, sample_questions
from report import Cell, markdown_table, write_json
from scoring import Scores, is_refusal, score_results


class ProgressLines:
    """Writes one line to stderr for every answer that arrives."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.begin = time.perf_counter()

    def __call__(self, result: Result) -> None:
        """Write the line of one result."""
        self.done += 1
        outcome = "abstained" if is_refusal(result) else " ".join(result.get("answer", "").split())[:60]
        elapsed = time.perf_counter() - self.begin
        print(f"{self.done}/{self.total} {elapsed:6.0f} s  {result['id']}: {outcome}", file=sys.stderr, flush=True)


def rows_of(scores: Scores, results: dict[str, Result]) -> list[list[Cell]]:
    """Return the rows of the table: a measure and its value."""
    answers, abstention, citations, files = scores.answers, scores.abstention, scores.citations, scores.files
    return [
        ["questions answered or refused", scores.questions - scores.missing],
        ["questions without a result", scores.missing],
        ["right file among the passages (recall@10)", files and files.recall_at_10],
        ["answer contains a right answer", answers and answers.contains],
        ["exact match", answers and answers.exact_match],
        ["token F1", answers and answers.f1],
        ["abstention precision", abstention and abstention.precision],
        ["abstention recall", abstention and abstention.recall],
        ["abstention F1", abstention and abstention.f1],
        ["answerable questions refused", abstention and abstention.answerable_refused],
        ["answers with a citation", citations and citations.cited],
        ["citations of a right file", citations and citations.file_right],
        ["cited answers that cite a right file", citations and citations.cites_gold_file],
        ["cited answers that cite a right page", citations and citations.cites_gold_page],
        ["quotes that stand in the cited file", citations and citations.quote_stands],
        ["median ms to the first token", median_time(results, "first_token_ms")],
        ["median ms in all", median_time(results, "total_ms")],
    ]


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--set", default="squad2", dest="name", help="name of a folder in DATA (default squad2)")
    parser.add_argument("--answerable", type=int, default=50, metavar="N", help="how many to ask (default 50)")
    parser.add_argument("--unanswerable", type=int, default=50, metavar="N", help="how many to ask (default 50)")
    parser.add_argument("--seed", type=int, default=7, help="of the sample (default 7)")
    parser.add_argument("--kind", help="ask only questions of this kind (default: zh->zh for xquad, noise for rgb)")
    parser.add_argument("--home", type=Path, help="state folder of the assistant (ASSISTANT_HOME)")
    parser.add_argument("--chat", default="", help="name of the language model")
    parser.add_argument("--out", type=Path, help="also write scores and results here, as JSON")
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> None:
    """Ask the sample, print the table and write the file."""
    questions = read_set(arguments.data, arguments.name, arguments.kind)
    sample = sample_questions(questions, arguments.answerable, arguments.unanswerable, arguments.seed)
    corpus = arguments.data / arguments.name / "corpus"
    library = Library(arguments.name, arguments.home, chat=arguments.chat)
    library.add(corpus)
    results = library.ask_all(("ask",), sample, ProgressLines(len(sample)))
    scores = score_results(sample, results, corpus)
    print(markdown_table([f"{arguments.name}, seed {arguments.seed}", "value"], rows_of(scores, results)))
    if arguments.out:
        content = {"set": arguments.name, "seed": arguments.seed, "scores": asdict(scores)}
        write_json(arguments.out, content | {"results": list(results.values())})


def main() -> int:
    """Measure and return the exit code."""
    try:
        run(parse_arguments())
    except (CommandFailed, FileNotFoundError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

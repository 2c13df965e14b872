"""Measure the quality and speed of `assistant search` on public sets.

    python benchmarks/retrieval.py DATA [--sets squad2 xquad:en->zh ...] [--embed MODEL] [--home DIR] [--out FILE.json]

DATA holds samples of the public sets SQuAD 2.0 (`squad2`), SciFact, HotpotQA (`hotpot`), Cranfield, XQuAD, CMRC 2018
(`cmrc`), RGB and FinanceBench, each as `SET/corpus/` and `SET/queries.jsonl` (see README.md). Every set becomes a
library of its own name. `SET:KIND` asks only the questions of one kind, as `xquad:en->zh`: asked in English of passages in
Chinese. Where a set knows the right pages or the right characters, they are scored too. A second table says which bars are
reached; how fast a large library is searched is measured by latency.py. Plain BM25 over whole files
(baseline.py) is measured in the same run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bars import BAR_HEADER, bar_rows
from baseline import score_baseline
from command import CommandFailed, Library, Result, median_time
from questions import read_set
from ranking import SPAN_DEPTH, RankScores
from report import Cell, markdown_table, write_json
from scoring import Scores, score_results

SETS = (
    "squad2", "scifact", "hotpot", "cranfield", "rgb", "xquad:zh->zh", "xquad:en->en", "xquad:en->zh", "xquad:zh->en",
    "financebench", "chunking", "multiformat",
)  # fmt: skip
KNOWN_FLOORS = {"financebench": (0.975, 0.743)}
"""Keyword recall@10 and nDCG@10 over files, measured apart, of the sets that the baseline cannot read: they are PDF."""
HEADER = (
    "set", "questions", "recall@10", "nDCG@10", "MRR@10", "keyword recall@10", "keyword nDCG@10", "seconds to add",
    "ms per question",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured on one set."""

    name: str
    scores: Scores
    baseline: RankScores | None
    seconds_to_add: float
    milliseconds: float | None
    results: tuple[Result, ...]


def named(row: str, kind: str | None) -> tuple[str, str | None]:
    """Return the set and the kind of question of a row such as "xquad:en->zh"; `kind` where the row names none."""
    name, _, own_kind = row.partition(":")
    return name, own_kind or kind


def measure(data: Path, library: Library, row: str, kind: str | None, count: int) -> Measurement:
    """Return the measurement of the set that the library is named after."""
    corpus = data / library.name / "corpus"
    questions = [question for question in read_set(data, library.name, kind) if question.answerable and question.gains]
    print(f"{library.name}: adding {corpus}", file=sys.stderr)
    seconds = library.add(corpus)
    print(f"{library.name}: {len(questions)} questions", file=sys.stderr)
    results = library.ask_all(("search", "-k", str(count)), questions)
    return Measurement(
        name=row,
        scores=score_results(questions, results),
        baseline=score_baseline(corpus, questions),
        seconds_to_add=seconds,
        milliseconds=median_time(results, "total_ms") or median_time(results, "retrieve_ms"),
        results=tuple(results.values()),
    )


def rows_of(measured: Measurement) -> list[list[Cell]]:
    """Return the set's row of the table, and others where the set knows the right pages or characters."""
    files, pages = measured.scores.files, measured.scores.pages
    keyword = figures(measured.baseline)[:2] if measured.baseline else KNOWN_FLOORS.get(measured.name, (None, None))
    cost = [format(measured.seconds_to_add, ".1f"), format(measured.milliseconds or 0.0, ".0f")]
    asked = measured.scores.questions - measured.scores.missing
    rows = [[measured.name, asked, *figures(files), *keyword, *cost]]
    if pages:
        rows.append([f"{measured.name}, pages", asked, *figures(pages), None, None, None, None])
    if spans := measured.scores.spans:
        held = f"{spans.recall:.3f} of the characters wanted, {spans.precision:.3f} of those shown"
        rows.append([f"{measured.name}, first {SPAN_DEPTH}: {held}", asked, *([None] * 7)])
    return rows


def figures(scores: RankScores | None) -> list[Cell]:
    """Return the three figures that the table shows."""
    return [scores.recall_at_10, scores.ndcg_at_10, scores.mrr_at_10] if scores else [None, None, None]


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--sets", nargs="+", default=SETS, help="names of folders in DATA, or SET:KIND")
    parser.add_argument("--kind", help="ask only questions of this kind (default: zh->zh for xquad, noise for rgb)")
    parser.add_argument("--home", type=Path, help="state folder of the assistant (ASSISTANT_HOME)")
    parser.add_argument("--embed", default="", help="name of the embedding model")
    parser.add_argument("-k", type=int, default=10, dest="count", help="passages per question (default 10)")
    parser.add_argument("--out", type=Path, help="also write scores and results here, as JSON")
    return parser.parse_args()


def report(measurements: Sequence[Measurement], out: Path | None) -> None:
    """Print the table, and another of the bars, and write the file."""
    print(markdown_table(HEADER, [row for measured in measurements for row in rows_of(measured)]), end="\n\n")
    print(markdown_table(BAR_HEADER, bar_rows({measured.name: measured.scores for measured in measurements})))
    if out:
        write_json(out, {measured.name: asdict(measured) for measured in measurements})


def main() -> int:
    """Measure the sets one after another and return the exit code."""
    arguments = parse_arguments()
    measurements: list[Measurement] = []
    try:
        for row in arguments.sets:
            name, kind = named(row, arguments.kind)
            library = Library(name, arguments.home, embed=arguments.embed)
            measurements.append(measure(arguments.data, library, row, kind, arguments.count))
    except (CommandFailed, FileNotFoundError) as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        if measurements:
            report(measurements, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
